//! Every scenario of `tests/scenarios`, on every database.

fn main() -> std::process::ExitCode {
    testkit::scenario::main()
}
