//! The binary.

/// A linter and a planner make and drop many small things on all processors.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    rung_cli::main()
}
