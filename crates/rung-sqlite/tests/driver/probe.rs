//! Looking whether a statement took effect.

use rung_engine::{Driver, Probe, Session};
use rung_sql::sqlite_facts;

use crate::support::Db;

#[test]
fn what_is_there_and_what_is_not() {
    let db = Db::new();
    let mut sqlite = db.ready();
    let statements = [
        ("CREATE TABLE users (id, \"Odd Name\")", "DROP TABLE users"),
        ("CREATE INDEX users_id ON users (id)", "DROP INDEX users_id"),
        ("CREATE UNIQUE INDEX IF NOT EXISTS main.\"Users 2\" ON users (id)", "DROP INDEX IF EXISTS \"Users 2\""),
        ("CREATE VIEW v AS SELECT 1", "DROP VIEW v"),
        ("CREATE TRIGGER tr AFTER INSERT ON users BEGIN SELECT 1; END", "DROP TRIGGER main.tr"),
        ("ALTER TABLE Users ADD COLUMN Email TEXT", "ALTER TABLE users DROP COLUMN email"),
        ("ALTER TABLE users ADD \"it's\" TEXT", "ALTER TABLE users DROP \"it's\""),
        ("CREATE VIRTUAL TABLE words USING fts5 (body)", "DROP TABLE words"),
    ];
    sqlite.execute("CREATE TABLE keep (a)").unwrap();
    for (make, unmake) in statements {
        let probe = |sqlite: &mut rung_sqlite::Sqlite, sql: &str| sqlite.probe(&sqlite_facts(sql).effect).unwrap();
        assert_eq!(probe(&mut sqlite, make), Probe::NotDone, "{make}");
        sqlite.execute(make).unwrap();
        assert_eq!(probe(&mut sqlite, make), Probe::Done, "{make}");
        assert_eq!(probe(&mut sqlite, unmake), Probe::NotDone, "{unmake}");
        if !make.contains("TABLE users (") {
            sqlite.execute(unmake).unwrap();
            assert_eq!(probe(&mut sqlite, unmake), Probe::Done, "{unmake}");
        }
    }
}

#[test]
fn what_can_not_be_told_and_what_may_be_repeated() {
    let db = Db::new();
    let mut sqlite = db.ready();
    for (sql, expected) in [
        ("VACUUM", Probe::Repeatable),
        ("PRAGMA foreign_keys = OFF", Probe::Repeatable),
        ("ATTACH 'x' AS y", Probe::Repeatable),
        ("REINDEX", Probe::Repeatable),
        ("INSERT INTO t VALUES (1)", Probe::Unknown),
        ("ALTER TABLE a RENAME TO b", Probe::Unknown),
        ("ALTER TABLE missing ADD COLUMN a", Probe::NotDone),
        ("ALTER TABLE missing DROP COLUMN a", Probe::Unknown),
        ("CREATE TABLE nowhere.t (a)", Probe::Unknown),
        ("CREATE TABLE temp.t (a)", Probe::NotDone),
    ] {
        assert_eq!(sqlite.probe(&sqlite_facts(sql).effect).unwrap(), expected, "{sql}");
    }
}
