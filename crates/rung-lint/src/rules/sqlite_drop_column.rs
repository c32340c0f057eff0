//! `sqlite-drop-column`.

use rung_ddl::fold;
use rung_sql::{Syntax, tokens};

use super::prelude::*;
use crate::schema::{Constraint, Stands};

pub(super) static RULE: Rule = Rule {
    name: "sqlite-drop-column",
    group: Group::Data,
    level: Some(Level::Error),
    dialects: SQLITE,
    what: "`DROP COLUMN` of a column that something needs.",
    why: "SQLite refuses to drop the only column of a table, and one that is a key or unique, that an index, a CHECK of the table, a foreign key of the table, a generated column, a trigger or a view uses.",
    instead: "Drop the index first; or rebuild the table.",
    check: Check::Action(check),
    cases: &[
        Case::fires("ALTER TABLE t DROP COLUMN a;").after("CREATE TABLE t (a INTEGER PRIMARY KEY, b);").sqlite(),
        Case::silent("ALTER TABLE t DROP COLUMN b;").after("CREATE TABLE t (a INTEGER PRIMARY KEY, b);").sqlite(),
        Case::fires("ALTER TABLE t DROP COLUMN b;").after("CREATE TABLE t (a, b);\nCREATE INDEX i ON t (b);").sqlite(),
        Case::silent("DROP INDEX i;\nALTER TABLE t DROP COLUMN b;").after("CREATE TABLE t (a, b);\nCREATE INDEX i ON t (b);").sqlite(),
        Case::fires("ALTER TABLE t DROP COLUMN b;").after("CREATE TABLE t (a, b, CHECK (a > b));").sqlite(),
        Case::fires("ALTER TABLE t DROP COLUMN b;").after("CREATE TABLE t (a, b);\nCREATE INDEX i ON t (a) WHERE b IS NOT NULL;").sqlite(),
        Case::fires("ALTER TABLE t DROP COLUMN b;").after("CREATE TABLE t (a, b);\nCREATE INDEX i ON t (lower(b));").sqlite(),
        Case::silent("ALTER TABLE t DROP COLUMN b;").after("CREATE TABLE t (a, b);\nCREATE INDEX i ON t (lower(a)) WHERE a > 0;").sqlite(),
        Case::fires("ALTER TABLE t DROP COLUMN b;").after("CREATE TABLE t (a, b, FOREIGN KEY (b) REFERENCES p (id));").sqlite(),
        Case::silent("ALTER TABLE t DROP COLUMN b;").after("CREATE TABLE t (a, b REFERENCES p (id) CHECK (b > 0));").sqlite(),
        Case::fires("ALTER TABLE t DROP COLUMN b;").after("CREATE TABLE t (a, b, CHECK (b > 0));").sqlite(),
        Case::fires("ALTER TABLE t DROP COLUMN b;").after("CREATE TABLE t (a, b, c AS (b + 1));").sqlite(),
        Case::fires("ALTER TABLE t DROP COLUMN b;").after("CREATE TABLE t (b);").sqlite(),
        Case::fires("ALTER TABLE t DROP COLUMN b;").after("CREATE TABLE t (a, b);\nCREATE VIEW v AS SELECT b FROM t;").sqlite(),
        Case::silent("ALTER TABLE t DROP COLUMN b;").after("CREATE TABLE t (a, b);\nCREATE VIEW v AS SELECT a AS b FROM t;").sqlite(),
        Case::fires("ALTER TABLE t DROP COLUMN b;").after("CREATE TABLE t (a, b);\nCREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO l VALUES (new.b); END;").sqlite(),
        Case::silent("ALTER TABLE t DROP COLUMN b;").after("CREATE TABLE t (a, b);\nCREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO l (b) VALUES (new.a); END;").sqlite(),
        Case::silent("DROP TRIGGER g;\nALTER TABLE t DROP COLUMN b;").after("CREATE TABLE t (a, b);\nCREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO l VALUES (new.b); END;").sqlite(),
        Case::fires("ALTER TABLE t DROP COLUMN b;").after("CREATE TABLE t (a, b REFERENCES p (id), FOREIGN KEY (b) REFERENCES p (id));").sqlite(),
        Case::silent("ALTER TABLE t DROP COLUMN b;").after("CREATE TABLE t (a, b);\nCREATE TRIGGER g AFTER UPDATE OF b ON t BEGIN INSERT INTO l VALUES (1); END;").sqlite(),
        Case::fires("ALTER TABLE t DROP COLUMN b;").after("CREATE TABLE t (a, b);\nCREATE TRIGGER g AFTER UPDATE OF b ON t BEGIN INSERT INTO l VALUES (old.b); END;").sqlite(),
        Case::fires("ALTER TABLE t DROP COLUMN b;").after("CREATE TABLE t (a CHECK (b > 0), b);").sqlite(),
        Case::fires("ALTER TABLE t DROP COLUMN b;").after("CREATE TABLE t (a CHECK (c > 0), c);\nALTER TABLE t RENAME COLUMN c TO b;").sqlite(),
    ],
};

fn check(cx: &mut Context<'_>, alter: &AlterTable, action: &Action, span: Span) {
    let Action::DropColumn { column, .. } = action else { return };
    let key = cx.schema.key(&alter.name);
    let Some(table) = cx.schema.table_at(&key) else { return };
    let names = |columns: &[SmolStr]| columns.contains(&column.name);
    let is_own =
        |constraint: &Constraint| matches!(&constraint.stands, Stands::AtColumn(at) if *at == column.name);
    let constraint = table.constraints.iter().find_map(|constraint| match &constraint.kind {
        ConstraintKind::PrimaryKey(columns) if names(columns) => Some("its primary key".to_owned()),
        ConstraintKind::Unique(columns) if names(columns) => Some("a UNIQUE".to_owned()),
        // What is written at the column goes with it, unless it is about others too.
        ConstraintKind::Check { columns, .. }
            if names(columns)
                && (!is_own(constraint) || columns.iter().any(|name| *name != column.name)) =>
        {
            Some(match &constraint.stands {
                Stands::AtColumn(other) if *other != column.name => format!("the CHECK of {other}"),
                _ => "a CHECK of the table".to_owned(),
            })
        }
        ConstraintKind::ForeignKey { columns, .. } if names(columns) && !is_own(constraint) => {
            Some("a foreign key of the table".to_owned())
        }
        _ => None,
    });
    let index = || {
        let mut indexes = cx.schema.indexes_of(&key);
        let using = indexes.find(|(_, index)| {
            index.columns.iter().flatten().chain(&index.within).any(|name| *name == column.name)
        });
        using.map(|(name, _)| format!("the index {name}"))
    };
    let generated = || {
        let using = table.columns.iter().find(|other| other.name != column.name && names(&other.from));
        using.map(|other| format!("the generated column {}", other.name))
    };
    let trigger = || {
        let using = table.texts.iter().find(|(_, text)| names_in_trigger(text, &column.name));
        using.map(|(name, _)| format!("the trigger {name}"))
    };
    let view = || {
        let views = cx.schema.views_of(&key);
        let using = views.iter().find(|view| {
            let view = cx.schema.table_at(view);
            // Of what reads other tables too, nobody knows whose column it is.
            view.is_some_and(|view| {
                view.reads == [key.clone()] && view.texts.iter().any(|(_, text)| names_in_view(text, &column.name))
            })
        });
        using.map(|name| format!("the view {name}"))
    };
    if table.complete && table.columns.len() == 1 && table.column(&column.name).is_some() {
        cx.report(span, format!("SQLite refuses to drop {column}: {} has no other column", alter.name))
            .help("drop the table")
            .left("what the table is to be without a column is not told");
    } else if let Some(what) = constraint.or_else(index).or_else(generated).or_else(trigger).or_else(view) {
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

fn words(text: &str) -> Vec<SmolStr> {
    let words = tokens(text, &Syntax::SQLITE).filter(|token| !token.kind.is_trivia());
    words.map(|token| fold(&text[token.span.range()]).to_lowercase().into()).collect()
}

/// Whether a trigger is about a column of its own table: `new.c`, `old.c`. What is no more than listed, `UPDATE OF c`, is
/// none of SQLite's concern.
fn names_in_trigger(text: &str, column: &str) -> bool {
    let words = words(text);
    let is_row = |at: usize| at >= 2 && words[at - 1] == "." && matches!(words[at - 2].as_str(), "new" | "old");
    words.iter().enumerate().any(|(at, word)| word == column && is_row(at))
}

/// Whether a view names a column, and not as what it calls another.
fn names_in_view(text: &str, column: &str) -> bool {
    let words = words(text);
    let query = words.iter().position(|word| word == "select").unwrap_or(0);
    words.iter().enumerate().skip(query).any(|(at, word)| word == column && at > 0 && words[at - 1] != "as")
}
