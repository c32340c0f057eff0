//! Reading a large schema, and comparing two.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use testkit::install::{self, Install, workspace_root};
use testkit::{Error, Result, Server, TestDb};

use super::compare::{Comparison, Contender, Limit, compare};
use super::measure::measure;
use super::{Bench, Case};

pub(super) const CASES: &[Case] = &[CATALOG, DRIFT, DIFF];

const CATALOG: Case = Case {
    name: "catalog",
    about: "5,000 tables of 10 columns, a key, two indexes and a foreign key, against pg_dump --schema-only",
    rounds: 5,
    run: catalog,
    limits: &[
        Limit::Ratio { of: "inspect", to: "pg_dump", at_most: 0.4 },
        Limit::Memory { of: "inspect", megabytes: 150 },
        Limit::Ratio { of: "diff", to: "inspect", at_most: 2.0 },
        Limit::Ratio { of: "rung diff", to: "inspect", at_most: 2.0 },
        Limit::Ratio { of: "rung dump", to: "pg_dump", at_most: 0.8 },
    ],
};

const DRIFT: Case = Case {
    name: "drift",
    about: "rung verify of 5,000 tables that migrations have made: known from the last time, and found out anew",
    rounds: 3,
    run: drift,
    limits: &[Limit::Ratio { of: "verify", to: "inspect", at_most: 2.0 }],
};

const DIFF: Case = Case {
    name: "diff",
    about: "a migration from one small schema.sql to another, proved: on a server of ours, and on one that is started",
    rounds: 5,
    run: diff,
    limits: &[
        Limit::Wall { of: "dev server", at_most: Duration::from_millis(700) },
        Limit::Wall { of: "started server", at_most: Duration::from_millis(1_500) },
    ],
};

fn catalog(bench: &Bench) -> Result<Comparison> {
    // pg_dump reads no server that is newer than itself, and downloaded servers bring none. In the directory of an
    // installation is the program itself, and on PATH a script that looks for one.
    let dump = |install: &Install| install.bin.join("pg_dump");
    let install = install::found().into_iter().rev().find(|install| dump(install).is_file());
    let install = install.ok_or_else(|| Error::new("no installation has a pg_dump; try `cargo xtask servers`"))?;
    let server = Server::shared(&install)?;
    // Two databases, each made by itself.
    let (db, other) = (TestDb::on(&server), TestDb::on(&server));
    let count = bench.count(5_000);
    thread::scope(|threads| {
        let filling = [&db, &other].map(|db| threads.spawn(move || fill(db, count)));
        filling.into_iter().try_for_each(|it| it.join().unwrap_or_else(|_| Err(Error::new("a thread panicked"))))
    })?;
    let other = other.socket_url();
    let (url, program, dir) = (db.socket_url(), build_example()?, tempfile::tempdir());
    let dir = dir.map_err(Error::cannot("make a directory"))?;
    let tables = count.to_string();
    let run = |program: &Path, args: &[&str]| measure(program, args, dir.path());
    let contenders = vec![
        Contender::new("inspect", || run(&program, &["inspect", &tables, &url])),
        Contender::new("diff", || run(&program, &["diff", &tables, &url, &other])),
        Contender::new("rung diff", || run(&bench.rung, &["diff", &url, &other, "--exit-code"])),
        Contender::new("rung dump", || run(&bench.rung, &["dump", "--url", &url])),
        Contender::new("pg_dump", || run(&dump(&install), &["--schema-only", &url])),
    ];
    compare(contenders, bench.rounds)
}

fn fill(db: &TestDb<'_>, count: usize) -> Result<()> {
    for first in (1..=count).step_by(500) {
        let tables: String = (first..=count.min(first + 499)).map(table).collect();
        db.try_query(&tables).map_err(Error::new)?;
    }
    db.try_query("ANALYZE").map(drop).map_err(Error::new)
}

/// The tables are made by migrations, which are run again on a scratch database where what they make is not known.
fn drift(bench: &Bench) -> Result<Comparison> {
    let install = install::found().into_iter().next_back().ok_or_else(|| Error::new("there is no PostgreSQL"))?;
    let server = Server::shared(&install)?;
    let db = TestDb::on(&server);
    let count = bench.count(5_000);
    let dir = tempfile::tempdir().map_err(Error::cannot("make a directory"))?;
    let migrations = dir.path().join("migrations");
    fs::create_dir(&migrations).map_err(Error::cannot("make a directory"))?;
    for first in (1..=count).step_by(500) {
        let tables: String = (first..=count.min(first + 499)).map(table).collect();
        fs::write(migrations.join(format!("{first:05}_tables.sql")), tables).map_err(Error::cannot("write a file"))?;
    }
    let (url, program, tables) = (db.socket_url(), build_example()?, count.to_string());
    measure(&bench.rung, &["up", "--url", &url], dir.path())?;
    db.try_query("ANALYZE").map_err(Error::new)?;
    let cache = format!("XDG_CACHE_HOME={}", dir.path().join("cache").display());
    let rung = bench.rung.display().to_string();
    let verify = [&*cache, &rung, "verify", "--url", &url];
    let run = |args: &[&str]| measure(Path::new("/usr/bin/env"), args, dir.path());
    run(&verify)?;
    let contenders = vec![
        Contender::new("inspect", || measure(&program, &["inspect", &tables, &url], dir.path())),
        Contender::new("verify", || run(&verify)),
        Contender::new("anew", || run(&[&verify[..], &["--no-cache"]].concat())),
    ];
    compare(contenders, bench.rounds)
}

/// A diff of small schemas is the price of its scratch databases, of the proof, and of the server.
fn diff(bench: &Bench) -> Result<Comparison> {
    let install = install::found().into_iter().rev().find(|install| install.bin.join("pg_dump").is_file());
    let install = install.ok_or_else(|| Error::new("no installation has a pg_dump; try `cargo xtask servers`"))?;
    let server = Server::shared(&install)?;
    let db = TestDb::on(&server);
    let dir = tempfile::tempdir().map_err(Error::cannot("make a directory"))?;
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).map_err(Error::cannot("write a file"));
    let from = "CREATE TABLE users (id bigint PRIMARY KEY, mail text NOT NULL);\n\
                CREATE TABLE posts (id bigint PRIMARY KEY, author bigint REFERENCES users, body text);\n\
                CREATE VIEW authors AS SELECT author, count(*) FROM posts GROUP BY author;\n";
    write("from.sql", from)?;
    write("to.sql", &from.replace("body text", "body text NOT NULL, at timestamptz DEFAULT now()"))?;
    let (url, dev) = (db.socket_url(), server.socket_url("postgres"));
    let files = ["diff", "from.sql", "to.sql"];
    let contenders = vec![
        Contender::new("dev server", || measure(&bench.rung, &[&files[..], &["--dev-url", &dev]].concat(), dir.path())),
        Contender::new("started server", || measure(&bench.rung, &[&files[..], &["--url", &url]].concat(), dir.path())),
    ];
    compare(contenders, bench.rounds)
}

/// One of the tables. Each but the first leads to the one before it.
fn table(number: usize) -> String {
    let columns: String = (1..=7).map(|column| format!(", c{column} text NOT NULL DEFAULT 'c{column}'")).collect();
    let before = number.saturating_sub(1).max(1);
    format!(
        "CREATE TABLE t{number} (id bigint PRIMARY KEY, other bigint REFERENCES t{before} (id), at timestamptz{columns});\n\
         CREATE INDEX t{number}_other ON t{number} (other);\nCREATE INDEX t{number}_at ON t{number} (at, c1);\n"
    )
}

/// The example that does with the library what is measured, and nothing else; built if need be.
fn build_example() -> Result<PathBuf> {
    let myself = std::env::current_exe().map_err(Error::cannot("find this program"))?;
    let target = myself.parent().and_then(Path::parent).ok_or_else(|| Error::new("this is in no target directory"))?;
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--quiet", "--release", "--package", "rung-migrate", "--example", "catalog", "--target-dir"])
        .arg(target)
        .current_dir(workspace_root())
        .status()
        .map_err(Error::cannot("run cargo"))?;
    if !status.success() {
        return Err(Error::new("cargo build --release --example catalog failed"));
    }
    Ok(target.join("release/examples/catalog"))
}
