//! `naming`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "naming",
    group: Group::Style,
    level: Some(Level::Note),
    dialects: ALL,
    what: "A name that has to be quoted: capitals, blanks, or other signs than letters, digits and `_`.",
    why: "It has to be quoted wherever it is used, and without quotes it is another name.",
    instead: "snake_case.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("CREATE TABLE \"Users\" (a int);"),
        Case::silent("CREATE TABLE Users (a int);"),
        Case::fires("CREATE TABLE t (\"first name\" text);"),
        Case::silent("CREATE TABLE t (\"user\" text, \"größe\" int);"),
        Case::fires("CREATE TABLE t (\"first name\" text);").sqlite(),
        Case::silent("CREATE TABLE \"Users\" (a int);").sqlite(),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let plain = |name: &str| {
        !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c == '_' || c.is_numeric() || c.is_alphabetic() && !c.is_uppercase())
    };
    // Whoever writes names like that writes many: one for a statement will do.
    let names: Vec<(SmolStr, Span)> = cx.new_names(statement).into_iter().filter(|(name, _)| !plain(name)).collect();
    if let Some((name, span)) = names.first() {
        let found = cx.report(*span, format!("{name} has to be quoted wherever it is used")).help("write it in snake_case");
        if names.len() > 1 {
            found.note(format!("so have {} more names of this statement", names.len() - 1));
        }
    }
}
