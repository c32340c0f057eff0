//! The checks' documentation, made of the checks.

use std::fmt::Write as _;

use rung_sql::Level;

use crate::{CHECKS, Case, Check};

fn level(level: Option<Level>) -> &'static str {
    match level {
        Some(Level::Error) => "error",
        Some(Level::Warning) => "warning",
        Some(Level::Note) => "note",
        None => "off",
    }
}

fn databases(check: &Check) -> &'static str {
    match check.dialects {
        ["postgres"] => "PostgreSQL",
        ["sqlite"] => "SQLite",
        _ => "PostgreSQL and SQLite",
    }
}

/// The first case that fires.
fn example(check: &Check) -> Option<&'static Case> {
    check.cases.iter().find(|case| case.fires)
}

/// The case's statements, each on a line of its own.
fn lines(case: &Case) -> String {
    let statements = rung_sql::split(case.sql, syntax(case)).0;
    statements.iter().map(|statement| format!("{};\n", &case.sql[statement.span.range()])).collect()
}

fn syntax(case: &Case) -> &'static rung_sql::Syntax {
    if case.dialect == "sqlite" { &rung_sql::Syntax::SQLITE } else { &rung_sql::Syntax::POSTGRES }
}

/// One check, as `rung health --explain` shows it.
pub fn explain(check: &Check) -> String {
    let mut text = format!("{} · {} · {}\n\n", check.name, level(check.level), databases(check));
    let _ = write!(text, "{}\n\nWhy: {}\n\nInstead: {}\n", check.what, check.why, check.instead);
    if let Some(case) = example(check) {
        let _ =
            write!(text, "\nFound:\n\n{}", lines(case).lines().map(|line| format!("    {line}\n")).collect::<String>());
    }
    text
}

/// All checks, as docs/health-checks.md has them.
pub fn reference() -> String {
    let mut text = String::from(
        "# Checks of `rung health`\n\n\
         Made from the checks themselves by `cargo xtask generated`. How they are used is in [health.md](health.md).\n\n\
         | check | level | database | |\n|---|---|---|---|\n",
    );
    for check in CHECKS {
        let _ = writeln!(
            text,
            "| [{0}](#{0}) | {1} | {2} | {3} |",
            check.name,
            level(check.level),
            databases(check),
            check.what
        );
    }
    for check in CHECKS {
        let _ =
            write!(text, "\n## {}\n\n*{}, {}.* {}\n\n", check.name, level(check.level), databases(check), check.what);
        let _ = write!(text, "**Why.** {}\n\n**Instead.** {}\n", check.why, check.instead);
        if let Some(case) = example(check) {
            let _ = write!(text, "\nFound:\n\n```sql\n{}```\n", lines(case));
        }
    }
    text
}
