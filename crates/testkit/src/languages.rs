//! Compilers and interpreters of other languages, for source texts that rung writes. `cargo xtask servers` puts them below
//! `.dev/languages`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, Result};
use crate::install::workspace_root;

/// TypeScript's compiler, pinned: one that changes under a test is a test that changes.
pub const TYPESCRIPT: &str = "5.9.3";
/// Pydantic.
pub const PYDANTIC: &str = "2.12.5";

/// What a crate of types needs, as its Cargo.toml has it.
const MANIFEST: &str = "[package]
name = \"types\"
version = \"0.0.0\"
edition = \"2024\"

[lib]
path = \"lib.rs\"

[dependencies]
serde = { version = \"1\", features = [\"derive\"] }
serde_json = \"1\"
chrono = { version = \"0.4\", features = [\"serde\"] }
uuid = { version = \"1\", features = [\"serde\"] }
rust_decimal = { version = \"1\", features = [\"serde\"] }

[workspace]
";

/// Where they are.
#[must_use]
pub fn dir() -> PathBuf {
    workspace_root().join(".dev/languages")
}

/// The program that compiles TypeScript.
#[must_use]
pub fn tsc() -> PathBuf {
    dir().join(format!("typescript-{TYPESCRIPT}/node_modules/typescript/bin/tsc"))
}

/// The Python that has Pydantic.
#[must_use]
pub fn python() -> PathBuf {
    dir().join(format!("pydantic-{PYDANTIC}/bin/python"))
}

/// The lock file that is made when the crates are fetched.
#[must_use]
pub fn rust_lock() -> PathBuf {
    dir().join("rust/Cargo.lock")
}

/// Makes a crate of a text.
///
/// # Errors
/// Where it can't be written.
pub fn write_crate(dir: &Path, text: &str) -> Result<()> {
    let written = fs::create_dir_all(dir)
        .and_then(|()| fs::write(dir.join("Cargo.toml"), MANIFEST))
        .and_then(|()| fs::write(dir.join("lib.rs"), text));
    written.map_err(Error::cannot(format!("write {}", dir.display())))
}

/// Compiles TypeScript files of a directory as strictly as it can be, and writes nothing.
///
/// # Panics
/// Where they do not compile, or there is no compiler.
#[track_caller]
pub fn compile_typescript(dir: &Path, files: &[&str]) {
    let mut node = Command::new("node");
    node.arg(there(tsc())).args(["--strict", "--noEmit", "--target", "es2022", "--lib", "es2022"]);
    run(node.args(["--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess"]).args(files).current_dir(dir));
}

/// Runs Python in a directory, warnings being errors.
///
/// # Panics
/// Where it fails, or there is no interpreter.
#[track_caller]
pub fn run_python(dir: &Path, script: &str) -> String {
    run(Command::new(there(python())).args(["-B", "-W", "error", script]).current_dir(dir))
}

/// Checks a crate whose one file is a text, and runs its tests where it has any.
///
/// # Panics
/// Where it does not compile, or the crates that it needs are not there.
#[track_caller]
pub fn check_rust(dir: &Path, text: &str) {
    write_crate(dir, text).unwrap_or_else(|error| panic!("{error}"));
    fs::copy(there(rust_lock()), dir.join("Cargo.lock")).expect("a lock file can be copied");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    run(Command::new(cargo)
        .args(["test", "--quiet", "--offline", "--target-dir"])
        .arg(self::dir().join("rust/target"))
        .env_remove("CARGO_TARGET_DIR")
        .env("RUSTFLAGS", "-D warnings -A dead_code")
        .current_dir(dir));
}

#[track_caller]
fn there(path: PathBuf) -> PathBuf {
    assert!(path.exists(), "there is no {}; get it with `cargo xtask servers`", path.display());
    path
}

#[track_caller]
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?} failed\n{out}{error}");
    out.into_owned()
}
