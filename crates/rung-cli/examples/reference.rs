//! Prints a generated page of the documentation: `cargo run --example reference -- cli`, `config`, `rules`
//! or `health`.
#![expect(clippy::print_stdout, reason = "a program for `cargo xtask generated`")]

use std::process::ExitCode;

fn main() -> ExitCode {
    let page = match std::env::args().nth(1).as_deref() {
        Some("cli") => rung_cli::reference(),
        Some("health") => rung::health::reference(),
        Some("rules") => rung::lint::reference(),
        Some("config") => rung_cli::config_reference(),
        _ => return ExitCode::FAILURE,
    };
    print!("{page}");
    ExitCode::SUCCESS
}
