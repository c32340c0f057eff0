//! The command line of rung: arguments, configuration, rendering and exit codes. All else is the library's.

mod alias;
pub mod args;
mod commands;
mod config;
mod diagnostics;
mod exit;
mod failure;
mod json;
mod progress;
mod project;
mod reference;
mod terminal;
mod text;

use std::process::ExitCode;

use clap::Parser;

pub use reference::reference;

/// Runs the program with the process' arguments.
pub fn main() -> ExitCode {
    let arguments = alias::rewrite(std::env::args_os().collect());
    let arguments = match args::Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are data and no error; a usage error is 2, as clap has it.
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let terminal = terminal::Terminal::new(&arguments.global);
    match commands::run(&arguments, &terminal) {
        Ok(code) => code.into(),
        Err(failure) => {
            failure.print(&terminal);
            failure.code.into()
        }
    }
}
