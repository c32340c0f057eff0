//! Opening: what makes a file, what does not, and what can't be opened.

use rung_engine::{DbErrorKind, Direction, Driver, Session};
use rung_sql::Effect;
use rung_sqlite::{OpenOptions, Sqlite, open};

use crate::support::{Db, apply, done, ids, names, sql, value};

fn refused(target: &str) -> rung_engine::DbError {
    match open(target, &OpenOptions::default()) {
        Ok(_) => panic!("{target} was opened"),
        Err(error) => error,
    }
}

#[test]
fn reading_makes_nothing() {
    let db = Db::new();
    let mut sqlite = db.open();
    assert_eq!(sqlite.history().unwrap().iter().len(), 0);
    assert!(sqlite.log(None).unwrap().is_empty());
    assert!(sqlite.tags().unwrap().is_empty());
    assert!(sqlite.seeds().unwrap().is_empty());
    assert!(sqlite.journal("001_a", Direction::Up).unwrap().is_empty());
    assert_eq!(sqlite.stored_down("001_a").unwrap(), None);
    assert_eq!(sqlite.stored_up("001_a").unwrap(), None);
    assert!(sqlite.is_blank().unwrap());
    assert!(sqlite.blocked_sessions().unwrap().is_empty());
    assert!(!sqlite.in_transaction());
    assert_eq!(value(&mut sqlite, "SELECT 1 + 1"), "2");
    assert_eq!(sqlite.query("SELECT * FROM users").unwrap_err().message, "no such table: users");
    sqlite.wipe().unwrap();
    sqlite.reset().unwrap();
    sqlite.release_lock();
    drop(sqlite);
    assert_eq!(db.files(), [""; 0]);
}

#[test]
fn reading_a_database_without_a_history_makes_nothing() {
    let db = Db::new();
    db.other().execute_batch("CREATE TABLE users (id)").unwrap();
    let before = std::fs::read(db.path()).unwrap();
    let mut sqlite = db.open();
    assert_eq!(sqlite.history().unwrap().iter().len(), 0);
    assert!(sqlite.log(None).unwrap().is_empty() && sqlite.tags().unwrap().is_empty());
    assert!(sqlite.seeds().unwrap().is_empty());
    assert!(!sqlite.is_blank().unwrap());
    drop(sqlite);
    assert_eq!(db.files(), ["app.db"]);
    assert_eq!(std::fs::read(db.path()).unwrap(), before);
}

#[test]
fn writing_makes_the_file() {
    let db = Db::new();
    let mut sqlite = db.ready();
    assert_eq!(db.files(), ["app.db"]);
    assert!(sqlite.is_blank().unwrap(), "rung's own tables do not count");
    assert_eq!(sqlite.facts().place, db.path().display().to_string());
    assert!(sqlite.facts().version_number >= 3_045_000);
    assert_eq!(sqlite.facts().version.split('.').count(), 3);
}

#[test]
fn a_file_that_another_program_makes_is_seen() {
    let db = Db::new();
    let mut early = db.open();
    assert_eq!(early.history().unwrap().iter().len(), 0);
    apply(&mut db.ready(), vec![sql(0, "CREATE TABLE a (x)")]).0.unwrap();
    assert_eq!(done(&mut early), ids(0..1));
}

#[test]
fn in_memory() {
    for target in ["sqlite::memory:", "sqlite:x.db?mode=memory"] {
        let mut sqlite = open(target, &OpenOptions::default()).unwrap();
        sqlite.acquire_lock(std::time::Duration::ZERO, &mut |_, _| unreachable!()).unwrap();
        sqlite.ensure_tables().unwrap();
        apply(&mut sqlite, vec![sql(0, "CREATE TABLE a (x)")]).0.unwrap();
        assert_eq!(done(&mut sqlite), ids(0..1));
        assert_eq!(sqlite.facts().place, ":memory:");
        sqlite.wipe().unwrap();
        assert_eq!(value(&mut sqlite, "SELECT count(*) FROM sqlite_schema"), "0");
    }
}

#[test]
fn a_missing_directory() {
    let db = Db::new();
    let error = refused(&format!("sqlite:{}/no/such/app.db", db.dir.path().display()));
    assert_eq!(error.kind, DbErrorKind::NoSuchDatabase);
    assert!(error.message.ends_with("/no/such"), "{}", error.message);
    assert!(error.hint.unwrap().starts_with("mkdir -p /"));
    std::fs::write(db.dir.path().join("file"), "").unwrap();
    let error = refused(&format!("sqlite:{}/file/app.db", db.dir.path().display()));
    assert_eq!(error.kind, DbErrorKind::NoSuchDatabase);
    assert!(error.message.ends_with("/file is not a directory"), "{}", error.message);
}

#[test]
fn a_directory() {
    let db = Db::new();
    let error = refused(&format!("sqlite:{}", db.dir.path().display()));
    assert_eq!(error.kind, DbErrorKind::NoSuchDatabase);
    assert_eq!(error.message, format!("{} is a directory, not a database file", db.dir.path().display()));
}

#[test]
fn something_else() {
    let db = Db::new();
    std::fs::write(db.path(), "Dear diary, ".repeat(100)).unwrap();
    let error = refused(&db.url());
    assert_eq!(error.kind, DbErrorKind::Config);
    assert_eq!(error.message, format!("{}: file is not a database", db.path().display()));
    assert_eq!(std::fs::read(db.path()).unwrap().len(), 1200);
}

#[test]
fn an_empty_file_is_an_empty_database() {
    let db = Db::new();
    std::fs::write(db.path(), "").unwrap();
    let mut sqlite = db.open();
    assert!(sqlite.is_blank().unwrap());
    assert_eq!(std::fs::metadata(db.path()).unwrap().len(), 0);
}

#[test]
fn a_database_that_must_be_there() {
    let db = Db::new();
    for mode in ["ro", "rw"] {
        let error = refused(&format!("{}?mode={mode}", db.url()));
        assert_eq!(error.kind, DbErrorKind::NoSuchDatabase);
        assert_eq!(error.message, format!("there is no database {}", db.path().display()));
    }
    assert_eq!(db.files(), [""; 0]);
    apply(&mut db.ready(), vec![sql(0, "CREATE TABLE a (x)")]).0.unwrap();
    let mut sqlite = open(&format!("{}?mode=ro", db.url()), &OpenOptions::default()).unwrap();
    assert_eq!(done(&mut sqlite), ids(0..1));
    let error = sqlite.acquire_lock(std::time::Duration::ZERO, &mut |_, _| unreachable!()).unwrap_err();
    assert_eq!(error.kind, DbErrorKind::ReadOnly);
    let (result, _) = apply(&mut sqlite, vec![sql(1, "CREATE TABLE b (x)")]);
    let error = result.unwrap_err();
    let rung_engine::Failure::Database(error) = error.failure else { panic!("{error:?}") };
    assert_eq!(error.kind, DbErrorKind::ReadOnly);
    let mut sqlite = open(&format!("{}?mode=rw", db.url()), &OpenOptions::default()).unwrap();
    apply(&mut sqlite, vec![sql(1, "CREATE TABLE b (x)")]).0.unwrap();
}

#[test]
fn a_connection_that_is_there_already() {
    let db = Db::new();
    let connection = db.other();
    connection
        .execute_batch("PRAGMA foreign_keys = ON; CREATE TEMP TABLE mine (a); ATTACH ':memory:' AS theirs")
        .unwrap();
    let mut sqlite = Sqlite::from_connection(connection, OpenOptions::default()).unwrap();
    sqlite.ensure_tables().unwrap();
    let units = vec![
        sql(0, "CREATE TEMP TABLE scratch (a); PRAGMA recursive_triggers = ON; CREATE TABLE a (x)"),
        sql(1, "CREATE TABLE b (x)"),
    ];
    apply(&mut sqlite, units).0.unwrap();
    sqlite.reset().unwrap();
    assert_eq!(names(&mut sqlite), ["a", "b"]);
    assert_eq!(value(&mut sqlite, "PRAGMA foreign_keys"), "1");
    assert_eq!(value(&mut sqlite, "PRAGMA recursive_triggers"), "0");
    assert_eq!(value(&mut sqlite, "SELECT group_concat(name) FROM sqlite_temp_schema"), "mine");
    assert_eq!(value(&mut sqlite, "SELECT count(*) FROM pragma_database_list WHERE name = 'theirs'"), "1");
}

#[test]
fn foreign_keys_are_as_chosen() {
    for (foreign_keys, pragma) in [(false, "0"), (true, "1")] {
        let db = Db::new();
        let mut sqlite = db.open_with(&OpenOptions { foreign_keys, ..OpenOptions::default() });
        sqlite.ensure_tables().unwrap();
        assert_eq!(value(&mut sqlite, "PRAGMA foreign_keys"), pragma);
    }
}

#[test]
fn a_database_without_sessions() {
    let db = Db::new();
    let mut sqlite = db.open();
    assert_eq!(sqlite.kill(1).unwrap_err().kind, DbErrorKind::Config);
    assert_eq!(sqlite.copy("COPY t FROM STDIN", "1\n").unwrap_err().kind, DbErrorKind::Statement);
    assert_eq!(sqlite.probe(&Effect::Repeatable).unwrap(), rung_engine::Probe::Repeatable);
}
