//! `sqlite-type-affinity`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "sqlite-type-affinity",
    group: Group::Style,
    level: Some(Level::Warning),
    dialects: SQLITE,
    what: "A column type that means something else to SQLite than it says.",
    why: "SQLite takes a type by parts of its name: `STRING`, `UUID`, `JSON` and `BYTEA` have NUMERIC affinity, so that the text `007` is stored as 7, and `FLOATING POINT` has INTEGER affinity, for its `INT`.",
    instead: "`TEXT`, `BLOB`, `REAL`. A `STRICT` table takes only types that it knows.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("CREATE TABLE t (a STRING);").sqlite(),
        Case::silent("CREATE TABLE t (a TEXT, b VARCHAR(20), c BOOLEAN, d DATETIME, e DECIMAL(10, 2));").sqlite(),
        Case::fires("CREATE TABLE t (a uuid);").sqlite(),
        Case::fires("CREATE TABLE t (a FLOATING POINT);").sqlite(),
        Case::silent("CREATE TABLE t (a);").sqlite(),
        Case::fires("ALTER TABLE t ADD COLUMN a json;").sqlite(),
        Case::fires("CREATE TABLE t (a VARCHAR(10)) STRICT;").sqlite(),
        Case::fires("ALTER TABLE t ADD COLUMN z varchar(10);").after("CREATE TABLE t (a INT) STRICT;").sqlite(),
        Case::fires("ALTER TABLE t ADD COLUMN z;").after("CREATE TABLE t (a INT) STRICT;").sqlite(),
        Case::silent("ALTER TABLE t ADD COLUMN z TEXT;").after("CREATE TABLE t (a INT) STRICT;").sqlite(),
        Case::silent("ALTER TABLE t ADD COLUMN z;").after("CREATE TABLE t (a INT);").sqlite(),
        Case::silent("CREATE TABLE t (a INT, b INTEGER, c REAL, d TEXT, e BLOB, f ANY) STRICT;").sqlite(),
    ],
};

/// Types with NUMERIC affinity that hold numbers, or that SQLite's own functions take for times.
const NUMERIC: [&str; 9] =
    ["numeric", "decimal", "boolean", "bool", "date", "datetime", "timestamp", "time", "timestamptz"];

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let is_strict = match statement {
        Statement::CreateTable(create) => create.strict,
        Statement::AlterTable(alter) => cx.table(&alter.name).is_some_and(|table| table.strict),
        _ => false,
    };
    if is_strict {
        return strict(cx, statement);
    }
    for column in statement.new_columns() {
        let Some(data_type) = &column.data_type else { continue };
        let name = data_type.name.as_str();
        let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
        // The order of the rules matters (sqlite.org/datatype3.html, 3.1).
        let affinity = if has(&["int"]) {
            if name.contains("point") { "INTEGER" } else { continue }
        } else if has(&["char", "clob", "text", "blob", "real", "floa", "doub"]) || NUMERIC.contains(&name) {
            continue;
        } else {
            "NUMERIC"
        };
        cx.report(data_type.span, format!("{name} has {affinity} affinity: texts that look like numbers become numbers"))
            .help("write TEXT, BLOB, REAL or INTEGER");
    }
}

/// The types that a STRICT table knows (<https://sqlite.org/stricttables.html>); any other is refused.
fn strict(cx: &mut Context<'_>, statement: &Statement) {
    for column in statement.new_columns() {
        let known = |data_type: &&rung_ddl::DataType| {
            matches!(data_type.name.as_str(), "int" | "integer" | "real" | "text" | "blob" | "any")
                && data_type.arguments.is_empty()
        };
        if column.data_type.as_ref().filter(known).is_none() {
            let span = column.data_type.as_ref().map_or(column.name.span, |data_type| data_type.span);
            cx.report(span, format!("SQLite refuses this type of {} in a STRICT table", column.name))
                .help("write INTEGER, REAL, TEXT, BLOB or ANY")
                .level(Level::Error);
        }
    }
}
