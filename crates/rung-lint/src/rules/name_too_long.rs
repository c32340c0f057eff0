//! `name-too-long`.

use rung_ddl::LONGEST_NAME;

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "name-too-long",
    group: Group::Style,
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "A name of more than 63 bytes.",
    why: "The server cuts it off, with no more than a notice: two long names may become one.",
    instead: "A shorter name.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("CREATE TABLE a23456789_123456789_123456789_123456789_123456789_123456789_1234 (a int);"),
        Case::silent("CREATE TABLE a23456789_123456789_123456789_123456789_123456789_123456789_123 (a int);"),
        Case::fires("CREATE TABLE t (a int, CONSTRAINT a23456789_123456789_123456789_123456789_123456789_123456789_1234 CHECK (a > 0));"),
        Case::fires("DROP INDEX CONCURRENTLY a23456789_123456789_123456789_123456789_123456789_123456789_1234;"),
        Case::silent("COMMENT ON TABLE t IS 'a23456789_123456789_123456789_123456789_123456789_123456789_1234';"),
        Case::silent("CREATE TABLE \"a\"\"23456789_123456789_123456789_123456789_123456789_123456789_12\" (a int);"),
    ],
};

fn check(cx: &mut Context<'_>, _: &Statement) {
    for (name, span) in cx.long_names(LONGEST_NAME) {
        cx.report(span, format!("the server cuts this off to {}", &name[..name.floor_char_boundary(LONGEST_NAME)]));
    }
}
