//! Crashes, cuts, crowds and refusals: whatever happens in the middle of a run, the next one comes to the same end as
//! one that nothing happened to, nothing is applied twice, and no lock stays.
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail as its tests may")]

mod changes;
mod crowds;
mod cuts;
mod journal;
mod kills;
mod locks;
mod refusals;
mod signals;
mod size;

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use testkit::{Program, Running, SqliteDb, TestDb};

/// A fresh database of either kind.
enum Db {
    Postgres(TestDb<'static>),
    Sqlite(SqliteDb),
}

impl Db {
    fn postgres() -> Self {
        Self::Postgres(TestDb::new())
    }

    fn sqlite() -> Self {
        Self::Sqlite(SqliteDb::new())
    }

    fn url(&self) -> String {
        match self {
            Self::Postgres(db) => db.url(),
            Self::Sqlite(db) => db.url(),
        }
    }

    fn query(&self, sql: &str) -> String {
        match self {
            Self::Postgres(db) => db.query(sql),
            Self::Sqlite(db) => db.query(sql),
        }
        .trim()
        .to_owned()
    }

    /// One of rung's own tables.
    fn own(&self, table: &str) -> String {
        match self {
            Self::Postgres(_) => format!("rung.{table}"),
            Self::Sqlite(_) => format!("rung_{table}"),
        }
    }

    /// How many migrations are completed; none where there is no history.
    fn completed(&self) -> usize {
        let sql = format!("SELECT count(*) FROM {} WHERE status = 'completed'", self.own("schema_migrations"));
        let count = match self {
            Self::Postgres(db) => db.try_query(&sql),
            Self::Sqlite(db) if db.path().exists() => db.try_query(&sql),
            Self::Sqlite(_) => Ok(String::new()),
        };
        count.ok().and_then(|count| count.trim().parse().ok()).unwrap_or(0)
    }

    /// All that a run leaves behind, to be compared: the schema, how many rows each table has, the history, and what is
    /// not as it should be: migrations that were applied twice, statements that nobody knows the end of, invalid
    /// indexes, locks.
    fn state(&self) -> String {
        let (migrations, log, journal) =
            (self.own("schema_migrations"), self.own("migration_history"), self.own("statement_journal"));
        let (schema, tables, left) = match self {
            Self::Postgres(db) => (
                db.dump(),
                db.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"),
                db.query(
                    "SELECT 'invalid ' || indexrelid::regclass FROM pg_index WHERE NOT indisvalid UNION ALL \
                     SELECT 'lock of ' || pid FROM pg_locks WHERE locktype = 'advisory' AND database = \
                     (SELECT oid FROM pg_database WHERE datname = current_database())",
                ),
            ),
            Self::Sqlite(db) => {
                let files = fs::read_dir(db.dir()).unwrap().map(|file| file.unwrap().file_name());
                let beside: Vec<String> = files.map(|name| name.to_string_lossy().into_owned()).collect();
                let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'rung%' AND name NOT LIKE 'sqlite%' ORDER BY 1";
                (db.dump(), db.query(tables), beside.into_iter().filter(|name| name != "test.db").collect())
            }
        };
        let mut state = format!("{schema}\n{left}\n");
        for table in tables.lines() {
            state.push_str(&format!("{table}: {} rows\n", self.query(&format!("SELECT count(*) FROM {table}"))));
        }
        for sql in [
            format!("SELECT id, status, checksum FROM {migrations} ORDER BY sequence"),
            format!(
                "SELECT migration_id, direction, 'applied more than once' FROM {log} WHERE status = 'completed' \
                 GROUP BY migration_id, direction HAVING count(*) > 1"
            ),
            format!("SELECT migration_id, statement_index, state FROM {journal} WHERE state <> 'done'"),
        ] {
            state.push_str(&self.query(&sql));
            state.push('\n');
        }
        state
    }
}

/// Runs a test on both databases at once; a panic's message has the database as the name of the thread.
#[track_caller]
fn on_both(test: impl Fn(Db) + Sync) {
    thread::scope(|scope| {
        for (name, db) in [("PostgreSQL", Db::postgres as fn() -> Db), ("SQLite", Db::sqlite)] {
            let test = &test;
            thread::Builder::new().name(name.to_owned()).spawn_scoped(scope, move || test(db())).unwrap();
        }
    });
}

/// A directory of migrations with these files.
fn migrations(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        write(dir.path(), name, text);
    }
    dir
}

/// Writes a migration; a script can be run.
fn write(dir: &Path, name: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    let path = dir.join(name);
    fs::write(&path, text).unwrap();
    if name.ends_with(".sh") {
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// Migrations of every kind that a run meets: transactional, checked, statement by statement, with transactions of
/// their own, a script, and on PostgreSQL a COPY and an index that is built concurrently.
fn of_every_kind(db: &Db) -> TempDir {
    let dir = migrations(&[
        ("001_plain.sql", "CREATE TABLE plain (x int);\nINSERT INTO plain VALUES (1);\n"),
        (
            "002_checked.sql",
            "-- @up\nCREATE TABLE checked (x int);\nINSERT INTO checked VALUES (1);\n-- @verify\nSELECT count(*) = 1 FROM checked;\n-- @down\nDROP TABLE checked;\n",
        ),
        (
            "003_steps.sql",
            "-- @no-transaction\nCREATE TABLE steps (x int);\nINSERT INTO steps VALUES (1);\nCREATE INDEX steps_x ON steps (x);\n",
        ),
        (
            "004_own.sql",
            "BEGIN;\nCREATE TABLE own (x int);\nSAVEPOINT s;\nINSERT INTO own VALUES (0);\nROLLBACK TO s;\nCOMMIT;\nBEGIN;\nINSERT INTO own VALUES (1);\nCOMMIT;\n",
        ),
        ("005_script.sh", "#!/bin/sh\nexit 0\n"),
        ("008_last.sql", "CREATE TABLE last (x int);\nINSERT INTO last VALUES (1);\n"),
    ]);
    if let Db::Postgres(_) = db {
        write(dir.path(), "006_copy.sql", "CREATE TABLE copied (x int);\nCOPY copied FROM STDIN;\n1\n2\n\\.\n");
        write(
            dir.path(),
            "007_concurrently.sql",
            "CREATE INDEX CONCURRENTLY plain_x ON plain (x);\nDROP INDEX CONCURRENTLY plain_x;\nCREATE INDEX CONCURRENTLY plain_x ON plain (x);\n",
        );
    }
    dir
}

/// `rung ARGS` on a database and a directory.
fn rung(url: &str, dir: &Path, args: &[&str]) -> Program {
    Program::rung().args(["--url", url, "--dir"]).arg(dir).args(args)
}

/// `rung up`.
fn up(url: &str, dir: &Path) -> Program {
    rung(url, dir, &["up", "--lock-wait", "60s"])
}

/// A run that has the lock until [`Holder::end`].
struct Holder {
    dir: TempDir,
    running: Running,
}

impl Holder {
    fn of(db: &Db) -> Self {
        let text = "#!/bin/sh\ncd \"$(dirname \"$0\")\"\ntouch begun\nuntil [ -e go ]; do sleep 0.02; done\n";
        let dir = migrations(&[("001_hold.sh", text)]);
        let running = up(&db.url(), dir.path()).spawn();
        wait_until("the script runs", || dir.path().join("begun").exists());
        Self { dir, running }
    }

    fn end(self) {
        fs::write(self.dir.path().join("go"), "").unwrap();
        self.running.wait().succeeds();
    }
}

/// Asks every few milliseconds.
#[track_caller]
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(30), "waited too long: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Does work on several threads, each with a value of its own, until it returns false or the numbers are used up.
fn in_parallel(numbers: impl Iterator<Item = u64> + Send, work: impl Fn(u64) -> bool + Sync) {
    let numbers = std::sync::Mutex::new(numbers);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(number) = numbers.lock().ok().and_then(|mut numbers| numbers.next()) {
                    if !work(number) {
                        return;
                    }
                }
            });
        }
    });
}
