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
    ],
};

/// Types with NUMERIC affinity that hold numbers, or that SQLite's own functions take for times.
const NUMERIC: [&str; 9] =
    ["numeric", "decimal", "boolean", "bool", "date", "datetime", "timestamp", "time", "timestamptz"];

fn check(cx: &mut Context<'_>, statement: &Statement) {
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
