//! PostgreSQL installations on this machine, and the ones that a test run uses.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use crate::error::{Error, Result};

/// The majors that rung supports, oldest first.
pub const MAJORS: std::ops::RangeInclusive<u32> = 13..=18;

/// Where an installation comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Named by `PG_BINS`.
    Given,
    /// The distribution's own, below `/usr/lib/postgresql`.
    System,
    /// Put below `.dev/postgres` by `cargo xtask servers`.
    Downloaded,
}

/// A PostgreSQL server that can be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Install {
    /// 13 to 18.
    pub major: u32,
    /// The directory of `initdb` and `postgres`.
    pub bin: PathBuf,
    /// Where it was found.
    pub origin: Origin,
}

impl Install {
    /// The newest client program of that name (`psql`, `pg_dump`), of the distribution or on PATH.
    ///
    /// # Errors
    /// Where the machine has none; downloaded servers bring no client programs.
    pub fn client(program: &str) -> Result<PathBuf> {
        let found = clients(program).next();
        found.ok_or_else(|| Error::new(format!("no {program} on this machine; try `cargo xtask servers`")))
    }
}

/// The root of the workspace.
#[must_use]
pub fn workspace_root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("testkit lies two levels below the root")
}

/// Where downloaded servers live.
#[must_use]
pub fn download_dir() -> PathBuf {
    workspace_root().join(".dev/postgres")
}

/// Every installation found, oldest major first, one for each major: what `PG_BINS` names comes before the
/// distribution's, and that before a downloaded one.
#[must_use]
pub fn found() -> Vec<Install> {
    let given = env::var_os("PG_BINS").unwrap_or_default();
    let given = env::split_paths(&given).filter(|bin| !bin.as_os_str().is_empty()).map(|bin| (bin, Origin::Given));
    let system = children(Path::new("/usr/lib/postgresql")).map(|dir| (dir.join("bin"), Origin::System));
    let downloaded = children(&download_dir()).map(|dir| (dir.join("native/bin"), Origin::Downloaded));

    let mut found: Vec<Install> = Vec::new();
    for (bin, origin) in given.chain(system).chain(downloaded) {
        let Some(major) = major_of(&bin, origin) else { continue };
        if MAJORS.contains(&major) && found.iter().all(|install| install.major != major) {
            found.push(Install { major, bin, origin });
        }
    }
    found.sort_by_key(|install| install.major);
    found
}

/// The installations that a test run uses.
///
/// `RUNG_TEST_PG` chooses: `all`, or majors (`13,18`). Without it they are those of `PG_BINS`; and without that the
/// newest of the distribution (or the oldest of all) and the newest of all, which keeps a run short and still shows
/// what differs.
///
/// # Errors
/// Where there is none, or one that was asked for is missing; the message names the command that gets it.
pub fn chosen() -> Result<Vec<Install>> {
    choose(found(), env::var("RUNG_TEST_PG").ok().as_deref())
}

fn choose(found: Vec<Install>, wish: Option<&str>) -> Result<Vec<Install>> {
    if found.is_empty() {
        return Err(Error::new("no PostgreSQL server on this machine; try `cargo xtask servers`"));
    }
    let wish = match wish.map(str::trim) {
        None | Some("") => return Ok(default_choice(found)),
        Some("all") => return Ok(found),
        Some(wish) => wish,
    };
    wish.split(',')
        .map(|major| {
            let major = major.trim();
            let install = found.iter().find(|install| install.major.to_string() == major);
            install.cloned().ok_or_else(|| {
                Error::new(format!(
                    "no PostgreSQL {major} on this machine (RUNG_TEST_PG); try `cargo xtask servers --all`"
                ))
            })
        })
        .collect()
}

fn default_choice(found: Vec<Install>) -> Vec<Install> {
    if found.iter().any(|install| install.origin == Origin::Given) {
        return found.into_iter().filter(|install| install.origin == Origin::Given).collect();
    }
    let newest = found.last().map(|install| install.major);
    let system = found.iter().rev().find(|install| install.origin == Origin::System).map(|install| install.major);
    let wanted = [newest, system.or(found.first().map(|install| install.major))];
    found.into_iter().filter(|install| wanted.contains(&Some(install.major))).collect()
}

/// The major, from the directory's name where that says it: asking the program costs some milliseconds, and every test
/// process asks.
fn major_of(bin: &Path, origin: Origin) -> Option<u32> {
    if !bin.join("postgres").is_file() || !bin.join("initdb").is_file() {
        return None;
    }
    let version = match origin {
        Origin::System => bin.parent()?.file_name()?.to_str()?.to_owned(),
        Origin::Downloaded => bin.parent()?.parent()?.file_name()?.to_str()?.to_owned(),
        Origin::Given => return said_major(&bin.join("postgres")),
    };
    leading_number(&version)
}

/// The major that a program says it is of: `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn said_major(program: &Path) -> Option<u32> {
    let output = Command::new(program).arg("--version").output().ok()?;
    leading_number(String::from_utf8(output.stdout).ok()?.split_whitespace().nth(2)?)
}

fn leading_number(version: &str) -> Option<u32> {
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Client programs of that name: those beside servers, the newest first, then those on PATH.
fn clients(program: &str) -> impl Iterator<Item = PathBuf> {
    let beside: Vec<PathBuf> = found().into_iter().rev().map(|install| install.bin.join(program)).collect();
    beside.into_iter().chain(on_path(program)).filter(|path| path.is_file())
}

fn children(dir: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let mut children: Vec<PathBuf> =
        fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    children.sort();
    children.into_iter()
}

/// The oldest pg_dump of this machine that reads servers of a major: it reads none that is newer than itself. Downloaded
/// servers bring none.
///
/// # Panics
/// Where there is none at all.
#[must_use]
pub fn pg_dump(major: u32) -> Option<PathBuf> {
    static FOUND: LazyLock<Vec<(u32, PathBuf)>> = LazyLock::new(|| {
        let mut all: Vec<_> = clients("pg_dump").filter_map(|path| Some((said_major(&path)?, path))).collect();
        // Those beside servers stay first: on PATH may be a script that only looks for one.
        all.sort_by_key(|(major, _)| *major);
        all
    });
    assert!(!FOUND.is_empty(), "no pg_dump on this machine; try `cargo xtask servers`");
    FOUND.iter().find(|(of, _)| *of >= major).map(|(_, path)| path.clone())
}

/// The places where PATH has a program of that name, first match first.
pub fn on_path(program: impl AsRef<OsStr>) -> impl Iterator<Item = PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let dirs: Vec<PathBuf> = env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]).collect();
    dirs.into_iter().map(move |dir| dir.join(program.as_ref())).filter(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn install(major: u32, origin: Origin) -> Install {
        Install { major, bin: PathBuf::from(format!("/{major}")), origin }
    }

    fn majors(chosen: Result<Vec<Install>>) -> Vec<u32> {
        chosen.unwrap().into_iter().map(|install| install.major).collect()
    }

    #[test]
    fn the_choice_follows_the_wish() {
        let found = || {
            vec![
                install(13, Origin::Downloaded),
                install(15, Origin::System),
                install(16, Origin::Downloaded),
                install(18, Origin::Downloaded),
            ]
        };
        assert_eq!(majors(choose(found(), None)), [15, 18]);
        let downloaded =
            vec![install(14, Origin::Downloaded), install(16, Origin::Downloaded), install(18, Origin::Downloaded)];
        assert_eq!(majors(choose(downloaded, None)), [14, 18]);
        assert_eq!(majors(choose(found(), Some("all"))), [13, 15, 16, 18]);
        assert_eq!(majors(choose(found(), Some("13, 16"))), [13, 16]);
        assert!(choose(found(), Some("17")).unwrap_err().to_string().contains("no PostgreSQL 17"));
        assert!(choose(vec![], None).unwrap_err().to_string().contains("cargo xtask servers"));
        let given = vec![install(14, Origin::Given), install(18, Origin::Downloaded)];
        assert_eq!(majors(choose(given, None)), [14]);
    }
}
