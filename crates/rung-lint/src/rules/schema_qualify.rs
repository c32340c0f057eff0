//! `schema-qualify`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "schema-qualify",
    group: Group::Style,
    level: None,
    dialects: POSTGRES,
    what: "A table that is created or changed under a name without its schema.",
    why: "Which table that is depends on the `search_path` of whoever runs it.",
    instead: "`public.users`.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("CREATE TABLE t (a int);"),
        Case::silent("CREATE TABLE public.t (a int);"),
        Case::silent("CREATE TEMP TABLE t (a int);"),
        Case::fires("ALTER TABLE t ADD COLUMN a int;"),
        Case::silent("SET search_path TO app;\nCREATE TABLE t (a int);"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let name = match statement {
        Statement::CreateTable(create) if create.persistence != Persistence::Temporary => &create.name,
        Statement::AlterTable(alter) if alter.kind == Kind::Table => &alter.name,
        _ => return,
    };
    let said = cx.before(Topic::Set("search_path")).next().is_some();
    if name.schema.is_none() && !said {
        cx.report(name.span, format!("which {name} this is depends on the search_path"));
    }
}
