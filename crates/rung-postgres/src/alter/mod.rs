//! What leads from one schema to another. Pure.
//!
//! [`change`] tells what becomes of each object, [`fate`] of one by itself, and [`closure`] of all that hangs on it; [`make`], [`remove`], [`object`], [`table`],
//! [`column`] and [`index`] turn that into work, each piece with what it makes, takes, needs and has done with;
//! [`work`] puts it in order and cuts it into transactions.

mod adopt;
mod attribute;
pub(crate) mod bound;
mod change;
mod closure;
mod column;
mod definition;
mod fate;
mod index;
mod inherit;
mod loss;
mod make;
pub(crate) mod misfit;
mod multirange;
mod null;
mod object;
mod rebuild;
mod remove;
mod rename;
mod table;
mod types;
mod uses;
mod value;
mod work;

use std::sync::Arc;

use rung_catalog::{Body, Catalog, Fact, Key, Kind, Object, differences};
use rung_engine::{AlterOptions, AlterStep, Alteration, Cut, Refusal};

use crate::render::plan::{Layout, Needs};
use change::{Changes, Fate};
use work::{Step, Works};

/// See [`rung_engine::Dialect::alteration`].
pub(crate) fn alteration(from: &Catalog, to: &Catalog, options: &AlterOptions) -> Result<Alteration, Vec<Refusal>> {
    let all = options.compared.owners && options.compared.privileges;
    if options.renames.is_empty() && all && differences(from, to).is_empty() {
        return Ok(Alteration::default());
    }
    let (mut to, from) = (compared(to, options), compared(from, options));
    keep_history_schema(&from, &mut to);
    let mut renamed = rename::renamed(&from, &options.renames, options.version)?;
    let adopted = adopt::names(&renamed.catalog, &to);
    if !adopted.is_empty() {
        let mut adopted = rename::renamed(&renamed.catalog, &adopted, options.version)?;
        renamed.steps.append(&mut adopted.steps);
        renamed.catalog = adopted.catalog;
    }
    multirange::rename(&mut renamed, &to);
    let major = options.version.map_or(13, |version| version / 10_000);
    let settled = inherit::settle(&renamed.catalog, &to, major);
    let (old, new) = (Needs::of(&settled.catalog), Needs::of(&to));
    let mut changes = Changes::of(&old, &new, options, &settled);
    let layout = Layout::of(&new, |key| changes.is_made(key));
    let mut builder = Builder {
        works: Works::default(),
        layout: &layout,
        settled: &settled,
        announced: std::collections::HashMap::new(),
        left: std::collections::HashMap::new(),
        aside_made: 0,
        copied: Vec::new(),
        along: std::collections::HashMap::new(),
        changes: &mut changes,
    };
    builder.bonds();
    builder.all();
    let works = builder.works;
    if !changes.refused.is_empty() {
        return Err(changes.refused);
    }
    let mut steps = unchecked_bodies(&changes);
    steps.append(&mut renamed.steps);
    steps.append(&mut works.in_order(!steps.is_empty()).steps);
    Ok(Alteration { steps })
}

/// Bodies that are texts speak of what they like, and no order can be told from them: they are not looked into until all
/// is there, as a dump does it.
fn unchecked_bodies(changes: &Changes<'_>) -> Vec<AlterStep> {
    let is_text = |key: &Key| match changes.to.get(key).map(|object| &object.body) {
        Some(rung_catalog::Body::Routine(routine)) => matches!(routine.language.as_str(), "sql" | "plpgsql"),
        _ => false,
    };
    let mut routines: Vec<&Key> = changes.fates.keys().copied().filter(|key| is_text(key)).collect();
    routines.retain(|key| changes.is_made(key) || changes.fate_of(key) == Some(Fate::Altered));
    routines.sort();
    let first = routines.first().filter(|_| changes.fates.len() > 1).and_then(|key| changes.to.get(key));
    let step = |object: &rung_catalog::Object| AlterStep {
        sql: "SET check_function_bodies = off".to_owned(),
        key: Arc::clone(&object.key),
        cut: Cut::Joined,
        loses: None,
        note: Some("what bodies of functions speak of may come later".to_owned()),
    };
    first.map(step).into_iter().collect()
}

/// The schema of the history stays, and is no other's to drop.
fn keep_history_schema(from: &Catalog, to: &mut Catalog) {
    let Some(schema) = to.history_schema.clone().or_else(|| from.history_schema.clone()) else { return };
    let key = Key::new(Kind::Schema, None, &schema);
    to.history_schema = Some(schema);
    if let Some(there) = from.get(&key).filter(|_| to.get(&key).is_none()) {
        let mut bare = Object::new(Key::clone(&there.key), Body::Schema);
        bare.owner.clone_from(&there.owner);
        to.insert(bare);
    }
}

/// A catalog without what is not compared.
fn compared(catalog: &Catalog, options: &AlterOptions) -> Catalog {
    let mut catalog = catalog.clone();
    if !options.compared.privileges {
        catalog.retain(|object| object.key.kind != Kind::DefaultPrivileges);
    }
    let keys: Vec<Arc<Key>> = catalog.iter().map(|object| Arc::clone(&object.key)).collect();
    if !(options.compared.owners && options.compared.privileges) {
        for object in keys.iter().filter_map(|key| catalog.get(key).cloned()).collect::<Vec<_>>() {
            catalog.insert(without(object, options));
        }
    }
    catalog
}

fn without(mut object: rung_catalog::Object, options: &AlterOptions) -> rung_catalog::Object {
    if !options.compared.owners {
        object.owner = None;
    }
    if !options.compared.privileges {
        if let rung_catalog::Body::Extension(extension) = &mut object.body {
            extension.grants.clear();
        }
        object.grants_mut().into_iter().for_each(|grants| *grants = rung_catalog::Grants::default());
    }
    object
}

/// Makes work of what changes.
struct Builder<'b, 'a> {
    changes: &'b mut Changes<'a>,
    layout: &'b Layout<'a>,
    settled: &'b inherit::Settled,
    /// The work that announces an object.
    announced: std::collections::HashMap<&'a Key, usize>,
    /// The work by which a table leaves a parent.
    left: std::collections::HashMap<&'a Key, usize>,
    /// What goes along with something else, and with what.
    along: std::collections::HashMap<&'a Key, Fact>,
    /// The work that makes the schema in which old tables wait, and those that empty it.
    aside_made: usize,
    copied: Vec<usize>,
    works: Works,
}

impl<'a> Builder<'_, 'a> {
    fn all(&mut self) {
        let mut keys: Vec<(&'a Key, Fate)> = self.changes.fates.iter().map(|(key, fate)| (*key, *fate)).collect();
        keys.sort_by_key(|(key, _)| *key);
        self.prepare_rebuild();
        let dropped = keys.iter().filter(|(_, fate)| matches!(fate, Fate::Gone | Fate::Remade)).map(|(key, _)| *key);
        self.remove_all(dropped.collect());
        for (key, _) in keys.iter().filter(|(_, fate)| matches!(fate, Fate::Made | Fate::Remade)) {
            if let Some(object) = self.changes.to.get(key) {
                self.announce(object);
            }
        }
        for (key, fate) in keys {
            let (from, to) = (self.changes.from.get(key), self.changes.to.get(key));
            match (fate, from, to) {
                (Fate::Made | Fate::Remade, _, Some(to)) => self.make(to),
                (Fate::Altered, Some(from), Some(to)) => self.alter(from, to),
                _ => {}
            }
        }
        let retyped = self.changes.retyped.iter().chain(&self.changes.readded).map(|(key, _)| *key);
        let only: std::collections::BTreeSet<&'a Key> =
            retyped.filter(|key| self.changes.fate_of(key).is_none()).collect();
        for key in only {
            if let (Some(from), Some(to)) = (self.changes.from.get(key), self.changes.to.get(key)) {
                self.alter(from, to);
            }
        }
        self.settle_along();
        self.finish_asides();
        self.finish_rebuild();
        self.fill();
    }

    /// What an object needs in the second schema, as facts.
    fn needs(&self, object: &'a rung_catalog::Object) -> Vec<Fact> {
        let schema = self.changes.new.of_schema(object).filter_map(|key| self.changes.to.get(key));
        let mut needs: Vec<Fact> = schema.map(|schema| Fact::object(&schema.key)).collect();
        needs.extend(uses::uses(self.changes.new, object).iter().map(uses::Use::fact));
        // Triggers, keys and indexes of a table that is made anew come when it has its rows.
        let table = self.changes.new.parent(object).filter(|table| self.changes.rebuilt.contains(table));
        needs.extend(table.and_then(|table| self.changes.to.get(table)).map(|table| rebuild::rows(&table.key)));
        if let (Some(one), Some(other)) = (self.changes.new.parent(object), uses::referred(object)) {
            let one = self.changes.to.get(one).map(|one| &one.key);
            needs.extend(one.into_iter().chain([other]).map(table::persisted));
        }
        // What refers to such a table, or to one of such parts, does so when the rows are there.
        let referred = uses::referred(object).into_iter();
        let parts = referred.flat_map(|table| self.changes.new.heirs_of(table).chain([&**table]));
        let parts = parts.filter(|part| self.changes.rebuilt.contains(part));
        for part in parts.filter_map(|part| self.changes.to.get(part)) {
            needs.extend([rebuild::rows(&part.key), index::attached(&part.key)]);
        }
        needs
    }

    /// What an object has done with when it is dropped or replaced.
    fn frees(&self, object: &'a rung_catalog::Object) -> Vec<Fact> {
        let schema = self.changes.old.of_schema(object).filter_map(|key| self.changes.from.get(key));
        let mut frees: Vec<Fact> = schema.map(|schema| Fact::object(&schema.key)).collect();
        let uses = uses::uses(self.changes.old, object);
        frees.extend(uses.iter().map(uses::Use::fact));
        if let (Some(one), Some(other)) = (self.changes.old.parent(object), uses::referred(object)) {
            let one = self.changes.from.get(one).map(|one| &one.key);
            frees.extend(one.into_iter().chain([other]).map(table::persisted));
        }
        // What refers to a table refers to all of its parts.
        let parts = uses::referred(object).into_iter().flat_map(|table| self.changes.old.heirs_of(table));
        frees.extend(parts.filter_map(|part| self.changes.from.get(part)).map(|part| Fact::object(&part.key)));
        if let rung_catalog::Body::Constraint(of) = &object.body
            && matches!(of.kind, rung_catalog::ConstraintKind::PrimaryKey { .. })
        {
            // What is no more a key may be NULL.
            frees.extend(uses.iter().filter_map(|it| Some(null::not_null(it.on, it.on_column?))));
        }
        frees
    }
}

/// Statements without more to say of them.
fn steps(sql: impl IntoIterator<Item = String>) -> Vec<Step> {
    sql.into_iter().map(Step::from).collect()
}

/// What calls of a routine are called, which may mean another of its name as well.
fn overloads(key: &Key) -> Option<String> {
    (key.kind == Kind::Routine).then(|| format!("calls of {}", crate::name::full(key)))
}

/// Names that an object gives and that others may not have.
fn names(object: &rung_catalog::Object) -> Vec<String> {
    use rung_catalog::{Body, Value};
    let key = &object.key;
    let relation = |name: &str| format!("relation {}", crate::name::within(key, name));
    let of_type = || format!("type {}", crate::name::full(key));
    let mut names = match &object.body {
        Body::Table(_) | Body::View(_) => vec![relation(&key.name), of_type()],
        Body::Sequence(_) | Body::Index(_) => vec![relation(&key.name)],
        Body::Constraint(it) if it.index.is_some() => vec![relation(&key.name)],
        Body::Type(rung_catalog::Type::Composite { .. }) => vec![relation(&key.name), of_type()],
        Body::Type(_) => vec![of_type()],
        Body::Routine(_) => {
            vec![format!("routine {}({})", crate::name::full(key), key.arguments.as_deref().unwrap_or_default())]
        }
        _ => Vec::new(),
    };
    for column in object.columns() {
        if let Value::Identity(identity) = &column.value {
            names.push(relation(&identity.name));
        }
    }
    names
}
