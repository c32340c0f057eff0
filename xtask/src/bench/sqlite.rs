//! The cases on SQLite.

use testkit::install::Install;
use testkit::{Error, Result, SqliteDb};

use super::compare::{Comparison, Contender, Limit, compare};
use super::generate::{Generated, Shape};
use super::measure::{measure, measure_from};
use super::{Bench, Case};

pub(super) const CASES: &[Case] = &[Case {
    name: "sqlite-up-1000",
    about: "1,000 migrations, a table and an index each, against the sqlite3 shell with a transaction each",
    rounds: 5,
    run: up,
    limits: &[Limit::Ratio { of: "rung", to: "sqlite3", at_most: 0.45 }],
}];

fn up(bench: &Bench) -> Result<Comparison> {
    let count = bench.count(1_000);
    let files = Generated::new(count, Shape::Sqlite)?;
    let migrations = files.migrations().display().to_string();
    let shell = Install::client("sqlite3")?;

    // The shell runs at the settings that rung leaves the file with, and syncs as SQLite does by default, as rung must.
    let probe = on_disk()?;
    measure(&bench.rung, &["up", "--url", &probe.url(), "--dir", &migrations, "--yes"], files.dir())?;
    let journal_mode = probe.query("PRAGMA journal_mode");
    let script =
        files.script(&format!("PRAGMA journal_mode = {};\nPRAGMA synchronous = FULL;\n", journal_mode.trim()))?;

    let rung = |durability: &'static [&'static str]| {
        let (files, migrations) = (&files, &migrations);
        move || {
            let db = on_disk()?;
            let url = db.url();
            let args = [&["up", "--url", &url, "--dir", migrations, "--yes"], durability].concat();
            let sample = measure(&bench.rung, &args, files.dir())?;
            expect(&db, "SELECT count(*) FROM rung_schema_migrations WHERE status = 'completed'", count)?;
            expect_tables(&db, count)?;
            Ok(sample)
        }
    };
    let contenders = vec![
        Contender::new("rung", rung(&[])),
        Contender::new("rung each", rung(&["--durable", "each"])),
        Contender::new("sqlite3", || {
            let db = on_disk()?;
            let path = db.path().display().to_string();
            let sample = measure_from(&shell, &["-bail", &path], files.dir(), &script)?;
            expect_tables(&db, count)?;
            Ok(sample)
        }),
    ];
    compare(contenders, bench.rounds)
}

/// A database on a disk, where /tmp may be in memory.
fn on_disk() -> Result<SqliteDb> {
    SqliteDb::below("/var/tmp".as_ref()).map_err(Error::cannot("make a directory on disk"))
}

fn expect_tables(db: &SqliteDb, count: usize) -> Result<()> {
    expect(db, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name GLOB 't[0-9]*'", count)
}

fn expect(db: &SqliteDb, sql: &str, count: usize) -> Result<()> {
    let found = db.try_query(sql).map_err(Error::new)?;
    if found.trim() == count.to_string() {
        Ok(())
    } else {
        Err(Error::new(format!("{sql}: {} instead of {count}", found.trim())))
    }
}
