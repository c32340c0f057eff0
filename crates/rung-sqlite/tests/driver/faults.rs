//! What goes wrong beneath: no room, a file that can't be written, a damaged one.

use rung_engine::{DbError, DbErrorKind, Driver, Failure, Session, UnitError};

use crate::support::{Db, apply, done, ids, log, names, sql, value};

fn database_error(error: UnitError) -> DbError {
    match error.failure {
        Failure::Database(error) => error,
        other => panic!("{other:?}"),
    }
}

/// Leaves room for so many more pages.
fn leave_pages(sqlite: &mut rung_sqlite::Sqlite, pages: usize) {
    let used: usize = value(sqlite, "PRAGMA page_count").parse().unwrap();
    sqlite.query(&format!("PRAGMA max_page_count = {}", used + pages)).unwrap();
}

#[test]
fn no_room() {
    let db = Db::new();
    let mut sqlite = db.ready();
    apply(&mut sqlite, vec![sql(0, "CREATE TABLE a (x)")]).0.unwrap();
    leave_pages(&mut sqlite, 20);
    let units = vec![
        sql(1, "CREATE TABLE b (x)"),
        sql(2, "CREATE TABLE c (x)"),
        sql(3, "CREATE TABLE d (x); INSERT INTO d VALUES (zeroblob(1000000))"),
        sql(4, "CREATE TABLE e (x)"),
    ];
    let (result, heard) = apply(&mut sqlite, units);
    let error = result.unwrap_err();
    assert_eq!((error.unit, error.statement), (3, Some(1)));
    let error = database_error(*error);
    assert_eq!(error.kind, DbErrorKind::DiskFull);
    assert_eq!(error.message, format!("{}: database or disk is full", db.path().display()));
    assert_eq!(heard.done, [1, 2]);
    assert_eq!(names(&mut sqlite), ["a", "b", "c"]);
    assert_eq!(done(&mut sqlite), ids(0..3));
    assert_eq!(value(&mut sqlite, "PRAGMA integrity_check"), "ok");
    leave_pages(&mut sqlite, 1000);
    apply(&mut sqlite, vec![sql(3, "CREATE TABLE d (x); INSERT INTO d VALUES (zeroblob(1000000))")]).0.unwrap();
}

#[test]
fn no_room_at_any_point() {
    // Wherever it comes, what the history has as done is there, and nothing else is.
    for pages in 0..30 {
        let db = Db::new();
        let mut sqlite = db.ready();
        leave_pages(&mut sqlite, pages);
        let units = (0..8).map(|n| sql(n, &format!("CREATE TABLE t{n} (x); CREATE INDEX i{n} ON t{n} (x)"))).collect();
        let (result, heard) = apply(&mut sqlite, units);
        let stands = heard.done.len();
        assert_eq!(heard.done, (0..stands).collect::<Vec<_>>());
        match result {
            Ok(()) => assert_eq!(stands, 8, "{pages}"),
            Err(error) => {
                assert_eq!(error.unit, stands, "{pages}");
                assert_eq!(database_error(*error).kind, DbErrorKind::DiskFull, "{pages}");
            }
        }
        drop(sqlite);
        let mut sqlite = db.open();
        assert_eq!(done(&mut sqlite), ids(0..stands), "{pages}");
        assert_eq!(names(&mut sqlite).len(), stands * 2, "{pages}");
        assert_eq!(value(&mut sqlite, "PRAGMA integrity_check"), "ok", "{pages}");
    }
}

#[test]
fn no_room_for_rungs_tables() {
    let db = Db::new();
    let mut sqlite = db.open();
    sqlite.execute("CREATE TABLE users (id)").unwrap();
    leave_pages(&mut sqlite, 4);
    let error = sqlite.ensure_tables().unwrap_err();
    assert_eq!(error.kind, DbErrorKind::DiskFull);
    assert!(!sqlite.in_transaction());
    assert_eq!(value(&mut sqlite, "SELECT group_concat(name) FROM sqlite_schema"), "users");
    assert_eq!(sqlite.history().unwrap().iter().len(), 0);
}

#[test]
fn a_file_that_is_read_only() {
    let db = Db::new();
    let mut sqlite = db.ready();
    apply(&mut sqlite, vec![sql(0, "CREATE TABLE a (x)")]).0.unwrap();
    drop(sqlite);
    // A write version above 2 makes a file read-only, for root as well as for others:
    // https://sqlite.org/fileformat2.html#file_format_version_numbers
    let mut bytes = std::fs::read(db.path()).unwrap();
    bytes[18] = 3;
    std::fs::write(db.path(), &bytes).unwrap();
    let mut sqlite = db.open();
    assert_eq!(done(&mut sqlite), ids(0..1), "it can be read");
    sqlite.ensure_tables().unwrap();
    let (result, heard) = apply(&mut sqlite, vec![sql(1, "CREATE TABLE b (x)")]);
    let error = database_error(*result.unwrap_err());
    assert_eq!(error.kind, DbErrorKind::ReadOnly);
    assert_eq!(error.message, format!("{}: attempt to write a readonly database", db.path().display()));
    assert!(error.hint.is_some());
    assert_eq!(heard.done, [0_usize; 0]);
    assert_eq!(sqlite.write(&[log(1)]).unwrap_err().kind, DbErrorKind::ReadOnly);
    assert!(!sqlite.in_transaction());
    drop(sqlite);
    assert_eq!(std::fs::read(db.path()).unwrap(), bytes);
    assert_eq!(db.files(), ["app.db"]);
}

#[test]
fn a_damaged_file() {
    let db = Db::new();
    let mut sqlite = db.ready();
    let fill = "CREATE TABLE a (x); INSERT INTO a WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2000) SELECT i FROM n";
    apply(&mut sqlite, vec![sql(0, fill)]).0.unwrap();
    drop(sqlite);
    let mut bytes = std::fs::read(db.path()).unwrap();
    // All but the first pages, where the schema and the history are.
    let from = 4096 * 14;
    assert!(bytes.len() > from + 4096);
    bytes[from..].fill(0x5a);
    std::fs::write(db.path(), &bytes).unwrap();
    let mut sqlite = db.open();
    let (result, _) = apply(&mut sqlite, vec![sql(1, "CREATE TABLE b (x)"), sql(2, "UPDATE a SET x = x + 1")]);
    let error = database_error(*result.unwrap_err());
    assert_eq!(error.message, format!("{}: database disk image is malformed", db.path().display()));
    assert!(error.hint.unwrap().contains("backup"));
    // What is left of a damaged file can be wiped.
    sqlite.wipe().unwrap();
    assert_eq!(value(&mut sqlite, "PRAGMA integrity_check"), "ok");
}

#[test]
fn a_conflict_that_rolls_all_back_takes_only_its_own_migration() {
    let db = Db::new();
    let mut sqlite = db.ready();
    let units = vec![
        sql(0, "CREATE TABLE a (x UNIQUE)"),
        sql(1, "INSERT INTO a VALUES (1)"),
        sql(2, "INSERT INTO a VALUES (2); INSERT OR ROLLBACK INTO a VALUES (1)"),
        sql(3, "INSERT INTO a VALUES (3)"),
    ];
    let (result, heard) = apply(&mut sqlite, units);
    let error = result.unwrap_err();
    assert_eq!((error.unit, error.statement), (2, Some(1)));
    assert_eq!(database_error(*error).message, "UNIQUE constraint failed: a.x");
    assert_eq!(heard.done, [0, 1]);
    assert_eq!(done(&mut sqlite), ids(0..2));
    assert_eq!(value(&mut sqlite, "SELECT group_concat(x) FROM a"), "1");
}
