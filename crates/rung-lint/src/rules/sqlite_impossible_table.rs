//! `sqlite-impossible-table`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "sqlite-impossible-table",
    group: Group::Migration,
    level: Some(Level::Error),
    dialects: SQLITE,
    what: "A table that SQLite refuses to make or to change: `WITHOUT ROWID` without a primary key, `AUTOINCREMENT` of what is no `INTEGER PRIMARY KEY` or has no \
           rowid, a column added to or dropped from a virtual table.",
    why: "The statement fails, always.",
    instead: "`INTEGER PRIMARY KEY` as the whole type, which is the rowid; without AUTOINCREMENT where there is none. A virtual table is made anew.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("CREATE TABLE q (id INTEGER) WITHOUT ROWID;").sqlite(),
        Case::silent("CREATE TABLE q (id INTEGER PRIMARY KEY) WITHOUT ROWID;").sqlite(),
        Case::silent("CREATE TABLE q (a TEXT, b TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;").sqlite(),
        Case::fires("CREATE TABLE q (id INT PRIMARY KEY AUTOINCREMENT);").sqlite(),
        Case::fires("CREATE TABLE q (id BIGINT PRIMARY KEY AUTOINCREMENT);").sqlite(),
        Case::silent("CREATE TABLE q (id INTEGER PRIMARY KEY AUTOINCREMENT);").sqlite(),
        Case::silent("CREATE TABLE q (id integer NOT NULL PRIMARY KEY AUTOINCREMENT);").sqlite(),
        Case::fires("CREATE TABLE q (id INTEGER PRIMARY KEY AUTOINCREMENT) WITHOUT ROWID;").sqlite(),
        Case::fires("ALTER TABLE q ADD COLUMN b;").after("CREATE VIRTUAL TABLE q USING fts5(a);").sqlite(),
        Case::fires("ALTER TABLE q DROP COLUMN a;").after("CREATE VIRTUAL TABLE q USING fts5(a, b);").sqlite(),
        Case::silent("ALTER TABLE q RENAME TO r;").after("CREATE VIRTUAL TABLE q USING fts5(a);").sqlite(),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    match statement {
        Statement::CreateTable(create) if create.module.is_none() && !create.from_query => {
            let key = |demand: &Demand| matches!(demand, Demand::PrimaryKey { .. });
            if create.without_rowid && !create.all_constraints().any(|constraint| key(&constraint.kind)) {
                cx.report(create.name.span, format!("SQLite refuses {}: it has no rowid, and no primary key", create.name))
                    .help("give it a primary key, or leave WITHOUT ROWID out");
            }
            for column in &create.columns {
                let counts = |kind: &Demand| matches!(kind, Demand::PrimaryKey { autoincrement: true, .. }).then_some(());
                if column.find(counts).is_none() {
                    continue;
                }
                let is_rowid = column.data_type.as_ref().is_some_and(|data_type| {
                    data_type.arguments.is_empty() && cx.text(data_type.span).eq_ignore_ascii_case("integer")
                });
                if !is_rowid || create.without_rowid {
                    cx.report(column.span, "SQLite takes AUTOINCREMENT only of an INTEGER PRIMARY KEY of a table with a rowid")
                        .help("write `INTEGER PRIMARY KEY AUTOINCREMENT`, or leave AUTOINCREMENT out");
                }
            }
        }
        Statement::AlterTable(alter) if cx.table(&alter.name).is_some_and(|table| table.module.is_some()) => {
            for (action, span) in &alter.actions {
                if matches!(action, Action::AddColumn { .. } | Action::DropColumn { .. } | Action::RenameColumn { .. }) {
                    cx.report(*span, format!("SQLite changes no columns of {}, which is virtual", alter.name))
                        .help("make another one, fill it, and drop this one")
                        .left("how its rows are to be copied is its module's matter");
                }
            }
        }
        _ => {}
    }
}
