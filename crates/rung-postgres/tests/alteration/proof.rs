//! Whether an alteration does what it is for: two databases, one of which is altered until nothing tells it from the other.

use std::process::Command;

use rung_catalog::{Catalog, Rename};
use rung_engine::{AlterOptions, AlterStep, Alteration, Cut, Dialect, Driver, DumpOptions, Locking, Refusal};
use rung_postgres::connect::Environment;
use rung_postgres::{OpenOptions, POSTGRES, open};
use testkit::install::pg_dump;
use testkit::{Server, TestDb};

/// What came of a pair.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The databases are the same, by this alteration.
    Proved(Alteration),
    /// There is no alteration, and it says why.
    Refused(Vec<Refusal>),
    /// A schema can't be made.
    Unloadable(String),
    /// It does not do what it is for; what it was, and what is wrong.
    Failed(Alteration, String),
}

/// Alters a database that has one schema until it has the other. `rows` is run in between.
pub(crate) fn prove(
    server: &'static Server,
    from: &str,
    to: &str,
    rows: &str,
    locking: Locking,
    renames: &[Rename],
) -> Outcome {
    let (one, two) = (Emptied(TestDb::on(server)), Emptied(TestDb::on(server)));
    for (db, sql) in [(&one, from), (&two, to), (&one, rows)] {
        if let Err(error) = load(&db.0, sql) {
            return Outcome::Unloadable(error);
        }
    }
    let (start, goal) = (inspect(&one.0), inspect(&two.0));
    let options = AlterOptions {
        renames: renames.to_vec(),
        locking,
        version: Some(server.major() * 10_000),
        compared: DumpOptions::default(),
    };
    let alteration = match POSTGRES.alteration(&start, &goal, &options) {
        Ok(alteration) => alteration,
        Err(refused) => return Outcome::Refused(refused),
    };
    if let Err(error) = apply(&one.0, &alteration.steps) {
        return Outcome::Failed(alteration, error);
    }
    let (end, dump) = (inspect(&one.0), (dumped(&one.0), dumped(&two.0)));
    let (found, expected) = (normal(&end), normal(&goal));
    if found != expected {
        let wrong = format!("the catalogs differ:\n{}", difference(&expected, &found));
        return Outcome::Failed(alteration, wrong);
    }
    if let (Some(found), Some(expected)) = dump
        && found != expected
    {
        return Outcome::Failed(alteration, format!("pg_dump differs:\n{}", difference(&expected, &found)));
    }
    match POSTGRES.alteration(&end, &goal, &options_without_renames(&options)) {
        Ok(again) if again.is_empty() => Outcome::Proved(alteration),
        Ok(again) => Outcome::Failed(alteration, format!("there is more to do: {:#?}", again.steps)),
        Err(refused) => Outcome::Failed(alteration, format!("what is the same is refused: {refused:?}")),
    }
}

fn options_without_renames(options: &AlterOptions) -> AlterOptions {
    AlterOptions { renames: Vec::new(), ..options.clone() }
}

/// A database that can be dropped, whatever subscriptions it has.
struct Emptied(TestDb<'static>);

impl Drop for Emptied {
    fn drop(&mut self) {
        let all = "SELECT quote_ident(subname) FROM pg_subscription s JOIN pg_database d ON d.oid = subdbid WHERE datname = current_database()";
        for name in self.0.try_query(all).unwrap_or_default().lines() {
            for what in [
                format!("ALTER SUBSCRIPTION {name} DISABLE"),
                format!("ALTER SUBSCRIPTION {name} SET (slot_name = NONE)"),
                format!("DROP SUBSCRIPTION {name}"),
            ] {
                let _ = self.0.try_query(&what);
            }
        }
    }
}

/// Runs a schema; roles that it speaks of are made.
fn load(db: &TestDb<'_>, sql: &str) -> Result<(), String> {
    for _ in 0..10 {
        let Err(error) = db.try_query(&format!("BEGIN;{sql}\n;COMMIT")) else { return Ok(()) };
        let role = error
            .split_once("role \"")
            .and_then(|(_, rest)| rest.split_once("\" does not exist"))
            .map(|(role, _)| role);
        let Some(role) = role else { return Err(error) };
        let _ = db.try_query(&format!("CREATE ROLE \"{role}\""));
    }
    Err("there is no end of roles".to_owned())
}

pub(crate) fn inspect(db: &TestDb<'_>) -> Catalog {
    let mut driver =
        open(&db.url(), &Environment::empty(), &OpenOptions::default()).unwrap_or_else(|error| panic!("{error}"));
    driver.inspect().unwrap_or_else(|error| panic!("{error}"))
}

/// Runs an alteration, cut into transactions as it says.
pub(crate) fn apply(db: &TestDb<'_>, steps: &[AlterStep]) -> Result<(), String> {
    let mut client = db.client();
    let mut is_open = false;
    for step in steps {
        let mut run = |sql: &str| {
            client.batch_execute(sql).map_err(|error| {
                let message = error.as_db_error().map_or_else(
                    || error.to_string(),
                    |error| format!("{} {}", error.message(), error.detail().unwrap_or_default()),
                );
                format!("{message}\n  in {sql}")
            })
        };
        if is_open && step.cut != Cut::Joined {
            run("COMMIT")?;
            is_open = false;
        }
        if !is_open && step.cut != Cut::Outside {
            run("BEGIN")?;
            is_open = true;
        }
        run(&step.sql)?;
    }
    if is_open {
        client.batch_execute("COMMIT").map_err(|error| format!("{error:?}\n  in COMMIT"))?;
    }
    Ok(())
}

/// A catalog as text, without what means nothing.
fn normal(catalog: &Catalog) -> String {
    catalog.iter().map(|object| format!("{:#?}\n", object.normal())).collect()
}

/// What pg_dump says of a database; columns and blocks in an order of their own. `None` where the server is newer than
/// any pg_dump here.
fn dumped(db: &TestDb<'_>) -> Option<String> {
    let output = Command::new(pg_dump(db.server().major())?)
        .args(["--schema-only", "--no-sync", "--dbname", &db.url()])
        .output()
        .expect("pg_dump runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let mut blocks: Vec<String> = text
        .split("\n\n")
        .map(|block| {
            let kept =
                block.lines().filter(|line| !line.starts_with('\\') && !line.starts_with("--") && !line.is_empty());
            let mut lines: Vec<&str> = kept.collect();
            // Nor does it matter in which order privileges were given.
            if lines.iter().all(|line| line.starts_with("GRANT ") || line.starts_with("REVOKE ")) {
                lines.sort_unstable();
            }
            // What is secret stays where it is.
            lines.retain(|line| !is_secret(line));
            if lines.iter().any(|line| line.ends_with(" OPTIONS (")) {
                lines.iter_mut().for_each(|line| *line = line.trim_end_matches(','));
            }
            if let [head, tail] = lines[..]
                && let (Some(head), ");") = (head.strip_suffix(" OPTIONS ("), tail)
            {
                return format!("{head};");
            }
            if lines.first().is_some_and(|first| first.starts_with("CREATE") && first.contains(" TABLE ")) {
                lines.iter_mut().for_each(|line| *line = line.trim_end_matches(','));
                lines.sort_unstable();
            }
            // The server says what statistics are on in the order of the columns.
            if let [line] = lines[..]
                && let Some((head, rest)) = line.split_once(" ON ").filter(|_| line.starts_with("CREATE STATISTICS "))
                && let Some((on, table)) = rest.split_once(" FROM ")
            {
                let on: std::collections::BTreeSet<&str> = on.split(", ").collect();
                return format!("{head} {on:?} {table}");
            }
            lines.join("\n")
        })
        .filter(|block| !block.is_empty())
        .collect();
    blocks.sort();
    Some(blocks.join("\n\n"))
}

/// Whether a line of a dump is an option that rung shows nobody.
fn is_secret(line: &str) -> bool {
    let name = line.trim_start().split(' ').next().unwrap_or_default();
    line.starts_with("    ") && ["passw", "secret", "token"].iter().any(|part| name.contains(part))
}

/// The lines in which two texts differ.
fn difference(expected: &str, found: &str) -> String {
    let dir = tempfile::tempdir().expect("a directory for what differs");
    let (left, right) = (dir.path().join("expected"), dir.path().join("found"));
    std::fs::write(&left, expected).and_then(|()| std::fs::write(&right, found)).expect("writable");
    let output = Command::new("diff").args(["-U", "6"]).args([&left, &right]).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

/// An alteration as text.
pub(crate) fn shown(alteration: &Alteration) -> String {
    let step = |step: &AlterStep| {
        let cut = match step.cut {
            Cut::Joined => "",
            Cut::New => "-- a new transaction\n",
            Cut::Outside => "-- by itself\n",
        };
        let loses = step.loses.as_ref().map_or_else(String::new, |what| format!(" -- loses {what}"));
        format!("{cut}{};{loses}\n", step.sql)
    };
    alteration.steps.iter().map(step).collect()
}
