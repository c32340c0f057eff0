//! `sqlite-strict`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "sqlite-strict",
    group: Group::Style,
    level: None,
    dialects: SQLITE,
    what: "A table that is not `STRICT`.",
    why: "It takes any value in any column, whatever the type says.",
    instead: "`CREATE TABLE ... STRICT`, which SQLite 3.37 and later know.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("CREATE TABLE t (a INTEGER);").sqlite(),
        Case::silent("CREATE TABLE t (a INTEGER) STRICT;").sqlite(),
        Case::silent("CREATE VIRTUAL TABLE t USING fts5(a);").sqlite(),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let Statement::CreateTable(create) = statement else { return };
    if !create.strict && create.module.is_none() && !create.from_query {
        cx.report(create.name.span, format!("{} takes any value in any column", create.name)).help("make it STRICT");
    }
}
