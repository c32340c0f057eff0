//! What tests of other languages' source texts need: TypeScript from npm, Pydantic from PyPI, a few crates; all of it
//! below `.dev/languages`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use testkit::languages::{self, PYDANTIC, TYPESCRIPT};
use testkit::{Error, Result};

/// Gets what is missing. What can't be had is told, and no reason to test nothing else: the tests that need it fail.
pub(crate) fn ensure() {
    let parts: [fn() -> Result<()>; 3] = [typescript, python, rust];
    thread::scope(|scope| {
        for part in parts {
            scope.spawn(move || {
                if let Err(error) = part() {
                    eprintln!("warning: {error}");
                }
            });
        }
    });
}

fn typescript() -> Result<()> {
    install(&languages::tsc(), &languages::dir().join(format!("typescript-{TYPESCRIPT}")), |dir| {
        eprintln!("downloading TypeScript {TYPESCRIPT}");
        let package = format!("typescript@{TYPESCRIPT}");
        run(Command::new("npm")
            .args(["install", "--silent", "--no-save", "--no-audit", "--prefix"])
            .arg(dir)
            .arg(package))
    })
}

fn python() -> Result<()> {
    // The programs of a virtual environment have its path in them: it is made where it stays.
    let (program, dir) = (languages::python(), languages::dir().join(format!("pydantic-{PYDANTIC}")));
    let ready = dir.join(".ready");
    if program.exists() && ready.exists() {
        return Ok(());
    }
    eprintln!("downloading Pydantic {PYDANTIC}");
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&dir))?;
    run(Command::new(program).args(["-m", "pip", "install", "--quiet", &format!("pydantic=={PYDANTIC}")]))?;
    fs::write(ready, "").map_err(Error::cannot("write a mark"))
}

fn rust() -> Result<()> {
    if languages::rust_lock().exists() {
        return Ok(());
    }
    eprintln!("fetching the crates that Rust's types need");
    let dir = languages::dir().join("rust");
    languages::write_crate(&dir, "")?;
    // The lock file comes last, and says that all is there.
    let made = dir.join(format!(".{}", std::process::id()));
    languages::write_crate(&made, "")?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let done = run(Command::new(cargo)
        .args(["test", "--quiet", "--target-dir"])
        .arg(dir.join("target"))
        .env_remove("CARGO_TARGET_DIR")
        .env("RUSTFLAGS", "-D warnings -A dead_code")
        .current_dir(&made))
    .and_then(|()| {
        fs::rename(made.join("Cargo.lock"), languages::rust_lock()).map_err(Error::cannot("move a lock file"))
    });
    let _ = fs::remove_dir_all(&made);
    done
}

/// Makes a directory aside and moves it into place when complete, so that what was interrupted is simply done again.
fn install(program: &Path, target: &Path, make: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    if program.exists() {
        return Ok(());
    }
    let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let partial: PathBuf = target.with_file_name(format!(".{name}.{}", std::process::id()));
    fs::create_dir_all(&partial).map_err(Error::cannot(format!("create {}", partial.display())))?;
    let done = make(&partial).and_then(|()| {
        let moved = fs::rename(&partial, target);
        // Another process may have been faster.
        moved
            .or_else(|error| if target.is_dir() { Ok(()) } else { Err(error) })
            .map_err(Error::cannot("move a download"))
    });
    let _ = fs::remove_dir_all(&partial);
    done
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().map_err(Error::cannot(format!("run {:?}", command.get_program())))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Error::new(format!("{command:?} failed: {}", said.trim())));
    }
    Ok(())
}
