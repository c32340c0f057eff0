//! `serial-column`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "serial-column",
    group: Group::Style,
    level: Some(Level::Note),
    dialects: POSTGRES,
    what: "`serial`, `bigserial` or `smallserial`.",
    why: "The sequence has rights and an owner of its own, and anyone may write the column. Identity columns are the standard's.",
    instead: "`bigint GENERATED ALWAYS AS IDENTITY`.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("CREATE TABLE t (id bigserial);"),
        Case::silent("CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY);"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    for column in statement.new_columns() {
        let Some(data_type) = &column.data_type else { continue };
        let name = data_type.name.as_str();
        if data_type.schema.is_none() && name.ends_with("serial") {
            cx.report(data_type.span, format!("{name} makes a sequence with rights of its own")).help("write `bigint GENERATED ALWAYS AS IDENTITY`");
        }
    }
}
