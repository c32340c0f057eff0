//! `cargo xtask test`: every test, on servers that are started for the run and stopped after it.

use std::env;
use std::process::{Command, ExitCode};
use std::thread;
use std::time::Instant;

use testkit::{Error, Result, Server};

use crate::languages;
use crate::servers::{self, Scope};

pub(crate) fn run(mut args: Vec<String>) -> Result<ExitCode> {
    let scope = match args.iter().position(|arg| arg == "--all") {
        Some(all) => {
            args.remove(all);
            Scope::All
        }
        None => Scope::Usual,
    };
    args.retain(|arg| arg != "--");
    let installs = thread::scope(|threads| {
        threads.spawn(languages::ensure);
        servers::ensure(scope)
    })?;

    // The tests find these by themselves, and would start them if need be. Holding them here keeps them up in between,
    // and lets them go, however this process ends: their keepers see to that.
    let start = Instant::now();
    let servers: Vec<Server> = thread::scope(|scope| {
        let starting: Vec<_> = installs.iter().map(|install| scope.spawn(|| Server::shared(install))).collect();
        starting
            .into_iter()
            .map(|start| start.join().unwrap_or_else(|_| Err(Error::new("a start panicked"))))
            .collect::<Result<_>>()
    })?;
    let majors: Vec<String> = servers.iter().map(|server| server.major().to_string()).collect();
    eprintln!("PostgreSQL {} up in {} ms", majors.join(", "), start.elapsed().as_millis());

    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let nextest =
        Command::new(&cargo).args(["nextest", "--version"]).output().is_ok_and(|output| output.status.success());
    let mut runner = Command::new(&cargo);
    runner.args(match (nextest, scope) {
        (true, Scope::All) => &["nextest", "run", "--profile", "all"][..],
        (true, Scope::Usual) => &["nextest", "run"],
        (false, _) => &["test"],
    });
    if !args.iter().any(|arg| arg == "-p" || arg.starts_with("--package")) {
        runner.args(["--workspace", "--all-features"]);
    }
    let status = runner.args(&args).env("RUNG_TEST_PG", majors.join(",")).status().map_err(Error::cannot("run cargo"));
    thread::scope(|scope| {
        for server in servers {
            scope.spawn(|| server.retire());
        }
    });
    Ok(if status?.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
