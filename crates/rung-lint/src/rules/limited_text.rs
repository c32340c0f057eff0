//! `limited-text`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "limited-text",
    group: Group::Style,
    level: None,
    dialects: POSTGRES,
    what: "`varchar(n)`.",
    why: "It is no faster than text, and a shorter limit later looks through every row.",
    instead: "`text`, with a CHECK where a limit is meant.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("CREATE TABLE t (a varchar(20));"),
        Case::silent("CREATE TABLE t (a varchar, b text);"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    for column in statement.new_columns() {
        let Some(data_type) = &column.data_type else { continue };
        let name = data_type.name.as_str();
        if data_type.schema.is_none() && name == "character varying" && !data_type.arguments.is_empty() {
            cx.report(data_type.span, "a limit that has to be changed later").help("take text, with a CHECK where a limit is meant");
        }
    }
}
