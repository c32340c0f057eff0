//! Ctrl-C and SIGTERM.

use std::thread;
use std::time::Duration;

use testkit::Running;

use crate::{Db, Holder, migrations, on_both, up, wait_until, write};

/// A statement that takes about so many tenths of a second, or for ever.
fn slow(db: &Db, tenths: u32) -> String {
    match db {
        Db::Postgres(_) => format!("SELECT pg_sleep({});", f64::from(tenths) / 10.0),
        Db::Sqlite(_) => format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT max(i) FROM n;",
            u64::from(tenths) * 300_000
        ),
    }
}

/// Waits until a run has the lock and has been at work for a moment.
fn is_at_work(db: &Db) {
    wait_until("it is at work", || match db {
        Db::Postgres(db) => {
            let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                       AND application_name = 'rung' AND state = 'active' AND query LIKE '%pg_sleep%'";
            db.query(sql).trim() != "0"
        }
        Db::Sqlite(db) => db.dir().join("test.db-rung.lock").exists(),
    });
    thread::sleep(Duration::from_millis(100));
}

fn stopped_once(signal: &str) {
    on_both(|db| {
        let text = |at: u32| format!("CREATE TABLE t{at} (x int); {}", slow(&db, 3));
        let files: Vec<(String, String)> = (1..=9).map(|at| (format!("{at}_m.sql"), text(at))).collect();
        let dir = migrations(&files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect::<Vec<_>>());
        let running = up(&db.url(), dir.path()).spawn();
        is_at_work(&db);
        running.signal(signal);
        let run = running.wait().exits(130);
        assert!(run.stderr.contains("stopping after the running migration"), "{run}");
        let done = db.completed();
        assert!((1..9).contains(&done), "what ran must end and nothing more begin: {done} done\n{run}");
        assert!(run.stderr.contains(&format!("interrupted: {done} migration")), "{run}");
        assert_eq!(db.query(&format!("SELECT count(*) FROM {}", db.own("schema_migrations"))), done.to_string());
        for at in 1..=9 {
            let sql = format!("SELECT count(*) FROM t{at}");
            let is_there = match &db {
                Db::Postgres(db) => db.try_query(&sql).is_ok(),
                Db::Sqlite(db) => db.try_query(&sql).is_ok(),
            };
            assert_eq!(is_there, at <= done, "t{at} after {done}");
            if !is_there {
                write(dir.path(), &format!("{at}_m.sql"), &format!("CREATE TABLE t{at} (x int);"));
            }
        }
        up(&db.url(), dir.path()).run().succeeds();
        assert_eq!(db.completed(), 9);
    });
}

#[test]
fn interrupted_once_what_runs_ends_and_nothing_more_begins() {
    stopped_once("INT");
}

#[test]
fn terminated_it_stops_as_if_interrupted() {
    stopped_once("TERM");
}

fn interrupt_twice(running: &Running) {
    running.signal("INT");
    thread::sleep(Duration::from_millis(150));
    running.signal("INT");
}

#[test]
fn interrupted_twice_the_statement_is_cancelled_and_its_migration_rolled_back() {
    on_both(|db| {
        let forever = slow(&db, 10_000);
        let dir = migrations(&[
            ("001_a.sql", "CREATE TABLE a (x int);"),
            ("002_b.sql", &format!("CREATE TABLE b (x int); {forever}")),
        ]);
        let running = up(&db.url(), dir.path()).spawn();
        is_at_work(&db);
        interrupt_twice(&running);
        let run = running.wait().exits(130);
        assert!(run.took < Duration::from_secs(10), "{run}");
        assert!(run.stderr.contains("cancelling"), "{run}");
        assert_eq!(db.completed(), 1, "{run}");
        std::fs::write(dir.path().join("002_b.sql"), "CREATE TABLE b (x int);").unwrap();
        up(&db.url(), dir.path()).run().succeeds();
        assert_eq!(db.completed(), 2);
    });
}

#[test]
fn interrupted_twice_in_the_journal_the_next_run_goes_on() {
    let db = testkit::TestDb::new();
    let dir = migrations(&[
        ("001_t.sql", "CREATE TABLE t (x int);"),
        ("002_t_x.sql", "-- @no-transaction\nCREATE TABLE u (x int);\nCREATE INDEX CONCURRENTLY t_x ON t (x);"),
    ]);
    up(&db.url(), dir.path()).args(["--to", "001"]).run().succeeds();
    let mut blocker = db.client();
    blocker.batch_execute("BEGIN; INSERT INTO t VALUES (1)").unwrap();
    let running = up(&db.url(), dir.path()).spawn();
    wait_until("it waits", || db.query("SELECT count(*) FROM pg_index WHERE NOT indisvalid").trim() == "1");
    interrupt_twice(&running);
    running.wait().exits(130);
    blocker.batch_execute("COMMIT").unwrap();
    up(&db.url(), dir.path()).run().succeeds();
    assert_eq!(db.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_x'::regclass").trim(), "t");
}

#[test]
fn who_waits_for_the_lock_can_be_interrupted() {
    on_both(|db| {
        let holder = Holder::of(&db);
        let second = up(&db.url(), holder.dir.path()).spawn();
        thread::sleep(Duration::from_millis(1500));
        second.signal("INT");
        let run = second.wait().exits(130);
        assert!(run.stderr.contains("lock"), "{run}");
        holder.end();
    });
}

#[test]
fn a_script_is_ended_by_the_second_interrupt() {
    on_both(|db| {
        let dir =
            migrations(&[("001_a.sh", "#!/bin/sh\necho at work\ntouch \"$(dirname \"$0\")/begun\"\nexec sleep 20\n")]);
        let running = up(&db.url(), dir.path()).spawn();
        wait_until("the script runs", || dir.path().join("begun").exists());
        interrupt_twice(&running);
        let run = running.wait().exits(130);
        assert!(run.took < Duration::from_secs(10), "{run}");
        std::fs::write(dir.path().join("001_a.sh"), "#!/bin/sh\nexit 0\n").unwrap();
        up(&db.url(), dir.path()).run().succeeds();
        assert_eq!(db.completed(), 1);
    });
}
