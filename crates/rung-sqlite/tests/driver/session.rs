//! What a migration does to the connection does not reach the next one.

use rung_engine::{Driver, Session};
use rung_sqlite::OpenOptions;

use crate::support::{Db, apply, send, sql, value};

#[test]
fn settings_do_not_reach_the_next_unit() {
    let db = Db::new();
    let mut sqlite = db.ready();
    let units = vec![
        sql(
            0,
            "PRAGMA recursive_triggers = ON; PRAGMA reverse_unordered_selects = ON; PRAGMA cache_size = 7; \
             PRAGMA legacy_alter_table = ON; PRAGMA writable_schema = ON; PRAGMA ignore_check_constraints = ON; \
             CREATE TEMP TABLE scratch (a); CREATE TEMP VIEW peek AS SELECT * FROM scratch; \
             CREATE TEMP TRIGGER tr AFTER INSERT ON scratch BEGIN SELECT 1; END; \
             CREATE TABLE seen AS SELECT * FROM pragma_recursive_triggers",
        ),
        sql(
            1,
            "CREATE TABLE after (name, value); \
             INSERT INTO after SELECT 'recursive_triggers', recursive_triggers FROM pragma_recursive_triggers; \
             INSERT INTO after SELECT 'legacy_alter_table', legacy_alter_table FROM pragma_legacy_alter_table; \
             INSERT INTO after SELECT 'writable_schema', writable_schema FROM pragma_writable_schema; \
             INSERT INTO after SELECT 'temp', count(*) FROM sqlite_temp_schema; \
             INSERT INTO after SELECT 'cache', cache_size FROM pragma_cache_size;",
        ),
    ];
    let cache = value(&mut sqlite, "PRAGMA cache_size");
    apply(&mut sqlite, units).0.unwrap();
    assert_eq!(value(&mut sqlite, "SELECT * FROM seen"), "1");
    assert_eq!(value(&mut sqlite, "SELECT sum(value) FROM after WHERE name <> 'cache'"), "0");
    assert_eq!(value(&mut sqlite, "SELECT value FROM after WHERE name = 'cache'"), cache);
}

#[test]
fn the_only_unit_leaves_the_session_to_the_caller() {
    // A journalled file is one unit a statement: what one sets up, the next needs.
    let db = Db::new();
    let mut sqlite = db.ready();
    apply(&mut sqlite, vec![sql(0, "CREATE TEMP TABLE scratch AS SELECT 7 AS a")]).0.unwrap();
    apply(&mut sqlite, vec![sql(1, "CREATE TABLE kept AS SELECT a FROM scratch")]).0.unwrap();
    assert_eq!(value(&mut sqlite, "SELECT a FROM kept"), "7");
    sqlite.reset().unwrap();
    assert_eq!(value(&mut sqlite, "SELECT count(*) FROM sqlite_temp_schema"), "0");
}

#[test]
fn foreign_keys_switched_off_for_a_rebuild_come_back() {
    for foreign_keys in [false, true] {
        let db = Db::new();
        let mut sqlite = db.open_with(&OpenOptions { foreign_keys, ..OpenOptions::default() });
        sqlite.ensure_tables().unwrap();
        let tables = "CREATE TABLE users (id INTEGER PRIMARY KEY, old); \
             CREATE TABLE posts (u REFERENCES users ON DELETE CASCADE); \
             INSERT INTO users VALUES (1, 'x'); INSERT INTO posts VALUES (1)";
        apply(&mut sqlite, vec![sql(0, tables)]).0.unwrap();
        // As the files of SQLite's own advice go: https://sqlite.org/lang_altertable.html#otheralter
        for statement in [
            "PRAGMA foreign_keys = OFF",
            "BEGIN",
            "CREATE TABLE users_new (id INTEGER PRIMARY KEY)",
            "INSERT INTO users_new SELECT id FROM users",
            "DROP TABLE users",
            "ALTER TABLE users_new RENAME TO users",
            "PRAGMA foreign_key_check",
            "COMMIT",
        ] {
            send(&mut sqlite, statement).unwrap();
        }
        assert_eq!(value(&mut sqlite, "PRAGMA foreign_keys"), "0");
        assert_eq!(value(&mut sqlite, "SELECT count(*) FROM posts"), "1");
        sqlite.reset().unwrap();
        assert_eq!(value(&mut sqlite, "PRAGMA foreign_keys"), if foreign_keys { "1" } else { "0" });
    }
}

#[test]
fn statements_that_answer_and_statements_that_stay() {
    let db = Db::new();
    let mut sqlite = db.ready();
    assert_eq!(send(&mut sqlite, "PRAGMA journal_mode = WAL").unwrap(), 1);
    assert_eq!(send(&mut sqlite, "CREATE TABLE t (a)").unwrap(), 0);
    assert_eq!(send(&mut sqlite, "INSERT INTO t VALUES (1), (2)").unwrap(), 2);
    assert_eq!(send(&mut sqlite, "VACUUM").unwrap(), 0);
    let error = send(&mut sqlite, "SELECT missing FROM t").unwrap_err();
    assert_eq!((error.message.as_str(), error.offset), ("no such column: missing", Some(7)));
    sqlite.reset().unwrap();
    assert_eq!(value(&mut sqlite, "PRAGMA journal_mode"), "wal", "that is the file's, not the session's");
}

#[test]
fn attached_databases_are_detached() {
    let db = Db::new();
    let mut sqlite = db.ready();
    let other = db.dir.path().join("other.db");
    send(&mut sqlite, &format!("ATTACH '{}' AS other", other.display())).unwrap();
    apply(&mut sqlite, vec![sql(0, "CREATE TABLE other.kept (a)")]).0.unwrap();
    sqlite.reset().unwrap();
    assert!(sqlite.query("SELECT * FROM other.kept").is_err());
    assert!(other.exists());
}

#[test]
fn a_transaction_that_was_left_open_is_rolled_back() {
    let db = Db::new();
    let mut sqlite = db.ready();
    send(&mut sqlite, "BEGIN").unwrap();
    send(&mut sqlite, "CREATE TABLE a (x)").unwrap();
    assert!(sqlite.in_transaction());
    sqlite.reset().unwrap();
    assert!(!sqlite.in_transaction());
    assert_eq!(value(&mut sqlite, "SELECT count(*) FROM sqlite_schema WHERE name = 'a'"), "0");
}

#[test]
fn a_locking_mode_and_a_busy_timeout_do_not_stay() {
    let db = Db::new();
    let mut sqlite = db.ready();
    send(&mut sqlite, "PRAGMA locking_mode = EXCLUSIVE").unwrap();
    send(&mut sqlite, "PRAGMA query_only = ON").unwrap();
    send(&mut sqlite, "PRAGMA busy_timeout = 1").unwrap();
    sqlite.reset().unwrap();
    assert_eq!(value(&mut sqlite, "PRAGMA locking_mode"), "normal");
    apply(&mut sqlite, vec![sql(0, "CREATE TABLE a (x)")]).0.unwrap();
    db.other().execute_batch("CREATE TABLE b (x)").unwrap();
}
