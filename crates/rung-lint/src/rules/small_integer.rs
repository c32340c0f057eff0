//! `small-integer`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "small-integer",
    group: Group::Style,
    level: None,
    dialects: POSTGRES,
    what: "A column of type integer or smallint.",
    why: "It ends at 2 147 483 647, or at 32 767, and a wider type rewrites the table. For keys that is `small-key`; for \
          the rest this is off unless it is asked for.",
    instead: "`bigint`.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("CREATE TABLE t (n int);"),
        Case::silent("CREATE TABLE t (n bigint);"),
        Case::fires("ALTER TABLE t ADD COLUMN n smallint[];"),
        Case::silent("CREATE TABLE t (n app.integer);"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    for column in statement.new_columns() {
        let Some(data_type) = &column.data_type else { continue };
        if data_type.schema.is_none()
            && matches!(data_type.name.as_str(), "integer" | "smallint" | "serial" | "smallserial")
        {
            cx.report(data_type.span, format!("{} ends early, and a wider type rewrites the table", column.name))
                .help("take bigint");
        }
    }
}
