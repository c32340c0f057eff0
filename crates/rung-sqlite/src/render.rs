//! A schema as SQL: the statements that SQLite keeps, in an order that depends on names alone. A table with its indexes
//! and triggers is one paragraph; views come after all tables, those that others speak of first.

use std::collections::HashMap;
use std::sync::Arc;

use rung_catalog::{Body, Catalog, Key, Kind, Node, Object, order};
use rung_engine::Paragraph;

/// See [`rung_engine::Dialect::paragraphs`]. SQLite has no owners and no privileges.
pub(crate) fn paragraphs(catalog: &Catalog) -> Vec<Paragraph> {
    let parts = catalog.parts();
    // What belongs to a table that is not in the catalog stands by itself.
    let relations: Vec<&Object> =
        catalog.iter().filter(|it| catalog.parent(it).is_none() && statement(it).is_some()).collect();
    let places: HashMap<&Key, usize> = relations.iter().enumerate().map(|(at, it)| (&*it.key, at)).collect();
    let nodes = relations.iter().map(|object| Node {
        rank: (object.key.kind, object.key.name.as_str()),
        after: object.depends_on.iter().filter_map(|needed| places.get(&*needed.on).copied()).collect(),
    });
    let nodes: Vec<Node<(Kind, &str)>> = nodes.collect();
    let paragraph = |at: usize| {
        let object = relations[at];
        let own = parts.get(&*object.key).into_iter().flatten().copied();
        let statements = std::iter::once(object).chain(own).filter_map(statement).map(str::to_owned);
        Paragraph { key: Arc::clone(&object.key), statements: statements.collect() }
    };
    order(&nodes).into_iter().map(paragraph).collect()
}

/// The statement that SQLite keeps of an object.
pub(crate) fn statement(object: &Object) -> Option<&str> {
    match &object.body {
        Body::Table(table) => table.definition.as_deref(),
        Body::Index(index) => index.definition.as_deref(),
        Body::View(view) => Some(&view.query),
        Body::Trigger(trigger) => Some(&trigger.definition),
        _ => None,
    }
}
