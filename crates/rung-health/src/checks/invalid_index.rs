//! `invalid-index`.

use super::prelude::*;

pub(super) static CHECK: Check = Check {
    name: "invalid-index",
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "An index that is not valid: a concurrent build failed, or was interrupted.",
    why: "No query uses it, and every write pays for it; a unique one lets no duplicates in and yet proves nothing.",
    instead: "Build it again, or drop it. What ends in `_ccnew` or `_ccold` was left by REINDEX CONCURRENTLY and is to be dropped.",
    find: Find::Live(&[("postgres", BUILDING)], find),
    cases: &[
        Case::fires(
            "CREATE TABLE t (a int); CREATE INDEX i ON t (a); \
             UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i'::regclass;",
        ),
        Case::fires("CREATE TABLE t (a int) PARTITION BY RANGE (a); CREATE TABLE t1 PARTITION OF t DEFAULT; CREATE INDEX i ON ONLY t (a);"),
        Case::silent("CREATE TABLE t (a int); CREATE INDEX i ON t (a);"),
        Case::silent("CREATE TABLE t (a int) PARTITION BY RANGE (a); CREATE INDEX i ON t (a);"),
    ],
};

/// Indexes that are being built now.
const BUILDING: &str = "SELECT n.nspname, c.relname, p.pid FROM pg_catalog.pg_stat_progress_create_index p \
    JOIN pg_catalog.pg_class c ON c.oid = p.index_relid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    WHERE p.datname = pg_catalog.current_database()";

fn find(cx: &mut Examination<'_>, building: &[Row]) {
    for object in cx.catalog {
        let (index, name) = match &object.body {
            Body::Index(index) => (&**index, &object.key.name),
            Body::Constraint(constraint) => match &constraint.index {
                Some(index) => (&**index, &object.key.name),
                None => continue,
            },
            _ => continue,
        };
        if index.valid {
            continue;
        }
        let schema = object.key.schema.as_deref().unwrap_or_default();
        let at_work = building.iter().find(|row| text(row, 0) == schema && text(row, 1) == name);
        let key = Key::new(Kind::Index, Some(schema), name);
        let (path, sql) = (key.path(), cx.name(&key));
        if let Some(row) = at_work {
            cx.report(Some(&object.key), format!("{path} is being built by process {}", text(row, 2)))
                .at_most(Level::Note)
                .mend("rung health, when it is done");
        } else if index.on_only {
            cx.report(Some(&object.key), format!("{path} is not valid: there are partitions that lack an index of it"))
                .mend(format!("ALTER INDEX {sql} ATTACH PARTITION <the index of a partition>;"));
        } else if name.contains("_ccnew") || name.contains("_ccold") {
            cx.report(Some(&object.key), format!("{path} was left by REINDEX CONCURRENTLY"))
                .mend(format!("DROP INDEX CONCURRENTLY {sql};"));
        } else {
            cx.report(Some(&object.key), format!("{path} is not valid: it was not built to its end"))
                .mend(format!("REINDEX INDEX CONCURRENTLY {sql};"));
        }
    }
}
