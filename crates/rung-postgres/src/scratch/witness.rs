//! What pg_dump says of a schema.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::thread;

use rung_engine::{DbError, DbErrorKind, Testimony};
use rung_sql::{Syntax, split};

use crate::connect::{Environment, Settings};
use crate::name::quoted;

/// Has the schema dumped meanwhile. What is heard are the statements of the dump, sorted; the columns of each table sorted
/// too. What only sets up the session is left out.
pub(super) fn ask(program: &Path, url: &str, own: &str) -> Result<Testimony, DbError> {
    let settings = Settings::resolve(url, &Environment::empty()).map_err(crate::driver::wrong_settings)?;
    let mut command = Command::new(program);
    // A password that is an argument is there for everybody to see.
    command
        .args(["--schema-only", "--no-sync", "--exclude-schema", &quoted(own), "--dbname"])
        .arg(settings.redacted_url())
        .env("PGPASSWORD", settings.password().unwrap_or_default());
    // The URL says it all, but for what is as it usually is.
    for name in ["PGHOSTADDR", "PGPORT", "PGOPTIONS", "PGSERVICE"] {
        command.env_remove(name);
    }
    let asked = thread::spawn(move || command.output());
    Ok(Testimony::new(move || {
        let failed = |why: String| DbError::new(DbErrorKind::Io, format!("pg_dump can't be asked: {why}"));
        let output = asked.join().map_err(|_| failed("its thread panicked".to_owned()))?;
        let output = output.map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        Ok(statements(&String::from_utf8_lossy(&output.stdout)))
    }))
}

fn statements(dump: &str) -> Vec<String> {
    // `\restrict` is psql's.
    let dump: String = dump.lines().filter(|line| !line.starts_with('\\')).map(|line| format!("{line}\n")).collect();
    let (found, _) = split(&dump, &Syntax::POSTGRES);
    let texts = found.iter().map(|statement| &dump[statement.span.range()]);
    let is_schema = |text: &&str| !text.starts_with("SET ") && !text.starts_with("SELECT pg_catalog.set_config");
    let texts: Vec<&str> = texts.filter(is_schema).collect();
    let partition = |text: &&str| {
        let (_, rest) = text.strip_prefix("ALTER TABLE ONLY ")?.split_once(" ATTACH PARTITION ")?;
        Some(format!("CREATE TABLE {} (", rest.split(" FOR VALUES ").next()?.trim_end_matches(" DEFAULT")))
    };
    let partitions: BTreeSet<String> = texts.iter().filter_map(partition).collect();
    let is_partition = |text: &str| text.split_once('\n').is_some_and(|(head, _)| partitions.contains(head));
    let mut statements: Vec<String> = texts
        .iter()
        .map(|text| match is_partition(text) {
            true => columns_sorted(&without_names(text)),
            false => crate::statistics::in_order(&columns_sorted(text)),
        })
        .collect();
    statements.sort();
    statements
}

/// A partition without the names of what it has from the whole, which can't be altered and may be others where it was a
/// table of its own before.
fn without_names(statement: &str) -> String {
    let nameless = |line: &str| {
        let rest = line.trim_end_matches(',').strip_suffix(" NOT NULL")?;
        let (before, name) = rest.rsplit_once(" CONSTRAINT ")?;
        (name.starts_with('"') || !name.contains(' ')).then(|| format!("{before} NOT NULL"))
    };
    let lines: Vec<String> = statement.lines().map(|line| nameless(line).unwrap_or_else(|| line.to_owned())).collect();
    lines.join("\n")
}

/// A `CREATE TABLE` with its lines in another order than that of its columns.
fn columns_sorted(statement: &str) -> String {
    let is_table = ["CREATE TABLE ", "CREATE UNLOGGED TABLE ", "CREATE FOREIGN TABLE "]
        .iter()
        .any(|begin| statement.starts_with(begin));
    let parts = statement.split_once("(\n").and_then(|(head, rest)| {
        let (body, tail) = rest.rsplit_once("\n)")?;
        Some((head, body, tail))
    });
    match parts.filter(|_| is_table) {
        Some((head, body, tail)) => {
            let mut lines: Vec<&str> = body.lines().map(|line| line.trim_end_matches(',')).collect();
            lines.sort_unstable();
            format!("{head}(\n{}\n){tail}", lines.join("\n"))
        }
        None => statement.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_partition_has_from_the_whole_has_no_name() {
        let dump = |name: &str| {
            let table = |table: &str| {
                format!("CREATE TABLE {table} (\n    a integer CONSTRAINT {name} NOT NULL,\n    b text\n);\n")
            };
            let attach = "ALTER TABLE ONLY s.p ATTACH PARTITION s.p1 FOR VALUES IN (1);\n";
            (format!("{}{attach}", table("s.p1")), format!("{}{attach}", table("s.p")))
        };
        assert_eq!(statements(&dump("one").0), statements(&dump("\"an other\"").0));
        assert_ne!(statements(&dump("one").1), statements(&dump("other").1));
    }

    #[test]
    fn the_order_of_columns_and_of_objects_does_not_count() {
        let one = "\\restrict x\n-- c\nSET a = 1;\nCREATE TABLE t (\n    a integer,\n    b text\n)\nPARTITION BY LIST (a);\nCREATE VIEW v AS\n SELECT 1;\n";
        let two =
            "CREATE VIEW v AS\n SELECT 1;\n\nCREATE TABLE t (\n    b text,\n    a integer\n)\nPARTITION BY LIST (a);\n";
        assert_eq!(statements(one), statements(two));
        assert_eq!(statements(one).len(), 2);
        assert_ne!(statements(one), statements(&two.replace("b text", "b int")));
        let row = "CREATE TYPE t AS (\n    b text,\n    a integer\n);";
        assert_eq!(statements(row), ["CREATE TYPE t AS (\n    b text,\n    a integer\n)"]);
    }
}
