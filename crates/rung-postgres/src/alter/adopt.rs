//! Indexes that the server takes for parts of others.

use std::sync::Arc;

use rung_catalog::{Body, Catalog, Index, Key, Kind, Object, Rename, Table};

/// Names for the indexes of tables that become partitions: the server makes parts of the parent's indexes of those that are
/// made alike, which are to be called as the parts are in the second schema.
pub(super) fn names(from: &Catalog, to: &Catalog) -> Vec<Rename> {
    let joined = to.of_kind(Kind::Table).filter_map(|child| {
        let (old, new) = (table(from.get(&child.key)?)?, table(child)?);
        let parent = new.inherits.first().filter(|_| old.bound.is_none() && new.bound.is_some())?;
        Some((&child.key, parent))
    });
    joined.flat_map(|(child, parent)| of_partition(from, to, child, parent)).collect()
}

fn of_partition(from: &Catalog, to: &Catalog, child: &Key, parent: &Key) -> Vec<Rename> {
    let mut free: Vec<&Object> = indexes(from, child).map(|(object, _)| object).collect();
    let mut renames = Vec::new();
    for (above, shape) in indexes(from, parent) {
        let is_part = |part: &&Object| index(part).is_some_and(|it| it.parent.as_ref() == Some(&above.key.name));
        let Some(part) = indexes(to, child).map(|(object, _)| object).find(is_part) else { continue };
        let Some(at) = free.iter().position(|it| index(it).is_some_and(|it| is_alike(it, shape))) else { continue };
        let taken = free.remove(at);
        if taken.key != part.key && from.get(&part.key).is_none() {
            renames.push(Rename::Object { from: Arc::clone(&taken.key), to: Arc::clone(&part.key) });
        }
    }
    renames
}

fn is_alike(one: &Index, two: &Index) -> bool {
    one.unique == two.unique
        && one.keys == two.keys
        && one.include == two.include
        && one.predicate == two.predicate
        && one.method == two.method
        && one.nulls_not_distinct == two.nulls_not_distinct
}

fn indexes<'a>(catalog: &'a Catalog, table: &Key) -> impl Iterator<Item = (&'a Object, &'a Index)> {
    let all = catalog.of_kind(Kind::Index).filter_map(|object| Some((object, index(object)?)));
    all.filter(move |(_, index)| index.table.as_deref() == Some(table))
}

fn index(object: &Object) -> Option<&Index> {
    match &object.body {
        Body::Index(index) => Some(index),
        _ => None,
    }
}

fn table(object: &Object) -> Option<&Table> {
    match &object.body {
        Body::Table(table) => Some(table),
        _ => None,
    }
}
