//! `cargo xtask generated`: files that are made from the code, and committed.

use std::fs;
use std::process::{Command, ExitCode, Stdio};

use testkit::install::workspace_root;
use testkit::{Error, Result};

/// A generated file: its path from the root of the workspace, and what makes its text.
type Generated = (&'static str, fn() -> Result<String>);

const FILES: &[Generated] = &[("docs/cli.md", command_line)];

/// The program's own account of its arguments.
fn command_line() -> Result<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["run", "--quiet", "--package", "rungdb", "--", "reference"])
        .current_dir(workspace_root())
        .stderr(Stdio::inherit())
        .output()
        .map_err(Error::cannot("run rung"))?;
    if !output.status.success() {
        return Err(Error::new("rung could not be built or run"));
    }
    String::from_utf8(output.stdout).map_err(|_| Error::new("the reference is not UTF-8"))
}

pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let check = crate::lone_option(args, "--check")?;
    let mut stale = 0;
    for (path, make) in FILES {
        let text = make()?;
        let file = workspace_root().join(path);
        if fs::read_to_string(&file).is_ok_and(|committed| committed == text) {
            continue;
        }
        if check {
            stale += 1;
            eprintln!("{path} is out of date");
        } else {
            fs::write(&file, text).map_err(Error::cannot(format!("write {path}")))?;
            println!("wrote {path}");
        }
    }
    if stale > 0 {
        return Err(Error::new("generated files are out of date; run `cargo xtask generated` and commit them"));
    }
    Ok(ExitCode::SUCCESS)
}
