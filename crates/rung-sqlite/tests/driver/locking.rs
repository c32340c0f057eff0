//! The deployer's lock, between drivers of one process; see `processes` for several.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rung_engine::{Continue, DbErrorKind, Driver};
use rung_sqlite::{OpenOptions, open};

use crate::support::Db;

const NOT_LONG: Duration = Duration::from_secs(20);

fn take(sqlite: &mut rung_sqlite::Sqlite, wait: Duration) -> Result<(), rung_engine::DbError> {
    sqlite.acquire_lock(wait, &mut |_, _| Continue::Yes)
}

#[test]
fn one_at_a_time_and_nothing_stays_behind() {
    let db = Db::new();
    let mut first = db.open_with(&OpenOptions { host: "build-3".to_owned(), ..OpenOptions::default() });
    let mut second = db.open();
    take(&mut first, NOT_LONG).unwrap();
    assert_eq!(db.files(), ["app.db-rung.lock"], "there need not be a database yet");
    let error = take(&mut second, Duration::ZERO).unwrap_err();
    assert_eq!(error.kind, DbErrorKind::Locked);
    let pid = std::process::id();
    assert_eq!(error.message, format!("another rung is at work: pid {pid} on build-3, for 0 s"));
    assert!(error.hint.is_some());
    first.release_lock();
    assert_eq!(db.files(), [""; 0]);
    take(&mut second, Duration::ZERO).unwrap();
    drop(second);
    assert_eq!(db.files(), [""; 0], "a driver that goes takes its lock along");
}

#[test]
fn whoever_waits_is_told_who_has_it() {
    let db = Db::new();
    let mut first = db.open_with(&OpenOptions { host: "build-3".to_owned(), ..OpenOptions::default() });
    take(&mut first, NOT_LONG).unwrap();
    let mut second = db.open();
    let mut told = Vec::new();
    let began = Instant::now();
    let error = second
        .acquire_lock(Duration::from_millis(2_300), &mut |holder, waited| {
            told.push((holder.who.clone(), waited));
            assert!(holder.since.unwrap() < Duration::from_secs(60));
            Continue::Yes
        })
        .unwrap_err();
    assert_eq!(error.kind, DbErrorKind::Locked);
    assert!((Duration::from_millis(2_250)..Duration::from_secs(5)).contains(&began.elapsed()));
    assert_eq!(told.len(), 2, "about once a second");
    assert_eq!(told[0].0, format!("pid {} on build-3", std::process::id()));

    let error = second.acquire_lock(NOT_LONG, &mut |_, _| Continue::No).unwrap_err();
    assert_eq!(error.kind, DbErrorKind::Canceled);
}

#[test]
fn a_lock_file_that_a_killed_process_left_is_no_lock() {
    let db = Db::new();
    std::fs::write(db.dir.path().join("app.db-rung.lock"), "1700000000\npid 4711 on gone\n").unwrap();
    let mut sqlite = db.open();
    take(&mut sqlite, Duration::ZERO).unwrap();
    sqlite.release_lock();
    assert_eq!(db.files(), [""; 0]);
}

#[test]
fn prefixes_do_not_wait_for_each_other() {
    let db = Db::new();
    let mut first = db.open();
    let mut second = db.open_with(&OpenOptions { schema: "platform".to_owned(), ..OpenOptions::default() });
    take(&mut first, NOT_LONG).unwrap();
    take(&mut second, Duration::ZERO).unwrap();
}

#[cfg(unix)]
#[test]
fn a_database_reached_by_a_link_has_the_same_lock() {
    let db = Db::new();
    let link = db.dir.path().join("link.db");
    let directory = db.dir.path().join("directory");
    std::os::unix::fs::symlink("app.db", &link).unwrap();
    std::os::unix::fs::symlink(".", &directory).unwrap();
    for _ in 0..2 {
        let mut first = db.open();
        take(&mut first, NOT_LONG).unwrap();
        for path in [&link, &directory.join("app.db")] {
            let mut other = open(path.to_str().unwrap(), &OpenOptions::default()).unwrap();
            assert_eq!(take(&mut other, Duration::ZERO).unwrap_err().kind, DbErrorKind::Locked, "{path:?}");
        }
        // Once without a database, and once with one.
        first.ensure_tables().unwrap();
    }
}

#[test]
fn never_two_at_once() {
    let db = Db::new();
    let inside = AtomicUsize::new(0);
    let times = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..40 {
                    let mut sqlite = db.open();
                    take(&mut sqlite, NOT_LONG).unwrap();
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    times.fetch_add(1, Ordering::SeqCst);
                    std::thread::yield_now();
                    assert_eq!(inside.fetch_sub(1, Ordering::SeqCst), 1);
                    sqlite.release_lock();
                }
            });
        }
    });
    assert_eq!(times.into_inner(), 320);
    assert_eq!(db.files(), [""; 0]);
}

#[test]
fn held_by_scope() {
    let db = Db::new();
    let mut sqlite = db.open();
    let result: Result<(), rung_engine::DbError> =
        rung_engine::locked(&mut sqlite, NOT_LONG, &mut |_, _| Continue::Yes, |driver| {
            driver.ensure_tables()?;
            assert_eq!(take(&mut db.open(), Duration::ZERO).unwrap_err().kind, DbErrorKind::Locked);
            Err(rung_engine::DbError::new(DbErrorKind::Statement, "failed on purpose"))
        });
    assert_eq!(result.unwrap_err().message, "failed on purpose");
    take(&mut db.open(), Duration::ZERO).unwrap();
    assert_eq!(db.files(), ["app.db"]);
}
