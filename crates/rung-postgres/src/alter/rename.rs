//! Other names.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use rung_catalog::{Body, Catalog, Key, Kind, Object, Rename, Type};
use rung_engine::{AlterStep, Cut, Refusal};

use crate::name::{full, literal, parent, quoted};
use crate::render::object::{is_of_domain, phrase};

/// A catalog with its other names, and the statements that give them.
pub(super) struct Renamed {
    pub(super) catalog: Catalog,
    pub(super) steps: Vec<AlterStep>,
}

/// Gives names, from within outwards: what belongs to a table, tables, schemas, and columns at last, whose tables are
/// called as they are afterwards.
pub(super) fn renamed(from: &Catalog, renames: &[Rename], version: Option<u32>) -> Result<Renamed, Vec<Refusal>> {
    let mut renamed = Renamed { catalog: from.clone(), steps: Vec::new() };
    renamed.make_room(renames);
    let rank = |rename: &Rename| match rename {
        Rename::Object { from, .. } => match from.kind {
            Kind::Constraint | Kind::Index | Kind::Trigger | Kind::Policy | Kind::Rule => 0,
            Kind::Schema => 2,
            _ => 1,
        },
        // Those come afterwards.
        Rename::Column { .. } => 3,
    };
    let schemas: Vec<(&str, &str)> = renames.iter().filter_map(of_schema).collect();
    let (mut columns, mut objects): (Vec<&Rename>, Vec<&Rename>) =
        renames.iter().partition(|rename| matches!(rename, Rename::Column { .. }));
    objects.sort_by_key(|rename| rank(rename));
    for rename in objects.chunk_by(|one, other| rank(one) == rank(other)).flat_map(Rename::in_turns) {
        renamed.give(&rename, &schemas, version)?;
    }
    // A table that inherits a column follows its parent by itself, and may not go ahead.
    columns.sort_by_key(|rename| std::cmp::Reverse(renamed.heirs_of_column(rename).len()));
    let mut followed: Vec<Rename> = Vec::new();
    for rename in Rename::in_turns(&columns) {
        if !followed.contains(&rename) {
            followed.extend(renamed.give(&rename, &schemas, version)?);
        }
    }
    Ok(renamed)
}

fn of_schema(rename: &Rename) -> Option<(&str, &str)> {
    match rename {
        Rename::Object { from, to } if from.kind == Kind::Schema => Some((&from.name, &to.name)),
        _ => None,
    }
}

impl Renamed {
    /// Gives another name; what follows by itself.
    fn give(
        &mut self,
        rename: &Rename,
        schemas: &[(&str, &str)],
        version: Option<u32>,
    ) -> Result<Vec<Rename>, Vec<Refusal>> {
        let is_named = version.is_some_and(|version| version >= 180_000);
        let (key, sql) = self.statements(rename, schemas)?;
        let heirs = self.heirs_of_column(rename);
        for rename in std::iter::once(rename).chain(&heirs) {
            if is_named {
                self.name_not_nulls(rename, true);
            }
            self.catalog = self.catalog.renamed(std::slice::from_ref(rename), &|name| quoted(name));
            if is_named {
                self.name_not_nulls(rename, false);
            }
        }
        let step = |sql| AlterStep { sql, key: Arc::clone(&key), cut: Cut::Joined, loses: None, note: None };
        self.steps.extend(sql.into_iter().map(step));
        Ok(heirs)
    }

    /// The same of all tables that inherit a column.
    fn heirs_of_column(&self, rename: &Rename) -> Vec<Rename> {
        let Rename::Column { table, from, to } = rename else { return Vec::new() };
        let mut heirs: Vec<Arc<Key>> = Vec::new();
        let mut left = vec![Arc::clone(table)];
        while let Some(parent) = left.pop() {
            let is_heir = |object: &&Object| matches!(&object.body, Body::Table(it) if it.inherits.contains(&parent));
            let found = self.catalog.of_kind(Kind::Table).filter(is_heir).map(|heir| Arc::clone(&heir.key));
            let found: Vec<Arc<Key>> = found.filter(|heir| !heirs.contains(heir)).collect();
            left.extend(found.iter().cloned());
            heirs.extend(found);
        }
        let of = |table| Rename::Column { table, from: from.clone(), to: to.clone() };
        heirs.into_iter().map(of).collect()
    }

    /// Views that have the name that a table is about to get go first, with the views upon them; those that are in the
    /// second schema are made again. Where something else hangs on them as well, they get another name meanwhile.
    fn make_room(&mut self, renames: &[Rename]) {
        let takes_name = |object: &Object| {
            renames.iter().any(|rename| match rename {
                Rename::Object { from, to } => {
                    from.kind == Kind::Table && (&to.schema, &to.name) == (&object.key.schema, &object.key.name)
                }
                Rename::Column { .. } => false,
            })
        };
        let is_renamed =
            |key: &Arc<Key>| renames.iter().any(|it| matches!(it, Rename::Object { from, .. } if from == key));
        let first = self.catalog.of_kind(Kind::View).filter(|it| takes_name(it) && !is_renamed(&it.key));
        let mut gone: BTreeSet<Arc<Key>> = first.map(|it| Arc::clone(&it.key)).collect();
        let in_the_way: Vec<Arc<Key>> = gone.iter().cloned().collect();
        let hangs_on = |catalog: &Catalog, object: &Object, key: &Key| {
            object.depends_on.iter().any(|it| *it.on == *key)
                || catalog.parent(object).is_some_and(|it| *it.key == *key)
        };
        loop {
            let more = self.catalog.iter().filter(|it| !gone.contains(&it.key));
            let more: Vec<&Object> =
                more.filter(|it| gone.iter().any(|key| hangs_on(&self.catalog, it, key))).collect();
            let may_go = |object: &&Object| {
                let kinds = [Kind::View, Kind::Index, Kind::Trigger, Kind::Rule, Kind::Statistics];
                kinds.contains(&object.key.kind) && !is_renamed(&object.key)
            };
            if !more.iter().all(may_go) {
                return in_the_way.iter().for_each(|key| self.call_aside(key));
            }
            if more.is_empty() {
                break;
            }
            gone.extend(more.into_iter().map(|it| Arc::clone(&it.key)));
        }
        let is_last = |catalog: &Catalog, gone: &BTreeSet<Arc<Key>>, key: &Key| {
            !gone.iter().filter_map(|it| catalog.get(it)).any(|it| *it.key != *key && hangs_on(catalog, it, key))
        };
        while let Some(key) = gone.iter().find(|key| is_last(&self.catalog, &gone, key)).cloned() {
            gone.remove(&key);
            let Some(object) = self.catalog.remove(&key) else { continue };
            if key.kind == Kind::View {
                let sql = format!("DROP {}", phrase(&object));
                self.steps.push(AlterStep { sql, key, cut: Cut::Joined, loses: None, note: None });
            }
        }
    }

    /// Gives a view another name, under which it goes when nothing uses it any more.
    fn call_aside(&mut self, key: &Arc<Key>) {
        let Some(object) = self.catalog.get(key) else { return };
        let other = Arc::new(aside(key));
        let sql = format!("ALTER {} RENAME TO {}", phrase(object), quoted(&other.name));
        self.steps.push(AlterStep { sql, key: Arc::clone(key), cut: Cut::Joined, loses: None, note: None });
        let rename = Rename::Object { from: Arc::clone(key), to: other };
        self.catalog = self.catalog.renamed(&[rename], &|name| quoted(name));
    }

    fn statements(&self, rename: &Rename, schemas: &[(&str, &str)]) -> Result<(Arc<Key>, Vec<String>), Vec<Refusal>> {
        let unknown = |key: &Arc<Key>| {
            vec![Refusal {
                key: Arc::clone(key),
                why: "there is no such object that could be renamed".to_owned(),
                instead: "leave the rename out, or correct the name".to_owned(),
            }]
        };
        match rename {
            Rename::Object { from, to } => {
                let object = self.catalog.get(from).ok_or_else(|| unknown(from))?;
                let moved = from.schema != to.schema
                    && from.kind != Kind::Index
                    && !schemas.contains(&(
                        from.schema.as_deref().unwrap_or_default(),
                        to.schema.as_deref().unwrap_or_default(),
                    ));
                Ok((Arc::clone(to), object_(object, from, to, moved)))
            }
            Rename::Column { table, from, to } => {
                let object = self.catalog.get(table).ok_or_else(|| unknown(table))?;
                if !object.members().contains(&from.as_str()) {
                    return Err(unknown(table));
                }
                if let Body::Type(Type::Enum { .. }) = object.body {
                    let sql = format!("ALTER {} RENAME VALUE {} TO {}", phrase(object), literal(from), literal(to));
                    return Ok((Arc::clone(table), vec![sql]));
                }
                let (what, cascade) = match object.body {
                    Body::Type(_) => ("ATTRIBUTE", " CASCADE"),
                    _ => ("COLUMN", ""),
                };
                let sql = format!("ALTER {} RENAME {what} {} TO {}{cascade}", phrase(object), quoted(from), quoted(to));
                Ok((Arc::clone(table), vec![sql]))
            }
        }
    }

    /// From 18 on the constraints behind NOT NULL keep the names that they got from the names of table and column: such a
    /// name is said before, and no more where it is the usual one afterwards.
    fn name_not_nulls(&mut self, rename: &Rename, is_before: bool) {
        let key = match rename {
            Rename::Object { from, to } => {
                if is_before {
                    from
                } else {
                    to
                }
            }
            Rename::Column { table, .. } => table,
        };
        let Some(object) = self.catalog.get_mut(key) else { return };
        let name = key.name.clone();
        for column in object.columns_mut() {
            let usual = format!("{name}_{}_not_null", column.name);
            if let Some(not_null) = &mut column.not_null {
                match &not_null.name {
                    None if is_before => not_null.name = Some(usual),
                    Some(name) if !is_before && *name == usual => not_null.name = None,
                    _ => {}
                }
            }
        }
    }
}

fn object_(object: &Object, from: &Key, to: &Key, moved: bool) -> Vec<String> {
    let (old, new) = (quoted(&from.name), quoted(&to.name));
    let rename = match from.kind {
        Kind::Constraint if is_of_domain(object) => {
            format!("ALTER DOMAIN {} RENAME CONSTRAINT {old} TO {new}", parent(from))
        }
        Kind::Constraint => format!("ALTER TABLE {} RENAME CONSTRAINT {old} TO {new}", parent(from)),
        _ => format!("ALTER {} RENAME TO {new}", phrase(object)),
    };
    let mut sql = Vec::new();
    if from.name != to.name {
        sql.push(rename);
    }
    if moved && let Some(schema) = &to.schema {
        let named = Object { key: Arc::new(Key { schema: from.schema.clone(), ..to.clone() }), ..object.clone() };
        sql.push(format!("ALTER {} SET SCHEMA {}", phrase(&named), quoted(schema)));
    }
    sql
}

/// What a type, an index or a view is called while a new one of its name is made.
pub(super) fn aside(key: &Key) -> Key {
    Key { name: format!("{}_before", short(&key.name)), ..key.clone() }
}

/// A name with room behind it, within the 63 bytes that the server keeps of one. Names that begin alike stay apart.
fn short(name: &str) -> Cow<'_, str> {
    const ROOM: usize = 50;
    if name.len() <= ROOM {
        return Cow::Borrowed(name);
    }
    let digest: String = rung_sql::checksum(name).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let cut = name.floor_char_boundary(ROOM - digest.len() - 1);
    Cow::Owned(format!("{}_{digest}", &name[..cut]))
}

/// The statement that gets a type or a collation out of the way.
pub(super) fn put_aside(object: &Object) -> String {
    format!("ALTER {} RENAME TO {}", phrase(object), quoted(&aside(&object.key).name))
}

/// The statement that drops it then.
pub(super) fn drop_aside(object: &Object) -> String {
    let kind = match &object.body {
        Body::Type(Type::Domain { .. }) => "DOMAIN",
        Body::Type(_) => "TYPE",
        _ => "COLLATION",
    };
    format!("DROP {kind} {}", full(&aside(&object.key)))
}

/// What the index of a key is called until the key is made of it.
pub(super) fn built(key: &Key) -> Key {
    Key { name: format!("{}_new", short(&key.name)), ..key.clone() }
}
