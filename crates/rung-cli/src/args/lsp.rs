//! The arguments of `rung lsp`.

use clap::Args;

/// Arguments of `lsp`.
#[derive(Debug, Args)]
pub struct Lsp {
    /// The dialect, where no database is named
    #[arg(long, value_name = "DIALECT", value_parser = super::commands::dialect_parser())]
    pub dialect: Option<String>,
    /// Taken and passed over: editors say it, and there is no other way
    #[arg(long, hide = true)]
    pub stdio: bool,
}
