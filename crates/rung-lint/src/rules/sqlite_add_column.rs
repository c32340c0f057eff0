//! `sqlite-add-column`.

use rung_sql::{Syntax, tokens};

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "sqlite-add-column",
    group: Group::Data,
    level: Some(Level::Error),
    dialects: SQLITE,
    what: "`ADD COLUMN` of a column that SQLite can't add.",
    why: "SQLite refuses PRIMARY KEY, UNIQUE and stored generated columns, NOT NULL without a default, and (once there are rows) defaults that are no constant: `CURRENT_TIMESTAMP` or an expression in parentheses, and a CHECK that NULL does not pass. Where foreign keys are enforced, it refuses a REFERENCES with a default.",
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
        Case::fires("ALTER TABLE t ADD COLUMN a int DEFAULT (1+1);").sqlite(),
        Case::silent("ALTER TABLE t ADD COLUMN a int DEFAULT (-1);").sqlite(),
        Case::silent("ALTER TABLE t ADD COLUMN a text DEFAULT (CAST(1 AS TEXT));").sqlite(),
        Case::fires("ALTER TABLE t ADD COLUMN a text CHECK (a IS NOT NULL);").sqlite(),
        Case::silent("ALTER TABLE t ADD COLUMN a text CHECK (a <> '');").sqlite(),
        Case::fires("ALTER TABLE t ADD COLUMN a int DEFAULT 1 REFERENCES p (id);").sqlite(),
        Case::silent("ALTER TABLE t ADD COLUMN a int REFERENCES p (id);").sqlite(),
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
        return add_as_it_is(cx, alter, column, span);
    };
    let text = cx.text(column.span).to_owned();
    let found = cx.report(span, why).help("add it without, fill it, and then create an index; or rebuild the table");
    if is_key || is_required {
        found.left("the rows that are there have no value for it");
    } else {
        found.rebuilt(&alter.name, Change::Add(text));
    }
}

/// What SQLite refuses because of other things than the column's kind.
fn add_as_it_is(cx: &mut Context<'_>, alter: &AlterTable, column: &Column, span: Span) {
    let stays_null = column.default().is_none_or(|default| default.null);
    let refers = column.find(|kind| matches!(kind, Demand::ForeignKey(_)).then_some(())).is_some();
    let demands = column.find(|kind| match kind {
        Demand::Check(check) => Some(is_never_null(cx.text(check.span), &column.name.name)),
        _ => None,
    });
    if refers && !stays_null {
        cx.report(span, "where foreign keys are enforced, SQLite adds no column that references and has a default")
            .help("add it without the default, and fill it")
            .level(Level::Warning);
    } else if stays_null && demands == Some(true) && !cx.is_fresh_table(&alter.name) {
        cx.report(span, "SQLite adds no column whose CHECK refuses NULL, once there are rows")
            .help("give it a default that keeps to the CHECK")
            .left("the rows that are there have no value for it");
    }
}

/// Whether a CHECK says no more than that a column is not NULL.
fn is_never_null(check: &str, column: &str) -> bool {
    let text = check.to_ascii_lowercase();
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || "()\"".contains(c)).filter(|w| !w.is_empty()).collect();
    matches!(words[..], [name, "is", "not", "null"] | [name, "notnull"] | [name, "not", "null"] if name == column)
}

/// Whether a default is a value by itself, perhaps with a sign, in parentheses or cast: SQLite computes nothing for the
/// rows that are there. TRUE and FALSE are, though they are names to the parser.
fn is_constant(cx: &Context<'_>, default: &rung_ddl::Expression) -> bool {
    let text = cx.text(default.span);
    if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
        return true;
    }
    let words = tokens(text, &Syntax::SQLITE).filter(|token| !token.kind.is_trivia());
    let words: Vec<&str> = words.map(|token| &text[token.span.range()]).collect();
    let mut values = words.iter().skip_while(|word| matches!(**word, "(" | "+" | "-"));
    let is_cast = values.clone().next().is_some_and(|word| word.eq_ignore_ascii_case("cast"));
    default.literal && (is_cast || values.by_ref().nth(1).is_none_or(|word| *word == ")"))
}
