//! `cargo xtask bench`: rung against the databases' own shells, and against other tools where they are installed.

mod catalog;
mod compare;
mod generate;
mod lint;
pub(crate) mod measure;
mod peers;
mod postgres;
mod sqlite;

use std::env;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use testkit::install::{Install, workspace_root};
use testkit::{Error, Result};

use crate::servers::{self, Scope};
use compare::{Comparison, Limit};

/// A benchmark.
struct Case {
    name: &'static str,
    about: &'static str,
    /// Rounds, unless the command line says otherwise.
    rounds: usize,
    run: fn(&Bench) -> Result<Comparison>,
    limits: &'static [Limit],
}

/// What all cases share.
struct Bench {
    rung: PathBuf,
    postgres: Install,
    rounds: usize,
    /// Divides the number of migrations, for a quick look.
    scale: usize,
}

impl Bench {
    fn count(&self, full: usize) -> usize {
        (full / self.scale).max(2)
    }
}

const HELP: &str = "\
cargo xtask bench [CASE...] [--rounds N] [--scale N] [--pg MAJOR] [--list]

  --rounds N    how often each program runs
  --scale N     a fraction of the migrations, for a quick look (limits are not judged)
  --pg MAJOR    the PostgreSQL to use (the newest of the usual ones)
Exits with 1 where a limit is not kept.
";

fn cases() -> impl Iterator<Item = &'static Case> {
    postgres::CASES.iter().chain(catalog::CASES).chain(sqlite::CASES).chain(lint::CASES)
}

pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let mut names = Vec::new();
    let (mut rounds, mut scale, mut major) = (None, 1, None);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut number = || {
            let number = args.next().and_then(|text| text.parse::<usize>().ok()).filter(|number| *number > 0);
            number.ok_or_else(|| Error::new(format!("{arg} takes a number")))
        };
        match arg.as_str() {
            "--rounds" => rounds = Some(number()?),
            "--scale" => scale = number()?,
            "--pg" => major = Some(number()? as u32),
            "--list" | "--help" => {
                print!("{HELP}");
                cases().for_each(|case| println!("  {:<16}{}", case.name, case.about));
                return Ok(ExitCode::SUCCESS);
            }
            name if cases().any(|case| case.name == name) => names.push(name),
            other => return Err(Error::new(format!("no case {other}; try `cargo xtask bench --list`"))),
        }
    }

    let mut installs = servers::ensure(Scope::Usual)?;
    installs.retain(|install| major.is_none_or(|major| install.major == major));
    let postgres = installs.pop().ok_or_else(|| Error::new("no such PostgreSQL; try `cargo xtask servers --all`"))?;
    let mut bench = Bench { rung: build_rung()?, postgres, rounds: 0, scale };
    let mut broken = 0;
    for case in cases().filter(|case| names.is_empty() || names.contains(&case.name)) {
        println!("{}: {}", case.name, case.about);
        bench.rounds = rounds.unwrap_or(case.rounds);
        let comparison = match (case.run)(&bench) {
            Ok(comparison) => comparison,
            Err(error) => {
                println!("  failed: {error}\n");
                broken += 1;
                continue;
            }
        };
        print!("{comparison}");
        if scale == 1 {
            for (text, kept) in case.limits.iter().filter_map(|limit| comparison.judge(*limit)) {
                println!("  {} {text}", if kept { "✓" } else { "✗" });
                broken += usize::from(!kept);
            }
        }
        println!();
    }
    Ok(if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The release binary, built if need be; or what `RUNG_BIN` names.
fn build_rung() -> Result<PathBuf> {
    if let Some(named) = env::var_os("RUNG_BIN") {
        return Ok(named.into());
    }
    let myself = env::current_exe().map_err(Error::cannot("find this program"))?;
    let target = myself.parent().and_then(|profile| profile.parent());
    let target = target.ok_or_else(|| Error::new("this program is in no target directory"))?;
    let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--quiet", "--release", "--package", "rungdb", "--bin", "rung", "--target-dir"])
        .arg(target)
        .current_dir(workspace_root())
        .status()
        .map_err(Error::cannot("run cargo"))?;
    if !status.success() {
        return Err(Error::new("cargo build --release -p rungdb failed"));
    }
    Ok(target.join("release/rung"))
}
