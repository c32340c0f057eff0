//! Foreign keys as clients follow them: between tables, and through every view that shows the columns of one.

use std::collections::HashMap;

use rung_catalog::{Body, Catalog, ConstraintKind, Key, Kind, Lineage, Origin};

use crate::compare::by_name;

/// A foreign key, from one relation to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Relationship<'a> {
    pub(crate) name: &'a str,
    pub(crate) columns: Vec<&'a str>,
    /// Whether a row there has at most one here.
    pub(crate) is_one_to_one: bool,
    pub(crate) referenced: &'a Key,
    pub(crate) referenced_columns: Vec<&'a str>,
}

/// What shows the columns of a key: the table itself, or a view with the columns as it calls them.
type Shown<'a> = (&'a Key, Vec<&'a str>);

/// All of them by the relation that they start from, by name.
pub(crate) fn relationships<'a>(
    catalog: &'a Catalog,
    lineage: &'a [Lineage],
    keys: &HashMap<&'a Key, &'a [String]>,
) -> HashMap<&'a Key, Vec<Relationship<'a>>> {
    let mut unique: HashMap<&Key, Vec<Vec<&str>>> = HashMap::new();
    let mut foreign = Vec::new();
    for object in catalog.of_kind(Kind::Constraint) {
        let (Body::Constraint(constraint), Some(table)) = (&object.body, catalog.parent(object)) else { continue };
        match &constraint.kind {
            ConstraintKind::PrimaryKey { columns, .. } | ConstraintKind::Unique { columns, .. } => {
                unique.entry(&table.key).or_default().push(sorted(columns));
            }
            // A partition has those of the table that it is a part of; they are that table's.
            ConstraintKind::Foreign(key) if constraint.origin != Origin::Inherited => {
                foreign.push((&object.key.name, &*table.key, &**key));
            }
            _ => {}
        }
    }
    let mut found: HashMap<&Key, Vec<Relationship<'_>>> = HashMap::new();
    for (name, table, key) in foreign {
        let referenced: &[String] = match &key.references[..] {
            [] => keys.get(&*key.table).copied().unwrap_or_default(),
            named => named,
        };
        // Names of SQLite are those of any case.
        let to = catalog.get(&key.table).map_or(&*key.table, |object| &*object.key);
        let is_one_to_one = unique.get(table).is_some_and(|all| all.contains(&sorted(&key.columns)));
        let from = shown(lineage, table, &key.columns);
        let to = shown(lineage, to, referenced);
        for (here, columns) in &from {
            for (there, referenced_columns) in &to {
                found.entry(here).or_default().push(Relationship {
                    name,
                    columns: columns.clone(),
                    is_one_to_one,
                    referenced: there,
                    referenced_columns: referenced_columns.clone(),
                });
            }
        }
    }
    for list in found.values_mut() {
        list.sort_by(|a, b| {
            let names = by_name(a.name, b.name).then_with(|| by_name(&a.referenced.name, &b.referenced.name));
            names.then_with(|| a.referenced_columns.cmp(&b.referenced_columns)).then_with(|| a.columns.cmp(&b.columns))
        });
    }
    found
}

fn sorted(columns: &[String]) -> Vec<&str> {
    let mut columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    columns.sort_unstable();
    columns
}

/// The table, and each view once for every way in which it shows all of the columns.
fn shown<'a>(lineage: &'a [Lineage], table: &'a Key, columns: &'a [String]) -> Vec<Shown<'a>> {
    let mut all: Vec<Shown<'a>> = vec![(table, columns.iter().map(String::as_str).collect())];
    for view in lineage {
        let mut ways: Vec<Vec<&str>> = vec![Vec::new()];
        for column in columns {
            let names = view
                .columns
                .iter()
                .filter(|descent| descent.of.as_ref().is_some_and(|(of, name)| **of == *table && name == column));
            let names: Vec<&str> = names.map(|descent| descent.name.as_str()).collect();
            ways =
                ways.iter().flat_map(|way| names.iter().map(move |name| [way.as_slice(), &[*name]].concat())).collect();
        }
        all.extend(ways.into_iter().filter(|way| !way.is_empty()).map(|way| (&*view.view, way)));
    }
    all
}
