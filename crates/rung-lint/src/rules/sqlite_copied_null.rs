//! `sqlite-copied-null`.

use super::prelude::*;
use crate::schema::Table;

pub(super) static RULE: Rule = Rule {
    name: "sqlite-copied-null",
    group: Group::Data,
    level: Some(Level::Warning),
    dialects: SQLITE,
    what: "A table is rebuilt with a column that is NOT NULL from now on, and its rows are copied as they are.",
    why: "The copy fails on the first row that has NULL there, on the database where it matters. A default does not help: it \
          is for what an INSERT does not name.",
    instead: "`coalesce(column, value)` in the copy, or an UPDATE before it.",
    check: Check::Statement(check),
    cases: &[
        Case::fires(
            "CREATE TABLE n (id INTEGER PRIMARY KEY, a TEXT NOT NULL);\nINSERT INTO n (id, a) SELECT id, a FROM t;\nDROP TABLE t;\n\
             ALTER TABLE n RENAME TO t;",
        )
        .after("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);")
        .sqlite(),
        Case::silent(
            "CREATE TABLE n (id INTEGER PRIMARY KEY, a TEXT NOT NULL);\nINSERT INTO n (id, a) SELECT id, coalesce(a, '') FROM t;\n\
             DROP TABLE t;\nALTER TABLE n RENAME TO t;",
        )
        .after("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);")
        .sqlite(),
        Case::fires("CREATE TABLE n (id INTEGER PRIMARY KEY, a TEXT NOT NULL DEFAULT 'x');\nINSERT INTO n SELECT * FROM t;")
            .after("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);")
            .sqlite(),
        Case::fires("CREATE TABLE n (b TEXT NOT NULL, id INTEGER);\nINSERT INTO n SELECT t.a, t.id FROM t WHERE t.id > 0;")
            .after("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);")
            .sqlite(),
        Case::silent("CREATE TABLE n (id INTEGER PRIMARY KEY, a TEXT NOT NULL);\nINSERT INTO n SELECT id, a FROM t WHERE a IS NOT NULL;")
            .after("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);")
            .sqlite(),
        Case::silent("CREATE TABLE n (a TEXT NOT NULL);\nINSERT INTO n SELECT a FROM t WHERE (id > 0 AND a <> '');")
            .after("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);")
            .sqlite(),
        Case::fires("CREATE TABLE n (a TEXT NOT NULL);\nINSERT INTO n SELECT a FROM t WHERE id > 0 OR a <> '';")
            .after("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);")
            .sqlite(),
        Case::silent("CREATE TABLE n (id INTEGER PRIMARY KEY, a TEXT NOT NULL);\nINSERT INTO n SELECT id, a FROM t;")
            .after("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL DEFAULT '');")
            .sqlite(),
        Case::silent(
            "UPDATE t SET a = '' WHERE a IS NULL;\nCREATE TABLE n (id INTEGER PRIMARY KEY, a TEXT NOT NULL);\n\
             INSERT INTO n SELECT id, a FROM t;",
        )
        .after("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);")
        .sqlite(),
        Case::silent("CREATE TABLE n (id INTEGER PRIMARY KEY, a TEXT NOT NULL);\nINSERT OR IGNORE INTO n SELECT id, a FROM t;")
            .after("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);")
            .sqlite(),
        Case::silent("CREATE TABLE n (id INTEGER PRIMARY KEY, a TEXT);\nINSERT INTO n SELECT a, id FROM t;")
            .after("CREATE TABLE t (id INTEGER NOT NULL DEFAULT 1, a TEXT);")
            .sqlite(),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let Statement::Data { verb: Verb::Insert, table: Some(into), .. } = statement else { return };
    let Some(copied) = cx.line().and_then(|line| line.parsed.copied.as_ref()) else { return };
    let (Some(source), Some(target)) = (cx.table(&copied.from), cx.table(into)) else { return };
    // Whoever changes the rows before may see to it.
    if cx.is_fresh_table(&copied.from) || cx.before(Topic::Written(&copied.from.name)).next().is_some() {
        return;
    }
    let all = |table: &Table| -> Option<Vec<Option<SmolStr>>> {
        table.complete.then(|| table.columns.iter().map(|column| Some(column.name.clone())).collect())
    };
    let values = copied.values.clone().or_else(|| all(source));
    let listed = copied.into.as_ref().map(|names| names.iter().cloned().map(Some).collect());
    let (Some(values), Some(names)) = (values, listed.or_else(|| all(target))) else { return };
    let is_key = |table: &Table, name: &str| {
        let of = |kind: &ConstraintKind| matches!(kind, ConstraintKind::PrimaryKey(columns) if columns.iter().any(|c| c == name));
        table.constraints.iter().any(|constraint| of(&constraint.kind))
    };
    let mut found = Vec::new();
    for (name, value) in names.into_iter().flatten().zip(values) {
        let Some(value) = value else { continue };
        let demands = target.column(&name).is_some_and(|column| column.not_null) && !is_key(target, &name);
        let may_lack = source.column(&value).is_some_and(|column| !column.not_null && !column.generated);
        if demands && may_lack && !is_key(source, &value) && !copied.never_null.contains(&value) {
            found.push(format!("{value} of {} may be NULL, and {name} of {into} is NOT NULL", copied.from));
        }
    }
    if !found.is_empty() {
        let (span, from) = (into.span, copied.from.name.clone());
        cx.report(span, format!("the copy fails on a row that has NULL: {}", found.join("; ")))
            .help(format!("take `coalesce(column, value)` of it, or UPDATE {from} before"));
    }
}
