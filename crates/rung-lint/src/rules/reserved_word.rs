//! `reserved-word`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "reserved-word",
    group: Group::Style,
    level: Some(Level::Note),
    dialects: ALL,
    what: "A name that is a reserved word: `user`, `order`, `group`.",
    why: "It has to be quoted wherever it is used; without quotes it is a syntax error, or, as with `user` in PostgreSQL, \
          something else.",
    instead: "Another name: `users`, `position`.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("CREATE TABLE \"user\" (id bigint);"),
        Case::silent("CREATE TABLE users (id bigint);"),
        Case::fires("CREATE TABLE t (\"order\" int);"),
        Case::silent("CREATE TABLE t (name text, value int, type text, key text);"),
        Case::fires("ALTER TABLE t ADD COLUMN \"limit\" int;").sqlite(),
        Case::silent("CREATE TABLE t (user text, key text);").sqlite(),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    for (name, span) in cx.new_names(statement) {
        if cx.language.reserved.binary_search(&name.as_str()).is_ok() {
            cx.report(span, format!("{name} is a reserved word, and has to be quoted wherever it is used"))
                .help("give it another name");
        }
    }
}
