//! `sqlite-shadow-table`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "sqlite-shadow-table",
    group: Group::Data,
    level: Some(Level::Error),
    dialects: SQLITE,
    what: "A statement on a shadow table of a virtual table.",
    why: "A full-text index keeps its content in tables of its own (`name_data`, `name_idx`, `name_content`, `name_docsize`, `name_config`). Whoever changes or drops one breaks the index.",
    instead: "The virtual table itself: dropping it drops them.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("DROP TABLE docs_content;").after("CREATE VIRTUAL TABLE docs USING fts5(body);").sqlite(),
        Case::silent("DROP TABLE docs;").after("CREATE VIRTUAL TABLE docs USING fts5(body);").sqlite(),
        Case::silent("DROP TABLE docs_content;").after("CREATE TABLE docs (body);").sqlite(),
    ],
};

/// Of FTS3 to FTS5 and of R*Tree.
const ENDINGS: [&str; 11] =
    ["data", "idx", "content", "docsize", "config", "segments", "segdir", "stat", "node", "parent", "rowid"];

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let named: Vec<Name> = match statement {
        Statement::Drop { kind: Kind::Table, names, .. } => names.clone(),
        Statement::AlterTable(alter) => vec![alter.name.clone()],
        Statement::Data { verb: Verb::Insert | Verb::Update | Verb::Delete, table: Some(table), .. } => vec![table.clone()],
        _ => return,
    };
    for name in named {
        let Some((owner, ending)) = name.name.rsplit_once('_') else { continue };
        let of = Name { name: owner.into(), ..name.clone() };
        if ENDINGS.contains(&ending) && cx.table(&of).is_some_and(|table| table.module.is_some()) {
            cx.report(name.span, format!("{name} belongs to the virtual table {of}, which breaks without it"))
                .help(format!("change or drop {of} itself"));
        }
    }
}
