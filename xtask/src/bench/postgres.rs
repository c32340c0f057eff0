//! The cases on PostgreSQL.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use testkit::install::Install;
use testkit::{Error, Place, Proxy, Result, Server, TestDb};

use super::compare::{Comparison, Contender, Limit, compare};
use super::generate::{Generated, Shape};
use super::measure::{Sample, measure};
use super::{Bench, Case, peers};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "pg-up-1000",
        about: "1,000 migrations, a table, an index and a comment each, against psql with a transaction each",
        rounds: 7,
        run: up,
        limits: &[
            Limit::Ratio { of: "rung", to: "psql", at_most: 1.0 },
            Limit::Ratio { of: "rung each", to: "psql", at_most: 1.05 },
            Limit::Cpu { of: "rung", at_most: Duration::from_millis(200) },
        ],
    },
    Case {
        name: "pg-sync-2ms",
        about: "the same on a disk whose sync takes 2 ms",
        rounds: 5,
        run: up_on_a_slow_disk,
        limits: &[Limit::Ratio { of: "rung", to: "psql", at_most: 0.9 }],
    },
    Case {
        name: "pg-latency",
        about: "100 migrations, 10 ms each way, against psql with one message a file",
        rounds: 3,
        run: up_far_away,
        limits: &[Limit::Ratio { of: "rung", to: "psql", at_most: 0.6 }, Limit::Bursts { of: "rung", at_most: 30 }],
    },
    Case {
        name: "noop-10000",
        about: "nothing to do at 10,000 applied, against psql -c 'select 1'",
        rounds: 21,
        run: nothing_to_do,
        limits: &[
            Limit::Ratio { of: "rung", to: "psql", at_most: 2.0 },
            Limit::Memory { of: "rung", megabytes: 40 },
            Limit::Memory { of: "rung at 1,000", megabytes: 12 },
        ],
    },
    Case {
        name: "status-10000",
        about: "status of 10,000 applied; of 1,000 against other tools where they are installed",
        rounds: 11,
        run: status,
        limits: &[
            Limit::Wall { of: "rung", at_most: Duration::from_millis(100) },
            Limit::Ratio { of: "rung at 1,000", to: "sqlx", at_most: 1.0 },
            Limit::Ratio { of: "rung at 1,000", to: "dbmate", at_most: 1.0 },
            Limit::Ratio { of: "rung at 1,000", to: "diesel", at_most: 1.0 },
        ],
    },
];

/// A server as it comes: everything that the test servers leave out for speed is on.
const DURABLE: &[(&str, &str)] = &[("fsync", "on"), ("full_page_writes", "on"), ("shared_buffers", "128MB")];

fn up(bench: &Bench) -> Result<Comparison> {
    // /var/tmp is on a disk where /tmp may be in memory.
    let dir = tempfile::tempdir_in("/var/tmp").map_err(Error::cannot("make a directory on disk"))?;
    open_to_all(dir.path())?;
    let place = Place { dir: Some(dir.path()), ..Place::default() };
    let server = Server::private_in(&bench.postgres, &place, DURABLE)?;
    let comparison = compare_up(bench, &server);
    // Gone before its directory goes.
    server.retire();
    comparison
}

fn up_on_a_slow_disk(bench: &Bench) -> Result<Comparison> {
    let dir = tempfile::tempdir_in("/var/tmp").map_err(Error::cannot("make a directory"))?;
    open_to_all(dir.path())?;
    let shim = slow_sync(dir.path())?;
    let place = Place { env: &[("LD_PRELOAD", &shim.display().to_string())], ..Place::default() };
    let server = Server::private_in(&bench.postgres, &place, &[DURABLE, &[("wal_sync_method", "fdatasync")]].concat())?;
    let comparison = compare_up(bench, &server);
    server.retire();
    comparison
}

fn compare_up(bench: &Bench, server: &Server) -> Result<Comparison> {
    let count = bench.count(1_000);
    let files = Generated::new(count, Shape::Postgres)?;
    let script = files.script("")?.display().to_string();
    let migrations = files.migrations().display().to_string();
    let psql = Install::client("psql")?;

    let fresh = || {
        let db = TestDb::on(server);
        // What the creation left to be written is nobody's.
        db.query("CHECKPOINT");
        db
    };
    let rung = |durability: &'static [&'static str]| {
        let (fresh, files, migrations) = (&fresh, &files, &migrations);
        move || {
            let db = fresh();
            let url = db.socket_url();
            let args = [&["up", "--url", &url, "--dir", migrations, "--yes"], durability].concat();
            let sample = measure(&bench.rung, &args, files.dir())?;
            expect(&db, "SELECT count(*) FROM rung.schema_migrations WHERE status = 'completed'", count)?;
            expect_tables(&db, count)?;
            Ok(sample)
        }
    };
    let mut contenders =
        vec![Contender::new("rung", rung(&[])), Contender::new("rung each", rung(&["--durable", "each"]))];
    for peer in peers::installed(&files, peers::Verb::Up)? {
        contenders.push(Contender::new(peer.name, move || {
            let db = fresh();
            let sample = peer.measure(&db.url())?;
            expect_tables(&db, count)?;
            Ok(sample)
        }));
    }
    contenders.push(Contender::new("psql", || {
        let db = fresh();
        let args = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", &script, &db.socket_url()];
        let sample = measure(&psql, &args, files.dir())?;
        expect_tables(&db, count)?;
        Ok(sample)
    }));
    compare(contenders, bench.rounds)
}

fn up_far_away(bench: &Bench) -> Result<Comparison> {
    let count = bench.count(100);
    let files = Generated::new(count, Shape::Postgres)?;
    let migrations = files.migrations().display().to_string();
    let texts = files.texts();
    let psql = Install::client("psql")?;
    let server = Server::shared(&bench.postgres)?;
    let through_proxy = |run: &dyn Fn(&str) -> Result<Sample>| {
        let db = TestDb::on(&server);
        let proxy = Proxy::new(&server, Duration::from_millis(10));
        let sample = run(&format!("{}?sslmode=disable", db.url_at(proxy.port())))?;
        expect_tables(&db, count)?;
        Ok(Sample { bursts: Some(proxy.traffic().bursts), ..sample })
    };
    let mut contenders = vec![Contender::new("rung", || {
        through_proxy(&|url| measure(&bench.rung, &["up", "--url", url, "--dir", &migrations, "--yes"], files.dir()))
    })];
    for peer in peers::installed(&files, peers::Verb::Up)? {
        contenders.push(Contender::new(peer.name, move || through_proxy(&|url| peer.measure(url))));
    }
    contenders.push(Contender::new("psql", || {
        // Each -c is one message, which makes it one transaction, all in one session.
        let mut args = vec!["-X", "-q", "-v", "ON_ERROR_STOP=1"];
        args.extend(texts.iter().flat_map(|text| ["-c", text.as_str()]));
        through_proxy(&|url| measure(&psql, &[args.as_slice(), &[url]].concat(), files.dir()))
    }));
    compare(contenders, bench.rounds)
}

/// A database on which `rung up` has been run.
fn applied<'server>(
    bench: &Bench,
    server: &'server Server,
    files: &Generated,
    count: usize,
) -> Result<TestDb<'server>> {
    let db = TestDb::on(server);
    let dir = files.migrations().display().to_string();
    measure(&bench.rung, &["up", "--url", &db.socket_url(), "--dir", &dir, "--yes"], files.dir())?;
    expect(&db, "SELECT count(*) FROM rung.schema_migrations WHERE status = 'completed'", count)?;
    db.query("ANALYZE; CHECKPOINT");
    Ok(db)
}

fn nothing_to_do(bench: &Bench) -> Result<Comparison> {
    let server = Server::shared(&bench.postgres)?;
    let (many, few) = (bench.count(10_000), bench.count(1_000));
    let (many_files, few_files) = (Generated::new(many, Shape::Row)?, Generated::new(few, Shape::Row)?);
    let many_db = applied(bench, &server, &many_files, many)?;
    let few_db = applied(bench, &server, &few_files, few)?;
    let psql = Install::client("psql")?;
    let rung = |db: &TestDb<'_>, files: &Generated| {
        let (url, dir) = (db.socket_url(), files.migrations().display().to_string());
        measure(&bench.rung, &["up", "--url", &url, "--dir", &dir, "--yes"], files.dir())
    };
    let contenders = vec![
        Contender::new("rung", || rung(&many_db, &many_files)),
        Contender::new("rung at 1,000", || rung(&few_db, &few_files)),
        Contender::new("psql", || {
            measure(&psql, &["-X", "-q", "-c", "select 1", &many_db.socket_url()], many_files.dir())
        }),
    ];
    compare(contenders, bench.rounds)
}

fn status(bench: &Bench) -> Result<Comparison> {
    let server = Server::shared(&bench.postgres)?;
    let (many, few) = (bench.count(10_000), bench.count(1_000));
    let (many_files, few_files) = (Generated::new(many, Shape::Row)?, Generated::new(few, Shape::Row)?);
    let many_db = applied(bench, &server, &many_files, many)?;
    let few_db = applied(bench, &server, &few_files, few)?;
    let rung = |db: &TestDb<'_>, files: &Generated| {
        let (url, dir) = (db.socket_url(), files.migrations().display().to_string());
        measure(&bench.rung, &["status", "--url", &url, "--dir", &dir], files.dir())
    };
    let mut contenders = vec![
        Contender::new("rung", || rung(&many_db, &many_files)),
        Contender::new("rung at 1,000", || rung(&few_db, &few_files)),
    ];
    let ups = peers::installed(&few_files, peers::Verb::Up)?;
    for (up, peer) in ups.into_iter().zip(peers::installed(&few_files, peers::Verb::Status)?) {
        let db = TestDb::on(&server);
        up.measure(&db.url())?;
        contenders.push(Contender::new(peer.name, move || peer.measure(&db.url())));
    }
    compare(contenders, bench.rounds)
}

fn expect_tables(db: &TestDb<'_>, count: usize) -> Result<()> {
    expect(db, "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relname ~ '^t[0-9]+$'", count)
}

/// Checks that a contender has done its work: a program that does nothing is quick.
fn expect(db: &TestDb<'_>, sql: &str, count: usize) -> Result<()> {
    let found = db.try_query(sql).map_err(Error::new)?;
    if found.trim() == count.to_string() {
        Ok(())
    } else {
        Err(Error::new(format!("{sql}: {} instead of {count}", found.trim())))
    }
}

fn open_to_all(dir: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o777)).map_err(Error::cannot("open a directory"))
}

fn slow_sync(dir: &Path) -> Result<PathBuf> {
    let (source, library) = (dir.join("slow_sync.c"), dir.join("slow_sync.so"));
    std::fs::write(&source, include_str!("slow_sync.c")).map_err(Error::cannot("write slow_sync.c"))?;
    let mut cc = Command::new("cc");
    let status = cc.args(["-O2", "-shared", "-fPIC", "-o"]).args([&library, &source]).arg("-ldl").status();
    if !status.map_err(Error::cannot("run cc"))?.success() {
        return Err(Error::new("cc cannot compile slow_sync.c"));
    }
    Ok(library)
}
