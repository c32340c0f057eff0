//! Locks on tables, and statements that take too long.

use std::time::Duration;

use testkit::TestDb;

use crate::{migrations, rung, up, wait_until};

#[test]
fn a_lock_that_is_held_is_tried_for_again_and_its_holder_named_and_ended() {
    let db = TestDb::new();
    let dir = migrations(&[("001_t.sql", "CREATE TABLE t (x int);"), ("002_y.sql", "ALTER TABLE t ADD COLUMN y int;")]);
    up(&db.url(), dir.path()).args(["--to", "001"]).run().succeeds();
    let mut holder = db.client();
    let pid: i32 = holder.query_one("SELECT pg_backend_pid()", &[]).unwrap().get(0);
    holder.batch_execute("BEGIN; LOCK TABLE t").unwrap();
    let running = up(&db.url(), dir.path()).args(["--lock-timeout", "1500ms"]).spawn();
    let locks = || rung(&db.url(), dir.path(), &["locks"]).run().succeeds();
    wait_until("it waits", || locks().stdout.contains("waits for AccessExclusiveLock on t"));
    let seen = locks();
    assert!(seen.stdout.contains(&pid.to_string()), "the holder is not named\n{seen}");
    // Long enough for one try to be given up.
    std::thread::sleep(Duration::from_millis(1800));
    rung(&db.url(), dir.path(), &["locks", "--kill", &pid.to_string()]).run().succeeds();
    let run = running.wait().succeeds();
    assert!(run.stderr.contains(&format!("rung locks --kill {pid}")), "the command is not named\n{run}");
    assert!(run.stderr.contains("again"), "it was not tried again\n{run}");
    assert_eq!(db.query("SELECT count(*) FROM information_schema.columns WHERE table_name = 't'").trim(), "2");
}

#[test]
fn a_statement_that_takes_too_long_is_rolled_back() {
    crate::on_both(|db| {
        let slow = match &db {
            crate::Db::Postgres(_) => "SELECT pg_sleep(30);",
            crate::Db::Sqlite(_) => {
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n;"
            }
        };
        let dir = migrations(&[("001_t.sql", &format!("CREATE TABLE t (x int);\n{slow}\n"))]);
        let run = up(&db.url(), dir.path()).args(["--statement-timeout", "200ms"]).run().exits(1);
        assert!(run.stderr.contains("001_t.sql:2:1"), "{run}");
        assert!(run.stderr.contains("--statement-timeout"), "{run}");
        assert_eq!(db.completed(), 0);
        crate::write(dir.path(), "001_t.sql", "CREATE TABLE t (x int);");
        up(&db.url(), dir.path()).run().succeeds();
    });
}

#[test]
fn another_programs_write_is_waited_for_on_sqlite() {
    let db = testkit::SqliteDb::new();
    let dir = migrations(&[("001_t.sql", "CREATE TABLE t (x int);")]);
    let other = db.client();
    other.execute_batch("CREATE TABLE z (x int); BEGIN IMMEDIATE; INSERT INTO z VALUES (1)").unwrap();
    let running = up(&db.url(), dir.path()).spawn();
    std::thread::sleep(Duration::from_millis(500));
    other.execute_batch("COMMIT").unwrap();
    running.wait().succeeds();
    db.query("SELECT * FROM t");

    // Longer than a statement may wait: it is tried again.
    other.execute_batch("BEGIN IMMEDIATE; INSERT INTO z VALUES (1)").unwrap();
    crate::write(dir.path(), "002_u.sql", "CREATE TABLE u (x int);");
    let running = up(&db.url(), dir.path()).args(["--lock-timeout", "100ms"]).spawn();
    std::thread::sleep(Duration::from_millis(600));
    other.execute_batch("COMMIT").unwrap();
    let run = running.wait().succeeds();
    assert!(run.stderr.contains("again"), "it was not tried again\n{run}");
    db.query("SELECT * FROM u");
}
