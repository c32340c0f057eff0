//! PostgreSQL's programs on this machine.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// A directory of programs of one major version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    pub(super) directory: PathBuf,
    pub(super) major: u32,
    /// Whether a server can be started from them.
    pub(super) server: bool,
    /// Whether `pg_dump` is among them.
    pub(super) clients: bool,
}

/// Where distributions and installers put them; `*` is a version.
const USUAL: [&str; 9] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/lib64/pgsql/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/Library/PostgreSQL/*/bin",
    "/usr/local/pgsql/bin",
];

/// Every directory with programs: those of `path` first, then the usual ones. They are looked for once in a process, since
/// each is run to be asked for its version.
pub(super) fn find(path: &[PathBuf]) -> Vec<Binaries> {
    static FOUND: Mutex<BTreeMap<Vec<PathBuf>, Vec<Binaries>>> = Mutex::new(BTreeMap::new());
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    found.entry(path.to_vec()).or_insert_with(|| look_at(path)).clone()
}

fn look_at(path: &[PathBuf]) -> Vec<Binaries> {
    let mut seen = BTreeSet::new();
    let usual = USUAL.iter().flat_map(|pattern| expand(pattern));
    let directories = path.iter().cloned().chain(usual).filter(|directory| seen.insert(directory.clone()));
    let directories: Vec<PathBuf> = directories.collect();
    thread::scope(|threads| {
        let asked: Vec<_> = directories.iter().map(|directory| threads.spawn(|| look(directory))).collect();
        asked.into_iter().filter_map(|asked| asked.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

/// The one to start a server from: of the major that is wanted, else the nearest above, else the newest.
pub(super) fn choose(found: &[Binaries], wanted: Option<u32>) -> Option<&Binaries> {
    let servers = || found.iter().filter(|binaries| binaries.server && (13..=18).contains(&binaries.major));
    let wanted = wanted.unwrap_or(u32::MAX);
    // pg_dump beside the server is worth having, and the first of the path comes before the others.
    let best = |a: &&Binaries, b: &&Binaries| b.clients.cmp(&a.clients);
    let above = servers().filter(|binaries| binaries.major >= wanted).map(|binaries| binaries.major).min();
    let major = above.or_else(|| servers().map(|binaries| binaries.major).max())?;
    servers().filter(|binaries| binaries.major == major).min_by(best)
}

/// The oldest client programs that a server of this major can be dumped with.
pub(super) fn client_for(found: &[Binaries], major: u32) -> Option<&Binaries> {
    found.iter().filter(|binaries| binaries.clients && binaries.major >= major).min_by_key(|binaries| binaries.major)
}

fn look(directory: &Path) -> Option<Binaries> {
    let has = |name: &str| directory.join(name).is_file();
    // Debian's /usr/bin/pg_dump is a script that looks for a cluster, and then for the program, which is in its usual place.
    let is_wrapper = fs::canonicalize(directory.join("pg_dump")).is_ok_and(|path| path.ends_with("pg_wrapper"));
    let (server, clients) = (has("initdb") && has("postgres"), has("pg_dump") && !is_wrapper);
    let asked = if server { "postgres" } else { "pg_dump" };
    if !server && !clients {
        return None;
    }
    let said = Command::new(directory.join(asked)).arg("--version").output().ok()?;
    let major = major(&String::from_utf8_lossy(&said.stdout))?;
    Some(Binaries { directory: directory.to_owned(), major, server, clients })
}

/// The major in `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn major(said: &str) -> Option<u32> {
    let version = said.split(") ").nth(1)?;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The directories of a pattern that are there, the newest version first.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else { return vec![PathBuf::from(pattern)] };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or(("", before));
    let entries = fs::read_dir(parent).into_iter().flatten().filter_map(Result::ok);
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version = name.strip_prefix(prefix)?.split('.').next()?.parse().ok()?;
            Some((version, PathBuf::from(format!("{parent}/{name}{after}"))))
        })
        .filter(|(_, path)| path.is_dir())
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(major: u32, server: bool, clients: bool) -> Binaries {
        Binaries { directory: format!("/pg/{major}/{server}/{clients}").into(), major, server, clients }
    }

    #[test]
    fn versions_are_read() {
        for (said, is) in [
            ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", Some(15)),
            ("pg_dump (PostgreSQL) 18beta1", Some(18)),
            ("something else", None),
        ] {
            assert_eq!(major(said), is, "{said}");
        }
    }

    #[test]
    fn the_wanted_major_else_the_nearest_above_else_the_newest() {
        let found =
            [of(13, true, false), of(15, true, false), of(15, true, true), of(17, true, false), of(18, false, true)];
        for (wanted, is) in [(Some(13), 0), (Some(14), 2), (Some(15), 2), (Some(16), 3), (Some(18), 3), (None, 3)] {
            assert_eq!(choose(&found, wanted), Some(&found[is]), "{wanted:?}");
        }
        assert_eq!(choose(&[of(18, false, true), of(12, true, true)], None), None);
        assert_eq!(client_for(&found, 14), Some(&found[2]));
        assert_eq!(client_for(&found, 16), Some(&found[4]));
        assert_eq!(client_for(&found[..2], 14), None);
    }
}
