//! `collation-lost`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "collation-lost",
    group: Group::Data,
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "`ALTER COLUMN ... TYPE` without `COLLATE` on a column that has a collation of its own.",
    why: "The column is given the new type's default collation, silently: it sorts and compares otherwise, and its indexes \
          are built anew under an ACCESS EXCLUSIVE lock.",
    instead: "Repeat the collation: `TYPE varchar(50) COLLATE \"C\"`.",
    check: Check::Action(check),
    cases: &[
        Case::silent("ALTER TABLE t ALTER COLUMN a TYPE text COLLATE \"C\";")
            .after("CREATE TABLE t (a varchar(20) COLLATE pg_catalog.\"C\");"),
        Case::fires("ALTER TABLE t ALTER COLUMN a TYPE varchar(50);").after("CREATE TABLE t (a varchar(20) COLLATE \"C\");"),
        Case::silent("ALTER TABLE t ALTER COLUMN a TYPE varchar(50) COLLATE \"C\";")
            .after("CREATE TABLE t (a varchar(20) COLLATE \"C\");"),
        Case::silent("ALTER TABLE t ALTER COLUMN a TYPE varchar(50);").after("CREATE TABLE t (a varchar(20));"),
        Case::silent("ALTER TABLE t ALTER COLUMN a TYPE int USING a::int;")
            .after("CREATE TABLE t (a varchar(20) COLLATE \"C\");"),
    ],
};

/// Types that have a collation.
const COLLATABLE: [&str; 5] = ["text", "character varying", "character", "bpchar", "citext"];

fn check(cx: &mut Context<'_>, alter: &AlterTable, action: &Action, span: Span) {
    let Action::SetType { column, data_type, collation: None, .. } = action else { return };
    let old = cx.table(&alter.name).and_then(|table| table.column(&column.name)).and_then(|c| c.collation.clone());
    let Some(collation) = old.filter(|_| COLLATABLE.contains(&data_type.name.as_str())) else { return };
    let text = format!(" COLLATE \"{collation}\"");
    let end = Span::new(data_type.span.end, data_type.span.end);
    cx.report(span, format!("{column} of {} loses its collation {collation}", alter.name))
        .label("no COLLATE")
        .help(format!("write `TYPE {data_type}{text}`"))
        .fix("keep the collation", &[(end, &text)]);
}
