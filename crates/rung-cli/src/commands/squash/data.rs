//! What migrations have put into tables.

use std::collections::BTreeSet;
use std::sync::Arc;

use rung::catalog::{Body, Catalog, Column, Key, Kind, Object, Value};
use rung::engine::{Body as Does, Dialect, Driver};
use rung::sql::{Diagnostic, MigrationType};
use rung::{DbError, Migration};

use crate::exit::Exit;
use crate::render::{Failure, count};

/// So many tables are asked of at once.
const AT_ONCE: usize = 100;

/// Tables that are not empty once the migrations have run, and how many rows each has.
pub(super) struct Rows(Vec<(Arc<Key>, usize)>);

impl Rows {
    pub(super) fn read(old: &Catalog, driver: &mut dyn Driver, given: &Catalog) -> Result<Self, DbError> {
        let dialect = driver.dialect_of();
        let has_rows = |key: &Key| given.get(key).is_none();
        let tables: Vec<Arc<Key>> = old
            .of_kind(Kind::Table)
            .filter(|table| has_rows(&table.key) && is_plain(table))
            .map(|table| Arc::clone(&table.key))
            .collect();
        let mut found = Vec::new();
        for part in tables.chunks(AT_ONCE) {
            let each = part
                .iter()
                .enumerate()
                .map(|(at, key)| format!("SELECT {at} AS place, count(*) AS found FROM {}", dialect.object_name(key)));
            let query = each.collect::<Vec<_>>().join(" UNION ALL ");
            let mut counts: Vec<(usize, usize)> = driver
                .query(&query)?
                .iter()
                .filter_map(|row| Some((row[0].as_deref()?.parse().ok()?, row[1].as_deref()?.parse().ok()?)))
                .filter(|(_, rows)| *rows > 0)
                .collect();
            counts.sort_unstable();
            found.extend(counts.into_iter().map(|(at, rows)| (Arc::clone(&part[at]), rows)));
        }
        Ok(Self(found))
    }

    /// The tables whose rows come along, and those whose rows are left.
    ///
    /// # Errors
    /// Nobody has said what becomes of some; a table that has none.
    #[expect(clippy::type_complexity, reason = "two lists of tables, told apart where they are named")]
    pub(super) fn choose(
        &self,
        wanted: &[String],
        leave: bool,
        chosen: &[Arc<Migration>],
        dialect: &dyn Dialect,
    ) -> Result<(BTreeSet<Arc<Key>>, Vec<(Arc<Key>, usize)>), Failure> {
        let all = wanted.iter().any(|name| name == "all");
        let is_wanted = |key: &Key| all || wanted.iter().any(|name| *name == key.name || *name == key.path());
        let names_none = |name: &&String| {
            *name != "all" && !self.0.iter().any(|(key, _)| **name == key.name || **name == key.path())
        };
        if let Some(name) = wanted.iter().find(names_none) {
            let there: Vec<String> = self.0.iter().map(|(key, _)| key.path()).collect();
            let there = if there.is_empty() { "no table".to_owned() } else { there.join(", ") };
            return Err(Failure::usage(
                format!("the migrations put no rows into {name}"),
                format!("they put some into {there}"),
            ));
        }
        let (taken, left): (Vec<_>, Vec<_>) = self.0.iter().cloned().partition(|(key, _)| is_wanted(key));
        if left.is_empty() || leave {
            return Ok((taken.into_iter().map(|(key, _)| key).collect(), left));
        }
        let names: Vec<String> = left.iter().map(|(key, _)| key.path()).collect();
        let mut found = Diagnostic::error("data", "the migrations put rows into tables, which a baseline would lose");
        found.notes.extend(left.iter().map(|(key, rows)| format!("{} in {}", count(*rows, "row"), key.path())));
        found.notes.extend(statements(chosen, dialect));
        let found = found
            .help(format!("take them along: --with-data {}", names.join(",")))
            .help("or leave them behind, for seeds to bring: --without-data");
        Err(Failure::of(Exit::Failed, vec![found]).saying("Nothing was written."))
    }
}

/// Whether its rows are its own.
fn is_plain(table: &Object) -> bool {
    match &table.body {
        Body::Table(table) => table.server.is_none() && table.shadows.is_empty() && table.partition_by.is_none(),
        _ => false,
    }
}

/// Statements of the old ones that are about rows and not about the schema, each with its place.
pub(super) fn statements(chosen: &[Arc<Migration>], dialect: &dyn Dialect) -> Vec<String> {
    let mut found = Vec::new();
    for migration in chosen {
        let Does::Sql(body) = &migration.body else {
            found.push(format!("{} is a program: what else it does a new database will not see", migration.id));
            continue;
        };
        for statement in body.up.statements(dialect.syntax()).unwrap_or_default() {
            let text = &body.up.text()[statement.span.range()];
            // A dump's own lines, of rung or pg_dump: the session, and where sequences stand, which is looked at.
            let own = ["SELECT pg_catalog.set", "DELETE FROM sqlite_sequence ", "INSERT INTO sqlite_sequence "];
            if own.iter().any(|begins| text.starts_with(begins)) {
                continue;
            }
            let what = match dialect.facts(text).change {
                Some(MigrationType::InsertData) => "puts rows in",
                Some(MigrationType::UpdateData) => "changes rows",
                Some(MigrationType::DeleteData) => "takes rows out",
                None if ["select", "do", "call", "copy"].iter().any(|word| begins(text, word)) => "runs a program",
                _ => continue,
            };
            let place = body.up.source().line_column(body.up.source_span(statement.span).start);
            let line = text.split_whitespace().take(6).collect::<Vec<_>>().join(" ");
            found.push(format!("{}:{} {what}: {line}", body.up.source().path().display(), place.line));
        }
    }
    found
}

fn begins(text: &str, word: &str) -> bool {
    text.split_whitespace().next().is_some_and(|first| first.eq_ignore_ascii_case(word))
}

/// Rows as the statements that put them in, and where sequences stand.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Kept {
    /// Each table with its statements.
    tables: Vec<(Arc<Key>, Vec<String>)>,
    positions: Vec<String>,
}

impl Kept {
    /// The rows of the tables that are taken, and where sequences stand but for those of the tables that are left behind.
    pub(super) fn read(
        taken: &BTreeSet<Arc<Key>>,
        left: &[Arc<Key>],
        catalog: &Catalog,
        driver: &mut dyn Driver,
        dialect: &dyn Dialect,
    ) -> Result<Self, DbError> {
        let mut tables = Vec::new();
        let taken: Vec<Arc<Key>> = taken.iter().cloned().collect();
        for key in catalog.after_those_referred_to(&taken) {
            let Some(table) = catalog.get(&key) else { continue };
            let is_given = |column: &&Column| !matches!(column.value, Value::Stored(_) | Value::Virtual(_));
            let columns: Vec<&Column> = table.columns().iter().filter(is_given).collect();
            let names: Vec<String> = columns.iter().map(|column| dialect.identifier(&column.name)).collect();
            let values: Vec<String> = names.iter().map(|name| dialect.literal_of(name)).collect();
            let order: Vec<String> = (1..=values.len()).map(|at| at.to_string()).collect();
            let (name, list) = (dialect.object_name(&key), names.join(", "));
            let query = format!("SELECT {} FROM {name} ORDER BY {}", values.join(", "), order.join(", "));
            let is_always = |column: &&Column| matches!(&column.value, Value::Identity(it) if it.always);
            let overriding = if columns.iter().any(is_always) { " OVERRIDING SYSTEM VALUE" } else { "" };
            let insert = |row: Vec<Option<String>>| {
                let values: Vec<String> =
                    row.into_iter().map(|value| value.unwrap_or_else(|| "NULL".to_owned())).collect();
                format!("INSERT INTO {name} ({list}){overriding} VALUES ({})", values.join(", "))
            };
            tables.push((key, driver.query(&query)?.into_iter().map(insert).collect()));
        }
        let mut moved = catalog.clone();
        moved.retain(|object| !is_of(object, left, catalog));
        let mut positions = driver.positions(&moved)?;
        positions.sort();
        Ok(Self { tables, positions })
    }

    /// The statements, each with its semicolon.
    pub(super) fn text(&self) -> String {
        let rows = self.tables.iter().flat_map(|(_, rows)| rows);
        let mut text = String::new();
        for statement in rows.chain(&self.positions) {
            text.push_str(&format!("\n{statement};"));
        }
        if text.is_empty() { text } else { text + "\n" }
    }

    /// What another database has otherwise.
    pub(super) fn differs(&self, other: &Self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for ((key, rows), (_, others)) in self.tables.iter().zip(&other.tables) {
            if rows != others {
                found.push(format!("the rows of {} are others", key.path()));
            }
        }
        if self.positions != other.positions {
            found.push("sequences stand elsewhere".to_owned());
        }
        found
    }
}

/// Whether an object is one of the tables, or a sequence that counts their rows alone.
fn is_of(object: &Object, tables: &[Arc<Key>], catalog: &Catalog) -> bool {
    let Body::Sequence(sequence) = &object.body else { return tables.contains(&object.key) };
    let owner = sequence.owned_by.as_ref().map(|(table, _)| table);
    let uses = |table: &&Object| table.depends_on.iter().any(|needed| needed.on == object.key);
    let mut counted = catalog.of_kind(Kind::Table).filter(uses).map(|table| &table.key).chain(owner).peekable();
    counted.peek().is_some() && counted.all(|table| tables.contains(table))
}
