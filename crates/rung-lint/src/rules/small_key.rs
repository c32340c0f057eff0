//! `small-key`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "small-key",
    group: Group::Style,
    level: Some(Level::Note),
    dialects: POSTGRES,
    what: "A primary key of type integer, smallint or serial.",
    why: "Keys run out at 2 147 483 647, and the type can only be changed by writing the table anew.",
    instead: "`bigint`.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("CREATE TABLE t (id serial PRIMARY KEY);"),
        Case::silent("CREATE TABLE t (id bigserial PRIMARY KEY);"),
        Case::fires("CREATE TABLE t (id int, PRIMARY KEY (id));"),
        Case::silent("CREATE TABLE t (id bigint PRIMARY KEY, age int);"),
        Case::fires("CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY);"),
        Case::silent("CREATE TABLE t (a int, b int, PRIMARY KEY (a, b));"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    for column in statement.new_columns() {
        let Some(data_type) = &column.data_type else { continue };
        let name = data_type.name.as_str();
        if data_type.schema.is_none() && matches!(name, "integer" | "smallint" | "serial" | "smallserial") && is_key(statement, column) {
            cx.report(data_type.span, format!("{} runs out of values, and changing its type rewrites the table", column.name)).help("take bigint");
        }
    }
}

/// Whether values are drawn for it, or it is the key alone: where there are several columns, each repeats.
fn is_key(statement: &Statement, column: &rung_ddl::Column) -> bool {
    let own = column.find(|kind| matches!(kind, Demand::PrimaryKey { .. } | Demand::Identity).then_some(()));
    let of_table = match statement {
        Statement::CreateTable(create) => create.constraints.iter().any(|constraint| {
            matches!(&constraint.kind, Demand::PrimaryKey { columns, .. } if matches!(columns.as_slice(), [only] if only.name == column.name.name))
        }),
        _ => false,
    };
    own.is_some() || of_table
}
