//! Asking git.

use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use crate::render::Failure;

/// The files that were added or changed since the branch left `revision`, those that are not committed among them.
///
/// # Errors
/// There is no git, no repository, or no such revision.
pub(crate) fn changed_since(revision: &str) -> Result<HashSet<PathBuf>, Failure> {
    check(revision)?;
    let root = PathBuf::from(git(&["rev-parse", "--show-toplevel"], None)?.trim_end());
    let base = git(&["merge-base", revision, "HEAD"], Some(&root))?;
    let changed = git(&["diff", "--name-only", "-z", "--diff-filter=d", base.trim_end()], Some(&root))?;
    let new = git(&["ls-files", "--others", "--exclude-standard", "-z"], Some(&root))?;
    let names = changed.split('\0').chain(new.split('\0')).filter(|name| !name.is_empty());
    Ok(names.filter_map(|name| root.join(name).canonicalize().ok()).collect())
}

/// The files at and below a path as a revision has them: their paths below it (empty where it is a file), and contents.
/// None where the revision has no such path.
///
/// # Errors
/// There is no git, no repository, or no such revision.
pub(crate) fn files_at(revision: &str, path: &Path) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    check(revision)?;
    let path = path.display().to_string();
    let listed = git(&["ls-tree", "-r", "-z", revision, "--", &path], None)?;
    let path = path.trim_start_matches("./").trim_end_matches('/');
    // `100644 blob 83baae61804e65cc73a7201a7252750c76066a30\tmigrations/001_users.sql`
    let files: Vec<(&str, &str)> = listed
        .split('\0')
        .filter_map(|entry| entry.split_once('\t'))
        .filter_map(|(about, name)| Some((about.split(' ').nth(2).filter(|_| about.contains(" blob "))?, name)))
        .collect();
    let contents = contents(files.iter().map(|(object, _)| *object).collect())?;
    let below = |name: &str| name.strip_prefix(path).unwrap_or(name).trim_start_matches('/').to_owned();
    Ok(files.iter().map(|(_, name)| below(name)).zip(contents).collect())
}

/// The contents of objects, asked of one process.
fn contents(objects: Vec<&str>) -> Result<Vec<Vec<u8>>, Failure> {
    let wanted: String = objects.iter().map(|object| format!("{object}\n")).collect();
    let mut command = Command::new("git");
    command.args(["cat-file", "--batch"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| cannot_run(&error))?;
    let mut input = child.stdin.take();
    // In a thread: git writes before it has read all.
    let asking = thread::spawn(move || input.as_mut().map(|input| input.write_all(wanted.as_bytes())));
    let output = child.wait_with_output().map_err(|error| cannot_run(&error))?.stdout;
    // What fails to be asked for is missing in the answer.
    let _ = asking.join();
    let mut rest = &output[..];
    let mut found = Vec::with_capacity(objects.len());
    while found.len() < objects.len() {
        // `83baae61804e65cc73a7201a7252750c76066a30 blob 12`, the content, a newline.
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let head = String::from_utf8_lossy(&rest[..end]);
        let size = head.rsplit(' ').next().and_then(|size| size.parse::<usize>().ok());
        let content = size.and_then(|size| rest.get(end + 1..end + 1 + size));
        let Some(content) = content else {
            return Err(Failure::usage("git cat-file did not give every file", "look with `git fsck`"));
        };
        found.push(content.to_vec());
        rest = rest.get(end + 2 + content.len()..).unwrap_or_default();
    }
    Ok(found)
}

/// Refuses what would be an option to git.
fn check(revision: &str) -> Result<(), Failure> {
    if revision.is_empty() || revision.starts_with('-') {
        return Err(Failure::usage(format!("{revision:?} is no revision"), "name a branch, a tag or a commit"));
    }
    Ok(())
}

fn cannot_run(error: &std::io::Error) -> Failure {
    Failure::usage(format!("git can't be run: {error}"), "a revision is asked of git; install it")
}

fn git(arguments: &[&str], root: Option<&PathBuf>) -> Result<String, Failure> {
    let mut command = Command::new("git");
    if let Some(root) = root {
        command.current_dir(root);
    }
    let output = command.args(arguments).output().map_err(|error| cannot_run(&error))?;
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
