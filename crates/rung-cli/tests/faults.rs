//! Crashes, cuts and crowds: whatever happens in the middle of a run, the next one comes to the same end, nothing is
//! applied twice, and no lock stays.
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail as its tests may")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use testkit::{Cut, Pgbouncer, Program, Proxy, Run, SqliteDb, TestDb};

/// Migrations of every kind that a run meets: transactional, checked, outside of a transaction, on their own.
fn write_migrations(dir: &Path, count: usize, concurrently: bool) {
    for at in 1..=count {
        let text = match at % 5 {
            0 if concurrently => format!("CREATE INDEX CONCURRENTLY t{0}_x ON t{0} (x);", at - 1),
            1 => format!(
                "-- @up\nCREATE TABLE t{at} (x int);\nINSERT INTO t{at} VALUES (1);\n-- @verify\nSELECT count(*) = 1 FROM t{at};\n"
            ),
            2 => format!(
                "-- @no-transaction\nCREATE TABLE t{at} (x int);\nINSERT INTO t{at} VALUES (1);\nCREATE INDEX t{at}_x ON t{at} (x);\n"
            ),
            3 => format!(
                "BEGIN;\nCREATE TABLE t{at} (x int);\nCOMMIT;\nBEGIN;\nINSERT INTO t{at} VALUES (1);\nCOMMIT;\n"
            ),
            _ => format!("CREATE TABLE t{at} (x int);\nINSERT INTO t{at} VALUES (1);\n"),
        };
        fs::write(dir.join(format!("{at:03}_m{at}.sql")), text).unwrap();
    }
}

fn up(url: &str, dir: &Path) -> Program {
    Program::rung().args(["--url", url, "--dir"]).arg(dir).args(["up", "--lock-wait", "60s"])
}

/// Every table has its one row, every migration is recorded once.
fn check_end(query: impl Fn(&str) -> String, prefix: &str, count: usize, concurrently: bool) {
    let done = query(&format!("SELECT count(*) FROM {prefix}schema_migrations WHERE status = 'completed'"));
    assert_eq!(done.trim(), count.to_string());
    let twice = query(&format!(
        "SELECT migration_id FROM {prefix}migration_history WHERE status = 'completed' GROUP BY migration_id HAVING count(*) > 1"
    ));
    assert_eq!(twice.trim(), "");
    for at in (1..=count).filter(|at| !(concurrently && at % 5 == 0)) {
        assert_eq!(query(&format!("SELECT count(*) FROM t{at}")).trim(), "1", "t{at}");
    }
}

#[test]
fn a_connection_cut_at_any_message_is_made_good_by_the_next_run() {
    const COUNT: usize = 10;
    let dir = tempfile::tempdir().unwrap();
    write_migrations(dir.path(), COUNT, true);
    let mut cuts = 0;
    for message in (1..).step_by(3) {
        let db = TestDb::new();
        let proxy = Proxy::new(db.server(), Duration::ZERO);
        let cut = if message % 2 == 0 { Cut::BeforeMessage(message) } else { Cut::AfterMessage(message) };
        proxy.cut(cut);
        let first: Run = up(&db.url_at(proxy.port()), dir.path()).run();
        if first.code == Some(0) {
            check_end(|sql| db.query(sql), "rung.", COUNT, true);
            break;
        }
        cuts += 1;
        up(&db.url(), dir.path()).run().succeeds();
        check_end(|sql| db.query(sql), "rung.", COUNT, true);
        let invalid = db.query("SELECT count(*) FROM pg_index WHERE NOT indisvalid");
        assert_eq!(invalid.trim(), "0", "cut at message {message}");
    }
    assert!(cuts > 10, "only {cuts} cuts");
}

#[test]
fn a_killed_run_is_made_good_by_the_next_on_postgres() {
    let dir = tempfile::tempdir().unwrap();
    write_migrations(dir.path(), 40, true);
    for delay in (5..120).step_by(14) {
        let db = TestDb::new();
        let running = up(&db.url(), dir.path()).spawn();
        std::thread::sleep(Duration::from_millis(delay));
        running.kill();
        up(&db.url(), dir.path()).run().succeeds();
        check_end(|sql| db.query(sql), "rung.", 40, true);
    }
}

#[test]
fn a_killed_run_is_made_good_by_the_next_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    write_migrations(dir.path(), 30, false);
    for delay in (2..60).step_by(6) {
        let db = SqliteDb::new();
        let running = up(&db.url(), dir.path()).spawn();
        std::thread::sleep(Duration::from_millis(delay));
        running.kill();
        up(&db.url(), dir.path()).run().succeeds();
        check_end(|sql| db.query(sql), "rung_", 30, false);
    }
}

fn eight_at_once(url: &str, dir: &Path) {
    let runs: Vec<_> = (0..8).map(|_| up(url, dir).spawn()).collect();
    for run in runs {
        run.wait().succeeds();
    }
}

#[test]
fn eight_at_once_apply_everything_once_on_postgres() {
    let dir = tempfile::tempdir().unwrap();
    write_migrations(dir.path(), 50, false);
    let db = TestDb::new();
    eight_at_once(&db.url(), dir.path());
    check_end(|sql| db.query(sql), "rung.", 50, false);
}

#[test]
fn eight_at_once_apply_everything_once_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    write_migrations(dir.path(), 50, false);
    let db = SqliteDb::new();
    eight_at_once(&db.url(), dir.path());
    check_end(|sql| db.query(sql), "rung_", 50, false);
}

#[test]
fn behind_a_transaction_pooler_runs_exclude_one_another() {
    let dir = tempfile::tempdir().unwrap();
    write_migrations(dir.path(), 15, false);
    let db = TestDb::new();
    let pooler = Pgbouncer::new(&db, 4);
    let runs: Vec<_> = (0..3).map(|_| up(pooler.url(), dir.path()).spawn()).collect();
    for run in runs {
        run.wait().succeeds();
    }
    check_end(|sql| db.query(sql), "rung.", 15, false);
    assert_eq!(db.query("SELECT count(*) FROM rung.lease").trim(), "1");
}

#[test]
fn an_invalid_index_is_built_again() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("001_t.sql"), "CREATE TABLE t (x int);").unwrap();
    fs::write(dir.path().join("002_t_x.sql"), "CREATE INDEX CONCURRENTLY t_x ON t (x);").unwrap();
    let db = TestDb::new();
    up(&db.url(), dir.path()).args(["--to", "001"]).run().succeeds();
    // A transaction that has written to the table keeps the build waiting, half done.
    let mut blocker = db.client();
    blocker.batch_execute("BEGIN; INSERT INTO t VALUES (1)").unwrap();
    let running = up(&db.url(), dir.path()).spawn();
    while db.query("SELECT count(*) FROM pg_index WHERE NOT indisvalid").trim() != "1" {
        std::thread::sleep(Duration::from_millis(20));
    }
    running.kill();
    db.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY%'");
    blocker.batch_execute("COMMIT").unwrap();
    let run = up(&db.url(), dir.path()).run().succeeds();
    assert!(run.stderr.contains("is INVALID; putting it right"), "{}", run.stderr);
    assert_eq!(db.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_x'::regclass").trim(), "t");
}

#[test]
fn a_lock_that_is_not_to_be_had_in_time_has_an_exit_code_and_a_name() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("001_slow.sql"), "SELECT pg_sleep(4);").unwrap();
    let db = TestDb::new();
    let running = up(&db.url(), dir.path()).spawn();
    while db
        .query("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(4)%' AND pid <> pg_backend_pid()")
        .trim()
        == "0"
    {
        std::thread::sleep(Duration::from_millis(20));
    }
    let second =
        Program::rung().args(["--url", &db.url(), "--dir"]).arg(dir.path()).args(["up", "--lock-wait", "1s"]).run();
    let second = second.exits(5);
    assert!(second.stderr.contains("another rung is at work"), "{}", second.stderr);
    running.wait().succeeds();
}
