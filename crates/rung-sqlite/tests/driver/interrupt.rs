//! Stopping: by a timeout, by whoever waits, and while another program is in the way.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rung_engine::{DbErrorKind, Driver, Failure, Interrupter, Session, Timeouts, Unit, UnitError};
use rung_sqlite::{OpenOptions, Sqlite};

use crate::support::{Db, Heard, apply, done, ids, names, sql, value};

const FOREVER: &str =
    "CREATE TABLE big AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0";

fn kind(error: &UnitError) -> DbErrorKind {
    match &error.failure {
        Failure::Database(error) => error.kind,
        other => panic!("{other:?}"),
    }
}

fn soon(interrupter: Arc<dyn Interrupter>, after: Duration) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        std::thread::sleep(after);
        interrupter.interrupt();
    })
}

fn with(mut unit: Unit, timeouts: Timeouts) -> Unit {
    unit.timeouts = timeouts;
    unit
}

#[test]
fn a_statement_timeout_is_each_statements() {
    let limit = Timeouts { statement: Some(Duration::from_millis(300)), lock: None };
    let db = Db::new();
    let mut sqlite = db.ready();
    // Each takes a while, and none the limit; together they do.
    let slow = "SELECT count(*) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5000) SELECT i FROM n);";
    let mut next = 0;
    let mut took = Duration::ZERO;
    while took <= Duration::from_millis(300) {
        let began = Instant::now();
        apply(&mut sqlite, vec![with(sql(next, &slow.repeat(64 << next)), limit)]).0.unwrap();
        took = began.elapsed();
        next += 1;
    }

    let began = Instant::now();
    let units = vec![sql(next, "CREATE TABLE a (x)"), with(sql(next + 1, FOREVER), limit)];
    let (result, heard) = apply(&mut sqlite, units);
    let error = result.unwrap_err();
    assert_eq!((error.unit, kind(&error)), (next + 1, DbErrorKind::StatementTimeout));
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(heard.done, [next]);
    // The limit is gone with the unit.
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(600) {
        sqlite.query(slow).unwrap();
    }
    sqlite.query(&slow.replace("5000", "3000000")).unwrap();
}

#[test]
fn a_statement_timeout_of_a_statement_on_its_own() {
    let db = Db::new();
    let mut sqlite = db.ready();
    let limit = Timeouts { statement: Some(Duration::from_millis(100)), lock: None };
    let error = sqlite.execute_watched(FOREVER, &limit, &mut Heard::default()).unwrap_err();
    assert_eq!(error.kind, DbErrorKind::StatementTimeout);
    assert_eq!(error.message, "canceled: the statement timeout of 100ms was reached");
    assert_eq!(names(&mut sqlite), [""; 0]);
}

#[test]
fn an_interrupt_stops_the_statement_and_keeps_what_was_done() {
    let db = Db::new();
    let mut sqlite = db.ready();
    let stopper = soon(sqlite.interrupter(), Duration::from_millis(200));
    let units = vec![sql(0, "CREATE TABLE a (x)"), sql(1, FOREVER), sql(2, "CREATE TABLE c (x)")];
    let (result, heard) = apply(&mut sqlite, units);
    stopper.join().unwrap();
    let error = result.unwrap_err();
    assert_eq!((error.unit, kind(&error)), (1, DbErrorKind::Canceled));
    assert_eq!(heard.done, [0]);
    assert_eq!((names(&mut sqlite), done(&mut sqlite)), (vec!["a".to_owned()], ids(0..1)));
    assert!(!sqlite.in_transaction());
}

#[test]
fn an_interrupted_change_of_rows_keeps_what_was_done_before_it() {
    // SQLite rolls the whole transaction back then: https://sqlite.org/c3ref/interrupt.html
    let db = Db::new();
    let mut sqlite = db.ready();
    let stopper = soon(sqlite.interrupter(), Duration::from_millis(200));
    let endless = "INSERT INTO a WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i % 1000 = 0";
    let units = vec![sql(0, "CREATE TABLE a (x)"), sql(1, "INSERT INTO a VALUES (1)"), sql(2, endless)];
    let (result, heard) = apply(&mut sqlite, units);
    stopper.join().unwrap();
    let error = result.unwrap_err();
    assert_eq!((error.unit, kind(&error)), (2, DbErrorKind::Canceled));
    assert_eq!(heard.done, [0, 1]);
    assert_eq!(done(&mut sqlite), ids(0..2));
    assert_eq!(value(&mut sqlite, "SELECT count(*) FROM a"), "1");
}

#[test]
fn an_interrupt_between_short_statements_is_not_lost() {
    let db = Db::new();
    let mut sqlite = db.ready();
    let many = vec![sql(0, &format!("CREATE TABLE a (x);{}", "INSERT INTO a VALUES (1);".repeat(100_000)))];
    let stopper = soon(sqlite.interrupter(), Duration::from_millis(30));
    let (result, _) = apply(&mut sqlite, many);
    stopper.join().unwrap();
    assert_eq!(kind(&result.unwrap_err()), DbErrorKind::Canceled);
    assert_eq!(names(&mut sqlite), [""; 0]);
    // And it does not reach the next run.
    apply(&mut sqlite, vec![sql(0, "CREATE TABLE a (x)")]).0.unwrap();
    sqlite.interrupter().interrupt();
    apply(&mut sqlite, vec![sql(1, "CREATE TABLE b (x)")]).0.unwrap();
}

fn write_lock_held(db: &Db) -> rusqlite::Connection {
    let other = db.other();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    other
}

#[test]
fn another_writer_is_waited_for_as_long_as_allowed() {
    let db = Db::new();
    let mut sqlite = db.ready();
    let other = write_lock_held(&db);
    let limit = Timeouts { lock: Some(Duration::from_millis(300)), statement: None };
    let began = Instant::now();
    let (result, heard) = apply(&mut sqlite, vec![with(sql(0, "CREATE TABLE a (x)"), limit)]);
    let error = result.unwrap_err();
    let took = began.elapsed();
    assert_eq!((error.unit, error.part, kind(&error)), (0, None, DbErrorKind::LockTimeout));
    assert!((Duration::from_millis(290)..Duration::from_secs(2)).contains(&took), "{took:?}");
    assert_eq!(heard.done, [0_usize; 0]);
    let Failure::Database(error) = &error.failure else { panic!("{error:?}") };
    assert_eq!(error.message, format!("{}: database is locked", db.path().display()));

    let releaser = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        other.execute_batch("CREATE TABLE theirs (x); COMMIT").unwrap();
    });
    apply(&mut sqlite, vec![sql(0, "CREATE TABLE a (x)")]).0.unwrap();
    releaser.join().unwrap();
    assert_eq!(names(&mut sqlite), ["a", "theirs"]);
}

#[test]
fn whoever_waits_without_end_can_be_stopped() {
    let db = Db::new();
    let mut sqlite = db.ready();
    let other = write_lock_held(&db);
    let stopper = soon(sqlite.interrupter(), Duration::from_millis(300));
    let endless = Timeouts { lock: Some(Duration::ZERO), statement: None };
    let began = Instant::now();
    let (result, _) = apply(&mut sqlite, vec![with(sql(0, "CREATE TABLE a (x)"), endless)]);
    stopper.join().unwrap();
    assert_eq!(kind(&result.unwrap_err()), DbErrorKind::Canceled);
    assert!(began.elapsed() < Duration::from_secs(5));
    drop(other);
}

#[test]
fn a_reader_in_the_way_of_the_commit_is_waited_for_and_then_it_is_a_lock_timeout() {
    let db = Db::new();
    let mut sqlite = db.ready();
    let reader = db.other();
    reader.execute_batch("BEGIN; SELECT * FROM rung_schema_migrations").unwrap();
    reader.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).unwrap();
    let limit = Timeouts { lock: Some(Duration::from_millis(200)), statement: None };
    let units = || (0..3).map(|n| with(sql(n, &format!("CREATE TABLE t{n} (x)")), limit)).collect::<Vec<_>>();
    let (result, heard) = apply(&mut sqlite, units());
    let error = result.unwrap_err();
    assert_eq!((error.unit, kind(&error)), (0, DbErrorKind::LockTimeout), "none of them was committed");
    assert_eq!(heard.done, [0_usize; 0]);
    assert!(!sqlite.in_transaction());
    reader.execute_batch("COMMIT").unwrap();
    apply(&mut sqlite, units()).0.unwrap();
    assert_eq!(done(&mut sqlite), ids(0..3));
}

#[test]
fn a_write_of_records_waits_too() {
    let db = Db::new();
    db.ready();
    let mut sqlite: Sqlite =
        db.open_with(&OpenOptions { busy_timeout: Duration::from_millis(100), ..OpenOptions::default() });
    let other = write_lock_held(&db);
    let error = sqlite.write(&[crate::support::log(0)]).unwrap_err();
    assert_eq!(error.kind, DbErrorKind::LockTimeout);
    assert!(!sqlite.in_transaction());
    drop(other);
    sqlite.write(&[crate::support::log(0)]).unwrap();
}
