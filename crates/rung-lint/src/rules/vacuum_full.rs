//! `vacuum-full`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "vacuum-full",
    group: Group::Locks,
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "`VACUUM FULL` or `CLUSTER`.",
    why: "The table is written anew under an ACCESS EXCLUSIVE lock: nobody reads or writes it meanwhile.",
    instead: "`VACUUM`, which blocks nobody; or the extension pg_repack.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("VACUUM FULL t;"),
        Case::silent("VACUUM t;"),
        Case::fires("VACUUM (FULL, ANALYZE) t;"),
        Case::silent("VACUUM (FULL false) t;"),
        Case::fires("VACUUM (ANALYZE, FULL 1) t;"),
        Case::fires("CLUSTER t USING i;"),
        Case::silent("CREATE TABLE t (a int PRIMARY KEY);\nCLUSTER t USING t_pkey;"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let (what, tables): (&str, &[Name]) = match statement {
        Statement::Vacuum { full: true, tables, .. } => ("VACUUM FULL", tables),
        Statement::Cluster { table } => ("CLUSTER", table.as_ref().map_or(&[], std::slice::from_ref)),
        _ => return,
    };
    if !tables.is_empty() && tables.iter().all(|table| cx.is_fresh_table(table)) {
        return;
    }
    let named: Vec<String> = tables.iter().map(ToString::to_string).collect();
    let named = if named.is_empty() { "every table".to_owned() } else { named.join(", ") };
    let span = cx.whole();
    cx.report(span, format!("nobody can read or write {named} while {what} writes it anew"))
        .label("ACCESS EXCLUSIVE lock: blocks reads and writes")
        .help("a plain VACUUM makes room for new rows, and blocks nobody");
}
