//! `drop-index-nonconcurrent`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "drop-index-nonconcurrent",
    group: Group::Locks,
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "An index of a table in use is dropped with `DROP INDEX`.",
    why: "It takes an ACCESS EXCLUSIVE lock on the table. It is short, but waits for every query that runs, and all that \
          come after wait for it.",
    instead: "`DROP INDEX CONCURRENTLY`, in a migration of its own.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("DROP INDEX i;"),
        Case::silent("DROP INDEX CONCURRENTLY i;"),
        Case::silent("CREATE TABLE t (a int);\nCREATE INDEX i ON t (a);\nDROP INDEX i;"),
        Case::fires("DROP INDEX IF EXISTS app.i;").after("CREATE TABLE app.t (a int);\nCREATE INDEX i ON app.t (a);"),
        Case::silent("DROP INDEX i;")
            .after("CREATE TABLE p (a int) PARTITION BY LIST (a);\nCREATE INDEX i ON p (a);"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let Statement::Drop { kind: Kind::Index, names, concurrently: false, if_exists, cascade, .. } = statement else { return };
    for name in names {
        let table = cx.schema.index(name).map(|index| index.table.clone());
        let known = table.as_ref().and_then(|table| cx.schema.table_at(table));
        // The server knows no other way to drop an index of a partitioned table.
        if table.as_ref().is_some_and(|table| cx.is_fresh_key(table)) || known.is_some_and(|table| table.partitioned) {
            continue;
        }
        let alone = cx.file.lines().len() == 1 && names.len() == 1;
        let word = cx.word("index").filter(|_| !cascade);
        let whole = cx.whole();
        let steps = if *cascade {
            Err("with CASCADE, an index is dropped in the way of others only".to_owned())
        } else {
            Ok(concurrent_drops(cx, names, *if_exists))
        };
        let is_nowhere = *if_exists && cx.is_nowhere(Kind::Index, name);
        let of = table.map_or_else(|| "its table".to_owned(), |table| table.to_string());
        let found = cx
            .report(name.span, format!("dropping {name} waits for every query on {of}, and keeps all others waiting"))
            .label("ACCESS EXCLUSIVE lock: blocks reads and writes")
            .help("write `DROP INDEX CONCURRENTLY`, in a migration of its own")
            .nowhere(is_nowhere);
        if let (true, Some(word)) = (alone, word) {
            found.fix("drop the index concurrently", &[(Span::new(word.end, word.end), " CONCURRENTLY")]);
        } else {
            found.steps(whole, steps);
        }
    }
}
