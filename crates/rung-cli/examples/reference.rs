//! Prints a generated page of the documentation: `cargo run --example reference -- cli`, `config` or `rules`.
#![expect(clippy::print_stdout, reason = "a program for `cargo xtask generated`")]

use std::process::ExitCode;

fn main() -> ExitCode {
    let page = match std::env::args().nth(1).as_deref() {
        Some("cli") => rung_cli::reference(),
        Some("rules") => rung::lint::reference(),
        Some("config") => rung_cli::config_reference(),
        _ => return ExitCode::FAILURE,
    };
    print!("{page}");
    ExitCode::SUCCESS
}
