//! Drift: where a database is not what its migrations make it. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use rung_catalog::{Body, Catalog, Difference, Grant, Grantee, Key, Kind, Object, differences, glob};

use crate::alter::{AlterOptions, Locking};
use crate::dialect::{Dialect, DumpOptions};

/// What is no drift.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DriftOptions {
    /// Objects that nothing is said of.
    pub ignore: Vec<Ignore>,
    /// Whether owners and privileges count.
    pub compared: DumpOptions,
    /// Who owns the database, where databases have owners: what belongs to that role is described without an owner.
    pub database_owner: Option<String>,
    /// Who the migrations ran as, in the replay and in the database: default privileges are told apart by that.
    pub users: (String, String),
    /// Objects that were there before the migrations, and schemas of theirs: they are somebody else's.
    pub given: BTreeSet<Arc<Key>>,
}

/// Objects that nothing is said of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ignore {
    /// Those of a kind, where one is named, whose name is like that, or whose table's is: `audit.*`, `table tmp_*`.
    Named(Option<Kind>, String),
    /// Those of an owner: `owner:replicator`.
    Owner(String),
    /// Those that came with an extension or need it: `extension:timescaledb`.
    Extension(String),
}

impl Ignore {
    /// Reads a rule: `NAME`, `SCHEMA.NAME` or `KIND NAME` with `*` and `?`, `owner:ROLE`, `extension:NAME`.
    ///
    /// # Errors
    /// It is empty, or names nothing behind its colon.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let wanted = |name: &str| {
            let name = name.trim();
            if name.is_empty() { Err(format!("{text:?} names nothing")) } else { Ok(name.to_owned()) }
        };
        if let Some(role) = text.strip_prefix("owner:") {
            return wanted(role).map(Self::Owner);
        }
        if let Some(extension) = text.strip_prefix("extension:") {
            return wanted(extension).map(Self::Extension);
        }
        // A name may have blanks in it; a kind that stands before one is meant as that.
        let kind = text.rsplit_once(' ').and_then(|(kind, name)| Some((Kind::parse(kind)?, name)));
        match kind {
            Some((kind, name)) => wanted(name).map(|name| Self::Named(Some(kind), name)),
            None => wanted(text).map(|name| Self::Named(None, name)),
        }
    }

    fn matches(&self, object: &Object, table: Option<&str>) -> bool {
        let key = &object.key;
        match self {
            Self::Owner(role) => object.owner.as_ref().is_some_and(|owner| glob(role, owner)),
            Self::Extension(name) => {
                let is_it = |key: &Key| key.kind == Kind::Extension && glob(name, &key.name);
                is_it(key) || object.depends_on.iter().any(|dependency| is_it(&dependency.on))
            }
            Self::Named(kind, pattern) => {
                let schema = key.schema.as_ref();
                let full = |name: &str| schema.map_or_else(|| name.to_owned(), |schema| format!("{schema}.{name}"));
                let is_like = |name: &str| glob(pattern, name) || glob(pattern, &full(name));
                let own = || kind.is_none_or(|kind| kind == key.kind) && is_like(&key.name);
                // A table's rule is for all that belongs to it.
                let of_table = || kind.is_none_or(|kind| kind == Kind::Table) && table.is_some_and(is_like);
                own() || of_table()
            }
        }
    }
}

/// How an object has come apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DriftKind {
    /// The migrations make it, and the database does not have it.
    Missing,
    /// The database has it, and no migration makes it.
    Extra,
    /// It is another one in the database.
    Changed,
}

/// An object that has come apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// The object.
    pub key: Arc<Key>,
    /// How.
    pub kind: DriftKind,
    /// The parts of it that differ, or it itself: the columns of a table are its own, a constraint is a part.
    pub parts: Vec<Arc<Key>>,
    /// What the migrations say, as SQL; empty where they do not have it.
    pub expected: String,
    /// What the database has.
    pub actual: String,
    /// Who owns it in the database, or its table, where it is there and databases have owners.
    pub owner: Option<String>,
}

/// What came of a comparison.
#[derive(Debug, Clone, Default)]
pub struct Drifts {
    /// The objects that have come apart, by key.
    pub found: Vec<Drift>,
    /// What differs and is none: the order of columns.
    pub notes: Vec<String>,
    /// How many differing objects nothing is said of.
    pub ignored: usize,
    /// What the migrations make, with whatever is ignored as the database has it.
    pub expected: Catalog,
    /// What the database has, in the words of the other side where both mean the same.
    pub actual: Catalog,
}

/// Compares what the migrations make with what the database has. It takes as long as it takes to look at both once, as
/// long as they are the same.
pub fn drift(expected: Catalog, actual: Catalog, dialect: &dyn Dialect, options: &DriftOptions) -> Drifts {
    let mut drifts = Drifts { expected, actual, ..Drifts::default() };
    drifts.align(options);
    let mut differing: Vec<Arc<Key>> = Vec::new();
    let mut ignored: Vec<Arc<Key>> = Vec::new();
    for difference in differences(&drifts.expected, &drifts.actual) {
        let object = difference.object();
        let sides = match difference {
            Difference::Changed { from, to } => [Some(from), Some(to)],
            _ => [Some(object), None],
        };
        let is_ignored = |object: &&Object| {
            let table = table_of(object);
            // What has no owner of its own is its table's owner's.
            let whole = drifts.actual.parent(object).or_else(|| drifts.expected.parent(object));
            let parent = whole.map_or(&object.key, |whole| &whole.key);
            // What is the database owner's is described without one.
            let owner = owner(&drifts.actual, &object.key, parent, options);
            let is_its = |rule: &Ignore| match rule {
                Ignore::Owner(role) => {
                    owner.as_ref().is_some_and(|owner| glob(role, owner))
                        || whole.is_some_and(|it| rule.matches(it, None))
                }
                Ignore::Named(..) | Ignore::Extension(_) => false,
            };
            options.ignore.iter().any(|rule| rule.matches(object, table) || is_its(rule))
        };
        let is_given = |object: &&Object| is_given(object, &options.given) && matches!(difference, Difference::New(_));
        match sides.iter().flatten().any(|side| is_ignored(side) || is_given(side)) {
            true => ignored.push(Arc::clone(&object.key)),
            false => differing.push(Arc::clone(&object.key)),
        }
    }
    drifts.ignored = ignored.len();
    // Whatever is done about the rest, it is to stay as it is.
    for key in ignored {
        match drifts.actual.get(&key).cloned() {
            Some(object) => _ = drifts.expected.insert(object),
            None => _ = drifts.expected.remove(&key),
        }
    }
    drifts.found = describe(&drifts.expected, &drifts.actual, &differing, dialect, options);
    drifts
}

/// What an object belongs to.
fn table_of(object: &Object) -> Option<&str> {
    match &object.body {
        Body::Index(index) => index.table.as_ref().map(|table| table.name.as_str()),
        Body::Sequence(sequence) => sequence.owned_by.as_ref().map(|(table, _)| table.name.as_str()),
        _ => object.key.parent.as_deref(),
    }
}

/// Whether something is in a schema that the migrations found and did not make.
fn is_given(object: &Object, given: &BTreeSet<Arc<Key>>) -> bool {
    let schema = object.key.schema.as_deref().filter(|schema| *schema != "public");
    schema.is_some_and(|schema| given.contains(&Key::new(Kind::Schema, None, schema)))
}

impl Drifts {
    /// Puts into the same words what means the same.
    fn align(&mut self, options: &DriftOptions) {
        let (replayed, live) = &options.users;
        if replayed != live {
            let of_replay = |object: &&Object| {
                object.key.kind == Kind::DefaultPrivileges && object.key.parent.as_ref() == Some(replayed)
            };
            let renamed: Vec<Object> = self.expected.iter().filter(of_replay).cloned().collect();
            for mut object in renamed {
                self.expected.remove(&object.key);
                let key = Key { parent: Some(live.clone()), ..(*object.key).clone() };
                object.key = Arc::new(key);
                self.expected.insert(object);
            }
        }
        let changed: Vec<Arc<Key>> = differences(&self.expected, &self.actual)
            .into_iter()
            .filter(|difference| matches!(difference, Difference::Changed { .. }))
            .map(|difference| Arc::clone(&difference.object().key))
            .collect();
        for key in changed {
            let (Some(said), Some(object)) = (self.expected.get_mut(&key), self.actual.get_mut(&key)) else {
                continue;
            };
            let owned = object.owner.as_ref().or(options.database_owner.as_ref());
            // Whoever deploys owns what is made, and that is another one in a replay.
            if said.owner.is_none() || said.owner.as_ref() == owned || !options.compared.owners {
                if let Some(owner) = owned.cloned().map(Grantee::Role) {
                    hide_own(&owner, said, object);
                }
                object.owner.clone_from(&said.owner);
            }
            if !options.compared.privileges {
                object.grants = said.grants.clone();
            }
            match (&said.body, &mut object.body) {
                // The server has the version that is installed on it.
                (Body::Extension(said), Body::Extension(has)) => has.version.clone_from(&said.version),
                (Body::Table(said), Body::Table(has)) => {
                    let place: HashMap<&str, usize> =
                        said.columns.iter().enumerate().map(|(at, column)| (column.name.as_str(), at)).collect();
                    has.columns.sort_by_key(|column| place.get(column.name.as_str()).copied().unwrap_or(usize::MAX));
                }
                _ => {}
            }
        }
        self.note_orders();
    }

    /// Tables whose columns are in another order: nothing that a statement could mend.
    fn note_orders(&mut self) {
        for object in self.actual.of_kind(Kind::Table) {
            let Some(said) = self.expected.get(&object.key) else { continue };
            let (said, has) = (said.columns(), object.columns());
            let is_in = |columns: &[rung_catalog::Column], name: &str| columns.iter().any(|column| column.name == name);
            if said.len() == has.len() && said.iter().zip(has).all(|(one, other)| one.name == other.name) {
                continue;
            }
            let names = |of: &[rung_catalog::Column], other: &[rung_catalog::Column]| -> Vec<String> {
                of.iter().filter(|column| is_in(other, &column.name)).map(|column| column.name.clone()).collect()
            };
            if names(said, has) != names(has, said) {
                self.notes.push(format!("the columns of {} are in another order", object.key.path()));
            }
        }
    }
}

/// Takes out what is granted to whoever owns an object in the database, who has that by itself, unless it was revoked.
fn hide_own(owner: &Grantee, said: &mut Object, has: &mut Object) {
    let own = |list: &[Grant]| -> BTreeSet<String> {
        list.iter().filter(|it| it.to == *owner).flat_map(|it| it.privileges.iter().cloned()).collect()
    };
    // What may be passed on as well stands in the place of what may not.
    if own(&has.grants.revoked).is_subset(&own(&has.grants.granted)) {
        for grants in said.grants_mut().into_iter().chain(has.grants_mut()) {
            grants.granted.retain(|it| it.to != *owner);
            grants.revoked.retain(|it| it.to != *owner);
        }
    }
}

/// The differing objects as SQL, each with what it is written in.
fn describe(
    expected: &Catalog,
    actual: &Catalog,
    differing: &[Arc<Key>],
    dialect: &dyn Dialect,
    options: &DriftOptions,
) -> Vec<Drift> {
    if differing.is_empty() {
        return Vec::new();
    }
    let whole = |key: &Arc<Key>| {
        let object = actual.get(key).map(|object| (actual, object)).or_else(|| Some((expected, expected.get(key)?)));
        let parent = object.and_then(|(catalog, object)| catalog.parent(object));
        parent.map_or_else(|| Arc::clone(key), |parent| Arc::clone(&parent.key))
    };
    let touched: BTreeSet<Arc<Key>> = differing.iter().flat_map(|key| [Arc::clone(key), whole(key)]).collect();
    let said = texts(expected, &touched, dialect, &options.compared);
    let has = texts(actual, &touched, dialect, &options.compared);
    let mut found: BTreeMap<Arc<Key>, Drift> = BTreeMap::new();
    for key in differing {
        // What has no text of its own is written within what it belongs to.
        let is_apart = said.contains_key(key) || has.contains_key(key);
        let shown = if is_apart { Arc::clone(key) } else { whole(key) };
        let drift = found.entry(Arc::clone(&shown)).or_insert_with(|| Drift {
            kind: match (expected.get(&shown).is_some(), actual.get(&shown).is_some()) {
                (true, false) => DriftKind::Missing,
                (false, true) => DriftKind::Extra,
                _ => DriftKind::Changed,
            },
            parts: Vec::new(),
            expected: said.get(&shown).cloned().unwrap_or_default(),
            actual: has.get(&shown).cloned().unwrap_or_default(),
            owner: owner(actual, &shown, &whole(&shown), options),
            key: shown,
        });
        drift.parts.push(Arc::clone(key));
    }
    found.into_values().filter(|drift| !is_spelling(expected, actual, drift, dialect, options)).collect()
}

/// Whether an object is only written in another way: nothing would have to be done to make the one the other.
fn is_spelling(
    expected: &Catalog,
    actual: &Catalog,
    drift: &Drift,
    dialect: &dyn Dialect,
    options: &DriftOptions,
) -> bool {
    let touched = BTreeSet::from([Arc::clone(&drift.key)]);
    let (from, to) = (cut(actual, &touched), cut(expected, &touched));
    let how = AlterOptions { renames: Vec::new(), locking: Locking::Plain, version: None, compared: options.compared };
    drift.kind == DriftKind::Changed && dialect.alteration(&from, &to, &how).is_ok_and(|way| way.is_empty())
}

/// Who owns what the database has.
fn owner(actual: &Catalog, key: &Key, parent: &Key, options: &DriftOptions) -> Option<String> {
    actual.get(key)?;
    let named = [key, parent].into_iter().find_map(|key| actual.get(key)?.owner.clone());
    named.or_else(|| options.database_owner.clone())
}

/// The SQL of some objects, with what is written in them.
fn texts(
    catalog: &Catalog,
    touched: &BTreeSet<Arc<Key>>,
    dialect: &dyn Dialect,
    options: &DumpOptions,
) -> HashMap<Arc<Key>, String> {
    let mut texts: HashMap<Arc<Key>, String> = HashMap::new();
    for paragraph in dialect.paragraphs(&cut(catalog, touched), options) {
        texts.entry(Arc::clone(&paragraph.key)).or_default().push_str(&paragraph.text());
    }
    texts
}

/// Some objects, with what belongs to them.
fn cut(catalog: &Catalog, touched: &BTreeSet<Arc<Key>>) -> Catalog {
    let mut part = Catalog::new();
    for object in catalog {
        let of = catalog.parent(object).map(|parent| &parent.key);
        if touched.contains(&object.key) || of.is_some_and(|of| touched.contains(of)) {
            part.insert(object.clone());
        }
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(key: Key) -> Object {
        Object::new(key, Body::Schema)
    }

    #[test]
    fn rules_are_read() {
        for (text, rule) in [
            ("audit.*", Ignore::Named(None, "audit.*".into())),
            ("table tmp_*", Ignore::Named(Some(Kind::Table), "tmp_*".into())),
            ("event trigger *", Ignore::Named(Some(Kind::EventTrigger), "*".into())),
            ("my table", Ignore::Named(None, "my table".into())),
            ("owner: rds*", Ignore::Owner("rds*".into())),
            ("extension:postgis", Ignore::Extension("postgis".into())),
        ] {
            assert_eq!(Ignore::parse(text), Ok(rule), "{text}");
        }
        for wrong in ["", "owner:", "extension: "] {
            assert!(Ignore::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn rules_are_for_objects_and_for_what_belongs_to_a_table() {
        let trigger = object(Key::new(Kind::Trigger, Some("app"), "touch").of("users"));
        let matches = |rule: &str| Ignore::parse(rule).unwrap().matches(&trigger, table_of(&trigger));
        for rule in ["touch", "app.touch", "trigger touch", "users", "app.us*", "table users", "app.*"] {
            assert!(matches(rule), "{rule}");
        }
        for rule in ["view users", "trigger users", "table touch", "other.*", "owner:*", "extension:*"] {
            assert!(!matches(rule), "{rule}");
        }
        let owned = Object { owner: Some("app_owner".into()), ..object(Key::new(Kind::View, Some("app"), "v")) };
        assert!(Ignore::parse("owner:app_*").unwrap().matches(&owned, None));
    }
}
