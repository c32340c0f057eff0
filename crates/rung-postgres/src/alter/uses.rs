//! What an object uses, as a dump and an alteration need to know it.

use std::sync::Arc;

use rung_catalog::{Body, ConstraintKind, Fact, Key, Kind, Nature, Object};

use crate::render::plan::Needs;

/// One use of an object by another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Use<'a> {
    /// The column that has the use for it.
    pub(super) column: Option<&'a str>,
    pub(super) on: &'a Arc<Key>,
    pub(super) on_column: Option<&'a str>,
    /// Whether it goes away with what it uses.
    pub(super) goes_along: bool,
}

impl Use<'_> {
    pub(super) fn fact(&self) -> Fact {
        Fact { key: Arc::clone(self.on), column: self.on_column.map(str::to_owned) }
    }
}

/// What an object uses.
pub(super) fn uses<'a>(needs: &Needs<'a>, object: &'a Object) -> Vec<Use<'a>> {
    let plain = |on: &'a Arc<Key>, on_column: Option<&'a str>, goes_along: bool| Use {
        column: None,
        on,
        on_column,
        goes_along,
    };
    let key_of = |key: &Key| needs.catalog.get(key).map(|object| &object.key);
    let mut all: Vec<Use<'a>> = object
        .depends_on
        .iter()
        .map(|it| Use {
            column: it.column.as_deref(),
            on: &it.on,
            on_column: it.on_column.as_deref(),
            // Tables go from publications, and not these with them.
            goes_along: it.nature == Nature::Automatic && object.key.kind != Kind::Publication,
        })
        .collect();
    let parent = needs.parent(object).and_then(key_of);
    all.extend(parent.map(|parent| plain(parent, None, true)));
    all.extend(above(needs, object).and_then(key_of).map(|above| plain(above, None, true)));
    match &object.body {
        Body::Constraint(constraint) => {
            if let Some(table) = parent {
                let own = match &constraint.kind {
                    ConstraintKind::PrimaryKey { columns, .. } | ConstraintKind::Unique { columns, .. } => {
                        columns.as_slice()
                    }
                    ConstraintKind::Foreign(foreign) => foreign.columns.as_slice(),
                    ConstraintKind::Check(_) | ConstraintKind::Exclude(_) => &[],
                };
                let carried = constraint.index.iter().flat_map(|index| &index.include);
                all.extend(own.iter().chain(carried).map(|column| plain(table, Some(column), true)));
            }
            if let ConstraintKind::Foreign(foreign) = &constraint.kind {
                all.push(plain(&foreign.table, None, false));
                all.extend(foreign.references.iter().map(|column| plain(&foreign.table, Some(column), false)));
                let is_key = |part: &&&Object| {
                    keys(part).is_some_and(|columns| {
                        columns.len() == foreign.references.len()
                            && columns.iter().all(|column| foreign.references.iter().any(|it| it == column))
                    })
                };
                let keys = needs.parts(&foreign.table).iter().filter(is_key);
                all.extend(keys.map(|part| plain(&part.key, None, false)));
            }
        }
        Body::Index(index) => {
            if let Some(table) = &index.table {
                let columns = index.keys.iter().filter_map(|key| key.column.as_deref());
                let columns = columns.chain(index.include.iter().map(String::as_str));
                all.extend(columns.map(|column| plain(table, Some(column), true)));
            }
        }
        Body::Table(table) => all.extend(table.inherits.iter().map(|parent| plain(parent, None, true))),
        _ => {}
    }
    all
}

/// The index, or the constraint with one, of the partitioned table, of whose index an object's index is a part.
pub(super) fn above<'a>(needs: &Needs<'a>, object: &Object) -> Option<&'a Key> {
    let index = match &object.body {
        Body::Index(index) => Some(index),
        Body::Constraint(constraint) => constraint.index.as_ref(),
        _ => None,
    };
    crate::render::table::parent_index(needs.catalog, index?)
}

/// The columns of a unique index that a foreign key can refer to.
pub(super) fn keys(part: &Object) -> Option<Vec<&str>> {
    let index = match &part.body {
        Body::Index(index) if index.unique && index.predicate.is_none() => index,
        Body::Constraint(constraint) => constraint.index.as_ref()?,
        _ => return None,
    };
    index.keys.iter().map(|key| key.column.as_deref()).collect()
}

/// The table of which another is a partition.
pub(super) fn whole(object: &Object) -> Option<&Arc<Key>> {
    match &object.body {
        Body::Table(table) => table.inherits.first().filter(|_| table.bound.is_some()),
        _ => None,
    }
}

/// The table that a foreign key refers to.
pub(super) fn referred(object: &Object) -> Option<&Arc<Key>> {
    match &object.body {
        Body::Constraint(constraint) => match &constraint.kind {
            ConstraintKind::Foreign(foreign) => Some(&foreign.table),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a table is a partition of another, or inherits from it.
pub(super) fn inherits(object: &Object, parent: &Key) -> bool {
    matches!(&object.body, Body::Table(table) if table.inherits.iter().any(|it| **it == *parent))
}

/// Whether a table has the columns of a composite type.
pub(super) fn is_typed(object: &Object) -> bool {
    matches!(&object.body, Body::Table(table) if table.of_type.is_some())
}

/// Whether the server would make something else of an index or a constraint when it makes it anew by itself, as it does
/// from its own SQL.
pub(super) fn is_read_otherwise(object: &Object) -> bool {
    let (index, text) = match &object.body {
        Body::Index(index) => (Some(index), None),
        Body::Constraint(constraint) => match &constraint.kind {
            ConstraintKind::Check(text) | ConstraintKind::Exclude(text) => (constraint.index.as_ref(), Some(text)),
            _ => (constraint.index.as_ref(), None),
        },
        _ => (None, None),
    };
    let keys = index.iter().flat_map(|index| index.keys.iter().map(|key| &key.sql));
    let predicates = index.iter().filter_map(|index| index.predicate.as_ref());
    keys.chain(predicates).chain(text).any(|sql| crate::inspect::is_read_otherwise(sql))
}

/// Whether a part is one of a table.
pub(super) fn belongs(part: &Key, table: &Key) -> bool {
    part.schema == table.schema && part.parent.as_ref() == Some(&table.name)
}
