//! The arguments of what compares schemas.

use clap::Args;
use rung::engine::{DumpOptions, Locking};

/// Arguments of `diff`.
#[derive(Debug, Args)]
pub struct Diff {
    /// The schema to begin with: a URL, env:NAME, a .sql file, a migrations directory, git:REV or git:REV:PATH
    #[arg(value_name = "FROM")]
    pub from: String,
    /// The schema to end with
    #[arg(value_name = "TO")]
    pub to: String,
    /// Without the way back
    #[arg(long)]
    pub up_only: bool,
    /// End with 4 where the schemas differ
    #[arg(long)]
    pub exit_code: bool,
    /// How to get there.
    #[command(flatten)]
    pub way: Way,
    /// Without saying who owns what
    #[arg(long)]
    pub no_owners: bool,
    /// Without GRANT and REVOKE
    #[arg(long)]
    pub no_privileges: bool,
}

impl Diff {
    /// What is compared beside the objects.
    pub fn compared(&self) -> DumpOptions {
        DumpOptions { owners: !self.no_owners, privileges: !self.no_privileges, versions: false }
    }
}

/// How to get from one schema to another.
#[derive(Debug, Default, Args)]
pub struct Way {
    /// The server for scratch databases; sqlite::memory: for SQLite
    #[arg(long, value_name = "URL")]
    pub dev_url: Option<String>,
    /// Run files again, though what they make is known from the last time
    #[arg(long)]
    pub no_cache: bool,
    /// In as few statements as can be, though others may have to wait for tables meanwhile
    #[arg(long)]
    pub plain: bool,
    /// What is another name and no other object: users=people, users.mail=email; `none` takes nothing for another name that
    /// is not said to be one; may be given several times
    #[arg(long, value_name = "OLD=NEW", value_delimiter = ',')]
    pub rename: Vec<String>,
}

impl Way {
    /// How to treat tables that are in use.
    pub fn locking(&self) -> Locking {
        if self.plain { Locking::Plain } else { Locking::Online }
    }
}

/// A migration that is written from two schemas.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "From a difference")]
pub struct FromDiff {
    /// Write what leads from one schema to another: from what the migrations make to schema.sql (or the file that rung.toml's
    /// `dump` names), where nothing else is said
    #[arg(long, value_name = "FROM] [TO", num_args = 0..=2)]
    pub from_diff: Option<Vec<String>>,
    /// How to get there.
    #[command(flatten)]
    pub way: Way,
}
