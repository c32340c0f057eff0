//! Triggers that do not compile, as they speak of what is not there: SQLite keeps them, and alters no table meanwhile.

use std::collections::HashSet;

use rung_catalog::{Catalog, Kind};
use rusqlite::Connection;

use super::quote::name;
use crate::render::statement;

/// The names of those that stand in the way of an `ALTER TABLE` of any table, in small letters. Views that do so have no
/// columns, and are to be told by that. SQLite itself is asked, in memory: it reads the whole schema for each rename.
pub(super) fn triggers(catalog: &Catalog) -> HashSet<String> {
    if catalog.of_kind(Kind::Trigger).next().is_none() {
        return HashSet::new();
    }
    let Ok(memory) = Connection::open_in_memory() else { return HashSet::new() };
    let views = catalog.of_kind(Kind::View).filter(|view| !view.columns().is_empty());
    for object in catalog.of_kind(Kind::Table).chain(views) {
        // What can't be made here, such as a table of a module that is not part of rung, is nothing to compile with.
        let _ = statement(object).map(|sql| memory.execute_batch(sql));
    }
    let taken = |it: &String| catalog.iter().any(|object| object.key.name.eq_ignore_ascii_case(it));
    let Some(probe) = (0..).map(|number| format!("probe_{number}")).find(|it| !taken(it)) else {
        return HashSet::new();
    };
    let is_in_the_way = |sql: &str, trigger: &str| {
        let rename = format!("BEGIN; CREATE TABLE {probe} (x); ALTER TABLE {probe} RENAME COLUMN x TO y");
        let is_made = memory.execute_batch(sql).is_ok();
        let is_refused = is_made && memory.execute_batch(&rename).is_err();
        // Each by itself, so that none is blamed for another.
        let _ = memory.execute_batch("ROLLBACK");
        let _ = memory.execute_batch(&format!("DROP TRIGGER IF EXISTS {}", name(trigger)));
        is_refused
    };
    let triggers = catalog.of_kind(Kind::Trigger).filter_map(|object| Some((statement(object)?, &object.key.name)));
    triggers.filter(|(sql, name)| is_in_the_way(sql, name)).map(|(_, name)| name.to_ascii_lowercase()).collect()
}
