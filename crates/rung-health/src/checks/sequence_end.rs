//! `sequence-end`.

use super::prelude::*;

pub(super) static CHECK: Check = Check {
    name: "sequence-end",
    level: Some(Level::Warning),
    dialects: ALL,
    what: "A sequence, identity column or AUTOINCREMENT that has used up most of its values, or most of those that its column can hold. From nine tenths on it is an error.",
    why: "At its end every INSERT fails.",
    instead: "Make the column a bigint while there is time, and the sequence with it.",
    find: Find::Asking(find),
    cases: &[
        Case::fires("CREATE TABLE t (id serial PRIMARY KEY); SELECT setval('t_id_seq', 2000000000);"),
        Case::fires("CREATE TABLE t (id smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY); SELECT setval('t_id_seq', 32000);"),
        Case::fires("CREATE SEQUENCE s; CREATE TABLE t (id int PRIMARY KEY DEFAULT nextval('s')); SELECT setval('s', 2000000000);"),
        Case::fires("CREATE SEQUENCE s INCREMENT -1 MINVALUE -100 MAXVALUE -1; SELECT setval('s', -99);"),
        Case::silent("CREATE TABLE t (id bigserial PRIMARY KEY); SELECT setval('t_id_seq', 2000000000);"),
        Case::silent("CREATE SEQUENCE s MAXVALUE 100 CYCLE; SELECT setval('s', 99);"),
        Case::silent("CREATE TABLE t (id serial PRIMARY KEY);"),
        Case::fires(
            "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO t VALUES (9223372036854775800);",
        )
        .sqlite(),
        Case::silent("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO t VALUES (7);").sqlite(),
        Case::silent("CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (9223372036854775800);").sqlite(),
    ],
};

/// What says whether there are any, in databases that make their table with the first one.
const THERE: Live = &[("sqlite", "SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'")];

/// Schema and name of each sequence, its last value, the first and last that it may have, the step, whether it begins
/// again, and the column that takes its values, with that column's type. On SQLite the table stands in for it.
const SEQUENCES: Live = &[("sqlite", SQLITE_SEQUENCES), ("postgres", POSTGRES_SEQUENCES)];

const POSTGRES_SEQUENCES: &str = "SELECT n.nspname, c.relname, \
    CASE WHEN pg_catalog.has_sequence_privilege(c.oid, 'SELECT,USAGE') THEN pg_catalog.pg_sequence_last_value(c.oid) END, \
    s.seqmin, s.seqmax, s.seqincrement, s.seqcycle, u.relation, u.attname, u.type \
    FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid \
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    LEFT JOIN LATERAL ( \
      SELECT a.attrelid::pg_catalog.regclass::text AS relation, a.attname, \
        pg_catalog.format_type(a.atttypid, NULL) AS type FROM ( \
        SELECT d.refobjid, d.refobjsubid FROM pg_catalog.pg_depend d \
          WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid \
          AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0 \
        UNION SELECT f.adrelid, f.adnum FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_attrdef f ON f.oid = d.objid \
          WHERE d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass \
          AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = c.oid) used \
      JOIN pg_catalog.pg_attribute a ON a.attrelid = used.refobjid AND a.attnum = used.refobjsubid \
      ORDER BY pg_catalog.array_position(ARRAY['smallint', 'integer'], pg_catalog.format_type(a.atttypid, NULL)), 1 LIMIT 1) u ON true \
    WHERE c.relpersistence <> 't'";

const SQLITE_SEQUENCES: &str =
    "SELECT NULL, name, seq, 1, 9223372036854775807, 1, 'f', name, 'rowid', 'bigint' FROM sqlite_sequence";

/// From this share on it is no matter for next year.
const URGENT: f64 = 0.9;

fn find(cx: &mut Examination<'_>) -> Result<(), DbError> {
    let there = cx.word(THERE).map(|question| cx.ask_one(question)).transpose()?;
    if there.is_some_and(|rows| rows.is_empty()) {
        return Ok(());
    }
    for row in cx.word(SEQUENCES).map_or(Ok(Vec::new()), |question| cx.ask_one(question))? {
        sequence(cx, &row);
    }
    Ok(())
}

fn sequence(cx: &mut Examination<'_>, row: &Row) {
    let (Some(last), Some(step)) = (number::<i64>(row, 2), number::<i64>(row, 5)) else { return };
    let (Some(min), Some(max)) = (number::<i64>(row, 3), number::<i64>(row, 4)) else { return };
    let of_column = match text(row, 9) {
        "smallint" => (i64::from(i16::MIN), i64::from(i16::MAX)),
        "integer" => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    let (first, end, of) = if step > 0 { (min, max, of_column.1) } else { (max, min, of_column.0) };
    let is_narrower = if step > 0 { of < end } else { of > end };
    if text(row, 6) == "t" && !is_narrower {
        return;
    }
    let end = if is_narrower { of } else { end };
    let distance = |from: i64, to: i64| (to as f64 - from as f64).abs();
    let share = distance(first, last) / distance(first, end).max(1.0);
    if share < cx.options.sequence_used {
        return;
    }
    let left = (i128::from(end) - i128::from(last)) / i128::from(step);
    let schema = row[0].as_deref();
    let (relation, column, kind) = (text(row, 7).to_owned(), text(row, 8).to_owned(), text(row, 9).to_owned());
    let key = [Kind::Sequence, Kind::Table].into_iter().find_map(|kind| cx.find(kind, schema, text(row, 1)));
    let key = key.map_or_else(
        || Arc::new(Key::new(Kind::Sequence, schema, text(row, 1))),
        |object| Arc::clone(&object.key),
    );
    let takes = if is_narrower { format!(" that {relation}.{column}, a {kind}, can hold") } else { String::new() };
    let message = format!("{} has used {:.0} % of the values{takes}: {left} are left", key.path(), share * 100.0);
    let sequence = cx.name(&key);
    let finding = cx.report(Some(&key), message);
    if share >= URGENT {
        finding.level = Level::Error;
    }
    finding.note(format!("its last value is {last}, its end {end}"));
    if kind == "smallint" || kind == "integer" {
        finding.mend(format!("ALTER TABLE {relation} ALTER COLUMN {column} TYPE bigint;"));
        if !is_narrower {
            finding.mend(format!("ALTER SEQUENCE {sequence} AS bigint;"));
        }
    } else if !relation.is_empty() && schema.is_none() {
        finding.mend(format!("UPDATE sqlite_sequence SET seq = (SELECT max(rowid) FROM {sequence}) WHERE name = '{relation}';"));
    } else {
        finding.mend(format!("ALTER SEQUENCE {sequence} AS bigint NO MAXVALUE NO MINVALUE;"));
    }
}
