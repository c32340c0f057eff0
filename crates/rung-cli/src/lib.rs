//! The command line of rung: arguments, configuration, rendering and exit codes. All else is the library's.
//!
//! A command is one file in `commands`: it resolves a `Project` from the arguments and `rung.toml`, asks the library, and
//! shows what comes of it on the `Terminal`. What fails is a `Failure`, printed here and nowhere else.

mod alias;
pub mod args;
mod changes;
mod commands;
mod config;
mod diff;
mod document;
mod draw;
mod exit;
mod git;
mod interrupt;
mod json;
mod known;
mod lineage;
mod lsp;
mod prompt;
mod reference;
mod render;
mod schedule;
mod schema;
mod side;
mod workbench;

use std::process::ExitCode;

use clap::FromArgMatches;

use exit::Exit;
use render::{Failure, Terminal};

pub use config::reference as config_reference;
pub use reference::reference;

/// Runs the program with the process' arguments.
pub fn main() -> ExitCode {
    let matches = match alias::rewrite(std::env::args_os().collect()) {
        Ok(arguments) => args::Arguments::grouped().try_get_matches_from(arguments),
        Err(advice) => return misused(&advice),
    };
    let arguments = match matches.and_then(|matches| args::Arguments::from_arg_matches(&matches)) {
        Ok(arguments) => arguments,
        Err(error) => return not_understood(&error),
    };
    let terminal = Terminal::new(&arguments.global);
    let done = commands::run(&arguments, &terminal);
    interrupt::end_if_leaving();
    let exit = done.unwrap_or_else(|failure| {
        terminal.live().end();
        failure.print(&terminal);
        failure.exit
    });
    match terminal.lost() {
        Some(error) => {
            terminal.error(&format!("error: the output could not be written: {error}"));
            Exit::Failed.into()
        }
        None => exit.into(),
    }
}

/// Words of another tool that have no like here.
fn misused(advice: &Failure) -> ExitCode {
    anstream::eprint!("{}", advice.text(None));
    advice.exit.into()
}

/// Help and version, which are data and no error; or a usage error, with the command that was meant.
fn not_understood(error: &clap::Error) -> ExitCode {
    if let Some(advice) = alias::meant(error) {
        return misused(&advice);
    }
    // Nothing is left to be done where even this can't be printed.
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}
