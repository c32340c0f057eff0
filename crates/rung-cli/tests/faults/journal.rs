//! Migrations that run statement by statement: resuming them.

use testkit::{Pgbouncer, TestDb, for_each_major};

use crate::{Db, migrations, on_both, up, wait_until, write};

#[test]
fn an_invalid_index_is_built_again() {
    let dir = migrations(&[
        ("001_t.sql", "CREATE TABLE t (x int);"),
        ("002_t_x.sql", "CREATE INDEX CONCURRENTLY t_x ON t (x);"),
    ]);
    let db = TestDb::new();
    up(&db.url(), dir.path()).args(["--to", "001"]).run().succeeds();
    // A transaction that has written to the table keeps the build waiting, half done.
    let mut blocker = db.client();
    blocker.batch_execute("BEGIN; INSERT INTO t VALUES (1)").unwrap();
    let running = up(&db.url(), dir.path()).spawn();
    let invalid = "SELECT count(*) FROM pg_index WHERE NOT indisvalid";
    wait_until("the index is begun", || db.query(invalid).trim() == "1");
    running.kill();
    let builder = "datname = current_database() AND query LIKE 'CREATE INDEX CONCURRENTLY%'";
    db.query(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {builder}"));
    blocker.batch_execute("COMMIT").unwrap();
    let run = up(&db.url(), dir.path()).run().succeeds();
    assert!(run.stderr.contains("is INVALID; putting it right"), "{run}");
    assert_eq!(db.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_x'::regclass").trim(), "t");
}

/// A savepoint that is rolled back to takes what was recorded behind it along, but for the end of the transaction.
#[test]
fn a_transaction_of_the_files_own_is_not_run_again_in_parts() {
    on_both(|db| {
        let text = "BEGIN;\nCREATE TABLE a (x int);\nSAVEPOINT s;\nINSERT INTO a VALUES (1);\nROLLBACK TO s;\n\
                    INSERT INTO a VALUES (2);\nCOMMIT;\n";
        let dir = migrations(&[("001_a.sql", &format!("{text}SELECT * FROM missing;\n"))]);
        let run = up(&db.url(), dir.path()).run().exits(1);
        assert!(run.stderr.contains("statements 1 to 7 stand"), "{run}");
        write(dir.path(), "001_a.sql", &format!("{text}CREATE TABLE b (x int);\n"));
        up(&db.url(), dir.path()).run().succeeds();
        assert_eq!(db.query("SELECT x FROM a"), "2");
    });
}

#[test]
fn a_commit_that_fails_leaves_its_whole_transaction_undone() {
    let db = Db::postgres();
    let first = "BEGIN;\nCREATE TABLE p (x int PRIMARY KEY);\n\
                 CREATE TABLE c (x int REFERENCES p DEFERRABLE INITIALLY DEFERRED);\nCOMMIT;\nBEGIN;\n";
    let dir = migrations(&[("001_a.sql", &format!("{first}INSERT INTO c VALUES (1);\nCOMMIT;\n"))]);
    let run = up(&db.url(), dir.path()).run().exits(1);
    assert!(run.stderr.contains("failed at statement 7 of 7"), "{run}");
    assert!(run.stderr.contains("statements 1 to 4 stand"), "{run}");
    write(dir.path(), "001_a.sql", &format!("{first}INSERT INTO p VALUES (1);\nINSERT INTO c VALUES (1);\nCOMMIT;\n"));
    up(&db.url(), dir.path()).run().succeeds();
    assert_eq!(db.query("SELECT * FROM c"), "1");
}

/// From statement to statement the session is one; where the run goes on, what was set is set again; the next migration
/// gets nothing of it.
#[test]
fn what_a_file_sets_holds_to_its_end_across_a_resume() {
    for_each_major(|server| {
        let db = Db::Postgres(TestDb::on(server));
        let role = format!("app_{}", std::process::id());
        let text = format!(
            "-- @no-transaction\nCREATE SCHEMA app;\nCREATE ROLE {role};\nGRANT ALL ON SCHEMA app TO {role};\n\
             SET search_path = app;\nSET ROLE {role};\nSET lock_timeout = '7s';\nCREATE TABLE t (x int);\n"
        );
        let rest = "CREATE TABLE v (x int);\nBEGIN;\nCREATE TABLE u AS SELECT current_setting('lock_timeout') AS l;\n\
                    COMMIT;\nCREATE INDEX CONCURRENTLY t_x ON t (x);\n";
        let dir = migrations(&[("001_a.sql", &format!("{text}SELECT * FROM missing;\n"))]);
        up(&db.url(), dir.path()).run().exits(1);
        write(dir.path(), "001_a.sql", &format!("{text}{rest}"));
        let is_left =
            "CREATE TABLE b AS SELECT session_user AS s, current_user AS u, current_setting('search_path') AS p;";
        write(dir.path(), "002_b.sql", is_left);
        up(&db.url(), dir.path()).run().succeeds();
        let tables = "SELECT schemaname, tablename, tableowner FROM pg_tables WHERE schemaname = 'app' ORDER BY 2";
        assert_eq!(db.query(tables), format!("app|t|{role}\napp|u|{role}\napp|v|{role}"));
        assert_eq!(db.query("SELECT schemaname FROM pg_indexes WHERE indexname = 't_x'"), "app");
        assert_eq!(db.query("SELECT l FROM app.u"), "7s", "the file's own timeout is in force");
        assert_eq!(db.query("SELECT s, u, p FROM b"), "tester|tester|\"$user\", public");

        // pg_dump --use-set-session-authorization
        let text = format!(
            "-- @no-transaction\nSET SESSION AUTHORIZATION {role};\nCREATE TABLE app.w (x int);\n\
             CREATE INDEX CONCURRENTLY ON app.w (x);\nCREATE TABLE app.x (x int);\n"
        );
        write(dir.path(), "003_c.sql", &text);
        write(dir.path(), "004_d.sql", &is_left.replace(" b ", " d "));
        up(&db.url(), dir.path()).run().succeeds();
        let owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'app'";
        assert_eq!(db.query(owners), role);
        assert_eq!(db.query("SELECT s, u, p FROM d"), "tester|tester|\"$user\", public");
        db.query(&format!("DROP OWNED BY {role} CASCADE; DROP ROLE {role}"));
    });
}

/// A lock that is not to be had in time is tried for again, and by then the session is a fresh one.
#[test]
fn what_a_file_sets_holds_for_the_next_try_too() {
    let db = TestDb::new();
    db.query("CREATE SCHEMA app; CREATE TABLE app.t (x int)");
    let text = "-- @no-transaction\nSET search_path = app;\nCREATE TABLE u (x int);\nALTER TABLE t ADD y int;\n\
                CREATE TABLE v (x int);\n";
    let dir = migrations(&[("001_a.sql", text)]);
    let mut holder = db.client();
    holder.batch_execute("BEGIN; LOCK TABLE app.t").unwrap();
    let running = up(&db.url(), dir.path()).args(["--lock-timeout", "100ms"]).spawn();
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'app.t'::regclass";
    wait_until("it waits", || db.query(waits).trim() == "1");
    wait_until("it has given up a try", || db.query(waits).trim() == "0");
    holder.batch_execute("COMMIT").unwrap();
    let run = running.wait().succeeds();
    assert!(run.stderr.contains("again"), "it was not tried again\n{run}");
    let tables = "SELECT schemaname, tablename FROM pg_tables WHERE tablename IN ('u', 'v') ORDER BY 2";
    assert_eq!(db.query(tables), "app|u\napp|v\n");
}

/// A pooler gives the next statement another session, and the next client this one.
#[test]
fn what_a_pooler_can_not_keep_is_refused() {
    let db = TestDb::new();
    let pooler = Pgbouncer::new(&db, 2);
    let dir = migrations(&[
        ("001_a.sql", "SET search_path = pg_temp, public;\nCREATE TABLE public.a (x int);"),
        ("002_b.sql", "-- @no-transaction\nCREATE TABLE b (x int);\nSET search_path = app;\nCREATE TABLE c (x int);\n"),
    ]);
    let run = up(pooler.url(), dir.path()).run().exits(2);
    assert!(run.stderr.contains("002_b.sql:3:1"), "{run}");
    assert!(run.stderr.contains("connect to the server itself"), "{run}");
    assert_eq!(Db::Postgres(db).completed(), 1);
}

/// To rebuild a table, foreign keys are turned off outside of its transaction: were they on after a resume, the DROP
/// would take the rows of other tables along.
#[test]
fn a_pragma_that_stands_is_set_again_on_resume() {
    let db = Db::sqlite();
    let (url, dir) = (db.url(), tempfile::tempdir().unwrap());
    let dir = dir.path();
    let text = "-- @no-transaction\nPRAGMA foreign_keys = ON;\n\
                CREATE TABLE p (x INTEGER PRIMARY KEY);\nCREATE TABLE c (x REFERENCES p ON DELETE CASCADE);\n\
                INSERT INTO p VALUES (1);\nINSERT INTO c VALUES (1);\n";
    write(dir, "001_a.sql", &format!("{text}SELECT * FROM missing;\n"));
    up(&url, dir).run().exits(1);
    // Now it matters that they are on.
    write(dir, "001_a.sql", &format!("{text}DELETE FROM p;\n"));
    write(dir, "002_b.sql", "CREATE TABLE b AS SELECT foreign_keys AS f FROM pragma_foreign_keys;");
    let shown = up(&url, dir).arg("--dry-run").run().succeeds().stdout;
    let place = |text: &str| shown.find(text).unwrap_or_else(|| panic!("{text} is not in\n{shown}"));
    assert!(place("PRAGMA foreign_keys = ON;") < place("DELETE FROM p;"), "{shown}");
    up(&url, dir).run().succeeds();
    assert_eq!(db.query("SELECT count(*) FROM c"), "0", "foreign keys were off after the resume");
    assert_eq!(db.query("SELECT f FROM b"), "0", "the next migration got what this one had set");
}

#[test]
fn discard_all_does_not_give_the_lock_away() {
    let db = Db::postgres();
    let held = "SELECT count(*) AS held FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()";
    let dir = migrations(&[("001_a.sql", "DISCARD ALL;"), ("002_b.sql", &format!("CREATE TABLE b AS {held};"))]);
    up(&db.url(), dir.path()).run().succeeds();
    assert_eq!(db.query("SELECT held FROM b"), "1");
}
