//! `column-padding`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "column-padding",
    group: Group::Style,
    level: None,
    dialects: POSTGRES,
    what: "A new table whose columns, in another order, take fewer bytes for each row.",
    why: "A value begins at a multiple of its type's alignment, and what lies before it is padding, in every row. Order is \
          for people too, so this is off unless it is asked for.",
    instead: "Columns of eight bytes first, then of four, of two, of one, and at last those of any length.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("CREATE TABLE t (a boolean, id bigint, b boolean, c timestamptz);"),
        Case::silent("CREATE TABLE t (id bigint, c timestamptz, a boolean, b boolean);"),
        Case::silent("CREATE TABLE t (name text, id bigint, a boolean);"),
        Case::silent("CREATE TABLE t (id bigint, a boolean);"),
    ],
};

/// The length and the alignment of a type whose length is fixed (`pg_type.typlen`, `typalign`).
fn fixed(data_type: &rung_ddl::DataType) -> Option<(usize, usize)> {
    if data_type.array || data_type.schema.is_some() {
        return None;
    }
    Some(match data_type.name.as_str() {
        "bigint" | "bigserial" | "double precision" | "timestamp with time zone" | "timestamp without time zone" | "time without time zone" | "money" => (8, 8),
        "integer" | "serial" | "real" | "date" | "oid" => (4, 4),
        "smallint" | "smallserial" => (2, 2),
        "boolean" | "\"char\"" => (1, 1),
        "uuid" => (16, 1),
        name if name.starts_with("interval") => (16, 8),
        "time with time zone" => (12, 8),
        _ => return None,
    })
}

/// How many bytes columns take in this order.
fn bytes(columns: &[(usize, usize)]) -> usize {
    columns.iter().fold(0, |at, (length, alignment)| at.next_multiple_of(*alignment) + length)
}

fn check(cx: &mut Context<'_>, statement: &Statement) {
    /// What a row is a multiple of (`MAXALIGN`): less is not gained.
    const ROW: usize = 8;
    let Statement::CreateTable(create) = statement else { return };
    // Behind a value of any length nothing is known of places.
    let columns: Vec<(usize, usize)> =
        create.columns.iter().map_while(|column| fixed(column.data_type.as_ref()?)).collect();
    let mut best = columns.clone();
    best.sort_by_key(|(_, alignment)| std::cmp::Reverse(*alignment));
    let (now, least) = (bytes(&columns).next_multiple_of(ROW), bytes(&best).next_multiple_of(ROW));
    if now > least && create.partition_of.is_none() && create.inherits.is_empty() {
        cx.report(create.name.span, format!("each row of {} has {} bytes of padding that another order has not", create.name, now - least))
            .help("put columns of eight bytes first, then of four, two, one, then those of any length");
    }
}
