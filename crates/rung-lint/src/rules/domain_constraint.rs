//! `domain-constraint-validated`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "domain-constraint-validated",
    group: Group::Locks,
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "A constraint of a domain in use is added, or validated, and every row of every table that has a column of it is \
           checked at once.",
    why: "Nobody writes to any of those tables until the last row of all is checked. VALIDATE CONSTRAINT, which lets \
          others write where it is a table's, keeps them waiting too.",
    instead: "`ALTER DOMAIN ... ADD CONSTRAINT ... NOT VALID` keeps nobody waiting, and holds to it whatever is written from \
              then on. `VALIDATE CONSTRAINT` at a quiet hour, in a migration of its own, or never. `SET NOT NULL` has no \
              such form. What is to be validated while others write is the CHECK of a table.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("ALTER DOMAIN posint ADD CONSTRAINT p CHECK (VALUE > 0);"),
        Case::silent("ALTER DOMAIN posint ADD CONSTRAINT p CHECK (VALUE > 0) NOT VALID;"),
        Case::fires("ALTER DOMAIN posint ADD CHECK (VALUE > 0);")
            .after("CREATE DOMAIN posint AS int;\nCREATE TABLE t (a posint);"),
        Case::silent("CREATE DOMAIN posint AS int;\nALTER DOMAIN posint ADD CHECK (VALUE > 0);"),
        Case::fires("ALTER DOMAIN posint SET NOT NULL;"),
        Case::silent("ALTER DOMAIN posint DROP CONSTRAINT p;"),
        Case::silent("ALTER DOMAIN posint SET NOT NULL;")
            .after("CREATE DOMAIN posint AS int NOT NULL;\nCREATE TABLE t (a posint);"),
        Case::fires("ALTER DOMAIN posint SET NOT NULL;").after(
            "CREATE DOMAIN posint AS int NOT NULL;\nCREATE TABLE t (a posint);\nALTER DOMAIN posint DROP NOT NULL;",
        ),
        Case::silent("ALTER DOMAIN posint SET DEFAULT 3;").after("CREATE DOMAIN posint AS int;\nCREATE TABLE t (a posint);"),
        Case::fires("ALTER DOMAIN posint VALIDATE CONSTRAINT p;"),
        Case::silent("CREATE DOMAIN posint AS int;\nALTER DOMAIN posint ADD CONSTRAINT p CHECK (VALUE > 0) NOT VALID;\n\
                      ALTER DOMAIN posint VALIDATE CONSTRAINT p;"),
        Case::silent("ALTER DOMAIN posint ADD CHECK (VALUE > 0);")
            .after("CREATE DOMAIN posint AS int;\nCREATE TABLE t (a int);"),
        Case::fires("ALTER DOMAIN posint ADD CHECK (VALUE > 0);")
            .after("CREATE DOMAIN posint AS int;\nCREATE DOMAIN small AS posint;\nCREATE TABLE t (a small);"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let Statement::AlterDomain { name, change } = statement else { return };
    if !cx.schema.checks_values(name, change) {
        return;
    }
    // A domain that is known is so with all that has it, where every column is.
    let mut tables = cx.schema.tables().filter(|(_, table)| table.kind == Kind::Table);
    let is_unused = cx.schema.named_type(name).is_some()
        && tables.all(|(_, table)| table.complete)
        && cx.schema.users_of(name).next().is_none();
    if is_unused || cx.schema.born(Kind::Domain, name).is_some_and(|born| cx.is_fresh(born)) {
        return;
    }
    let users: Vec<String> = cx.impact.locks.iter().map(|(table, _)| table.to_string()).collect();
    let users = if users.is_empty() { format!("a table with a column of {name}") } else { users.join(", ") };
    let span = cx.whole();
    let found = cx
        .report(span, format!("nobody can write to {users} while every row is checked"))
        .label("SHARE lock on each table: blocks writes");
    match change {
        DomainChange::Add(added) if !matches!(added.kind, Demand::NotNull(_)) => {
            let end = Span::new(added.span.end, added.span.end);
            found
                .help("add it with NOT VALID, and `ALTER DOMAIN ... VALIDATE CONSTRAINT` when nobody writes")
                .fix("check the rows later", &[(end, " NOT VALID")]);
        }
        DomainChange::Validate(_) => {
            found.help("do it when nobody writes, or leave it NOT VALID: what is new is held to it already").level(Level::Warning);
        }
        _ => {
            found.help("add `CHECK (VALUE IS NOT NULL) NOT VALID` instead, and validate it when nobody writes");
        }
    }
}
