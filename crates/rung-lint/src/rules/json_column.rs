//! `json-column`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "json-column",
    group: Group::Style,
    level: Some(Level::Note),
    dialects: POSTGRES,
    what: "`json`.",
    why: "It has no equality: DISTINCT, GROUP BY and UNION over it fail. It can't be indexed.",
    instead: "`jsonb`.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("CREATE TABLE t (a json);"),
        Case::silent("CREATE TABLE t (a jsonb);"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    for column in statement.new_columns() {
        let Some(data_type) = &column.data_type else { continue };
        let name = data_type.name.as_str();
        if data_type.schema.is_none() && name == "json" {
            cx.report(data_type.span, "json has no equality: DISTINCT and GROUP BY fail").help("take jsonb");
        }
    }
}
