//! `integrity`.

use super::prelude::*;

pub(super) static CHECK: Check = Check {
    name: "integrity",
    level: Some(Level::Error),
    dialects: ALL,
    what: "Damage to the file: on SQLite what `integrity_check` finds, on PostgreSQL pages whose checksum was wrong when they were read.",
    why: "Rows are lost or wrong, and each write may make it worse.",
    instead: "Take a copy of the files as they are, then go back to the last good backup; look for what damaged them.",
    find: Find::Live(
        &[
            ("sqlite", "PRAGMA integrity_check(20)"),
            (
                "postgres",
                "SELECT 'checksums', checksum_failures, checksum_last_failure FROM pg_catalog.pg_stat_database \
                 WHERE datname = pg_catalog.current_database() AND checksum_failures > 0",
            ),
        ],
        find,
    ),
    cases: &[
        Case::silent("CREATE TABLE t (a int PRIMARY KEY);"),
        Case::silent("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT UNIQUE); INSERT INTO t (b) VALUES ('x');").sqlite(),
        Case::fires(
            "CREATE TABLE t (a TEXT, b INTEGER); INSERT INTO t VALUES ('x', 1); PRAGMA writable_schema = ON; \
             UPDATE sqlite_schema SET sql = 'CREATE TABLE t (a TEXT, b INTEGER, CHECK (b > 3))' WHERE name = 't';",
        )
        .sqlite(),
    ],
};

fn find(cx: &mut Examination<'_>, rows: &[Row]) {
    for row in rows {
        match (text(row, 0), row.len()) {
            ("ok", 1) => {}
            ("checksums", _) => {
                let message = format!("{} pages of the database had a wrong checksum when they were read", text(row, 1));
                cx.report(None, message)
                    .note(format!("the last one at {}; the server's log names the files", text(row, 2)))
                    .mend("pg_basebackup, before anything else is written; then `pg_amcheck` finds the tables");
            }
            (said, _) => {
                let (said, is_index) = (said.to_owned(), said.contains("index"));
                let mend = if is_index { "REINDEX;" } else { "sqlite3 DATABASE '.recover' | sqlite3 NEW_DATABASE" };
                cx.report(None, format!("the file is damaged: {said}")).mend(mend);
            }
        }
    }
}
