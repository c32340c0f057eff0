//! Several processes at once, and processes that are killed. The test program starts itself as the other processes.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rung_engine::{Continue, Driver, locked};
use rung_sqlite::{OpenOptions, open};

use crate::support::{Db, Heard, done, ids, names, sql, value};

const COUNT: usize = 50;

/// Another process that applies what is missing, as `up` does.
fn deployer(db: &Db) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "processes::as_a_deployer", "--nocapture"])
        .env("RUNG_TEST_DEPLOY", db.url())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

/// What the other processes run; nothing where the test was not started as one of them.
#[test]
fn as_a_deployer() {
    let Ok(url) = std::env::var("RUNG_TEST_DEPLOY") else { return };
    let mut sqlite = open(&url, &OpenOptions::default()).unwrap();
    sqlite.history().unwrap();
    let wait = Duration::from_secs(60);
    locked(&mut sqlite, wait, &mut |_, _| Continue::Yes, |driver| {
        driver.ensure_tables()?;
        let stands = driver.history()?.done().count();
        let mut units =
            (stands..COUNT).map(|n| sql(n, &format!("CREATE TABLE t{n:02} (a); CREATE INDEX i{n:02} ON t{n:02} (a)")));
        driver.apply(&mut units, rung_engine::Durability::Run, &mut Heard::default()).unwrap();
        Ok::<_, rung_engine::DbError>(())
    })
    .unwrap();
}

/// That all is there once, and nothing else.
fn check_all(db: &Db) {
    let mut sqlite = db.open();
    assert_eq!(done(&mut sqlite), ids(0..COUNT));
    assert_eq!(names(&mut sqlite).len(), COUNT * 2);
    assert_eq!(sqlite.log(None).unwrap().len(), COUNT);
    assert_eq!(value(&mut sqlite, "PRAGMA integrity_check"), "ok");
    drop(sqlite);
    assert_eq!(db.files(), ["app.db"]);
}

#[test]
fn eight_at_once_on_nothing() {
    for _ in 0..3 {
        let db = Db::new();
        let children: Vec<Child> = (0..8).map(|_| deployer(&db)).collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        check_all(&db);
    }
}

#[test]
fn killed_at_any_moment() {
    let mut killed = 0;
    for delay in (0..60).step_by(2) {
        let db = Db::new();
        let mut child = deployer(&db);
        std::thread::sleep(Duration::from_millis(delay));
        if child.try_wait().unwrap().is_none() {
            killed += 1;
        }
        // SIGKILL: nothing of the process's own runs any more.
        child.kill().unwrap();
        child.wait().unwrap();
        if db.path().exists() {
            let mut sqlite = db.open();
            let stands = done(&mut sqlite).len();
            assert_eq!(names(&mut sqlite).len(), stands * 2, "after {delay} ms");
        }
        assert!(deployer(&db).wait().unwrap().success(), "after {delay} ms");
        check_all(&db);
    }
    assert!(killed > 0, "the deployer was always done before it could be killed");
}

#[test]
fn a_killed_process_leaves_no_lock() {
    let db = Db::new();
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "processes::as_a_holder", "--nocapture"])
        .env("RUNG_TEST_HOLD", db.url())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut sqlite = db.open();
    while !db.dir.path().join("held").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let error = sqlite.acquire_lock(Duration::ZERO, &mut |_, _| Continue::Yes).unwrap_err();
    assert!(error.message.contains(&format!("pid {} on elsewhere", holder.id())), "{error}");
    holder.kill().unwrap();
    holder.wait().unwrap();
    sqlite.acquire_lock(Duration::ZERO, &mut |_, _| Continue::Yes).unwrap();
    sqlite.release_lock();
    assert_eq!(db.files(), ["held"]);
}

/// What the process that is killed runs; nothing where the test was not started as that.
#[test]
fn as_a_holder() {
    let Ok(url) = std::env::var("RUNG_TEST_HOLD") else { return };
    let mut sqlite = open(&url, &OpenOptions { host: "elsewhere".to_owned(), ..OpenOptions::default() }).unwrap();
    sqlite.acquire_lock(Duration::ZERO, &mut |_, _| Continue::Yes).unwrap();
    let path = url.trim_start_matches("sqlite:");
    std::fs::write(std::path::Path::new(path).with_file_name("held"), "").unwrap();
    std::thread::sleep(Duration::from_secs(600));
}
