//! `constrained-domain`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "constrained-domain",
    group: Group::Locks,
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "A column whose type is a domain with a constraint is added to a table in use.",
    why: "The table is written anew under an ACCESS EXCLUSIVE lock, even where the column has no default.",
    instead: "Add the column with the domain's base type, and the domain's constraint as a CHECK with NOT VALID.",
    check: Check::Action(check),
    cases: &[
        Case::fires("ALTER TABLE t ADD COLUMN a posint;").after("CREATE DOMAIN posint AS int CHECK (VALUE > 0);"),
        Case::silent("ALTER TABLE t ADD COLUMN a name;").after("CREATE DOMAIN name AS text;"),
        Case::fires("ALTER TABLE t ADD COLUMN a small;")
            .after("CREATE DOMAIN posint AS int CHECK (VALUE > 0);\nCREATE DOMAIN small AS posint;"),
        Case::silent("ALTER TABLE t ADD COLUMN a posint[];").after("CREATE DOMAIN posint AS int CHECK (VALUE > 0);"),
        Case::silent("CREATE TABLE t (b int);\nALTER TABLE t ADD COLUMN a posint;")
            .after("CREATE DOMAIN posint AS int CHECK (VALUE > 0);"),
        Case::silent("ALTER TABLE t ADD COLUMN a posint;")
            .after("CREATE DOMAIN posint AS int CONSTRAINT p CHECK (VALUE > 0);\nALTER DOMAIN posint DROP CONSTRAINT p;"),
        Case::silent("ALTER TABLE t ADD COLUMN a posint;").after(
            "CREATE DOMAIN posint AS int CHECK (VALUE > 0);\nALTER DOMAIN posint RENAME CONSTRAINT posint_check TO p;\n\
             ALTER DOMAIN posint DROP CONSTRAINT p;",
        ),
        Case::silent("ALTER TABLE t ADD COLUMN a posint;")
            .after("CREATE DOMAIN posint AS int NOT NULL;\nALTER DOMAIN posint DROP NOT NULL;"),
        Case::fires("ALTER TABLE t ADD COLUMN a posint;").after(
            "CREATE DOMAIN posint AS int CHECK (VALUE > 0) CHECK (VALUE < 9);\nALTER DOMAIN posint DROP CONSTRAINT posint_check1;",
        ),
        Case::fires("ALTER TABLE t ADD COLUMN a app.posint;").after(
            "CREATE DOMAIN app.posint AS int;\nALTER DOMAIN app.posint ADD CONSTRAINT p CHECK (VALUE > 0);",
        ),
    ],
};

fn check(cx: &mut Context<'_>, alter: &AlterTable, action: &Action, span: Span) {
    let Action::AddColumn { column, .. } = action else { return };
    let Some(data_type) = &column.data_type else { return };
    if !cx.schema.is_constrained(data_type) || cx.is_fresh_table(&alter.name) {
        return;
    }
    let base = cx.schema.domains(data_type).last().and_then(|(_, domain)| domain.base.as_ref());
    let base = base.map_or_else(|| "its base type".to_owned(), ToString::to_string);
    cx.report(span, format!("{} is written anew: {data_type} is a domain with a constraint", alter.name))
        .label("ACCESS EXCLUSIVE lock: blocks reads and writes")
        .help(format!("add the column as {base}, and the domain's check as a CHECK with NOT VALID"));
}
