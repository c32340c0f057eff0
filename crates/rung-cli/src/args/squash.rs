//! The arguments of `squash`.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `squash`.
#[derive(Debug, Args)]
pub struct Squash {
    /// The last migration to squash; all of them where none is named
    #[arg(long, value_name = "ID")]
    pub to: Option<String>,
    /// What the baseline is called
    #[arg(long, value_name = "NAME", default_value = "baseline")]
    pub name: String,
    /// Take the rows along that the migrations put into these tables; or `all`
    #[arg(long, value_name = "TABLE", value_delimiter = ',')]
    pub with_data: Vec<String>,
    /// Leave the other rows behind that the migrations put into tables
    #[arg(long)]
    pub without_data: bool,
    /// Where the old files go; beside the migrations directory, with `-squashed` behind its name, where nothing is said
    #[arg(long, value_name = "DIR")]
    pub archive: Option<PathBuf>,
    /// Print the baseline, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Ask no database what is applied there
    #[arg(long)]
    pub offline: bool,
    /// The server for scratch databases
    #[arg(long, value_name = "URL")]
    pub dev_url: Option<String>,
}
