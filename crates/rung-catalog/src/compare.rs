//! What differs between two catalogs, object by object.

use std::cmp::Ordering;

use crate::grant::{Grant, Grants};
use crate::object::{Body, Catalog, Dependency, Nature, Object};
use crate::relation::{Column, Origin, Value};

/// An object that is not the same in two catalogs.
#[derive(Debug, Clone, Copy)]
pub enum Difference<'a> {
    /// It is in the second alone.
    New(&'a Object),
    /// It is in the first alone.
    Gone(&'a Object),
    /// It is in both.
    Changed {
        /// As it is in the first.
        from: &'a Object,
        /// As it is in the second.
        to: &'a Object,
    },
}

impl<'a> Difference<'a> {
    /// The object as one of the catalogs has it; the second, if both do.
    pub fn object(&self) -> &'a Object {
        match self {
            Self::New(object) | Self::Gone(object) | Self::Changed { to: object, .. } => object,
        }
    }
}

/// What differs, by key. Objects that are [the same](Object::same) are left out.
pub fn differences<'a>(from: &'a Catalog, to: &'a Catalog) -> Vec<Difference<'a>> {
    let mut found = Vec::new();
    let (mut left, mut right) = (from.iter().peekable(), to.iter().peekable());
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return found,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(one), Some(two)) => one.key.cmp(&two.key),
        };
        let gone = if order.is_le() { left.next() } else { None };
        let new = if order.is_ge() { right.next() } else { None };
        found.extend(match (gone, new) {
            (Some(from), Some(to)) => (!from.same(to)).then_some(Difference::Changed { from, to }),
            (Some(gone), None) => Some(Difference::Gone(gone)),
            (None, new) => new.map(Difference::New),
        });
    }
}

impl Object {
    /// Whether two objects differ in nothing that anybody could have meant: the order of a table's columns, which is not
    /// to be changed, of options and of grants is left out of account, and so is what the object needs, as its text says
    /// that.
    pub fn same(&self, other: &Self) -> bool {
        // Most are the same in every way, which costs least to see.
        self == other || self.normal() == other.normal()
    }

    /// The object with everything in one order that has none of its own, and without what its text says already.
    #[must_use]
    pub fn normal(&self) -> Self {
        let mut object = self.clone();
        let said = |it: &Dependency| it.nature == Nature::Extension;
        object.depends_on.retain(said);
        object.depends_on.sort();
        sort_grants(&mut object.grants);
        object.labels.sort();
        match &mut object.body {
            Body::Table(table) => {
                table.columns.sort_by(|one, two| one.name.cmp(&two.name));
                table.columns.iter_mut().for_each(sort_column);
                if table.bound.is_some() {
                    // That of the whole holds in any case; a key of the part alone makes it the part's as well. What it
                    // was called before it was the whole's can't be altered.
                    for not_null in table.columns.iter_mut().filter_map(|column| column.not_null.as_mut()) {
                        if not_null.origin != Origin::Local {
                            not_null.name = None;
                        }
                        not_null.origin = Origin::Inherited;
                    }
                }
                table.options.sort();
                table.server_options.sort();
            }
            Body::View(view) => {
                view.columns.iter_mut().for_each(sort_column);
                view.options.sort();
            }
            Body::Index(index) => index.options.sort(),
            Body::Constraint(constraint) => {
                constraint.index.iter_mut().for_each(|index| index.options.sort());
            }
            Body::Extension(extension) => {
                extension.members.clear();
                extension.grants.iter_mut().for_each(|(_, grants)| sort_grants(grants));
            }
            _ => {}
        }
        object
    }
}

impl Column {
    /// Whether two columns differ in nothing that anybody could have meant.
    pub fn same(&self, other: &Self) -> bool {
        let (mut one, mut two) = (self.clone(), other.clone());
        sort_column(&mut one);
        sort_column(&mut two);
        one == two
    }
}

impl Grants {
    /// Whether they give the same, in whatever order it was given.
    pub fn same(&self, other: &Self) -> bool {
        let (mut one, mut two) = (self.clone(), other.clone());
        sort_grants(&mut one);
        sort_grants(&mut two);
        one == two
    }
}

fn sort_column(column: &mut Column) {
    column.options.sort();
    column.labels.sort();
    sort_grants(&mut column.grants);
    if let Value::Identity(identity) = &mut column.value {
        sort_grants(&mut identity.grants);
    }
}

/// Privileges one by one, which is what they are, however they were given together.
fn sort_grants(grants: &mut Grants) {
    for list in [&mut grants.granted, &mut grants.revoked] {
        let each = |grant: &Grant| {
            let grant = grant.clone();
            grant.privileges.clone().into_iter().map(move |one| Grant { privileges: vec![one], ..grant.clone() })
        };
        *list = list.iter().flat_map(each).collect();
        list.sort();
        list.dedup();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::Grantee;
    use crate::key::{Key, Kind};
    use crate::relation::Table;

    fn table(name: &str, columns: &[&str], options: &[&str]) -> Object {
        let columns = columns.iter().map(|name| Column { name: (*name).to_owned(), ..Column::default() }).collect();
        let options = options.iter().map(|it| (*it).to_owned()).collect();
        let table = Table { columns, options, ..Table::default() };
        Object::new(Key::new(Kind::Table, Some("app"), name), Body::Table(Box::new(table)))
    }

    #[test]
    fn what_is_in_one_and_what_is_not_the_same() {
        let (mut from, mut to) = (Catalog::new(), Catalog::new());
        for (name, columns) in [("a", &["x", "y"][..]), ("b", &["x"]), ("c", &["x"])] {
            from.insert(table(name, columns, &[]));
        }
        for (name, columns) in [("a", &["y", "x"][..]), ("c", &["z"]), ("d", &["x"])] {
            to.insert(table(name, columns, &[]));
        }
        let shown: Vec<String> = differences(&from, &to)
            .iter()
            .map(|it| match it {
                Difference::New(object) => format!("+{}", object.key.name),
                Difference::Gone(object) => format!("-{}", object.key.name),
                Difference::Changed { from, .. } => format!("~{}", from.key.name),
            })
            .collect();
        assert_eq!(shown, ["-b", "~c", "+d"]);
        assert!(differences(&from, &from).is_empty());
        assert_eq!(differences(&Catalog::new(), &to).len(), 3);
    }

    #[test]
    fn order_is_no_difference_where_it_means_nothing() {
        assert!(table("a", &["x"], &["b=1", "a=2"]).same(&table("a", &["x"], &["a=2", "b=1"])));
        assert!(!table("a", &["x"], &["b=1"]).same(&table("a", &["x"], &["b=2"])));
        let grant = |privileges: &[&str], to: &str| Grant {
            by: None,
            to: Grantee::Role(to.to_owned()),
            privileges: privileges.iter().map(|it| (*it).to_owned()).collect(),
            with_option: false,
        };
        let one = Grants { granted: vec![grant(&["INSERT", "SELECT"], "a"), grant(&["SELECT"], "b")], revoked: vec![] };
        let two = Grants {
            granted: vec![grant(&["SELECT"], "b"), grant(&["SELECT"], "a"), grant(&["INSERT"], "a")],
            revoked: vec![],
        };
        assert!(one.same(&two));
        assert!(!one.same(&Grants { granted: vec![grant(&["INSERT", "SELECT"], "a")], revoked: vec![] }));
    }
}
