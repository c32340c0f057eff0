//! `row-security-missing`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "row-security-missing",
    group: Group::Compatibility,
    level: None,
    dialects: POSTGRES,
    what: "A table without `ENABLE ROW LEVEL SECURITY`.",
    why: "Where clients reach the database directly (PostgREST, Supabase), whoever may use the table sees every row of it.",
    instead: "`ALTER TABLE t ENABLE ROW LEVEL SECURITY` in the migration that creates it, and policies.",
    check: Check::Migration(check),
    cases: &[
        Case::fires("CREATE TABLE t (a int);"),
        Case::silent("CREATE TABLE t (a int);\nALTER TABLE t ENABLE ROW LEVEL SECURITY;\nCREATE POLICY p ON t USING (true);"),
        Case::silent("CREATE TEMP TABLE t (a int);"),
        Case::silent("CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);"),
    ],
};

fn check(cx: &mut Context<'_>) {
    let made: Vec<(usize, Name)> = cx
        .statements()
        .filter_map(|(at, statement)| match statement {
            Statement::CreateTable(create) if create.partition_of.is_none() => Some((at, create.name.clone())),
            _ => None,
        })
        .collect();
    for (at, name) in made {
        let open = cx.table(&name).is_some_and(|table| {
            !table.row_security && table.persistence != Persistence::Temporary
        });
        if open {
            cx.report_line(at, name.span, format!("whoever may use {name} sees every row of it"))
                .help(format!("`ALTER TABLE {name} ENABLE ROW LEVEL SECURITY`, and a policy"));
        }
    }
}
