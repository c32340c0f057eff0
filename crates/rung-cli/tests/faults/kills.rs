//! rung itself, killed.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use testkit::{Program, Proxy, Run, TestDb, rung_bin};

use crate::{Db, in_parallel, migrations, of_every_kind, on_both, rung, up, wait_until, write};

/// The end of a run that nothing happens to.
fn undisturbed(db: Db) -> String {
    let dir = of_every_kind(&db);
    up(&db.url(), dir.path()).run().succeeds();
    db.state()
}

#[test]
fn a_run_killed_at_any_message_is_made_good_by_the_next_on_postgres() {
    let expected = undisturbed(Db::postgres());
    let dir = of_every_kind(&Db::postgres());
    let kills = AtomicUsize::new(0);
    in_parallel((1..200).step_by(4), |message| {
        let db = TestDb::new();
        let proxy = Proxy::new(db.server(), Duration::from_millis(1));
        let mut running = up(&db.url_at(proxy.port()), dir.path()).spawn();
        while proxy.traffic().messages < message && !running.has_ended() {
            thread::sleep(Duration::from_micros(50));
        }
        let is_over = running.has_ended();
        let first = running.kill();
        kills.fetch_add(usize::from(!is_over), Ordering::Relaxed);
        let (url, db) = (db.url(), Db::Postgres(db));
        let second = up(&url, dir.path()).run();
        assert!(second.code == Some(0), "killed at message {message}\n{first}\n{second}");
        assert_eq!(db.state(), expected, "killed at message {message}\n{first}\n{second}");
        !is_over
    });
    let kills = kills.load(Ordering::Relaxed);
    assert!(kills > 10, "only {kills} kills");
}

/// `rung up` with its files bounded: the system kills it in the write that goes beyond, or, where it does not hear of
/// that, the write fails.
fn up_within(blocks: u64, first: &str, db: &Db, dir: &std::path::Path) -> Run {
    Program::new("sh")
        .args(["-c", &format!("ulimit -c 0; {first} ulimit -f {blocks}; exec \"$@\"",), "sh"])
        .arg(rung_bin())
        .args(["--url", &db.url(), "--dir"])
        .arg(dir)
        .arg("up")
        .run()
}

#[test]
fn a_run_killed_in_any_write_is_made_good_by_the_next_on_sqlite() {
    let expected = undisturbed(Db::sqlite());
    let dir = of_every_kind(&Db::sqlite());
    let kills = AtomicUsize::new(0);
    in_parallel((0..400).step_by(2), |blocks| {
        let db = Db::sqlite();
        let first = up_within(blocks, "", &db, dir.path());
        if first.code == Some(0) {
            return false;
        }
        assert!(first.signal.is_some(), "it was not killed: {first}");
        kills.fetch_add(1, Ordering::Relaxed);
        let second = up(&db.url(), dir.path()).run();
        assert!(second.code == Some(0), "killed in block {blocks}\n{second}");
        assert_eq!(db.state(), expected, "killed in block {blocks}\n{second}");
        true
    });
    let kills = kills.load(Ordering::Relaxed);
    assert!(kills > 50, "only {kills} kills");
}

#[test]
fn a_run_whose_writes_fail_says_so_and_the_next_makes_it_good_on_sqlite() {
    let expected = undisturbed(Db::sqlite());
    let dir = of_every_kind(&Db::sqlite());
    in_parallel((0..400).step_by(5), |blocks| {
        let db = Db::sqlite();
        let first = up_within(blocks, "trap '' XFSZ;", &db, dir.path());
        if first.code == Some(0) {
            return false;
        }
        assert!(first.code == Some(1), "within {blocks} blocks\n{first}");
        assert!(first.stderr.contains("test.db"), "the file is not named\n{first}");
        let second = up(&db.url(), dir.path()).run();
        assert!(second.code == Some(0), "within {blocks} blocks\n{first}\n{second}");
        assert_eq!(db.state(), expected, "within {blocks} blocks\n{first}\n{second}");
        true
    });
}

#[test]
fn a_run_killed_at_any_moment_is_made_good_by_the_next_on_sqlite() {
    let expected = undisturbed(Db::sqlite());
    let dir = of_every_kind(&Db::sqlite());
    in_parallel((0..60).step_by(3), |delay| {
        let db = Db::sqlite();
        let mut running = up(&db.url(), dir.path()).spawn();
        thread::sleep(Duration::from_millis(delay));
        let is_over = running.has_ended();
        running.kill();
        up(&db.url(), dir.path()).run().succeeds();
        assert_eq!(db.state(), expected, "killed after {delay} ms");
        !is_over
    });
}

/// Runs a command again and again, killed a little later each time, until it gets to its end; then checks.
fn killed_until_done(db: &Db, command: impl Fn() -> Program, step: Duration) {
    let mut delay = Duration::ZERO;
    loop {
        let mut running = command().spawn();
        thread::sleep(delay);
        if running.has_ended() {
            let run = running.wait();
            assert!(run.code == Some(0), "after {delay:?} on {}\n{run}", db.url());
            return;
        }
        running.kill();
        delay += step;
    }
}

const STEPS: &[(&str, &str)] = &[
    ("001_a.sql", "-- @up\nCREATE TABLE a (x int);\n-- @down\nDROP TABLE a;\n"),
    (
        "002_b.sql",
        "-- @no-transaction\n-- @up\nCREATE TABLE b (x int);\nCREATE TABLE b2 (x int);\nCREATE TABLE b3 (x int);\n\
         -- @down\nDROP TABLE b;\nDROP TABLE b2;\nDROP TABLE b3;\n",
    ),
    ("003_c.sql", "-- @up\nCREATE TABLE c (x int);\n-- @down\nDROP TABLE c;\n"),
];

#[test]
fn a_down_that_is_killed_goes_on() {
    on_both(|db| {
        let dir = migrations(STEPS);
        for _ in 0..3 {
            up(&db.url(), dir.path()).run().succeeds();
            killed_until_done(&db, || rung(&db.url(), dir.path(), &["down", "0", "--yes"]), Duration::from_millis(4));
            assert_eq!(db.completed(), 0);
        }
        // Nothing is left, and all of it can be built again.
        match &db {
            Db::Postgres(db) => assert_eq!(db.dump(), ""),
            Db::Sqlite(db) => assert_eq!(db.dump(), ""),
        }
        up(&db.url(), dir.path()).run().succeeds();
        assert_eq!(db.completed(), 3);
    });
}

#[test]
fn a_journalled_down_that_fails_goes_on_where_it_failed() {
    on_both(|db| {
        let dir = migrations(STEPS);
        up(&db.url(), dir.path()).args(["--to", "002"]).run().succeeds();
        db.query("DROP TABLE b2");
        let run = rung(&db.url(), dir.path(), &["down", "--yes"]).run().exits(1);
        assert!(run.stderr.contains("statement 1 stands"), "{run}");
        assert_eq!(db.completed(), 2, "until its down is through, a migration counts as applied");
        db.query("CREATE TABLE b2 (x int)");
        rung(&db.url(), dir.path(), &["down", "--yes"]).run().succeeds();
        assert_eq!(db.completed(), 1);
        up(&db.url(), dir.path()).run().succeeds();
    });
}

#[test]
fn redo_single_transaction_stamp_and_seed_are_whole_or_not_at_all() {
    on_both(|db| {
        let dir = migrations(&[STEPS[0], STEPS[2]]);
        let step = Duration::from_millis(4);
        let url = db.url();
        killed_until_done(&db, || up(&url, dir.path()).arg("--single-transaction"), step);
        assert_eq!(db.completed(), 2);

        // What a killed redo has undone, `up` applies again.
        killed_until_done(
            &db,
            || match db.completed() {
                2 => rung(&url, dir.path(), &["redo", "--yes"]),
                _ => up(&url, dir.path()),
            },
            step,
        );
        assert_eq!(db.completed(), 2);
        db.query("SELECT * FROM a, c");

        killed_until_done(&db, || rung(&url, dir.path(), &["stamp", "001", "--yes"]), step);
        assert_eq!(db.completed(), 1);
        killed_until_done(&db, || rung(&url, dir.path(), &["stamp", "003", "--yes"]), step);
        assert_eq!(db.completed(), 2);
        killed_until_done(&db, || rung(&url, dir.path(), &["resolve", "003", "--not-done", "--yes"]), step);
        assert_eq!(db.completed(), 1);

        let seeds = dir.path().join("seeds");
        fs::create_dir(&seeds).unwrap();
        for at in 1..=9 {
            write(&seeds, &format!("{at}.sql"), "INSERT INTO a VALUES (1);");
        }
        killed_until_done(&db, || rung(&url, dir.path(), &["seed"]).arg(&seeds), step);
        assert_eq!(db.query("SELECT count(*) FROM a"), "9", "each seed file once");
        assert_eq!(db.query(&format!("SELECT count(*) FROM {}", db.own("seed_history"))), "9");
    });
}

/// A server that was started for a moment must not outlive its user, however that ends.
#[test]
fn a_scratch_server_ends_with_the_process_that_started_it() {
    let directory = tempfile::Builder::new().prefix("r").tempdir_in("/tmp").unwrap();
    // The server may run as another user.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o1777);
    fs::set_permissions(directory.path(), open).unwrap();
    fs::write(directory.path().join("slow.sql"), "SELECT pg_sleep(600);").unwrap();
    let is_there = || {
        let entries = fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().path());
        entries.into_iter().any(|path| path.join("data/postmaster.pid").exists())
    };
    let bin = testkit::install::chosen().unwrap().pop().unwrap().bin;
    let running = Program::rung()
        .args(["inspect", "--of", "slow.sql"])
        .env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")
        .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
        .env("TMPDIR", directory.path())
        // Nothing is kept there: that is how it is the first time.
        .env("XDG_CACHE_HOME", directory.path().join("cache"))
        .dir(directory.path())
        .spawn();
    wait_until("the server runs", is_there);
    running.kill();
    wait_until("all of it is gone", || !has_any(directory.path(), "rung-pg-"));
}

fn has_any(directory: &Path, prefix: &str) -> bool {
    let mut entries = fs::read_dir(directory).unwrap();
    entries.any(|entry| entry.unwrap().file_name().to_string_lossy().starts_with(prefix))
}

#[test]
fn scratch_databases_go_with_the_process_that_made_them() {
    let dir = migrations(&[("other.sql", "SELECT 1;")]);
    let Db::Postgres(db) = Db::postgres() else { unreachable!("it is PostgreSQL's") };
    let inspect = |file: &str| {
        Program::rung()
            .args(["inspect", "--of", file, "--dev-url", &db.url()])
            .dir(dir.path())
            .env("DATABASE_URL", db.url())
    };
    for (at, signal) in ["INT", "TERM", "KILL"].into_iter().enumerate() {
        // What is asked tells whose database it is, on a server that others use too.
        let sleep = format!("pg_sleep(6{at}0.{})", std::process::id());
        write(dir.path(), "slow.sql", &format!("SELECT {sleep};"));
        let running = inspect("slow.sql").spawn();
        let at_work = format!(
            "SELECT datname FROM pg_stat_activity WHERE query LIKE '%{sleep}%' AND datname LIKE 'rung\\_scratch\\_%'"
        );
        wait_until("it is at work", || !db.query(&at_work).trim().is_empty());
        let name = db.query(&at_work).trim().to_owned();
        match signal {
            "KILL" => {
                running.kill();
                // Whoever comes next finds it, while what was asked there goes on.
                wait_until("its connection is closed", || {
                    inspect("other.sql").run().succeeds();
                    db.query(&format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'")).trim() == "0"
                });
            }
            signal => {
                running.signal(signal);
                let run = running.wait().exits(130);
                assert!(!run.stderr.contains("error"), "{run}");
                assert_eq!(db.query(&format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'")).trim(), "0");
            }
        }
    }
}

#[test]
fn scratch_files_go_with_the_process_that_made_them() {
    let dir = migrations(&[(
        "slow.sql",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000000000) SELECT max(i) FROM n;",
    )]);
    for signal in ["INT", "TERM"] {
        let running = Program::rung()
            .args(["inspect", "--of", "slow.sql", "--dev-url", "sqlite::memory:"])
            .env("TMPDIR", dir.path())
            .dir(dir.path())
            .spawn();
        wait_until("it is at work", || has_any(dir.path(), "rung-"));
        thread::sleep(Duration::from_millis(100));
        running.signal(signal);
        running.wait().exits(130);
        assert!(!has_any(dir.path(), "rung-"), "{signal}");
    }
}
