//! The arguments of `verify`.

use clap::{Args, ValueEnum};

use super::Way;

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// Write the migration that mends one side: the database, or the migrations
    #[arg(long, value_name = "SIDE")]
    pub fix: Option<FixSide>,
    /// The name of that migration
    #[arg(long, value_name = "NAME", requires = "fix")]
    pub name: Option<String>,
    /// Say nothing of these objects, beside those that rung.toml names: NAME, SCHEMA.NAME, KIND NAME, owner:ROLE, extension:NAME
    #[arg(long, value_name = "RULE", value_parser = rung::engine::Ignore::parse)]
    pub ignore: Vec<rung::engine::Ignore>,
    /// How to get there.
    #[command(flatten)]
    pub way: Way,
}

/// Which side is mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FixSide {
    /// The database becomes what the migrations say, when the new one is applied
    Database,
    /// The migrations say what the database has: the new one is recorded as applied
    Files,
}
