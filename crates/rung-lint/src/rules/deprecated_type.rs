//! `deprecated-type`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "deprecated-type",
    group: Group::Style,
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "`money`, or `time with time zone`.",
    why: "What money is worth depends on the server's `lc_monetary`; a time of day without its date has no offset that could be right all year. The documentation advises against both.",
    instead: "`numeric`; `timestamptz`, or `time` without a zone.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("CREATE TABLE t (a money);"),
        Case::silent("CREATE TABLE t (a numeric, b time);"),
        Case::fires("CREATE TABLE t (a timetz);"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    for column in statement.new_columns() {
        let Some(data_type) = &column.data_type else { continue };
        let name = data_type.name.as_str();
        if data_type.schema.is_none() && matches!(name, "money" | "time with time zone") {
            cx.report(data_type.span, format!("{name} does not mean the same everywhere")).help(if name == "money" { "take numeric" } else { "take timestamptz, or time" });
        }
    }
}
