//! `reindex-nonconcurrent`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "reindex-nonconcurrent",
    group: Group::Locks,
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "`REINDEX` without `CONCURRENTLY`.",
    why: "Nobody writes to the table until its indexes are built anew, and queries that could use an index wait too.",
    instead: "`REINDEX INDEX CONCURRENTLY`, in a migration of its own.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("REINDEX TABLE t;"),
        Case::silent("REINDEX TABLE CONCURRENTLY t;"),
        Case::silent("REINDEX (CONCURRENTLY) INDEX i;"),
        Case::fires("REINDEX INDEX i;"),
        Case::fires("REINDEX (CONCURRENTLY false) INDEX i;"),
        Case::silent("REINDEX (VERBOSE, CONCURRENTLY on) INDEX i;"),
        Case::fires("REINDEX SYSTEM postgres;"),
        Case::silent("CREATE TABLE t (a int PRIMARY KEY);\nREINDEX TABLE t;"),
        Case::silent("REINDEX TABLE t;").after("CREATE TABLE t (a int);"),
        Case::fires("REINDEX TABLE t;").after("CREATE TABLE t (a int UNIQUE);"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let Statement::Reindex { kind, name, concurrently: false } = statement else { return };
    let table = match (kind, name) {
        (Kind::Index, Some(name)) => cx.schema.index(name).map(|index| index.table.clone()),
        (Kind::Table, Some(name)) => Some(cx.schema.key(name)),
        _ => None,
    };
    let has_none = |table: &Key| {
        cx.schema.table_at(table).is_some_and(|known| known.complete && !known.partitioned)
            && cx.schema.indexes_of(table).next().is_none()
    };
    if table.is_some_and(|table| cx.is_fresh_key(&table) || has_none(&table)) {
        return;
    }
    // The catalogs are reindexed in place, or not at all.
    let help = match kind {
        Kind::Other => "do it when nobody needs the database: system catalogs can't be reindexed concurrently".to_owned(),
        _ => format!("write `REINDEX {} CONCURRENTLY`, in a migration of its own", kind.as_str().to_uppercase()),
    };
    let what = name.as_ref().map_or_else(|| format!("the {}", kind.as_str()), ToString::to_string);
    let span = name.as_ref().map_or_else(|| cx.whole(), |name| name.span);
    let (whole, behind) = (cx.whole(), cx.word(kind.as_str()).filter(|_| *kind != Kind::Other));
    let steps = behind.map(|word| concurrently(cx, word, format!("reindex_{}", what.replace(['.', ' '], "_"))));
    cx.report(span, format!("nobody can write while the indexes of {what} are built anew"))
        .label("SHARE lock on the table, ACCESS EXCLUSIVE on each index")
        .help(help)
        .steps(whole, steps.ok_or_else(|| "what is built anew can't be seen".to_owned()));
}
