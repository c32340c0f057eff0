//! `sqlite-add-column`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "sqlite-add-column",
    group: Group::Data,
    level: Some(Level::Error),
    dialects: SQLITE,
    what: "`ADD COLUMN` of a column that SQLite can't add.",
    why: "SQLite refuses PRIMARY KEY, UNIQUE and stored generated columns, NOT NULL without a default, and (once there are rows) defaults that are no constant: `CURRENT_TIMESTAMP` or an expression in parentheses.",
    instead: "Add it without, fill it, and add a unique index; or rebuild the table.",
    check: Check::Action(check),
    cases: &[
        Case::silent("ALTER TABLE t ADD COLUMN a BOOLEAN NOT NULL DEFAULT FALSE;").sqlite(),
        Case::fires("ALTER TABLE t ADD COLUMN a int UNIQUE;").sqlite(),
        Case::silent("ALTER TABLE t ADD COLUMN a int DEFAULT 0;").sqlite(),
        Case::fires("ALTER TABLE t ADD COLUMN a int NOT NULL;").sqlite(),
        Case::silent("ALTER TABLE t ADD COLUMN a int NOT NULL DEFAULT 0;").sqlite(),
        Case::fires("ALTER TABLE t ADD COLUMN a text DEFAULT CURRENT_TIMESTAMP;").sqlite(),
        Case::fires("ALTER TABLE t ADD COLUMN a text DEFAULT (random());").sqlite(),
        Case::silent("ALTER TABLE t ADD COLUMN a int DEFAULT -1;").sqlite(),
        Case::fires("ALTER TABLE t ADD COLUMN a int AS (b + 1) STORED;").sqlite(),
        Case::silent("ALTER TABLE t ADD COLUMN a int AS (b + 1) VIRTUAL;").sqlite(),
        Case::silent("CREATE TABLE t (b);\nALTER TABLE t ADD COLUMN a text DEFAULT CURRENT_TIMESTAMP;").sqlite(),
    ],
};

fn check(cx: &mut Context<'_>, alter: &AlterTable, action: &Action, span: Span) {
    let Action::AddColumn { column, .. } = action else { return };
    let has = |wanted: fn(&Demand) -> bool| column.constraints.iter().any(|constraint| wanted(&constraint.kind));
    let default = column.default();
    let is_key = has(|kind| matches!(kind, Demand::PrimaryKey { .. }));
    let is_required = has(|kind| matches!(kind, Demand::NotNull(_)))
        && default.is_none_or(|default| default.null)
        && !has(|kind| matches!(kind, Demand::Generated { .. }));
    let why = if is_key {
        "SQLite adds no column that is a PRIMARY KEY"
    } else if has(|kind| matches!(kind, Demand::Unique { .. })) {
        "SQLite adds no column that is UNIQUE"
    } else if has(|kind| matches!(kind, Demand::Generated { stored: true, .. })) {
        "SQLite adds no generated column that is stored"
    } else if is_required {
        "SQLite adds no NOT NULL column without a default"
    } else if default.is_some_and(|default| !is_constant(cx, default)) && !cx.is_fresh_table(&alter.name) {
        "SQLite adds no column with a default that is no constant, once there are rows"
    } else {
        return;
    };
    let text = cx.text(column.span).to_owned();
    let found = cx.report(span, why).help("add it without, fill it, and then create an index; or rebuild the table");
    if is_key || is_required {
        found.left("the rows that are there have no value for it");
    } else {
        found.rebuilt(&alter.name, Change::Add(text));
    }
}

/// Whether a default is a literal, TRUE and FALSE among them: to the parser these are names.
fn is_constant(cx: &Context<'_>, default: &rung_ddl::Expression) -> bool {
    let text = cx.text(default.span);
    default.literal || text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")
}
