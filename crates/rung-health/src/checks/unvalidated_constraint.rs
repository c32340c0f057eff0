//! `unvalidated-constraint`.

use super::prelude::*;

pub(super) static CHECK: Check = Check {
    name: "unvalidated-constraint",
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "A constraint that is NOT VALID: rows that were there before it have not been checked. One that is NOT ENFORCED is a note.",
    why: "The rows may break it; the planner does not count on it, and a dump may not load.",
    instead: "Validate it: that reads the table, and keeps neither readers nor writers out.",
    find: Find::Schema(find),
    cases: &[
        Case::fires("CREATE TABLE t (a int); ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;"),
        Case::fires("CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (a int); ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES p NOT VALID;"),
        Case::fires("CREATE TABLE t (a int); ALTER TABLE t ADD CONSTRAINT c NOT NULL a NOT VALID;").from(18),
        Case::fires("CREATE DOMAIN d AS int; ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID;"),
        Case::silent("CREATE TABLE t (a int); ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c;"),
    ],
};

fn find(cx: &mut Examination<'_>) {
    for (object, constraint) in constraints(cx.catalog).filter(|(_, found)| found.origin != Origin::Inherited) {
        let (table, name) = (cx.table_name(&object.key), cx.dialect.identifier(&object.key.name));
        let is_domain = cx.catalog.parent(object).is_some_and(|parent| parent.key.kind == Kind::Type);
        let what = if is_domain { "DOMAIN" } else { "TABLE" };
        match constraint.validity {
            Validity::Valid => {}
            Validity::NotValid => {
                cx.report(Some(&object.key), format!("{} was never checked on the rows before it", object.key.path()))
                    .mend(format!("ALTER {what} {table} VALIDATE CONSTRAINT {name};"));
            }
            Validity::NotEnforced => {
                cx.report(Some(&object.key), format!("{} is not enforced", object.key.path()))
                    .at_most(Level::Note)
                    .mend(format!("ALTER TABLE {table} ALTER CONSTRAINT {name} ENFORCED;"));
            }
        }
    }
    for (object, table) in tables(cx.catalog) {
        let sql = cx.name(&object.key);
        for column in &table.columns {
            let Some(not_null) = column.not_null.as_ref().filter(|found| found.validity == Validity::NotValid) else {
                continue;
            };
            let name = not_null.name.clone().unwrap_or_else(|| format!("{}_{}_not_null", object.key.name, column.name));
            let message = format!("{}.{}: NOT NULL was never checked on the rows before it", object.key.path(), column.name);
            let mend = format!("ALTER TABLE {sql} VALIDATE CONSTRAINT {};", cx.dialect.identifier(&name));
            cx.report(Some(&object.key), message).mend(mend);
        }
    }
}
