//! `zoneless-timestamp`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "zoneless-timestamp",
    group: Group::Style,
    level: Some(Level::Note),
    dialects: POSTGRES,
    what: "`timestamp` without time zone.",
    why: "It does not say which moment it is: that depends on who reads it.",
    instead: "`timestamptz`, which is no longer and keeps the moment.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("CREATE TABLE t (a timestamp);"),
        Case::silent("CREATE TABLE t (a timestamptz);"),
        Case::fires("ALTER TABLE t ADD COLUMN a timestamp(3) without time zone;"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    for column in statement.new_columns() {
        let Some(data_type) = &column.data_type else { continue };
        let name = data_type.name.as_str();
        if data_type.schema.is_none() && name == "timestamp without time zone" {
            cx.report(data_type.span, "which moment this is depends on who reads it").help("take timestamptz");
        }
    }
}
