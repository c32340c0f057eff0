//! `type-change`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "type-change",
    group: Group::Locks,
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "A column's type is changed to one that is stored in another way.",
    why: "The table and its indexes are written anew under an ACCESS EXCLUSIVE lock. Programs that run may not be ready for \
          the new type either.",
    instead: "A new column, filled in batches and kept in step by a trigger, that takes the old one's place. Widening what \
              is stored the same way is fine: a longer varchar, text, more digits of a numeric.",
    check: Check::Action(check),
    cases: &[
        Case::fires("ALTER TABLE t ALTER COLUMN a TYPE bigint;").after("CREATE TABLE t (a int);"),
        Case::silent("ALTER TABLE t ALTER COLUMN a TYPE varchar(50);").after("CREATE TABLE t (a varchar(20));"),
        Case::silent("ALTER TABLE t ALTER COLUMN a TYPE text;").after("CREATE TABLE t (a varchar(20));"),
        Case::fires("ALTER TABLE t ALTER COLUMN a TYPE varchar(10);").after("CREATE TABLE t (a varchar(20));"),
        Case::fires("ALTER TABLE t ALTER COLUMN a TYPE varchar(10);").after("CREATE TABLE t (a text);"),
        Case::silent("ALTER TABLE t ALTER COLUMN a TYPE numeric(12, 2);").after("CREATE TABLE t (a numeric(10, 2));"),
        Case::fires("ALTER TABLE t ALTER COLUMN a TYPE numeric(12, 4);").after("CREATE TABLE t (a numeric(10, 2));"),
        Case::silent("ALTER TABLE t ALTER COLUMN a TYPE timestamptz(6);").after("CREATE TABLE t (a timestamptz(3));"),
        Case::fires("ALTER TABLE t ALTER COLUMN a TYPE timestamptz;").after("CREATE TABLE t (a timestamp);"),
        Case::silent("ALTER TABLE t ALTER COLUMN a TYPE inet;").after("CREATE TABLE t (a cidr);"),
        Case::fires("ALTER TABLE t ALTER COLUMN a TYPE jsonb USING a::jsonb;").after("CREATE TABLE t (a json);"),
        Case::silent("ALTER TABLE t ALTER COLUMN a TYPE text USING a::text;").after("CREATE TABLE t (a varchar(20));"),
        Case::fires("ALTER TABLE t ALTER COLUMN a TYPE text USING upper(a);").after("CREATE TABLE t (a varchar(20));"),
        Case::fires("ALTER TABLE t ALTER COLUMN a TYPE bigint;"),
        Case::fires("ALTER TABLE t ALTER COLUMN a TYPE varchar(20);")
            .after("CREATE DOMAIN short AS varchar(10);\nCREATE TABLE t (a short);"),
        Case::silent("ALTER TABLE t ALTER COLUMN a TYPE timestamp(6);").after("CREATE TABLE t (a timestamp);"),
        Case::silent("ALTER TABLE t ALTER COLUMN a TYPE bpchar;").after("CREATE TABLE t (a char(10));"),
        Case::silent("ALTER TABLE t ALTER COLUMN a TYPE bpchar;").after("CREATE TABLE t (a varchar(10));"),
        Case::fires("ALTER TABLE t ALTER COLUMN a TYPE bpchar;").after("CREATE TABLE t (a varchar(10) UNIQUE);"),
        Case::fires("ALTER TABLE t ALTER COLUMN a TYPE interval year to month;").after("CREATE TABLE t (a interval);"),
        Case::silent("ALTER TABLE t ALTER COLUMN a TYPE interval(3);").after("CREATE TABLE t (a interval year to month);"),
        Case::fires("ALTER TABLE t ALTER COLUMN a TYPE interval second(1);").after("CREATE TABLE t (a interval hour to second(2));"),
        Case::silent("ALTER TABLE t ALTER COLUMN a TYPE varchar[];").after("CREATE TABLE t (a varchar(10)[]);"),
        Case::fires("ALTER TABLE t ALTER COLUMN a TYPE varchar(20)[];").after("CREATE TABLE t (a varchar(10)[]);"),
        Case::fires("CREATE TEMP TABLE t (a int);\nALTER TABLE public.t ALTER a TYPE bigint;").after("CREATE TABLE t (a int);"),
        Case::silent("CREATE TEMP TABLE t (a int);\nALTER TABLE t ALTER a TYPE bigint;").after("CREATE TABLE t (a int);"),
        Case::silent("ALTER TABLE t ALTER COLUMN a TYPE regproc;").after("CREATE TABLE t (a int);"),
        Case::fires("ALTER TABLE t ALTER COLUMN a TYPE char(12);").after("CREATE TABLE t (a char(10));"),
        Case::silent("ALTER TABLE t ALTER COLUMN a TYPE float(53);").after("CREATE TABLE t (a float8);"),
        Case::fires("ALTER TABLE t ALTER COLUMN a TYPE text;")
            .after("CREATE TABLE t (a varchar(20), b int);\nCREATE INDEX i ON t (a) WHERE b > 0;"),
        Case::silent("ALTER TABLE t ALTER COLUMN a TYPE text;")
            .after("CREATE TABLE t (a varchar(20), b int);\nCREATE INDEX i ON t (a);"),
        Case::fires("ALTER TABLE t ALTER COLUMN a TYPE text COLLATE \"C\";")
            .after("CREATE TABLE t (a text);\nCREATE INDEX i ON t (a);"),
        Case::silent("ALTER TABLE t ALTER COLUMN a TYPE citext;").after("CREATE TABLE t (a text);"),
        Case::fires("ALTER TABLE t ALTER COLUMN a TYPE timestamptz;").after("CREATE TABLE t (a timestamp);"),
        Case::silent("SET LOCAL timezone = 'UTC';\nALTER TABLE t ALTER COLUMN a TYPE timestamptz;").after("CREATE TABLE t (a timestamp);"),
        Case::silent("SET TIME ZONE 'UTC';\nALTER TABLE t ALTER COLUMN a TYPE timestamptz;").after("CREATE TABLE t (a timestamp);"),
        Case::fires("SET timezone = 'Europe/Berlin';\nALTER TABLE t ALTER COLUMN a TYPE timestamptz;").after("CREATE TABLE t (a timestamp);"),
        Case::fires("ALTER TABLE t ALTER COLUMN a TYPE timestamptz;").after("SET timezone = 'UTC';\nCREATE TABLE t (a timestamp);"),
        Case::fires("SET LOCAL timezone = 'UTC';\nALTER TABLE t ALTER COLUMN a TYPE timestamptz;")
            .after("CREATE TABLE t (a timestamp);\nCREATE INDEX i ON t (a);"),
        Case::fires("ALTER TABLE t ALTER COLUMN a TYPE citext;").after("CREATE TABLE t (a text UNIQUE);"),
        Case::silent("CREATE TABLE t (a int);\nALTER TABLE t ALTER COLUMN a TYPE bigint;"),
        Case::silent("ALTER TABLE t ALTER COLUMN v TYPE bigint;")
            .after("CREATE TABLE t (a int, v int GENERATED ALWAYS AS (a * 2) VIRTUAL);"),
        Case::silent("ALTER TABLE t ALTER COLUMN a TYPE int;").after("CREATE DOMAIN d AS int CHECK (VALUE > 0);\nCREATE TABLE t (a d);"),
    ],
};

fn check(cx: &mut Context<'_>, alter: &AlterTable, action: &Action, span: Span) {
    let Action::SetType { column, data_type, using, collation } = action else { return };
    let known = cx.table(&alter.name).and_then(|table| table.column(&column.name));
    if cx.is_fresh_table(&alter.name) || known.is_some_and(|column| column.computed_on_read) {
        return;
    }
    let old = known.and_then(|column| column.data_type.as_ref());
    let using = using.as_ref().map(|using| (using, cx.text(using.span)));
    let table = &alter.name;
    let steps =
        || Altered::new(cx, alter).retyped(column, data_type, collation.as_deref(), using.map(|(_, text)| text));
    match type_change(cx.schema, old, data_type, using) {
        TypeChange::Free => {
            let built = cx.impact.tasks.iter().find(|task| task.span == span && task.work == Work::BuildIndex);
            if let Some((why, sure)) = built.map(|task| (task.why, task.sure)) {
                cx.report(span, format!("{why}, to change {column} to {data_type}"))
                    .label("ACCESS EXCLUSIVE lock: blocks reads and writes")
                    .level(if sure == Sure::Yes { Level::Warning } else { Level::Note });
            }
        }
        TypeChange::Rewrite => {
            let from = old.map_or_else(String::new, |old| format!(" from {old}"));
            let steps = steps();
            cx.report(span, format!("{table} is written anew to change {column}{from} to {data_type}"))
                .label("ACCESS EXCLUSIVE lock: blocks reads and writes")
                .help("add a new column, fill it in batches, and let it take the old one's place")
                .steps(span, steps);
        }
        TypeChange::Unknown => {
            // What a column that is widened to one of these was before is, most of the time, a narrower one of its kind; then
            // it needs no USING.
            let widest = using.is_none()
                && data_type.arguments.is_empty()
                && !data_type.array
                && matches!(data_type.name.as_str(), "text" | "character varying" | "numeric");
            cx.report(span, format!("{table} is written anew, unless {column} is stored as {data_type} is already"))
                .label("the type that it has is not known")
                .help("add a new column, fill it in batches, and let it take the old one's place")
                .left("the type that it has is not known")
                .level(if widest { Level::Note } else { Level::Warning });
        }
        TypeChange::FreeInUtc => {
            cx.report(span, format!("{table} is written anew unless the session's time zone is UTC"))
                .label("ACCESS EXCLUSIVE lock: blocks reads and writes")
                .help("put `SET LOCAL timezone = 'UTC';` before it, if that is what the values mean")
                .level(Level::Warning);
        }
        // Where every column is known, so is every index.
        TypeChange::Reindex
            if cx.table(table).is_some_and(|table| table.complete)
                && cx.impact.tasks.iter().all(|task| task.work != Work::BuildIndex) => {}
        TypeChange::Reindex => {
            cx.report(span, format!("indexes on {column} are built anew to change it to {data_type}"))
                .label("ACCESS EXCLUSIVE lock: blocks reads and writes")
                .level(Level::Warning);
        }
    }
}
