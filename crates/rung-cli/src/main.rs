//! The binary.

fn main() -> std::process::ExitCode {
    rung_cli::main()
}
