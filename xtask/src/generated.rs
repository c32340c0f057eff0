//! `cargo xtask generated`: files that are made from the code, and committed.

use std::fs;
use std::process::{Command, ExitCode, Stdio};

use testkit::install::workspace_root;
use testkit::{Error, Result};

/// The generated files: the path from the root of the workspace, and the page that its text is.
const FILES: &[(&str, &str)] = &[
    ("docs/cli.md", "cli"),
    ("docs/config.md", "config"),
    ("docs/rules.md", "rules"),
    ("docs/health-checks.md", "health"),
];

/// A page, as the program itself tells it.
fn page(name: &str) -> Result<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["run", "--quiet", "--package", "rungdb", "--example", "reference", "--", name])
        .current_dir(workspace_root())
        .stderr(Stdio::inherit())
        .output()
        .map_err(Error::cannot("run the example `reference` of rungdb"))?;
    if !output.status.success() {
        return Err(Error::new(format!("the example `reference` of rungdb has no page `{name}`, or can't be built")));
    }
    String::from_utf8(output.stdout).map_err(|_| Error::new("the page is not UTF-8"))
}

pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let check = crate::lone_option(args, "--check")?;
    let mut stale = 0;
    for (path, name) in FILES {
        let text = page(name)?;
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
