//! `cargo xtask generated`: files that are made from the code, and committed.

use std::fs;
use std::process::ExitCode;

use testkit::install::workspace_root;
use testkit::{Error, Result};

/// A generated file: its path from the root of the workspace, and what makes its text.
type Generated = (&'static str, fn() -> Result<String>);

const FILES: &[Generated] = &[];

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
