//! Other tools, where they are installed.

use std::path::PathBuf;

use testkit::{Result, install};

use super::generate::Generated;
use super::measure::{Sample, measure};

/// What a tool is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Up,
    Status,
}

/// A tool on PATH, ready to run on generated migrations.
pub(super) struct Peer {
    pub(super) name: &'static str,
    program: PathBuf,
    /// `URL` stands for the database.
    args: Vec<String>,
    dir: PathBuf,
}

impl Peer {
    pub(super) fn measure(&self, url: &str) -> Result<Sample> {
        let args: Vec<&str> = self.args.iter().map(|arg| if arg == "URL" { url } else { arg }).collect();
        measure(&self.program, &args, &self.dir)
    }
}

/// The tools that are on PATH, always in the same order.
pub(super) fn installed(files: &Generated, verb: Verb) -> Result<Vec<Peer>> {
    let mut peers = Vec::new();
    for name in ["sqlx", "dbmate", "diesel"] {
        let Some(program) = install::on_path(name).next() else { continue };
        let args = match (name, verb) {
            ("sqlx", Verb::Up) => format!("migrate run --database-url URL --source {}", files.migrations().display()),
            ("sqlx", Verb::Status) => {
                format!("migrate info --database-url URL --source {}", files.migrations().display())
            }
            ("dbmate", Verb::Up) => format!("--url URL --no-dump-schema -d {} migrate", files.dbmate()?.display()),
            ("dbmate", Verb::Status) => format!("--url URL --no-dump-schema -d {} status", files.dbmate()?.display()),
            (_, Verb::Up) => format!("migration run --database-url URL --migration-dir {}", files.diesel()?.display()),
            (_, Verb::Status) => {
                format!("migration list --database-url URL --migration-dir {}", files.diesel()?.display())
            }
        };
        let args = args.split(' ').map(str::to_owned).collect();
        peers.push(Peer { name, program, args, dir: files.dir().to_owned() });
    }
    Ok(peers)
}
