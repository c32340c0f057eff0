//! `padded-text`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "padded-text",
    group: Group::Style,
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "`char(n)`.",
    why: "Values are filled up with blanks, which count in some comparisons and not in others.",
    instead: "`text`.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("CREATE TABLE t (a char(20));"),
        Case::silent("CREATE TABLE t (a text, b \"char\");"),
        Case::fires("CREATE TABLE t (a char, b bpchar(3));"),
        Case::silent("CREATE TABLE t (a bpchar);"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    for column in statement.new_columns() {
        let Some(data_type) = &column.data_type else { continue };
        let name = data_type.name.as_str();
        if data_type.schema.is_none() && name == "character" {
            cx.report(data_type.span, "values are filled up with blanks").help("take text");
        }
    }
}
