//! Scenarios: what a user types and sees, in a text file, run on every database.
//!
//! A scenario is a file `tests/scenarios/**/*.txtar`: a script, then the files that it starts with.
//!
//! ```text
//! # A migration is applied once.
//!
//! $ rung up
//! > ✓ 001_create_users   create_table [took]
//! > applied 1 migration to [..] in [took]
//! $ rung up --to 002   # exit 2
//! ! error: no migration 002
//! sql SELECT name FROM users
//! [sqlite] > anna
//! [postgres] > bert
//! [pg>=14] $ rung locks
//!
//! -- migrations/001_create_users.sql --
//! CREATE TABLE users (name text);
//! ```
//!
//! Each runs on SQLite and on every chosen PostgreSQL, in a fresh directory and on a fresh, empty database, as a test of
//! its own (`up/once::sqlite`, `up/once::pg18`). The lines of a script:
//!
//! - `# text` and empty lines say what it is about.
//! - `$ COMMAND` is run by `sh`, with `rung` on the PATH and these variables: `DATABASE_URL`; `DIALECT` (`postgres` or
//!   `sqlite`); `DB_PATH`, the file, on SQLite; `DB_NAME`, `DB_USER`, `DB_PASSWORD`, `DB_PORT` and `DB_SOCKET_DIR` on
//!   PostgreSQL. A line that ends in `\` goes on in the next one. It must exit with 0, or with N where the line ends in
//!   `# exit N`.
//! - `sql STATEMENTS` runs SQL on the database; a row is a line, its columns separated by `|`, null is nothing, and an
//!   error is a line on standard error.
//! - `write PATH` writes a file; its lines follow, each after `| `.
//! - `> LINE` is expected on standard output, `! LINE` on standard error, both after normalisation (see
//!   [`crate::Normaliser`]; the directory is `$DIR`, the database's URL `$DATABASE_URL`). `[..]` in it stands for any text,
//!   and a line `...` for any number of lines. All output must be expected.
//! - `[GUARD]` before any of these keeps it to some databases: `[postgres]`, `[sqlite]`, `[pg>=14]`, `[pg<18]`, and
//!   `[pg_dump]` and `[no pg_dump]`, PostgreSQL that some pg_dump of this machine reads or none; several must all hold. A guard alone on a line, before the first command, is for the whole scenario.
//! - `-- [GUARD] PATH --` begins a file; one that begins with `#!` is made executable.
//!
//! With `RUNG_BLESS=1` the scenarios are run one by one on all databases and rewritten in place to expect what came:
//! lines that match stay as they are, wildcards included, and what differs between databases gets guards.
//!
//! What a password must never do is checked throughout: no command may print that of the database.

mod bless;
mod parse;
mod run;
mod target;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::install::{self, workspace_root};
use parse::Scenario;
use target::Target;

/// Runs all scenarios of the workspace: the `main` of a test target with `harness = false`.
#[must_use]
pub fn main() -> ExitCode {
    let mut args = Arguments::from_args();
    let root = workspace_root().join("tests/scenarios");
    let bless = env::var_os("RUNG_BLESS").is_some_and(|value| !value.is_empty() && value != "0");
    if args.test_threads.is_none() {
        // Most of the time of a scenario is waiting, for processes and for the server.
        args.test_threads = std::thread::available_parallelism().ok().map(|cores| cores.get() * 2);
    }
    libtest_mimic::run(&args, trials(&root, bless)).exit_code()
}

/// A test for each scenario and database; in blessing, one for each scenario.
fn trials(root: &Path, bless: bool) -> Vec<Trial> {
    let targets = match targets() {
        Ok(targets) => targets,
        // Not to be missed, and not to keep the list of tests from being shown.
        Err(error) => return vec![Trial::test("postgres", move || Err(Failed::from(error)))],
    };
    let mut trials = Vec::new();
    for path in files(root) {
        let name = path.strip_prefix(root).unwrap_or(&path).with_extension("").display().to_string();
        let scenario = match fs::read_to_string(&path)
            .map_err(|error| error.to_string())
            .and_then(|text| Scenario::parse(&text))
        {
            Ok(scenario) => scenario,
            Err(error) => {
                trials.push(Trial::test(name, move || Err(Failed::from(format!("{}:{error}", path.display())))));
                continue;
            }
        };
        let targets: Vec<Target> = targets.iter().filter(|target| scenario.is_for(target)).cloned().collect();
        if bless {
            let bin = || Some(crate::rung_bin());
            trials
                .push(Trial::test(name, move || bless::bless(&path, &scenario, &targets, bin()).map_err(Failed::from)));
            continue;
        }
        for target in targets {
            let (path, scenario) = (path.clone(), scenario.clone());
            trials.push(Trial::test(format!("{name}::{target}"), move || {
                let observed = run::run(&scenario, &target, Some(crate::rung_bin()));
                let complaint = run::complaint(&path, &scenario, &target, &observed);
                complaint.map_or(Ok(()), |complaint| Err(Failed::from(complaint)))
            }));
        }
    }
    trials
}

fn targets() -> crate::Result<Vec<Target>> {
    let installs = install::chosen()?;
    Ok(std::iter::once(Target::Sqlite).chain(installs.into_iter().map(Target::Postgres)).collect())
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if path.extension().is_some_and(|extension| extension == "txtar") {
            files.push(path);
        }
    }
    files.sort();
    files
}
