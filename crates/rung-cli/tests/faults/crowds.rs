//! Several at once.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use testkit::{Pgbouncer, TestDb};

use crate::{Db, Holder, migrations, of_every_kind, on_both, rung, up, wait_until, write};

/// Fifty migrations, every tenth of which does what can't be in a transaction.
fn fifty(db: &Db) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for at in 1..=50 {
        let text = match (at % 10, db) {
            (0, Db::Postgres(_)) => format!("CREATE INDEX CONCURRENTLY t{0}_x ON t{0} (x);", at - 1),
            (5, _) => format!("-- @no-transaction\nCREATE TABLE t{at} (x int);\nINSERT INTO t{at} VALUES (1);\n"),
            _ => format!("CREATE TABLE t{at} (x int);\nINSERT INTO t{at} VALUES (1);\n"),
        };
        fs::write(dir.path().join(format!("{at:03}_m.sql")), text).unwrap();
    }
    dir
}

fn at_once(count: usize, url: &str, dir: &Path) {
    let runs: Vec<_> = (0..count).map(|_| up(url, dir).spawn()).collect();
    for run in runs {
        run.wait().succeeds();
    }
}

/// Those who wait must hold nothing that an index build waits for.
#[test]
fn eight_at_once_apply_everything_once() {
    on_both(|db| {
        let dir = fifty(&db);
        at_once(8, &db.url(), dir.path());
        assert_eq!(db.completed(), 50);
        let state = db.state();
        let alone = if let Db::Postgres(_) = db { Db::postgres() } else { Db::sqlite() };
        up(&alone.url(), dir.path()).run().succeeds();
        assert_eq!(state, alone.state());
    });
}

#[test]
fn two_directories_on_one_database_take_turns() {
    on_both(|db| {
        let files = |from: usize| -> Vec<(String, String)> {
            (from..from + 20).map(|at| (format!("{at}_m.sql"), format!("CREATE TABLE t{at} (x int);"))).collect()
        };
        let (one, other) = (files(100), files(200));
        let dir = |files: &[(String, String)]| {
            migrations(&files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect::<Vec<_>>())
        };
        let (one, other) = (dir(&one), dir(&other));
        let runs = [
            rung(&db.url(), one.path(), &["--dir"]).arg(other.path()).arg("up").spawn(),
            rung(&db.url(), one.path(), &["--dir"]).arg(other.path()).arg("up").spawn(),
        ];
        for run in runs {
            run.wait().succeeds();
        }
        assert_eq!(db.completed(), 40);
    });
}

#[test]
fn behind_a_transaction_pooler_runs_exclude_one_another() {
    let alone = TestDb::new();
    let dir = of_every_kind(&Db::postgres());
    up(&alone.url(), dir.path()).run().succeeds();
    let db = TestDb::new();
    let pooler = Pgbouncer::new(&db, 4);
    at_once(3, pooler.url(), dir.path());
    assert_eq!(db.query("SELECT count(*) FROM rung.lease").trim(), "1");
    assert_eq!(Db::Postgres(db).state(), Db::Postgres(alone).state());
}

#[test]
fn a_lock_that_is_not_to_be_had_in_time_has_an_exit_code_and_a_name() {
    on_both(|db| {
        let holder = Holder::of(&db);
        let second = rung(&db.url(), holder.dir.path(), &["up", "--lock-wait", "1s"]).run().exits(5);
        assert!(second.stderr.contains("another rung is at work"), "{second}");
        holder.end();
        assert_eq!(db.completed(), 1);
    });
}

/// Nobody is there to give its lease back: it runs out.
#[test]
fn a_run_killed_behind_a_pooler_is_made_good_by_the_next() {
    let alone = TestDb::new();
    let dir = of_every_kind(&Db::postgres());
    up(&alone.url(), dir.path()).run().succeeds();
    let db = TestDb::new();
    let pooler = Pgbouncer::new(&db, 4);
    write(dir.path(), "005_script.sh", "#!/bin/sh\ntouch \"$(dirname \"$0\")/begun\"\nsleep 1\n");
    let running = up(pooler.url(), dir.path()).spawn();
    wait_until("the script runs", || dir.path().join("begun").exists());
    running.kill();
    let second = rung(pooler.url(), dir.path(), &["up", "--lock-wait", "1s"]).run().exits(5);
    assert!(second.stderr.contains("another rung is at work"), "{second}");
    write(dir.path(), "005_script.sh", "#!/bin/sh\nexit 0\n");
    up(pooler.url(), dir.path()).run().succeeds();
    assert_eq!(Db::Postgres(db).state(), Db::Postgres(alone).state());
}
