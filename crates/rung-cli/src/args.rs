//! The arguments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Database schema migrations for PostgreSQL and SQLite: ordered, verified, reversible, recorded.
#[derive(Debug, Parser)]
#[command(name = "rung", version, propagate_version = true, max_term_width = 100, disable_help_subcommand = true)]
pub struct Arguments {
    /// Options that every command takes.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Options that every command takes.
#[derive(Debug, Args)]
pub struct Global {
    /// The database: postgres://USER@HOST/DATABASE, a libpq conninfo, or sqlite:PATH
    #[arg(long, global = true, value_name = "URL", help_heading = "Global options")]
    pub url: Option<String>,
    /// A directory of migrations; may be given several times
    #[arg(long, global = true, value_name = "DIR", help_heading = "Global options")]
    pub dir: Vec<PathBuf>,
    /// The format of the migrations
    #[arg(long, global = true, value_name = "FORMAT", help_heading = "Global options")]
    pub format: Option<Format>,
    /// An environment of rung.toml
    #[arg(long, global = true, env = "RUNG_ENV", value_name = "NAME", help_heading = "Global options")]
    pub env: Option<String>,
    /// The configuration file, instead of the rung.toml of this directory or one above it
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    pub config: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true, help_heading = "Global options")]
    pub json: bool,
    /// Answer every question with yes
    #[arg(long, short, global = true, help_heading = "Global options")]
    pub yes: bool,
    /// Print errors only
    #[arg(long, short, global = true, help_heading = "Global options")]
    pub quiet: bool,
    /// Print more
    #[arg(long, short, global = true, help_heading = "Global options")]
    pub verbose: bool,
    /// Print without colour
    #[arg(long, global = true, help_heading = "Global options")]
    pub no_color: bool,
}

/// A format of migration directories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// rung's own.
    Native,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a rung.toml and a migrations directory
    Init,
    /// Make a new migration file
    New(New),
    /// Show what is applied and what is pending
    #[command(visible_alias = "info", alias = "list")]
    Status(StatusArguments),
    /// Show what `up` would do
    Plan(PlanArguments),
    /// Apply pending migrations
    #[command(visible_alias = "upgrade", alias = "apply", alias = "deploy")]
    Up(Up),
    /// Undo applied migrations: the last one, or down to a target
    #[command(visible_alias = "downgrade", alias = "rollback", alias = "revert", allow_negative_numbers = true)]
    Down(Down),
    /// Undo the last migrations and apply them again
    Redo(Redo),
    /// Show the log of everything that was run
    #[command(alias = "log")]
    History(HistoryArguments),
    /// Show the newest applied migration
    Current,
    /// Record that the database is at a migration, without running anything
    #[command(alias = "baseline")]
    Stamp(Stamp),
    /// Settle a failed, changed or missing migration by hand
    #[command(alias = "repair")]
    Resolve(Resolve),
    /// Give pending migrations that are out of order new numbers
    Renumber(Renumber),
    /// List tags, or put one on a migration
    Tag(TagArguments),
    /// Compare the migration files with the history
    #[command(alias = "validate")]
    Check,
    /// Wait until the database can be reached
    Wait(Wait),
    /// Show the environments
    Env,
    /// Drop everything in the database
    Reset(Reset),
    /// Show who blocks whom, and end a session
    Locks(Locks),
    /// Run seed files that are new or changed
    Seed(Seed),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
    /// Print the reference of the command line, as docs/cli.md has it
    #[command(hide = true)]
    Reference,
}

/// Arguments of `new`.
#[derive(Debug, Args)]
pub struct New {
    /// What it is called, in words or in snake_case
    #[arg(required = true, num_args = 1..)]
    pub name: Vec<String>,
    /// Its type: create_table, alter_table, drop_table, create_index, drop_index, insert_data, update_data, delete_data or custom_sql
    #[arg(long = "type", value_name = "TYPE")]
    pub kind: Option<String>,
    /// A migration that it depends on; may be given several times
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub depends_on: Vec<String>,
    /// Number it with the time, e.g. 20261120101403
    #[arg(long, conflicts_with = "sequential")]
    pub timestamp: bool,
    /// Number it with the next number, e.g. 007
    #[arg(long)]
    pub sequential: bool,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
pub struct StatusArguments {
    /// End with 3 where migrations are pending, and with 4 where files and history have come apart
    #[arg(long)]
    pub exit_code: bool,
}

/// Where to go.
#[derive(Debug, Args)]
pub struct UpTarget {
    /// Up to here: an id, a number, a tag, +2, head
    #[arg(value_name = "TARGET")]
    pub target: Option<String>,
    /// The same, as an option
    #[arg(long, value_name = "TARGET", conflicts_with = "target")]
    pub to: Option<String>,
    /// Only this migration, and the unapplied ones it depends on; may be given several times
    #[arg(long, value_name = "ID", conflicts_with_all = ["target", "to"])]
    pub only: Vec<String>,
    /// What to do with pending migrations below the newest applied one
    #[arg(long, value_name = "ORDER")]
    pub order: Option<OrderChoice>,
}

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub struct PlanArguments {
    /// Where to go.
    #[command(flatten)]
    pub target: UpTarget,
    /// Print the SQL that would be sent
    #[arg(long)]
    pub sql: bool,
}

/// How to run.
#[derive(Debug, Args)]
pub struct Running {
    /// Print the SQL that would be sent, and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// How long a statement waits for a lock, e.g. 5s; 0 waits for ever
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub lock_timeout: Option<std::time::Duration>,
    /// How long a statement may run, e.g. 10min; 0 is for ever
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub statement_timeout: Option<std::time::Duration>,
    /// How long to wait for another rung that is at work
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "10min")]
    pub lock_wait: std::time::Duration,
    /// When commits wait for the disk: at the end of the run, or each
    #[arg(long, value_name = "WHEN", default_value = "run")]
    pub durable: Durable,
}

fn duration(text: &str) -> Result<std::time::Duration, String> {
    rung::sql::parse_duration(text).ok_or_else(|| "write e.g. 250ms, 5s, 10min or 1h".to_owned())
}

/// When commits wait for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Durable {
    /// At the end of the run.
    Run,
    /// Each.
    Each,
}

/// What to do out of order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OrderChoice {
    /// Refuse.
    Strict,
    /// Run them.
    Any,
}

/// Arguments of `up`.
#[derive(Debug, Args)]
pub struct Up {
    /// Where to go.
    #[command(flatten)]
    pub target: UpTarget,
    /// How to run.
    #[command(flatten)]
    pub running: Running,
    /// Run all pending migrations in one transaction
    #[arg(long)]
    pub single_transaction: bool,
}

/// Arguments of `down`.
#[derive(Debug, Args)]
pub struct Down {
    /// Down to here (which stays applied): an id, a number, a tag, -2 for two back, 0 for nothing applied
    #[arg(value_name = "TARGET", allow_hyphen_values = true)]
    pub target: Option<String>,
    /// The same, as an option
    #[arg(long, value_name = "TARGET", conflicts_with = "target", allow_hyphen_values = true)]
    pub to: Option<String>,
    /// Undo only this migration; may be given several times
    #[arg(long, value_name = "ID", conflicts_with_all = ["target", "to"])]
    pub only: Vec<String>,
    /// How to run.
    #[command(flatten)]
    pub running: Running,
}

/// Arguments of `redo`.
#[derive(Debug, Args)]
pub struct Redo {
    /// How many
    #[arg(default_value_t = 1)]
    pub count: usize,
    /// How to run.
    #[command(flatten)]
    pub running: Running,
}

/// Arguments of `history`.
#[derive(Debug, Args)]
pub struct HistoryArguments {
    /// How many entries to show
    #[arg(long, short = 'n', value_name = "N")]
    pub limit: Option<usize>,
}

/// Arguments of `stamp`.
#[derive(Debug, Args)]
pub struct Stamp {
    /// The migration: an id, a number, a tag, head; 0 for none
    pub target: String,
}

/// Arguments of `resolve`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("how").required(true).args(["done", "not_done", "accept", "forget"]))]
pub struct Resolve {
    /// The migration
    pub id: String,
    /// It took effect: record it as applied
    #[arg(long)]
    pub done: bool,
    /// It did not: it will run from its first statement
    #[arg(long)]
    pub not_done: bool,
    /// The file as it is now is what was applied
    #[arg(long)]
    pub accept: bool,
    /// Drop it from the history; the schema stays as it is
    #[arg(long)]
    pub forget: bool,
    /// Speak of one statement only, by its number, with --done or --not-done
    #[arg(long, value_name = "N", conflicts_with_all = ["accept", "forget"])]
    pub statement: Option<usize>,
}

/// Arguments of `renumber`.
#[derive(Debug, Args)]
pub struct Renumber {
    /// Migrations to give new numbers; those that are out of order or share a number where none is named
    pub ids: Vec<String>,
    /// Show the new names, and rename nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of `tag`.
#[derive(Debug, Args)]
pub struct TagArguments {
    /// The tag
    pub name: Option<String>,
    /// The migration; the newest applied one where it is not given
    pub id: Option<String>,
    /// Take the tag away
    #[arg(long, requires = "name", conflicts_with = "id")]
    pub delete: bool,
}

/// Arguments of `wait`.
#[derive(Debug, Args)]
pub struct Wait {
    /// How long
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "60s")]
    pub timeout: std::time::Duration,
}

/// Arguments of `reset`.
#[derive(Debug, Args)]
pub struct Reset {
    /// Apply all migrations again afterwards
    #[arg(long)]
    pub up: bool,
}

/// Arguments of `locks`.
#[derive(Debug, Args)]
pub struct Locks {
    /// End the session of this process id
    #[arg(long, value_name = "PID")]
    pub kill: Option<i32>,
}

/// Arguments of `seed`.
#[derive(Debug, Args)]
pub struct Seed {
    /// The directory of seed files
    #[arg(value_name = "DIR")]
    pub from: Option<PathBuf>,
    /// Run all, changed or not
    #[arg(long)]
    pub all: bool,
}
