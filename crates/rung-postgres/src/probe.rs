//! Whether a statement's effect is in the catalog.

use std::time::Duration;

use rung_engine::{DbError, DbErrorKind, Dialect, Probe};
use rung_sql::{Effect, ObjectKind, ObjectName};

use crate::POSTGRES;
use crate::wire::{Wire, first, text, value};

pub(crate) fn probe(wire: &mut Wire, effect: &Effect) -> Result<Probe, DbError> {
    match effect {
        Effect::CreateIndex { name: Some(name), .. } => index(wire, name),
        Effect::Create { kind, name } => match exists(*kind, name) {
            Some(sql) => found(wire, &sql),
            None => Ok(Probe::Unknown),
        },
        Effect::Drop { kind: ObjectKind::Index, names, .. } => dropped_indexes(wire, names),
        Effect::Drop { kind, names, .. } => match names.first().and_then(|name| exists(*kind, name)) {
            Some(sql) => Ok(opposite(found(wire, &sql)?)),
            None => Ok(Probe::Unknown),
        },
        Effect::Reindex { name, concurrently, .. } => {
            if *concurrently && let Some(name) = name {
                return leftovers(wire, name);
            }
            Ok(Probe::Repeatable)
        }
        Effect::AddColumn { table, column } => found(wire, &column_of(table, column)),
        Effect::DropColumn { table, column } => Ok(opposite(found(wire, &column_of(table, column))?)),
        Effect::AddConstraint { table, name } => found(wire, &constraint(table, name, "")),
        Effect::DropConstraint { table, name } => Ok(opposite(found(wire, &constraint(table, name, ""))?)),
        Effect::ValidateConstraint { table, name } => found(wire, &constraint(table, name, " AND convalidated")),
        Effect::DetachPartition { table, partition } => detached(wire, table, partition),
        Effect::AddEnumValue { name, value } => {
            let sql = format!(
                "SELECT FROM pg_catalog.pg_enum WHERE enumtypid = pg_catalog.to_regtype({}) AND enumlabel = {}",
                literal(name),
                POSTGRES.quote_literal(value)
            );
            found(wire, &sql)
        }
        Effect::Repeatable | Effect::Session => Ok(Probe::Repeatable),
        Effect::CreateIndex { name: None, .. } | Effect::Other => Ok(Probe::Unknown),
    }
}

fn found(wire: &mut Wire, sql: &str) -> Result<Probe, DbError> {
    let rows = wire.query(&format!("SELECT EXISTS ({sql})"))?;
    Ok(if first(&rows) == Some("t") { Probe::Done } else { Probe::NotDone })
}

fn opposite(probe: Probe) -> Probe {
    match probe {
        Probe::Done => Probe::NotDone,
        Probe::NotDone => Probe::Done,
        other => other,
    }
}

/// A name as SQL has it.
fn quoted(name: &ObjectName) -> String {
    let own = POSTGRES.quote_identifier(&name.name);
    match &name.schema {
        Some(schema) => format!("{}.{own}", POSTGRES.quote_identifier(schema)),
        None => own,
    }
}

/// A name as a literal for `to_regclass` and its like, which follow the search_path.
fn literal(name: &ObjectName) -> String {
    POSTGRES.quote_literal(&quoted(name))
}

/// The state of an index by name: whether it is valid, and whether someone is building it just now.
fn state(wire: &mut Wire, name: &ObjectName) -> Result<Option<(bool, String)>, DbError> {
    let sql = format!(
        "SELECT i.indisvalid AND i.indisready, i.indexrelid::pg_catalog.regclass::text, EXISTS (SELECT FROM \
         pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid) \
         FROM pg_catalog.pg_index i WHERE i.indexrelid = pg_catalog.to_regclass({})",
        literal(name)
    );
    loop {
        let rows = wire.query(&sql)?;
        let Some(row) = rows.first() else { return Ok(None) };
        if value(row, 2) != Some("t") {
            return Ok(Some((value(row, 0) == Some("t"), text(row, 1))));
        }
        if wire.is_interrupted() {
            return Err(DbError::new(DbErrorKind::Canceled, "asked to stop while another session builds the index"));
        }
        // The server works on after its client is gone; what it is building is not half-done yet.
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn index(wire: &mut Wire, name: &ObjectName) -> Result<Probe, DbError> {
    Ok(match state(wire, name)? {
        None => Probe::NotDone,
        Some((true, _)) => Probe::Done,
        Some((false, shown)) => Probe::Broken {
            found: format!("index {shown} is INVALID"),
            cleanup: vec![format!("DROP INDEX CONCURRENTLY IF EXISTS {shown}")],
        },
    })
}

fn dropped_indexes(wire: &mut Wire, names: &[ObjectName]) -> Result<Probe, DbError> {
    for name in names {
        if state(wire, name)?.is_some() {
            return Ok(Probe::NotDone);
        }
    }
    Ok(Probe::Done)
}

/// `REINDEX CONCURRENTLY` that was cut off leaves `_ccnew` and `_ccold` behind (PostgreSQL, REINDEX, "Rebuilding
/// Indexes Concurrently").
fn leftovers(wire: &mut Wire, name: &ObjectName) -> Result<Probe, DbError> {
    let sql = format!(
        "SELECT i.indexrelid::pg_catalog.regclass::text FROM pg_catalog.pg_index i \
         JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid WHERE NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$' \
         AND (i.indrelid = pg_catalog.to_regclass({0}) OR i.indrelid = \
         (SELECT indrelid FROM pg_catalog.pg_index WHERE indexrelid = pg_catalog.to_regclass({0})))",
        literal(name)
    );
    let left: Vec<String> = wire.query(&sql)?.iter().map(|row| text(row, 0)).collect();
    if left.is_empty() {
        return Ok(Probe::Repeatable);
    }
    Ok(Probe::Broken {
        found: format!("{} left over from an interrupted REINDEX", left.join(", ")),
        cleanup: left.iter().map(|name| format!("DROP INDEX CONCURRENTLY IF EXISTS {name}")).collect(),
    })
}

fn detached(wire: &mut Wire, table: &ObjectName, partition: &ObjectName) -> Result<Probe, DbError> {
    // The column is there from 14 on, and so is what it tells.
    let sql = format!(
        "SELECT coalesce((pg_catalog.to_jsonb(i) ->> 'inhdetachpending')::boolean, false) FROM pg_catalog.pg_inherits i \
         WHERE i.inhparent = pg_catalog.to_regclass({}) AND i.inhrelid = pg_catalog.to_regclass({})",
        literal(table),
        literal(partition)
    );
    Ok(match first(&wire.query(&sql)?) {
        None => Probe::Done,
        Some("t") => {
            let finish = format!("ALTER TABLE {} DETACH PARTITION {} FINALIZE", quoted(table), quoted(partition));
            Probe::Finish { found: format!("{partition} is half detached"), finish }
        }
        Some(_) => Probe::NotDone,
    })
}

fn column_of(table: &ObjectName, column: &str) -> String {
    format!(
        "SELECT FROM pg_catalog.pg_attribute WHERE attrelid = pg_catalog.to_regclass({}) AND attname = {} AND NOT attisdropped",
        literal(table),
        POSTGRES.quote_literal(column)
    )
}

fn constraint(table: &ObjectName, name: &str, and: &str) -> String {
    format!(
        "SELECT FROM pg_catalog.pg_constraint WHERE conrelid = pg_catalog.to_regclass({}) AND conname = {}{and}",
        literal(table),
        POSTGRES.quote_literal(name)
    )
}

/// A query that has a row where the object exists.
fn exists(kind: ObjectKind, name: &ObjectName) -> Option<String> {
    let named = |catalog: &str, column: &str| {
        format!("SELECT FROM pg_catalog.{catalog} WHERE {column} = {}", POSTGRES.quote_literal(&name.name))
    };
    Some(match kind {
        ObjectKind::Table
        | ObjectKind::Index
        | ObjectKind::View
        | ObjectKind::MaterializedView
        | ObjectKind::Sequence => format!("SELECT WHERE pg_catalog.to_regclass({}) IS NOT NULL", literal(name)),
        ObjectKind::Type | ObjectKind::Domain => {
            format!("SELECT WHERE pg_catalog.to_regtype({}) IS NOT NULL", literal(name))
        }
        ObjectKind::Schema => named("pg_namespace", "nspname"),
        ObjectKind::Extension => named("pg_extension", "extname"),
        ObjectKind::Database => named("pg_database", "datname"),
        ObjectKind::Tablespace => named("pg_tablespace", "spcname"),
        ObjectKind::Subscription => named("pg_subscription", "subname"),
        ObjectKind::Publication => named("pg_publication", "pubname"),
        // Overloads share a name, and triggers are their table's.
        ObjectKind::Routine | ObjectKind::Trigger => return None,
    })
}
