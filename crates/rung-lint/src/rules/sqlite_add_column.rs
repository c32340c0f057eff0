//! `sqlite-add-column`.

use rung_ddl::fold;
use rung_sql::{Syntax, tokens};

use super::prelude::*;
use crate::schema::each_part;

pub(super) static RULE: Rule = Rule {
    name: "sqlite-add-column",
    group: Group::Data,
    level: Some(Level::Error),
    dialects: SQLITE,
    what: "`ADD COLUMN` of a column that SQLite can't add.",
    why: "SQLite refuses PRIMARY KEY, UNIQUE and stored generated columns, NOT NULL without a default, and (once there are rows) defaults that are no constant: `CURRENT_TIMESTAMP` or an expression in parentheses, and a CHECK that NULL, or its default, does not pass. Where foreign keys are enforced, it refuses a REFERENCES with a default.",
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
        Case::fires("ALTER TABLE t ADD COLUMN a int DEFAULT 0 CHECK (a > 0);").sqlite(),
        Case::silent("ALTER TABLE t ADD COLUMN a int DEFAULT 1 CHECK (a > 0);").sqlite(),
        Case::silent("ALTER TABLE t ADD COLUMN a int DEFAULT NULL CHECK (a > 0);").sqlite(),
        Case::fires("ALTER TABLE t ADD COLUMN a int DEFAULT -1 CHECK (a BETWEEN -5 AND 5 AND a >= 0);").sqlite(),
        Case::fires("ALTER TABLE t ADD COLUMN a int DEFAULT 1 CHECK (a > 0 AND b IS NOT NULL);").sqlite(),
        Case::silent("ALTER TABLE t ADD COLUMN a int DEFAULT 1 CHECK (a > 0 OR b IS NOT NULL);").sqlite(),
        Case::fires("ALTER TABLE t ADD COLUMN a int CHECK (a IS NOT NULL AND a > 0);").sqlite(),
        Case::silent("CREATE TABLE t (b);\nALTER TABLE t ADD COLUMN a int DEFAULT 0 CHECK (a > 0);").sqlite(),
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
    let default = column.default().map(|default| cx.text(default.span));
    let checks = column.constraints.iter().filter_map(|constraint| match &constraint.kind {
        Demand::Check(check) => Some(cx.text(check.span)),
        _ => None,
    });
    let passes = checks.map(|check| passes(check, &column.name.name, default.filter(|_| !stays_null))).min();
    if refers && !stays_null {
        cx.report(span, "where foreign keys are enforced, SQLite adds no column that references and has a default")
            .help("add it without the default, and fill it")
            .level(Level::Warning);
    } else if let Some(passes @ (Passes::No | Passes::ByRow)) = passes
        && !cx.is_fresh_table(&alter.name)
    {
        let (what, level) = match (passes, stays_null) {
            (Passes::No, true) => ("SQLite adds no column whose CHECK refuses NULL, once there are rows", Level::Error),
            (Passes::No, false) => ("SQLite adds no column whose CHECK refuses its default, once there are rows", Level::Error),
            _ => ("SQLite adds the column only if every row keeps to its CHECK, which is about other columns too", Level::Warning),
        };
        let level = cx.level.min(level);
        cx.report(span, what)
            .level(level)
            .help("give it a default that keeps to the CHECK, or add it without the CHECK and rebuild the table")
            .left("the rows that are there have no value for it");
    }
}

/// Whether the rows that are there keep to the CHECK of a new column; the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Passes {
    /// None does.
    No,
    /// That depends on their other columns.
    ByRow,
    /// Not known, or all do.
    Perhaps,
}

/// What a CHECK makes of a column that has its default in every row; `None` for NULL, which passes wherever it is compared.
fn passes(check: &str, column: &str, default: Option<&str>) -> Passes {
    let words: Vec<&str> =
        tokens(check, &Syntax::SQLITE).filter(|token| !token.kind.is_trivia()).map(|token| &check[token.span.range()]).collect();
    let mut worst = Passes::Perhaps;
    each_part(&words, &mut |part| worst = worst.min(part_passes(part, column, default)));
    worst
}

fn part_passes(part: &[&str], column: &str, default: Option<&str>) -> Passes {
    let is = |word: &str, wanted: &str| word.eq_ignore_ascii_case(wanted);
    let is_own = |word: &str| fold(word).eq_ignore_ascii_case(column);
    let (name, not_null) = match part {
        [name, first, not, null] if is(first, "is") && is(not, "not") && is(null, "null") => (name, true),
        [name, test] if is(test, "notnull") => (name, true),
        [name, not, null] if is(not, "not") && is(null, "null") => (name, true),
        [name, ..] => (name, false),
        [] => return Passes::Perhaps,
    };
    match (is_own(name), not_null, default) {
        (true, true, None) => Passes::No,
        (true, true, Some(_)) => Passes::Perhaps,
        (true, false, Some(default)) => match part {
            [_, rest @ ..] if compared(default, rest) == Some(false) => Passes::No,
            _ => Passes::Perhaps,
        },
        // A NULL that is compared is neither true nor false.
        (true, false, None) => Passes::Perhaps,
        (false, ..) if part.len() == 1 || is_literal(name) => Passes::Perhaps,
        (false, true, _) => Passes::ByRow,
        (false, false, _) if part.iter().any(|word| is_own(word)) => Passes::Perhaps,
        (false, false, _) => Passes::ByRow,
    }
}

fn is_literal(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit() || "'(-+".contains(c))
}

/// Whether a number keeps to a comparison with another: `>= 5`.
fn compared(left: &str, rest: &[&str]) -> Option<bool> {
    let is_sign = |word: &&str| word.chars().all(|c| "<>=!".contains(c));
    let (comparison, right) = rest.split_at(rest.iter().take_while(|word| is_sign(word)).count());
    let left: f64 = left.trim_matches(['(', ')', ' ']).replace(' ', "").parse().ok()?;
    let right: f64 = right.concat().parse().ok()?;
    let order = left.partial_cmp(&right)?;
    Some(match comparison.concat().as_str() {
        ">" => order.is_gt(),
        ">=" => order.is_ge(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        "=" | "==" => order.is_eq(),
        "<>" | "!=" => order.is_ne(),
        _ => return None,
    })
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
