//! `domain-constraint-validated`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "domain-constraint-validated",
    group: Group::Locks,
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "A constraint is added to a domain in use, and every row of every table that has a column of it is checked at once.",
    why: "Nobody writes to any of those tables until the last row of all is checked.",
    instead: "`ALTER DOMAIN ... ADD CONSTRAINT ... NOT VALID`, and `VALIDATE CONSTRAINT` in a later migration: rows that \
              are written in between are held to it already. `SET NOT NULL` has no such form.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("ALTER DOMAIN posint ADD CONSTRAINT p CHECK (VALUE > 0);"),
        Case::silent("ALTER DOMAIN posint ADD CONSTRAINT p CHECK (VALUE > 0) NOT VALID;"),
        Case::fires("ALTER DOMAIN posint ADD CHECK (VALUE > 0);")
            .after("CREATE DOMAIN posint AS int;\nCREATE TABLE t (a posint);"),
        Case::silent("CREATE DOMAIN posint AS int;\nALTER DOMAIN posint ADD CHECK (VALUE > 0);"),
        Case::fires("ALTER DOMAIN posint SET NOT NULL;"),
        Case::silent("ALTER DOMAIN posint DROP CONSTRAINT p;"),
        Case::silent("ALTER DOMAIN posint VALIDATE CONSTRAINT p;"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let Statement::AlterDomain { name, constraint, checks: true } = statement else { return };
    let set_not_null = constraint.is_none() && cx.words(&["set", "not", "null"]).is_some();
    // To validate later is what is asked for.
    if constraint.is_none() && !set_not_null || cx.schema.born(Kind::Domain, name).is_some_and(|born| cx.is_fresh(born)) {
        return;
    }
    let users: Vec<String> = cx.impact.locks.iter().map(|(table, _)| table.to_string()).collect();
    let users = if users.is_empty() { format!("a table with a column of {name}") } else { users.join(", ") };
    let end = constraint.as_ref().map(|constraint| Span::new(constraint.span.end, constraint.span.end));
    let span = cx.whole();
    let found = cx
        .report(span, format!("nobody can write to {users} while every row is checked"))
        .label("SHARE lock on each table: blocks writes");
    match end {
        Some(end) => {
            found
                .help("add it with NOT VALID, and `ALTER DOMAIN ... VALIDATE CONSTRAINT` in a later migration")
                .fix("check the rows later", &[(end, " NOT VALID")]);
        }
        None => {
            found.help("add `CHECK (VALUE IS NOT NULL) NOT VALID` instead, and validate it in a later migration");
        }
    }
}
