//! `domain-type`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "domain-type",
    group: Group::Style,
    level: Some(Level::Note),
    dialects: POSTGRES,
    what: "`CREATE DOMAIN` with a constraint.",
    why: "A change of the constraint looks at every table that has a column of the domain, and a column of it that is added \
          later rewrites its table.",
    instead: "The base type, with a CHECK on each table, where the constraint may change.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("CREATE DOMAIN posint AS int CHECK (VALUE > 0);"),
        Case::silent("CREATE DOMAIN posint AS int;"),
        Case::fires("CREATE DOMAIN word AS text NOT NULL;"),
        Case::silent("CREATE DOMAIN word AS text DEFAULT 'x';"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let Statement::CreateDomain { name, constraints, .. } = statement else { return };
    if !constraints.is_empty() {
        cx.report(name.span, format!("a change of what {name} demands looks at every table that has a column of it"))
            .help("where that may change, take the base type and a CHECK on each table");
    }
}
