//! An order for what leads from one schema to another.

use std::collections::HashMap;
use std::sync::Arc;

use crate::key::Key;
use crate::order::{Node, order};

/// Something that is there or is not: an object, or a column of one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fact {
    /// The object.
    pub key: Arc<Key>,
    /// The column of it.
    pub column: Option<String>,
}

impl Fact {
    /// An object as a whole.
    pub fn object(key: &Arc<Key>) -> Self {
        Self { key: Arc::clone(key), column: None }
    }

    /// A column.
    pub fn column(key: &Arc<Key>, column: impl Into<String>) -> Self {
        Self { key: Arc::clone(key), column: Some(column.into()) }
    }

    fn whole(&self) -> Self {
        Self::object(&self.key)
    }
}

/// What is done to a schema in one go. An object that is dropped and made anew has two.
#[derive(Debug, Clone)]
pub struct Action<T> {
    /// What is done.
    pub what: T,
    /// What is there afterwards, as the second schema has it.
    pub makes: Vec<Fact>,
    /// What is no more, as the first schema had it.
    pub takes: Vec<Fact>,
    /// What must be there, as the second schema has it.
    pub needs: Vec<Fact>,
    /// What it has done with, as the first schema had it: that may not be taken before.
    pub frees: Vec<Fact>,
    /// Names that it gives, where two objects of different kinds may not have the same.
    pub claims: Vec<String>,
    /// Names that are free again.
    pub releases: Vec<String>,
    /// Actions that it must come after besides, by index.
    pub after: Vec<usize>,
}

impl<T> Action<T> {
    /// An action that stands in no relation to any other.
    pub fn new(what: T) -> Self {
        Self {
            what,
            makes: Vec::new(),
            takes: Vec::new(),
            needs: Vec::new(),
            frees: Vec::new(),
            claims: Vec::new(),
            releases: Vec::new(),
            after: Vec::new(),
        }
    }
}

/// The order in which actions are done, by index: each after those that make what it needs, and before those that take
/// what it has not done with; what is made again after the old one is taken. Of those that could be next, the one of the
/// lowest rank. No two ranks may be the same.
pub fn schedule<T, R: Ord>(actions: &[Action<T>], rank: impl Fn(&T) -> R) -> Vec<usize> {
    let mut makers: HashMap<&Fact, Vec<usize>> = HashMap::new();
    let mut takers: HashMap<&Fact, Vec<usize>> = HashMap::new();
    let mut releasers: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, action) in actions.iter().enumerate() {
        action.makes.iter().for_each(|fact| makers.entry(fact).or_default().push(at));
        action.takes.iter().for_each(|fact| takers.entry(fact).or_default().push(at));
        action.releases.iter().for_each(|name| releasers.entry(name).or_default().push(at));
    }
    // A column is made and taken with its object, too.
    let with_whole = |of: &HashMap<&Fact, Vec<usize>>, fact: &Fact| -> Vec<usize> {
        let whole = fact.column.is_some().then(|| fact.whole());
        let found = [Some(fact), whole.as_ref()].into_iter().flatten().filter_map(|fact| of.get(fact));
        found.flatten().copied().collect()
    };
    let mut after: Vec<Vec<usize>> = actions.iter().map(|action| action.after.clone()).collect();
    for (at, action) in actions.iter().enumerate() {
        for fact in &action.needs {
            after[at].extend(with_whole(&makers, fact));
        }
        for fact in &action.makes {
            after[at].extend(with_whole(&takers, fact));
        }
        for name in &action.claims {
            after[at].extend(releasers.get(name.as_str()).into_iter().flatten());
        }
        for fact in &action.frees {
            for taker in with_whole(&takers, fact) {
                after[taker].push(at);
            }
        }
    }
    let nodes: Vec<Node<R>> =
        actions.iter().zip(after).map(|(action, after)| Node { rank: rank(&action.what), after }).collect();
    order(&nodes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Kind;

    fn table(name: &str) -> Arc<Key> {
        Arc::new(Key::new(Kind::Table, Some("app"), name))
    }

    fn view(name: &str) -> Arc<Key> {
        Arc::new(Key::new(Kind::View, Some("app"), name))
    }

    #[test]
    fn what_is_retyped_has_nothing_on_it_meanwhile() {
        let column = Fact::column(&table("t"), "c");
        let v = Fact::object(&view("v"));
        let retype = Action { makes: vec![column.clone()], takes: vec![column.clone()], ..Action::new("1 retype") };
        let drop = Action { takes: vec![v.clone()], frees: vec![column.clone()], ..Action::new("9 drop") };
        let create = Action { makes: vec![v], needs: vec![column], ..Action::new("0 create") };
        let actions = [retype, drop, create];
        let sorted: Vec<&str> = schedule(&actions, |what| *what).into_iter().map(|at| actions[at].what).collect();
        assert_eq!(sorted, ["9 drop", "1 retype", "0 create"]);
    }

    #[test]
    fn a_column_comes_and_goes_with_its_table_and_names_are_free_before_they_are_taken() {
        let t = Fact::object(&table("t"));
        let drop_table = Action { takes: vec![t.clone()], releases: vec!["t".into()], ..Action::new("2") };
        let drop_view = Action { frees: vec![Fact::column(&table("t"), "c")], ..Action::new("3") };
        let make = Action { claims: vec!["t".into()], makes: vec![Fact::object(&view("t"))], ..Action::new("1") };
        let late = Action { needs: vec![Fact::column(&view("t"), "x")], ..Action::new("0") };
        let actions = [drop_table, drop_view, make, late];
        let sorted: Vec<&str> = schedule(&actions, |what| *what).into_iter().map(|at| actions[at].what).collect();
        assert_eq!(sorted, ["3", "2", "1", "0"]);
    }
}
