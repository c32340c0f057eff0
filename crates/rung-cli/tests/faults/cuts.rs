//! The way to the server, and the server itself, in the middle of a run.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use testkit::{Cut, Program, Proxy, Server, Stop, TestDb};

use crate::{Db, in_parallel, migrations, of_every_kind, up, wait_until, write};

/// Runs with the line cut where `cut` says, for many of the messages of a run, and each time the next run must come to
/// the end of one that was left alone.
fn cut_at_messages(numbers: impl Iterator<Item = u64> + Send, cut: fn(u64) -> Cut) {
    let undisturbed = Db::postgres();
    let dir = of_every_kind(&undisturbed);
    up(&undisturbed.url(), dir.path()).run().succeeds();
    let expected = undisturbed.state();
    let cuts = AtomicUsize::new(0);
    in_parallel(numbers, |message| {
        let db = TestDb::new();
        let proxy = Proxy::new(db.server(), Duration::ZERO);
        proxy.cut(cut(message));
        let first = up(&db.url_at(proxy.port()), dir.path()).run();
        let (url, db) = (db.url(), Db::Postgres(db));
        if first.code == Some(0) {
            assert_eq!(db.state(), expected);
            return false;
        }
        cuts.fetch_add(1, Ordering::Relaxed);
        assert!(matches!(first.code, Some(1 | 2)), "cut at message {message}\n{first}");
        let second = up(&url, dir.path()).run();
        assert!(second.code == Some(0), "cut at message {message}\n{first}\n{second}");
        assert_eq!(db.state(), expected, "cut at message {message}\n{first}\n{second}");
        true
    });
    let cuts = cuts.load(Ordering::Relaxed);
    assert!(cuts > 20, "only {cuts} cuts");
}

#[test]
fn a_line_cut_before_messages_is_made_good_by_the_next_run() {
    // Where nothing is sent ahead, that is what a cut behind the one before it is.
    cut_at_messages((1..).step_by(3), Cut::BeforeMessage);
}

#[test]
fn a_line_cut_behind_any_message_is_made_good_by_the_next_run() {
    cut_at_messages(1.., Cut::AfterMessage);
}

#[test]
fn a_commit_that_is_never_answered_is_found_out_by_the_next_run() {
    // A server that is about to answer what came before sees the cut then, and does not get to the commit: on a busy machine
    // that may be so each time.
    let found = (0..20).any(|_| cut_once_behind_each_message() > 0);
    assert!(found, "no cut came between a commit and its answer");
}

/// How often the server had committed, and nobody was told.
fn cut_once_behind_each_message() -> usize {
    let dir = migrations(&[("001_t.sql", "CREATE TABLE t (x int);")]);
    let mut committed = 0;
    for message in 1.. {
        let db = TestDb::new();
        let proxy = Proxy::new(db.server(), Duration::ZERO);
        proxy.cut(Cut::AfterMessage(message));
        let first = up(&db.url_at(proxy.port()), dir.path()).run();
        if first.code == Some(0) {
            break;
        }
        // The server may still be at it.
        let locks =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'rung'";
        wait_until("the session ends", || db.query(locks).trim() == "0");
        let (url, db) = (db.url(), Db::Postgres(db));
        let found = db.completed();
        if found == 1 {
            committed += 1;
            assert!(first.stderr.contains("not known here"), "it is claimed to be known\n{first}");
        }
        let second = up(&url, dir.path()).run().succeeds();
        assert_eq!(second.stdout.contains("001_t"), found == 0, "cut after message {message}\n{first}\n{second}");
        assert_eq!(db.completed(), 1);
    }
    committed
}

#[test]
fn a_server_that_is_killed_in_the_middle_loses_no_more_than_a_tail() {
    let install = testkit::install::chosen().unwrap().pop().unwrap();
    let server = Server::private(&install, &[]).unwrap();
    let dir = tempfile::tempdir().unwrap();
    for at in 1..30 {
        write(dir.path(), &format!("{at}_m.sql"), &format!("CREATE TABLE t{at} (x int); SELECT pg_sleep(0.01);"));
    }
    for (round, delay) in [0, 200].into_iter().enumerate() {
        write(dir.path(), "30_m.sql", "CREATE TABLE t30 (x int); SELECT pg_sleep(60);");
        let name = format!("crash{round}");
        server.client("postgres").batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        let url = server.url(&name);
        let running = up(&url, dir.path()).spawn();
        wait_until("the run has begun", || {
            server.client(&name).query_one("SELECT to_regclass('public.t1') IS NOT NULL", &[]).unwrap().get(0)
        });
        thread::sleep(Duration::from_millis(delay));
        server.stop(Stop::Kill);
        let run = running.wait().exits(1);
        assert!(run.stderr.contains("connection"), "{run}");
        assert!(run.stderr.contains("`rung wait`"), "{run}");
        server.restart().unwrap();
        write(dir.path(), "30_m.sql", "CREATE TABLE t30 (x int);");
        up(&url, dir.path()).run().succeeds();
        let mut client = server.client(&name);
        let count: i64 = client
            .query_one(
                "SELECT count(*) FROM rung.schema_migrations m JOIN pg_tables t ON 't' || m.version = t.tablename",
                &[],
            )
            .unwrap()
            .get(0);
        assert_eq!(count, 30);
    }
}

#[test]
fn a_server_process_that_is_killed_takes_nothing_along() {
    let install = testkit::install::chosen().unwrap().pop().unwrap();
    let server = Server::private(&install, &[]).unwrap();
    server.client("postgres").batch_execute("CREATE DATABASE crash").unwrap();
    let dir = migrations(&[
        ("001_t.sql", "CREATE TABLE t (x int);"),
        ("002_slow.sql", "CREATE TABLE slow (x int); SELECT pg_sleep(20);"),
    ]);
    let running = up(&server.url("crash"), dir.path()).spawn();
    let mut pid = None;
    wait_until("it sleeps", || {
        let sql = "SELECT pid FROM pg_stat_activity WHERE application_name = 'rung' AND query LIKE '%pg_sleep(20)%' AND state = 'active'";
        pid = server.client("crash").query_opt(sql, &[]).unwrap().map(|row| row.get::<_, i32>(0));
        pid.is_some()
    });
    Program::new("kill").args(["-KILL", &pid.unwrap().to_string()]).run().succeeds();
    let run = running.wait().exits(1);
    assert!(run.stderr.contains("002_slow"), "{run}");
    std::fs::write(dir.path().join("002_slow.sql"), "CREATE TABLE slow (x int);").unwrap();
    let wait = Program::rung().args(["--url", &server.url("crash"), "wait", "--timeout", "30s"]).run();
    wait.succeeds();
    up(&server.url("crash"), dir.path()).run().succeeds();
    server.client("crash").batch_execute("SELECT * FROM t, slow").unwrap();
}
