//! `if-exists`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "if-exists",
    group: Group::Style,
    level: None,
    dialects: ALL,
    what: "`CREATE` without `IF NOT EXISTS`, `DROP` without `IF EXISTS`.",
    why: "Run twice by hand, the statement fails. Under rung, which runs each migration once and all or nothing, that tells of something wrong rather than hides it: so this is off unless it is asked for.",
    instead: "`IF NOT EXISTS`, `IF EXISTS`; not with `CREATE INDEX CONCURRENTLY`, where it hides an invalid index.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("CREATE TABLE t (a int);"),
        Case::silent("CREATE TABLE IF NOT EXISTS t (a int);"),
        Case::fires("DROP TABLE t;"),
        Case::silent("DROP TABLE IF EXISTS t;"),
        Case::silent("CREATE INDEX CONCURRENTLY i ON t (a);"),
        Case::fires("CREATE INDEX i ON t (a);"),
        Case::fires("CREATE TABLE t (a int);").sqlite(),
        Case::silent("DROP TABLE IF EXISTS t;").sqlite(),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let (name, text) = match statement {
        Statement::CreateTable(create) if !create.if_not_exists && !create.from_query => (&create.name, "IF NOT EXISTS "),
        Statement::CreateIndex(create) if !create.if_not_exists && !create.concurrently => match &create.name {
            Some(name) => (name, "IF NOT EXISTS "),
            None => return,
        },
        Statement::Drop { if_exists: false, names, kind, .. } if *kind != Kind::Other => match names.first() {
            Some(name) => (name, "IF EXISTS "),
            None => return,
        },
        _ => return,
    };
    let at = Span::new(name.span.start, name.span.start);
    cx.report(name.span, format!("run twice, this fails: there is no {}", text.trim_end()))
        .fix(&format!("add {}", text.trim_end()), &[(at, text)]);
}
