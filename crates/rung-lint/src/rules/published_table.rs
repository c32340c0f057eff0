//! `published-table`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "published-table",
    group: Group::Compatibility,
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "The columns of a table that is published for logical replication change, or it is truncated.",
    why: "A publication sends rows, and no changes of the schema: a subscriber whose table has not the columns that rows \
          come with stops, and the publisher keeps its log until it goes on. A TRUNCATE is sent.",
    instead: "The same change on the subscribers: a column that is added, there first; one that is dropped, there last.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("ALTER TABLE t ADD COLUMN b int;").after(PUBLISHED),
        Case::silent("ALTER TABLE u ADD COLUMN b int;").after(PUBLISHED),
        Case::fires("ALTER TABLE u DROP COLUMN a;").after("CREATE TABLE u (a int);\nCREATE PUBLICATION p FOR ALL TABLES;"),
        Case::silent("ALTER TABLE t ALTER COLUMN a SET DEFAULT 3;").after(PUBLISHED),
        Case::fires("TRUNCATE app.t;").after("CREATE TABLE app.t (a int);\nCREATE PUBLICATION p FOR TABLES IN SCHEMA app;"),
        Case::silent("ALTER TABLE t ADD COLUMN b int;")
            .after("CREATE TABLE t (a int);\nCREATE PUBLICATION p FOR TABLE t;\nDROP PUBLICATION p;"),
        Case::silent("CREATE TABLE n (a int);\nALTER TABLE n ADD COLUMN b int;").after("CREATE PUBLICATION p FOR ALL TABLES;"),
    ],
};

const PUBLISHED: &str = "CREATE TABLE t (a int);\nCREATE TABLE u (a int);\nCREATE PUBLICATION p FOR TABLE t;";

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let changes = |action: &Action| {
        matches!(
            action,
            Action::AddColumn { .. } | Action::DropColumn { .. } | Action::SetType { .. } | Action::RenameColumn { .. }
        )
    };
    let places: Vec<(Name, Span)> = match statement {
        Statement::AlterTable(alter) => alter
            .actions
            .iter()
            .find(|(action, _)| changes(action))
            .map(|(_, span)| (alter.name.clone(), *span))
            .into_iter()
            .collect(),
        Statement::Truncate { tables, .. } => tables.iter().map(|table| (table.clone(), table.span)).collect(),
        _ => return,
    };
    for (name, span) in places {
        let key = cx.schema.key(&name);
        let Some(publication) = cx.schema.published(&key).map(str::to_owned).filter(|_| !cx.is_fresh_key(&key)) else {
            continue;
        };
        let message = match statement {
            Statement::Truncate { .. } => format!("subscribers of {publication} empty their {key} too"),
            _ => format!("{key} is published by {publication}, and subscribers do not get this change"),
        };
        cx.report(span, message).help("change the subscribers too: a new column there first, one that goes there last");
    }
}
