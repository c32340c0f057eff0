//! The project's own commands: `cargo xtask COMMAND`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal of a developer")]

mod bench;
mod generated;
mod interop;
mod languages;
mod servers;
mod test;

use std::process::ExitCode;

use testkit::{Error, Result};

const HELP: &str = "\
cargo xtask COMMAND

  test [--all] [ARGS]    run every test, on PostgreSQL servers started for the run and on SQLite;
                         ARGS go to cargo nextest run (or cargo test): -p PACKAGE, a filter, ...
  servers [--all]        find the PostgreSQL servers and programs that tests need (TypeScript and Pydantic
                         among them), or install them
  generated [--check]    write the generated files, or check that they are up to date
  interop [TOOL...]      let other tools write databases, and rung take them over; installs the tools
  bench [--list] [CASE]  compare with psql, the sqlite3 shell and other tools

--all takes PostgreSQL 13 to 18 instead of the usual two. In the environment: PG_BINS=DIR:DIR names
installations to use, RUNG_TEST_PG=13,18 (or all) chooses majors.
";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    let done = match command.as_str() {
        "test" => test::run(rest),
        "servers" => servers::run(&rest),
        "bench" => bench::run(&rest),
        "measure" => bench::measure::report(&rest),
        "interop" => interop::run(&rest),
        "generated" => generated::run(&rest),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        _ => {
            eprint!("{HELP}");
            Ok(ExitCode::from(2))
        }
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}

/// The only option that a command knows, if it was given.
///
/// # Errors
/// Where anything else was given.
fn lone_option(args: &[String], option: &str) -> Result<bool> {
    match args {
        [] => Ok(false),
        [one] if one == option => Ok(true),
        [other, ..] => Err(Error::new(format!("unexpected argument {other}; this command knows {option}"))),
    }
}
