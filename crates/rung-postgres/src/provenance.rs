//! Who owns the database, when objects were last made or altered, and where sequences stand.

use std::collections::HashMap;
use std::sync::Arc;

use rung_catalog::{Body, Catalog, Column, Key, Kind, Object, Value};
use rung_engine::{DbError, Driver, Provenance, Session, Timeouts};

use crate::driver::Postgres;
use crate::name::{full, literal, within};

/// The catalogs that objects are in, each with the letters of their kinds here, their schema, table and name, and what tells
/// the transaction that wrote the row. Servers know the time of that with `track_commit_timestamp` only (PostgreSQL,
/// Run-time Statistics and Replication: Sending Servers), and of a table's constraints and columns as of the table.
const WRITTEN: &str = "SELECT 'r', n.nspname, '', c.relname, c.xmin FROM pg_catalog.pg_class c \
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    UNION ALL SELECT 'f', n.nspname, '', p.proname, p.xmin FROM pg_catalog.pg_proc p \
      JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
    UNION ALL SELECT 't', n.nspname, '', t.typname, t.xmin FROM pg_catalog.pg_type t \
      JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
    UNION ALL SELECT 'k', n.nspname, c.relname, k.conname, k.xmin FROM pg_catalog.pg_constraint k \
      JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    UNION ALL SELECT 'g', n.nspname, c.relname, g.tgname, g.xmin FROM pg_catalog.pg_trigger g \
      JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    UNION ALL SELECT 'p', n.nspname, c.relname, p.polname, p.xmin FROM pg_catalog.pg_policy p \
      JOIN pg_catalog.pg_class c ON c.oid = p.polrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace";

/// The letter of a kind in that list.
fn letter(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::Table | Kind::View | Kind::Index | Kind::Sequence => "r",
        Kind::Routine => "f",
        Kind::Type => "t",
        Kind::Constraint => "k",
        Kind::Trigger => "g",
        Kind::Policy => "p",
        _ => return None,
    })
}

pub(crate) fn of(postgres: &mut Postgres, keys: &[Arc<Key>]) -> Result<Provenance, DbError> {
    let owner = "SELECT pg_catalog.pg_get_userbyid(datdba) FROM pg_catalog.pg_database \
        WHERE datname = pg_catalog.current_database()";
    let names: Vec<String> = keys.iter().map(|key| literal(&key.name)).collect();
    let mut questions = vec![owner.to_owned()];
    if !names.is_empty() {
        questions.push(format!(
            "SELECT w.kind, w.schema, w.parent, w.name, \
             pg_catalog.to_char(pg_catalog.max(pg_catalog.pg_xact_commit_timestamp(w.xmin)) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') \
             FROM ({WRITTEN}) w(kind, schema, parent, name, xmin) WHERE w.name IN ({}) GROUP BY 1, 2, 3, 4",
            names.join(", ")
        ));
    }
    let mut answers = postgres.ask(&questions, &Timeouts::default())?.into_iter();
    let database_owner =
        answers.next().and_then(Result::ok).and_then(|rows| rows.into_iter().flatten().flatten().next());
    // Without the setting the question itself is refused.
    let rows = answers.next().and_then(Result::ok).unwrap_or_default();
    let mut times: HashMap<[String; 4], String> = HashMap::new();
    for row in rows {
        let mut values = row.into_iter();
        let mut next = || values.next().flatten();
        let place = [(); 4].map(|()| next().unwrap_or_default());
        if let Some(time) = next() {
            times.insert(place, time);
        }
    }
    let changed = keys.iter().map(|key| {
        let text = |part: &Option<String>| part.clone().unwrap_or_default();
        let place = [letter(key.kind)?.to_owned(), text(&key.schema), text(&key.parent), key.name.clone()];
        times.get(&place).cloned()
    });
    Ok(Provenance { database_owner, changed: changed.collect() })
}

/// What puts each sequence, identity columns' among them, where it is.
pub(crate) fn positions(postgres: &mut Postgres, catalog: &Catalog) -> Result<Vec<String>, DbError> {
    let of_column = |table: &Object| -> Vec<(String, i64)> {
        let identity = |column: &Column| match &column.value {
            Value::Identity(identity) => Some((within(&table.key, &identity.name), identity.sequence.start)),
            _ => None,
        };
        table.columns().iter().filter_map(identity).collect()
    };
    let of_itself = |object: &Object| match &object.body {
        Body::Sequence(sequence) => Some((full(&object.key), sequence.start)),
        _ => None,
    };
    let columns = catalog.of_kind(Kind::Table).flat_map(of_column);
    let all: Vec<(String, i64)> = catalog.of_kind(Kind::Sequence).filter_map(of_itself).chain(columns).collect();
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let each = all.iter().map(|(name, start)| {
        format!("SELECT {}, last_value, is_called FROM {name} WHERE is_called OR last_value <> {start}", literal(name))
    });
    let rows = postgres.query(&each.collect::<Vec<_>>().join(" UNION ALL "))?;
    let statement = |row: Vec<Option<String>>| match row.as_slice() {
        [Some(name), Some(value), Some(called)] => {
            let called = if called == "t" { "true" } else { "false" };
            Some(format!("SELECT pg_catalog.setval({}, {value}, {called})", literal(name)))
        }
        _ => None,
    };
    Ok(rows.into_iter().filter_map(statement).collect())
}
