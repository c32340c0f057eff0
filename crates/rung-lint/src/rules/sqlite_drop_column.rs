//! `sqlite-drop-column`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "sqlite-drop-column",
    group: Group::Data,
    level: Some(Level::Error),
    dialects: SQLITE,
    what: "`DROP COLUMN` of a column that something needs.",
    why: "SQLite refuses to drop a column that is a key or unique, that an index, a CHECK of the table, a foreign key, a generated column, a trigger or a view uses.",
    instead: "Drop the index first; or rebuild the table.",
    check: Check::Action(check),
    cases: &[
        Case::fires("ALTER TABLE t DROP COLUMN a;").after("CREATE TABLE t (a INTEGER PRIMARY KEY, b);").sqlite(),
        Case::silent("ALTER TABLE t DROP COLUMN b;").after("CREATE TABLE t (a INTEGER PRIMARY KEY, b);").sqlite(),
        Case::fires("ALTER TABLE t DROP COLUMN b;").after("CREATE TABLE t (a, b);\nCREATE INDEX i ON t (b);").sqlite(),
        Case::silent("DROP INDEX i;\nALTER TABLE t DROP COLUMN b;").after("CREATE TABLE t (a, b);\nCREATE INDEX i ON t (b);").sqlite(),
        Case::fires("ALTER TABLE t DROP COLUMN b;").after("CREATE TABLE t (a, b, CHECK (a > b));").sqlite(),
        Case::fires("ALTER TABLE t DROP COLUMN b;").after("CREATE TABLE t (a, b REFERENCES p (id), FOREIGN KEY (b) REFERENCES p (id));").sqlite(),
    ],
};

fn check(cx: &mut Context<'_>, alter: &AlterTable, action: &Action, span: Span) {
    let Action::DropColumn { column, .. } = action else { return };
    let key = cx.schema.key(&alter.name);
    let Some(table) = cx.schema.table_at(&key) else { return };
    let names = |columns: &[SmolStr]| columns.contains(&column.name);
    let constraint = table.constraints.iter().find_map(|constraint| match &constraint.kind {
        ConstraintKind::PrimaryKey(columns) if names(columns) => Some("its primary key".to_owned()),
        ConstraintKind::Unique(columns) if names(columns) => Some("a UNIQUE".to_owned()),
        // A CHECK of the column alone goes with it, if it is the column's own.
        ConstraintKind::Check { columns, .. } if names(columns) && columns.iter().any(|name| *name != column.name) => {
            Some("a CHECK of the table".to_owned())
        }
        ConstraintKind::ForeignKey { columns, .. } if names(columns) && columns.len() > 1 => {
            Some("a foreign key of the table".to_owned())
        }
        _ => None,
    });
    let foreign = || {
        let keys = table.constraints.iter().filter(|constraint| {
            matches!(&constraint.kind, ConstraintKind::ForeignKey { columns, .. } if names(columns))
        });
        (keys.count() > 1).then(|| "a foreign key of the table".to_owned())
    };
    let index = || {
        let mut indexes = cx.schema.indexes_of(&key);
        let using = indexes.find(|(_, index)| index.columns.iter().flatten().any(|name| *name == column.name));
        using.map(|(name, _)| format!("the index {name}"))
    };
    if let Some(what) = constraint.or_else(index).or_else(foreign) {
        let is_key = table.constraints.iter().any(
            |constraint| matches!(&constraint.kind, ConstraintKind::PrimaryKey(columns) if names(columns)),
        );
        let found = cx
            .report(span, format!("SQLite refuses to drop {column}: {what} uses it"))
            .help("drop what uses it first; or rebuild the table");
        if is_key {
            found.left("what the key of the table is to be is not told");
        } else {
            found.rebuilt(&alter.name, Change::Drop(column.name.clone()));
        }
    }
}
