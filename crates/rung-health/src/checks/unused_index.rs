//! `unused-index`.

use super::prelude::*;

pub(super) static CHECK: Check = Check {
    name: "unused-index",
    level: Some(Level::Note),
    dialects: POSTGRES,
    what: "An index that no query has used, while its table was read a thousand times, or as often as rung.toml says. Indexes of constraints, and those that a foreign key needs, are none.",
    why: "Every write pays for it, and it takes room in memory and on disk.",
    instead: "Look on the replicas too, which count for themselves; then drop it.",
    find: Find::Live(
        &[(
            "postgres",
            "SELECT s.schemaname, s.indexrelname, t.idx_scan + t.seq_scan, pg_catalog.pg_size_pretty(pg_catalog.pg_relation_size(s.indexrelid)), \
             (SELECT d.stats_reset FROM pg_catalog.pg_stat_database d WHERE d.datname = pg_catalog.current_database()) \
             FROM pg_catalog.pg_stat_user_indexes s JOIN pg_catalog.pg_stat_user_tables t ON t.relid = s.relid \
             JOIN pg_catalog.pg_index i ON i.indexrelid = s.indexrelid \
             WHERE s.idx_scan = 0 AND i.indisvalid AND NOT i.indisunique AND NOT i.indisreplident AND NOT i.indisexclusion \
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhrelid = s.indexrelid) \
             ORDER BY pg_catalog.pg_relation_size(s.indexrelid) DESC",
        )],
        find,
    ),
    cases: &[Case::silent("CREATE TABLE t (a int); CREATE INDEX i ON t (a);")],
};

fn find(cx: &mut Examination<'_>, rows: &[Row]) {
    for row in rows {
        let Some(reads) = number::<u64>(row, 2).filter(|reads| *reads >= cx.options.unused_after) else { continue };
        let Some(object) = cx.find(Kind::Index, Some(text(row, 0)), text(row, 1)) else { continue };
        let Body::Index(index) = &object.body else { continue };
        if needed(cx, object, index) {
            continue;
        }
        let (path, sql) = (object.key.path(), cx.name(&object.key));
        let since = match text(row, 4) {
            "" => "since the database was made".to_owned(),
            time => format!("since the statistics were reset at {time}"),
        };
        cx.report(Some(&object.key), format!("{path} was never used, while its table was read {reads} times"))
            .note(format!("{}; {since}", text(row, 3)))
            .mend(format!("DROP INDEX CONCURRENTLY {sql};"));
    }
}

/// Whether a foreign key has no other.
fn needed(cx: &Examination<'_>, object: &Object, index: &Index) -> bool {
    let Some(table) = index.table.as_deref() else { return false };
    let indexes = cx.indexes(table);
    let keys = foreign_keys(cx.catalog).filter(|(key, ..)| {
        key.key.schema == table.schema && key.key.parent.as_ref() == Some(&table.name)
    });
    let others = |columns: &[String]| {
        indexes.iter().any(|(other, its)| other.key != object.key && leads_to(its, columns))
    };
    keys.map(|(_, _, key)| &key.columns).any(|columns| leads_to(index, columns) && !others(columns))
}
