//! Databases that can't be had or written to: an exit code of the table, a message that says what to do, no password,
//! and nothing changed.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

use testkit::{PASSWORD, Pgbouncer, Program, Run, SqliteDb, TestDb, rung_bin};

use crate::{Db, migrations, on_both, rung, up, write};

const TABLES: &[(&str, &str)] =
    &[("001_a.sql", "CREATE TABLE a (x int);"), ("002_b.sql", "CREATE TABLE b (x int); INSERT INTO b VALUES (1);")];

/// The exit code, the words, and no password.
#[track_caller]
fn refused(run: Run, code: i32, words: &[&str]) {
    let run = run.exits(code);
    for word in words {
        assert!(run.stderr.contains(word), "{word:?} is not in\n{run}");
    }
    assert!(run.stderr.contains("next: "), "nothing says what to do\n{run}");
    assert!(!format!("{}{}", run.stdout, run.stderr).contains(PASSWORD), "a password was shown\n{run}");
}

#[test]
fn a_server_that_is_down_a_wrong_password_and_a_missing_database() {
    let db = TestDb::new();
    let dir = migrations(TABLES);
    for command in ["up", "status", "plan", "check", "history"] {
        let run = |url: &str| rung(url, dir.path(), &[command]).run();
        refused(run(&db.url_at(1)), 2, &["127.0.0.1:1", "connection refused", "check the server"]);
        let url = db.url().replace(PASSWORD, "not-the-one");
        let wrong = run(&url);
        assert!(!wrong.stderr.contains("not-the-one"), "{wrong}");
        refused(wrong, 2, &["password"]);
        refused(run(&db.url().replace(db.name(), "no_such_db")), 2, &["no_such_db"]);
        refused(run(&db.url().replace("tester", "nobody_here")), 2, &["nobody_here"]);
    }
    assert_eq!(db.dump(), "");
}

#[test]
fn a_user_that_may_not_write() {
    let dir = migrations(TABLES);
    let db = TestDb::new();
    let user = |name: &str| format!("{name}_{}", db.name());
    let (reader, bound) = (user("reader"), user("bound"));
    db.query(&format!(
        "CREATE ROLE {reader} LOGIN PASSWORD '{PASSWORD}'; CREATE ROLE {bound} LOGIN SUPERUSER PASSWORD '{PASSWORD}'; \
         ALTER ROLE {bound} SET default_transaction_read_only = on"
    ));
    let url = |user: &str| db.url().replace("tester", user);
    refused(up(&url(&reader), dir.path()).run(), 1, &["permission denied"]);
    refused(up(&url(&bound), dir.path()).run(), 1, &["read-only"]);
    assert_eq!(db.query("SELECT nspname FROM pg_namespace WHERE nspname = 'rung'"), "");

    // With rung's tables there, and right of a user who may only read them.
    up(&db.url(), dir.path()).args(["--to", "001"]).run().succeeds();
    let before = Db::Postgres(TestDb::new());
    up(&before.url(), dir.path()).args(["--to", "001"]).run().succeeds();
    db.query(&format!("GRANT USAGE ON SCHEMA rung TO {reader}; GRANT SELECT ON ALL TABLES IN SCHEMA rung TO {reader}"));
    refused(up(&url(&reader), dir.path()).run(), 1, &["permission denied"]);
    refused(up(&url(&bound), dir.path()).run(), 1, &["read-only"]);
    // Reading is all that the readers do.
    for (user, command) in [(&reader, "status"), (&bound, "status"), (&reader, "history"), (&bound, "check")] {
        rung(&url(user), dir.path(), &[command]).run().succeeds();
    }
    db.query(&format!("DROP OWNED BY {reader}; DROP ROLE {reader}; DROP ROLE {bound}"));
    assert_eq!(Db::Postgres(db).state(), before.state());
}

#[test]
fn a_history_from_a_newer_rung_is_left_alone() {
    on_both(|db| {
        let dir = migrations(TABLES);
        up(&db.url(), dir.path()).args(["--to", "001"]).run().succeeds();
        db.query(&format!("UPDATE {} SET version = 99", db.own("format")));
        let before = db.state();
        for command in ["up", "status", "down", "redo", "history", "check", "stamp 001", "resolve 001 --done"] {
            let args: Vec<&str> = command.split(' ').collect();
            let run = rung(&db.url(), dir.path(), &args).run();
            refused(run, 2, &["newer rung", "install that version"]);
        }
        assert_eq!(db.state(), before);
    });
}

#[test]
fn a_pooler_whose_server_is_gone() {
    let db = TestDb::new();
    let pooler = Pgbouncer::new(&db, 2);
    let dir = migrations(TABLES);
    let url = pooler.url().to_owned();
    drop(pooler);
    refused(up(&url, dir.path()).run(), 2, &["connection refused", "check the server"]);
}

/// `rung up` as a user to whom permission bits mean something, whoever runs the tests.
fn up_as_somebody(db: &SqliteDb, dir: &Path) -> Run {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return up(&db.url(), dir).run();
    }
    const NOBODY: u32 = 65534;
    // What another user can reach: the build may be anywhere.
    let reachable = tempfile::tempdir().unwrap();
    let copy = reachable.path().join("rung");
    fs::copy(rung_bin(), &copy).unwrap();
    for path in [reachable.path(), dir, &copy] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    for path in [db.dir().to_owned(), db.path()].iter().filter(|path| path.exists()) {
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let identity = [format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"), "--clear-groups".to_owned()];
    Program::new("setpriv")
        .args(identity)
        .arg(copy)
        .args(["--url", &db.url(), "--dir"])
        .arg(dir)
        .arg("up")
        .dir("/")
        .run()
}

#[test]
fn a_file_or_a_directory_that_may_not_be_written_to() {
    let dir = migrations(TABLES);
    let mode = |path: &Path, mode: u32| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let db = SqliteDb::new();
    up(&db.url(), dir.path()).args(["--to", "001"]).run().succeeds();
    let before = fs::read(db.path()).unwrap();

    mode(&db.path(), 0o444);
    refused(up_as_somebody(&db, dir.path()), 1, &["test.db"]);
    mode(&db.path(), 0o644);
    mode(db.dir(), 0o555);
    refused(up_as_somebody(&db, dir.path()), 1, &["test.db", "writable"]);
    mode(db.dir(), 0o755);
    assert_eq!(fs::read(db.path()).unwrap(), before);
    refused(up(&format!("{}?mode=ro", db.url()), dir.path()).run(), 1, &["mode=ro"]);
    assert_eq!(fs::read(db.path()).unwrap(), before);

    let none = SqliteDb::new();
    mode(none.dir(), 0o555);
    refused(up_as_somebody(&none, dir.path()), 1, &["test.db", "writable"]);
    assert!(!none.path().exists());
}

#[test]
fn a_file_that_is_no_database_and_a_directory_that_is_not_there() {
    let dir = migrations(TABLES);
    let db = SqliteDb::new();
    fs::write(db.path(), "just a letter to a friend, long enough to be read as a header of a database file").unwrap();
    refused(up(&db.url(), dir.path()).run(), 2, &["test.db", "not a database"]);
    let url = format!("sqlite:{}/nowhere/app.db", db.dir().display());
    refused(up(&url, dir.path()).run(), 2, &["nowhere", "mkdir -p"]);
}

/// What fits is kept, what does not is rolled back whole, and once there is room the run goes on.
#[test]
fn a_database_that_is_full() {
    let db = Db::sqlite();
    let table = "CREATE TABLE b AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) \
                 SELECT i, randomblob(100) AS r FROM n;\n";
    let dir = migrations(&[("001_a.sql", "CREATE TABLE a (x int);"), ("003_c.sql", "CREATE TABLE c (x int);")]);
    for journalled in ["", "-- @no-transaction\n"] {
        write(dir.path(), "002_b.sql", &format!("{journalled}PRAGMA max_page_count = 40;\n{table}"));
        refused(up(&db.url(), dir.path()).run(), 1, &["database or disk is full", "make room"]);
        assert_eq!(db.completed(), 1);
        assert_eq!(db.query("SELECT count(*) FROM sqlite_schema WHERE name = 'b'"), "0");
    }
    write(dir.path(), "002_b.sql", &format!("PRAGMA max_page_count = 4000;\n{table}"));
    rung(&db.url(), dir.path(), &["resolve", "002", "--not-done"]).run().succeeds();
    up(&db.url(), dir.path()).run().succeeds();
    assert_eq!(db.completed(), 3);
    assert_eq!(db.query("SELECT count(*) FROM b"), "2000");
}

/// The server's own code for it, as a disk can't be filled here.
#[test]
fn a_server_whose_disk_is_full() {
    let db = Db::postgres();
    let text = "CREATE TABLE a (x int);\nDO $$ BEGIN RAISE disk_full; END $$;\n";
    for text in [text.to_owned(), format!("-- @no-transaction\n{text}")] {
        let dir = migrations(&[("001_a.sql", &text)]);
        refused(up(&db.url(), dir.path()).run(), 1, &["001_a.sql", "make room on the disk"]);
        assert_eq!(db.completed(), 0);
    }
    assert_eq!(db.query("SELECT count(*) FROM pg_tables WHERE tablename = 'a'"), "1", "a statement that stands");
}
