//! The rules' documentation, made of the rules.

use std::fmt::Write as _;

use rung_sql::Level;

use crate::{Case, Group, RULES, Rule};

fn level(level: Option<Level>) -> &'static str {
    match level {
        Some(Level::Error) => "error",
        Some(Level::Warning) => "warning",
        Some(Level::Note) => "note",
        None => "off",
    }
}

fn databases(rule: &Rule) -> &'static str {
    match rule.dialects {
        ["postgres"] => "PostgreSQL",
        ["sqlite"] => "SQLite",
        _ => "PostgreSQL and SQLite",
    }
}

/// One rule, as `rung lint --explain` shows it.
pub fn explain(rule: &Rule) -> String {
    let mut text = format!("{} · {} · {}\n\n", rule.name, level(rule.level), databases(rule));
    let _ = write!(text, "{}\n\nWhy: {}\n\nInstead: {}\n", rule.what, rule.why, rule.instead);
    for (title, case) in examples(rule) {
        let _ = write!(text, "\n{title}:\n\n{}\n", indented(case.sql));
    }
    text
}

/// The first case that fires, and the first that does not.
fn examples(rule: &Rule) -> impl Iterator<Item = (&'static str, &'static Case)> {
    let bad = rule.cases.iter().find(|case| case.fires).map(|case| ("Found", case));
    let good = rule.cases.iter().find(|case| !case.fires).map(|case| ("Not found", case));
    bad.into_iter().chain(good)
}

fn indented(sql: &str) -> String {
    sql.trim().lines().map(|line| format!("    {line}").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// All rules, as docs/rules.md has them.
pub fn reference() -> String {
    let mut text = String::from(
        "# Rules of `rung lint`\n\n\
         Made from the rules themselves by `cargo xtask generated`. How the linter is used is in [lint.md](lint.md).\n",
    );
    for group in Group::ALL {
        let _ = write!(text, "\n## {}\n\n{}\n\n| rule | level | |\n|---|---|---|\n", group.title(), group.about());
        for rule in RULES.iter().filter(|rule| rule.group == group) {
            let _ = writeln!(text, "| [{0}](#{0}) | {1} | {2} |", rule.name, level(rule.level), rule.what);
        }
    }
    for group in Group::ALL {
        for rule in RULES.iter().filter(|rule| rule.group == group) {
            let _ =
                write!(text, "\n### {}\n\n*{}, {}.* {}\n\n", rule.name, level(rule.level), databases(rule), rule.what);
            let _ = write!(text, "**Why.** {}\n\n**Instead.** {}\n", rule.why, rule.instead);
            for (title, case) in examples(rule) {
                let _ = write!(text, "\n{title}:\n\n```sql\n{}\n```\n", case.sql.trim());
            }
        }
    }
    text
}
