//! The arguments of `health`.

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use rung::health::{CHECKS, Orphans};

use crate::schedule::Schedule;

/// Arguments of `health`.
#[derive(Debug, Args)]
pub struct Health {
    /// Make this check only; may be given several times
    #[arg(long, value_name = "CHECK", value_delimiter = ',', value_parser = checks())]
    pub check: Vec<String>,
    /// Look again and again: at an interval, e.g. 30s or 10min, or when cron would, e.g. "0 3 * * *"; every 5 minutes where
    /// nothing is said
    #[arg(long, value_name = "WHEN", num_args = 0..=1, default_missing_value = "5min", value_parser = Schedule::parse)]
    pub watch: Option<Schedule>,
    /// Which foreign keys of PostgreSQL have their rows checked
    #[arg(long, value_name = "WHICH")]
    pub orphans: Option<OrphansChoice>,
    /// Explain a check: what it finds, why, and what to do
    #[arg(long, value_name = "CHECK", value_parser = checks())]
    pub explain: Option<String>,
    /// List the checks
    #[arg(long, conflicts_with_all = ["check", "explain", "watch"])]
    pub checks: bool,
}

fn checks() -> PossibleValuesParser {
    PossibleValuesParser::new(CHECKS.iter().map(|check| check.name))
}

/// Which foreign keys have their rows checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OrphansChoice {
    /// Those that the database does not vouch for
    Suspect,
    /// All of them, which reads their tables
    All,
}

impl From<OrphansChoice> for Orphans {
    fn from(choice: OrphansChoice) -> Self {
        match choice {
            OrphansChoice::Suspect => Self::Suspect,
            OrphansChoice::All => Self::All,
        }
    }
}
