//! `deprecated-object`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "deprecated-object",
    group: Group::Compatibility,
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "A table, a view or a column that its comment calls `DEPRECATED` is used by a new statement.",
    why: "It is on its way out, and what is built on it has to be taken down again.",
    instead: "What the comment names in its place. Dropping it, and taking the comment away, is fine.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("CREATE VIEW v AS SELECT a FROM old;").after(OLD),
        Case::silent("CREATE VIEW v AS SELECT a FROM young;").after(OLD),
        Case::fires("ALTER TABLE app.old ADD COLUMN b int;")
            .after("CREATE TABLE app.old (a int);\nCOMMENT ON TABLE app.old IS 'deprecated, see app.young';"),
        Case::silent("DROP TABLE old;").after(OLD),
        Case::silent("COMMENT ON TABLE old IS NULL;").after(OLD),
        Case::silent("INSERT INTO young SELECT * FROM old;").after(OLD),
        Case::fires("CREATE INDEX CONCURRENTLY i ON t (gone);")
            .after("CREATE TABLE t (gone int);\nCOMMENT ON COLUMN t.gone IS 'DEPRECATED';"),
        Case::silent("ALTER TABLE t DROP COLUMN gone;")
            .after("CREATE TABLE t (gone int);\nCOMMENT ON COLUMN t.gone IS 'DEPRECATED';"),
        Case::silent("ALTER TABLE old ADD COLUMN b int;")
            .after("CREATE TABLE old (a int);\nCOMMENT ON TABLE old IS 'DEPRECATED';\nCOMMENT ON TABLE old IS NULL;"),
    ],
};

const OLD: &str = "CREATE TABLE old (a int);\nCREATE TABLE young (a int);\nCOMMENT ON TABLE old IS 'DEPRECATED: use young';";

/// Whether a statement takes leave of what it names: it is dropped, or its rows are moved.
fn is_farewell(statement: &Statement) -> bool {
    let goes = |action: &Action| {
        matches!(action, Action::DropColumn { .. } | Action::DropConstraint { .. } | Action::DropNotNull(_) | Action::Rename(_))
    };
    match statement {
        Statement::AlterTable(alter) => alter.actions.iter().all(|(action, _)| goes(action)),
        Statement::Drop { .. } | Statement::Comment { .. } | Statement::Data { .. } | Statement::Grant { .. } => true,
        _ => false,
    }
}

fn check(cx: &mut Context<'_>, statement: &Statement) {
    if is_farewell(statement) {
        return;
    }
    let relations = cx.line().map(|line| line.parsed.relations.clone()).unwrap_or_default();
    let mut told: Vec<Key> = Vec::new();
    for name in statement.tables().chain(&relations) {
        let key = cx.schema.key(name);
        let Some(said) = cx.schema.deprecated(&key, None).filter(|_| !told.contains(&key)) else { continue };
        let note = format!("its comment says: {said}");
        cx.report(name.span, format!("{key} is deprecated")).note(note);
        told.push(key);
    }
    // Where a column is named for certain.
    let columns: Vec<(Name, Ident)> = match statement {
        Statement::CreateIndex(create) => {
            create.columns.iter().flatten().map(|column| (create.table.clone(), column.clone())).collect()
        }
        Statement::CreateTable(create) => create
            .all_constraints()
            .filter_map(|constraint| match &constraint.kind {
                Demand::ForeignKey(key) => Some(key.referenced.iter().map(|column| (key.table.clone(), column.clone()))),
                _ => None,
            })
            .flatten()
            .collect(),
        _ => Vec::new(),
    };
    for (table, column) in columns {
        let key = cx.schema.key(&table);
        let Some(said) = cx.schema.deprecated(&key, Some(&column.name)) else { continue };
        let note = format!("its comment says: {said}");
        cx.report(column.span, format!("{column} of {key} is deprecated")).note(note);
    }
}
