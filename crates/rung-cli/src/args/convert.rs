//! The arguments of `convert`.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `convert`.
#[derive(Debug, Args)]
pub struct Convert {
    /// The new directory; the name of the old one with -rung behind it where nothing is said
    #[arg(long, short, value_name = "DIR")]
    pub output: Option<PathBuf>,
}
