//! Which of what is gone may be there under another name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::compare::{Difference, differences};
use crate::key::{Key, Kind};
use crate::object::{Body, Catalog, Object, Type};
use crate::relation::{Column, Constraint, ConstraintKind, Index, IndexKey, Table, Value};
use crate::rename::Rename;

/// What looks like another name for the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Likeness {
    /// What can be nothing else: one is gone and one is new that is made as it was, and no other is.
    pub sure: Vec<Rename>,
    /// What may be several.
    pub open: Vec<Ambiguity>,
}

/// Several that are made alike, so that it can't be told which is which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ambiguity {
    /// Each that is gone with each that is new. One that is in none of those that are chosen is dropped, or made.
    pub candidates: Vec<Rename>,
}

/// Finds what may be another name, besides what is `said` to be one. Objects are alike if nothing differs but their names,
/// those of what is theirs, owners, privileges and comments.
///
/// `quote` writes a name as the database does in SQL.
pub fn likeness(from: &Catalog, to: &Catalog, said: &[Rename], quote: &dyn Fn(&str) -> String) -> Likeness {
    let mut found = Likeness::default();
    let turns: Vec<&Rename> = said.iter().collect();
    let mut from = from.renamed(&Rename::in_turns(&turns), quote);
    // What belongs to a table is compared once that has its new name.
    for kinds in [&[Kind::Schema][..], &[Kind::Type, Kind::Table], &[Kind::Sequence, Kind::View], &[]] {
        let sure = if kinds.is_empty() {
            let mut sure = columns(&from, to, &mut found.open);
            sure.extend(labels(&from, to, &mut found.open));
            sure
        } else {
            objects(&from, to, kinds, &mut found.open)
        };
        from = from.renamed(&sure, quote);
        found.sure.extend(sure);
    }
    let sure = objects(&from, to, &[Kind::Constraint, Kind::Index], &mut found.open);
    found.sure.extend(sure);
    let known: Vec<Rename> = said.iter().chain(&found.sure).cloned().collect();
    let candidates = found.open.iter_mut().flat_map(|ambiguity| &mut ambiguity.candidates);
    candidates.chain(&mut found.sure).for_each(|rename| as_the_first_calls_it(rename, &known));
    found
}

/// Says what a rename begins with as the first schema does: it was found in a catalog that had some new names already.
fn as_the_first_calls_it(rename: &mut Rename, known: &[Rename]) {
    let Rename::Object { from: key, .. } = rename else { return };
    let mut first = (**key).clone();
    // Of two tables that change their names with each other it is of one.
    let mut is_found = false;
    for rename in known {
        let Rename::Object { from, to } = rename else { continue };
        if from.kind == Kind::Schema && first.schema.as_ref() == Some(&to.name) {
            first.schema = Some(from.name.clone());
        }
        let is_whole = matches!(from.kind, Kind::Table | Kind::View | Kind::Type);
        if is_whole && !is_found && first.parent.as_ref() == Some(&to.name) && key.schema == to.schema {
            is_found = true;
            first.parent = Some(from.name.clone());
            first.schema.clone_from(&from.schema);
        }
    }
    *key = Arc::new(first);
}

/// Those gone and those new, by what they are like.
type Groups<L, T> = BTreeMap<L, (Vec<T>, Vec<T>)>;

/// What has a name by which it may be told from others that are like it.
trait Called {
    fn name(&self) -> &str;
}

impl Called for &Arc<Key> {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Called for &str {
    fn name(&self) -> &str {
        self
    }
}

/// A name however its words are put together: `userId`, `user_id`.
fn spoken(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Takes out those of which each has one counterpart whose name differs in nothing but how its words are put together.
fn same_words<T: Called>(gone: &mut Vec<T>, new: &mut Vec<T>) -> Vec<(T, T)> {
    let only = |list: &[T], name: &str| {
        let mut at = list.iter().enumerate().filter(|(_, it)| spoken(it.name()) == name).map(|(at, _)| at);
        at.next().filter(|_| at.next().is_none())
    };
    let mut pairs = Vec::new();
    let names: BTreeSet<String> = gone.iter().map(|it| spoken(it.name())).collect();
    for name in names {
        if let (Some(old), Some(now)) = (only(gone, &name), only(new, &name)) {
            pairs.push((gone.remove(old), new.remove(now)));
        }
    }
    pairs
}

fn pair<L, T: Called>(
    groups: Groups<L, T>,
    open: &mut Vec<Ambiguity>,
    matters: bool,
    rename: impl Fn(&T, &T) -> Rename,
) -> Vec<Rename> {
    let mut sure = Vec::new();
    for (mut gone, mut new) in groups.into_values() {
        sure.extend(same_words(&mut gone, &mut new).iter().map(|(gone, new)| rename(gone, new)));
        let candidates = || gone.iter().flat_map(|gone| new.iter().map(|new| rename(gone, new)));
        match (gone.len(), new.len()) {
            (0, _) | (_, 0) => {}
            (1, 1) => sure.extend(candidates()),
            // Where nothing is lost by making it anew, that is what is done.
            _ if matters => open.push(Ambiguity { candidates: candidates().collect() }),
            _ => {}
        }
    }
    sure
}

fn objects(from: &Catalog, to: &Catalog, kinds: &[Kind], open: &mut Vec<Ambiguity>) -> Vec<Rename> {
    let mut sure = Vec::new();
    let differences = differences(from, to);
    for kind in kinds {
        let mut groups: Groups<String, &Arc<Key>> = Groups::new();
        for difference in &differences {
            let (object, catalog, is_new) = match difference {
                Difference::New(object) => (*object, to, true),
                Difference::Gone(object) => (*object, from, false),
                Difference::Changed { .. } => continue,
            };
            if object.key.kind != *kind {
                continue;
            }
            let Some(essence) = essence(object, catalog) else { continue };
            let (gone, new) = groups.entry(essence).or_default();
            if is_new { new } else { gone }.push(&object.key);
        }
        let matters = matches!(kind, Kind::Table | Kind::Sequence);
        let rename = |from: &&Arc<Key>, to: &&Arc<Key>| Rename::Object { from: Arc::clone(from), to: Arc::clone(to) };
        sure.extend(pair(groups, open, matters, rename));
    }
    sure
}

fn columns(from: &Catalog, to: &Catalog, open: &mut Vec<Ambiguity>) -> Vec<Rename> {
    let mut sure = Vec::new();
    for object in to {
        let Some(was) = from.get(&object.key) else { continue };
        if object.key.kind == Kind::View {
            continue;
        }
        let mut groups: Groups<String, &str> = Groups::new();
        let missing = |of: &'_ [Column], name: &str| !of.iter().any(|column| column.name.eq_ignore_ascii_case(name));
        for column in was.columns().iter().filter(|it| missing(object.columns(), &it.name)) {
            if let Some(essence) = column_essence(column) {
                groups.entry(essence).or_default().0.push(&column.name);
            }
        }
        for column in object.columns().iter().filter(|it| missing(was.columns(), &it.name)) {
            if let Some(essence) = column_essence(column) {
                groups.entry(essence).or_default().1.push(&column.name);
            }
        }
        let table = &object.key;
        let rename = |from: &&str, to: &&str| Rename::Column {
            table: Arc::clone(table),
            from: (*from).to_owned(),
            to: (*to).to_owned(),
        };
        sure.extend(pair(groups, open, true, rename));
    }
    sure
}

/// The labels of enums that have as many as before, all others in their places: one that is gone and one that is new at
/// its place. Where there are several, any may be another word as well.
fn labels(from: &Catalog, to: &Catalog, open: &mut Vec<Ambiguity>) -> Vec<Rename> {
    let labels = |object: &'_ Object| match &object.body {
        Body::Type(Type::Enum { labels }) => labels.clone(),
        _ => Vec::new(),
    };
    let mut sure = Vec::new();
    for object in to.of_kind(Kind::Type) {
        let (old, new) = (from.get(&object.key).map(labels).unwrap_or_default(), labels(object));
        let differing: Vec<(&String, &String)> = old.iter().zip(&new).filter(|(old, new)| old != new).collect();
        let is_renamed = |(gone, came): &(&String, &String)| !new.contains(gone) && !old.contains(came);
        if old.len() != new.len() || !differing.iter().all(is_renamed) {
            continue;
        }
        let rename = |(from, to): &(&String, &String)| Rename::Column {
            table: Arc::clone(&object.key),
            from: (*from).clone(),
            to: (*to).clone(),
        };
        match differing.as_slice() {
            [one] => sure.push(rename(one)),
            [] => {}
            several => open.push(Ambiguity { candidates: several.iter().map(rename).collect() }),
        }
    }
    sure
}

/// What a column is, its name apart. None for one that is computed: there is nothing in it to be kept.
fn column_essence(column: &Column) -> Option<String> {
    let nameless = nameless(column);
    (!matches!(column.value, Value::Stored(_) | Value::Virtual(_))).then(|| {
        format!(
            "{} {:?}",
            nameless.data_type.to_lowercase(),
            Column { name: String::new(), data_type: String::new(), ..nameless }
        )
    })
}

/// A column without what is named after it.
fn nameless(column: &Column) -> Column {
    let mut column = Column { comment: None, grants: Default::default(), labels: Vec::new(), ..column.clone() };
    match &mut column.value {
        Value::Identity(identity) => {
            identity.name.clear();
            identity.comment = None;
            identity.grants = Default::default();
        }
        Value::Default(default) if default.starts_with("nextval(") => *default = "nextval".to_owned(),
        _ => {}
    }
    if let Some(not_null) = &mut column.not_null {
        not_null.name = None;
        not_null.comment = None;
    }
    column
}

/// What an object is, names apart. None for what is not told by that.
fn essence(object: &Object, catalog: &Catalog) -> Option<String> {
    Some(match &object.body {
        Body::Schema => {
            let inside = |it: &&Object| it.key.schema.as_ref() == Some(&object.key.name);
            let parts: Vec<String> = catalog
                .iter()
                .filter(inside)
                .map(|it| format!("{} {:?} {}", it.key.kind, it.key.parent, it.key.name))
                .collect();
            if parts.is_empty() {
                return None;
            }
            parts.join("\n")
        }
        Body::Table(table) => {
            let columns: BTreeSet<String> =
                table.columns.iter().map(|column| format!("{:?}", nameless(column))).collect();
            if columns.is_empty() {
                return None;
            }
            let is_own = |it: &&Object| {
                it.key.kind == Kind::Constraint && catalog.parent(it).is_some_and(|of| of.key == object.key)
            };
            let constraints: BTreeSet<String> = catalog
                .of_kind(Kind::Constraint)
                .filter(is_own)
                .filter_map(|it| match &it.body {
                    Body::Constraint(constraint) => Some(constraint_essence(constraint, &object.key)),
                    _ => None,
                })
                .collect();
            let rest = Table { columns: Vec::new(), definition: None, shadows: Vec::new(), ..(**table).clone() };
            format!("{:?} {columns:?} {constraints:?} {rest:?}", object.key.schema)
        }
        // An empty one is like any other.
        Body::Type(Type::Composite { columns }) if columns.is_empty() => return None,
        Body::Type(Type::Enum { labels }) if labels.is_empty() => return None,
        Body::Type(Type::Shell | Type::Range(_) | Type::Base(_)) => return None,
        Body::Type(of) => format!("{:?} {of:?}", object.key.schema),
        Body::Sequence(sequence) => format!("{:?} {sequence:?}", object.key.schema),
        Body::View(view) => format!("{:?} {view:?}", object.key.schema),
        Body::Index(index) => format!("{:?} {:?}", index.table, index_essence(index)),
        Body::Constraint(constraint) => {
            format!("{:?} {:?} {}", object.key.schema, object.key.parent, constraint_essence(constraint, &object.key))
        }
        _ => return None,
    })
}

fn index_essence(index: &Index) -> Index {
    // SQLite keeps the statement, with the name in it.
    let keys = index.keys.iter().map(|key| IndexKey { column: key.column.clone(), sql: key.sql.to_lowercase() });
    Index { keys: keys.collect(), definition: None, parent: None, clustered: false, ..index.clone() }
}

fn constraint_essence(constraint: &Constraint, table: &Key) -> String {
    let mut constraint = Constraint { index_comment: None, ..constraint.clone() };
    constraint.index = constraint.index.map(|index| Box::new(Index { table: None, ..index_essence(&index) }));
    if let ConstraintKind::Foreign(foreign) = &mut constraint.kind
        && *foreign.table == *table
    {
        foreign.table = Arc::new(Key::new(Kind::Table, None, ""));
    }
    format!("{constraint:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, data_type: &str) -> Column {
        Column { name: name.to_owned(), data_type: data_type.to_owned(), ..Column::default() }
    }

    /// A catalog of tables, each as `name: column type, ..`.
    fn catalog(tables: &[&str]) -> Catalog {
        let mut catalog = Catalog::new();
        for table in tables {
            let (name, columns) = table.split_once(": ").unwrap();
            let columns = columns.split(", ").map(|it| it.split_once(' ').unwrap()).map(|(name, of)| column(name, of));
            let table = Table { columns: columns.collect(), ..Table::default() };
            catalog.insert(Object::new(Key::new(Kind::Table, Some("app"), name), Body::Table(Box::new(table))));
        }
        catalog
    }

    /// What is sure, then what is not, with a `?`.
    fn found(from: &[&str], to: &[&str]) -> Vec<String> {
        let Likeness { sure, open } = likeness(&catalog(from), &catalog(to), &[], &str::to_owned);
        let open = open.into_iter().flat_map(|it| it.candidates).map(|it| format!("{it}?"));
        sure.iter().map(ToString::to_string).chain(open).collect()
    }

    #[test]
    fn what_is_made_as_it_was_is_the_same() {
        assert_eq!(found(&["a: x int, y text"], &["b: x int, y text"]), ["table app.a is now app.b"]);
        assert_eq!(found(&["a: x int, y text"], &["a: x int, z text"]), ["column y of app.a is now z"]);
        assert_eq!(found(&["a: x int, y text"], &["a: x int, z int"]), [""; 0]);
        assert_eq!(found(&["a: x int, y text"], &["b: x int, z text"]), [""; 0]);
        assert_eq!(found(&["a: x int"], &["a: x int, z int"]), [""; 0]);
        // Another type, another column.
        let both = found(&["a: x int, y text"], &["a: u int, v text"]);
        assert_eq!(both, ["column x of app.a is now u", "column y of app.a is now v"]);
    }

    #[test]
    fn what_belongs_to_a_table_is_called_as_it_was() {
        let with_key = |table: &str| {
            let mut catalog = catalog(&[&format!("{table}: x int, y text")]);
            let constraint = Constraint {
                kind: ConstraintKind::PrimaryKey { columns: vec!["x".to_owned()], without_overlaps: false },
                timing: Default::default(),
                validity: Default::default(),
                no_inherit: false,
                origin: Default::default(),
                index: None,
                index_comment: None,
            };
            let key = Key::new(Kind::Constraint, Some("app"), format!("{table}_pkey")).of(table);
            catalog.insert(Object::new(key, Body::Constraint(Box::new(constraint))));
            catalog
        };
        let Likeness { sure, .. } = likeness(&with_key("a"), &with_key("b"), &[], &str::to_owned);
        let sure: Vec<String> = sure.iter().map(ToString::to_string).collect();
        assert_eq!(sure, ["table app.a is now app.b", "constraint a_pkey on app.a is now b_pkey on app.b"]);
    }

    #[test]
    fn words_put_together_otherwise_are_the_same() {
        let both = found(&["a: userId int, postId int"], &["a: user_id int, post_id int"]);
        assert_eq!(both, ["column postId of app.a is now post_id", "column userId of app.a is now user_id"]);
        // The one that is left then has only one that it can be.
        let rest = found(&["a: userId int, x int"], &["a: user_id int, y int"]);
        assert_eq!(rest, ["column userId of app.a is now user_id", "column x of app.a is now y"]);
        assert_eq!(found(&["a: userId int, user__id int"], &["a: user_id int"]).len(), 2);
    }

    #[test]
    fn a_label_in_the_place_of_another_is_the_same() {
        let of = |labels: &[&str]| {
            let labels = labels.iter().map(|it| (*it).to_owned()).collect();
            let mut catalog = Catalog::new();
            let key = Key::new(Kind::Type, Some("app"), "mood");
            catalog.insert(Object::new(key, Body::Type(Type::Enum { labels })));
            catalog
        };
        let found = |from: &[&str], to: &[&str]| {
            let Likeness { sure, open } = likeness(&of(from), &of(to), &[], &str::to_owned);
            let sure: Vec<String> = sure.iter().map(ToString::to_string).collect();
            (sure, open.len())
        };
        let one = vec!["sad of type app.mood is now blue".to_owned()];
        assert_eq!(found(&["glad", "sad"], &["glad", "blue"]), (one, 0));
        assert_eq!(found(&["glad", "sad"], &["merry", "blue"]), (Vec::new(), 1));
        for other in [&["sad", "glad"][..], &["glad"], &["glad", "sad", "x"], &["sad", "x"]] {
            assert_eq!(found(&["glad", "sad"], other), (Vec::new(), 0), "{other:?}");
        }
    }

    #[test]
    fn several_that_are_alike_are_not_told_apart() {
        let two = found(&["a: x int, y int"], &["a: z int"]);
        assert_eq!(two, ["column x of app.a is now z?", "column y of app.a is now z?"]);
        assert_eq!(found(&["a: x int"], &["b: x int", "c: x int"]).len(), 2);
    }
}
