//! What a branch adds, asked of git.

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::Command;

use crate::render::Failure;

/// The files that were added or changed since the branch left `revision`, those that are not committed among them.
///
/// # Errors
/// There is no git, no repository, or no such revision.
pub(super) fn changed_since(revision: &str) -> Result<HashSet<PathBuf>, Failure> {
    // It would be an option to git.
    if revision.starts_with('-') {
        return Err(Failure::usage(format!("{revision} is no revision"), "name a branch, a tag or a commit"));
    }
    let root = PathBuf::from(git(&["rev-parse", "--show-toplevel"], None)?.trim_end());
    let base = git(&["merge-base", revision, "HEAD"], Some(&root))?;
    let changed = git(&["diff", "--name-only", "-z", "--diff-filter=d", base.trim_end()], Some(&root))?;
    let new = git(&["ls-files", "--others", "--exclude-standard", "-z"], Some(&root))?;
    let names = changed.split('\0').chain(new.split('\0')).filter(|name| !name.is_empty());
    Ok(names.filter_map(|name| root.join(name).canonicalize().ok()).collect())
}

fn git(arguments: &[&str], root: Option<&PathBuf>) -> Result<String, Failure> {
    let mut command = Command::new("git");
    if let Some(root) = root {
        command.current_dir(root);
    }
    let output = command
        .args(arguments)
        .output()
        .map_err(|error| Failure::usage(format!("git can't be run: {error}"), "--since asks git; install it"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().next().unwrap_or("it did not say why").trim_start_matches("fatal: ").to_owned();
    Err(Failure::usage(
        format!("git {} failed: {said}", arguments.join(" ")),
        "name a revision that this repository has",
    ))
}
