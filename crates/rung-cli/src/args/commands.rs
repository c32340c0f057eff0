//! The arguments of each command.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use rung::Resolution;
use rung::adopt::Source;
use rung::catalog::Kind;
use rung::engine::DumpOptions;

/// Arguments of `new`.
#[derive(Debug, Default, Args)]
pub struct New {
    /// What it is called, in words or in snake_case
    #[arg(required = true, num_args = 1..)]
    pub name: Vec<String>,
    /// Its type, where the name does not say: create_table, alter_table, drop_table, create_index, drop_index,
    /// insert_data, update_data, delete_data or custom_sql
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
    /// What stands in it.
    #[command(flatten)]
    pub from: super::FromDiff,
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
    /// Up to here: an id, a number, a tag, +2 for two further, head
    #[arg(value_name = "TARGET", allow_negative_numbers = true)]
    pub target: Option<String>,
    /// The same, as an option
    #[arg(long, value_name = "TARGET", conflicts_with = "target", allow_negative_numbers = true)]
    pub to: Option<String>,
    /// Only this migration, and the unapplied ones it depends on; may be given several times
    #[arg(long, value_name = "ID", value_delimiter = ',', conflicts_with_all = ["target", "to"])]
    pub only: Vec<String>,
    /// Leave what says `-- @post-deploy`, and what depends on it, for later, as on a protected environment
    #[arg(long)]
    pub pre_deploy: bool,
    /// The release is out: run what says `-- @post-deploy` too, as elsewhere
    #[arg(long, conflicts_with = "pre_deploy")]
    pub post_deploy: bool,
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

/// Arguments of `lint`.
#[derive(Debug, Clone, Args)]
pub struct Lint {
    /// Files or directories to lint, instead of the project's migrations. A file of the project is linted on top of those
    /// before it, any other by itself
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// How to report. The format of the migrations may be given too, with another --format
    #[arg(long, value_name = "FORMAT", value_parser = super::shown_or_format_parser(super::Format::Report))]
    pub format: Vec<super::Format>,
    /// The mildest finding to end with 1 for; an error, where neither this nor rung.toml says anything
    #[arg(long, value_name = "LEVEL")]
    pub deny: Option<Deny>,
    /// Lint only what was added or changed since the branch left this revision of git
    #[arg(long, value_name = "REV", conflicts_with = "paths")]
    pub since: Option<String>,
    /// Mend what can be mended, by an edit or by a safe sequence of steps, and show the difference
    #[arg(long, value_name = "HOW", num_args = 0..=1, require_equals = true, default_missing_value = "write")]
    pub fix: Option<FixChoice>,
    /// The dialect, where no database is named
    #[arg(long, value_name = "DIALECT", value_parser = dialect_parser())]
    pub dialect: Option<String>,
    /// Explain a rule: what it finds, why, and what to do instead
    #[arg(long, value_name = "RULE", conflicts_with = "paths")]
    pub explain: Option<String>,
    /// List the rules
    #[arg(long, conflicts_with_all = ["paths", "explain"])]
    pub rules: bool,
}

impl Lint {
    /// How to report.
    pub fn report_format(&self) -> ReportFormat {
        let named = self.format.iter().rev().find_map(|format| match format {
            super::Format::Report(report) => Some(*report),
            _ => None,
        });
        named.unwrap_or(ReportFormat::Text)
    }
}

pub(super) fn dialect_parser() -> impl clap::builder::TypedValueParser<Value = String> {
    clap::builder::PossibleValuesParser::new(rung::dialects().map(rung::engine::Dialect::name))
}

/// How findings are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people, with carets
    Text,
    /// A list of findings
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// A code quality report of GitLab
    Gitlab,
    /// A JUnit report
    Junit,
}

/// What `--fix` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FixChoice {
    /// Change the files
    Write,
    /// Show what would be changed
    Show,
}

/// The mildest finding that a command fails for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Deny {
    /// Any
    Note,
    /// Warnings and errors
    Warning,
    /// Errors
    Error,
    /// None
    Never,
}

/// Which objects of a schema, and what of them.
#[derive(Debug, Args)]
pub struct Selection {
    /// Only objects of these names, and what belongs to them: NAME or SCHEMA.NAME, with * and ?
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Only these schemas, with * and ?
    #[arg(long, value_name = "SCHEMA", value_delimiter = ',')]
    pub schema: Vec<String>,
    /// Only these kinds: table, view, index, routine, type, ...
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = object_kind)]
    pub kind: Vec<Kind>,
    /// Of what files make instead, tried on a scratch database: a migrations directory, a .sql file, git:REV, git:REV:PATH; or
    /// of another database: env:NAME, URL
    #[arg(long, value_name = "SCHEMA")]
    pub of: Option<String>,
    /// The server for scratch databases; sqlite::memory: for SQLite
    #[arg(long, value_name = "URL")]
    pub dev_url: Option<String>,
    /// Without saying who owns what
    #[arg(long)]
    pub no_owners: bool,
    /// Without GRANT and REVOKE
    #[arg(long)]
    pub no_privileges: bool,
}

impl Selection {
    /// What a dump says beside the objects.
    pub fn options(&self) -> DumpOptions {
        DumpOptions { owners: !self.no_owners, privileges: !self.no_privileges, versions: false }
    }
}

fn object_kind(text: &str) -> Result<Kind, String> {
    let names = || Kind::ALL.map(Kind::as_str);
    Kind::parse(text).ok_or_else(|| match rung::sql::closest(text, names()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("there is {}", names().join(", ")),
    })
}

/// Arguments of `inspect`.
#[derive(Debug, Args)]
pub struct Inspect {
    /// Which objects.
    #[command(flatten)]
    pub selection: Selection,
    /// How to show it. The format of the migrations may be given too, with another --format
    #[arg(long, value_name = "FORMAT", value_parser = super::shown_or_format_parser(super::Format::Schema))]
    pub format: Vec<super::Format>,
}

impl Inspect {
    /// How to show it.
    pub fn shown(&self) -> SchemaFormat {
        let named = self.format.iter().rev().find_map(|format| match format {
            super::Format::Schema(schema) => Some(*schema),
            _ => None,
        });
        named.unwrap_or(SchemaFormat::Tree)
    }
}

/// How a schema is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaFormat {
    /// For people
    Tree,
    /// The statements that make it
    Sql,
    /// Every object with its properties
    Json,
    /// An entity-relationship diagram for Mermaid
    Mermaid,
    /// A graph of tables for Graphviz
    Dot,
    /// A drawing of the tables
    Svg,
    /// A document
    Markdown,
}

/// Arguments of `dump`.
#[derive(Debug, Args)]
pub struct Dump {
    /// Which objects.
    #[command(flatten)]
    pub selection: Selection,
    /// Write to this file
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write nothing, and end with 4 where the file differs
    #[arg(long, requires = "output")]
    pub check: bool,
}

/// How to run.
#[derive(Debug, Args)]
pub struct Running {
    /// Print the SQL that would be sent, and send nothing
    #[arg(long, visible_alias = "sql")]
    pub dry_run: bool,
    /// How long a statement waits for a lock, e.g. 5s; 0 waits for ever
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub lock_timeout: Option<Duration>,
    /// How long a statement may run, e.g. 10min; 0 is for ever
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub statement_timeout: Option<Duration>,
    /// How long to wait for another rung that is at work
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "10min")]
    pub lock_wait: Duration,
    /// Write the schema to schema.sql after the run, or to what `dump` in rung.toml names, which needs no option
    #[arg(long)]
    pub dump: bool,
    /// When commits wait for the disk
    #[arg(long, value_name = "WHEN", default_value = "run")]
    pub durable: Durable,
}

fn duration(text: &str) -> Result<Duration, String> {
    rung::sql::parse_duration(text).ok_or_else(|| "write e.g. 250ms, 5s, 10min or 1h".to_owned())
}

/// A count. What has zeros before it is the number of a migration.
fn at_least_one(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|_| text.starts_with(|c: char| matches!(c, '1'..='9')));
    count.ok_or_else(|| "write a number from 1 up".to_owned())
}

/// When commits wait for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Durable {
    /// All of them at the end of the run
    Run,
    /// Each before the next begins
    Each,
}

/// What to do with pending migrations below the newest applied one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OrderChoice {
    /// Refuse, and say how to mend it
    Strict,
    /// Run them
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
    #[arg(value_name = "TARGET", allow_negative_numbers = true)]
    pub target: Option<String>,
    /// The same, as an option
    #[arg(long, value_name = "TARGET", conflicts_with = "target", allow_negative_numbers = true)]
    pub to: Option<String>,
    /// Undo only this migration; may be given several times
    #[arg(long, value_name = "ID", value_delimiter = ',', conflicts_with_all = ["target", "to"])]
    pub only: Vec<String>,
    /// How to run.
    #[command(flatten)]
    pub running: Running,
}

/// Arguments of `redo`.
#[derive(Debug, Args)]
pub struct Redo {
    /// How many
    #[arg(default_value_t = 1, value_parser = at_least_one, allow_negative_numbers = true)]
    pub count: usize,
    /// How to run.
    #[command(flatten)]
    pub running: Running,
}

/// Arguments of `history`.
#[derive(Debug, Args)]
pub struct HistoryArguments {
    /// How many entries to show, the newest ones
    #[arg(long, short = 'n', value_name = "N", value_parser = at_least_one)]
    pub limit: Option<usize>,
}

/// Arguments of `stamp`.
#[derive(Debug, Args)]
pub struct Stamp {
    /// The newest migration that the database has: an id, a number, a tag, head; 0 for none
    pub target: String,
}

/// Arguments of `adopt`.
#[derive(Debug, Args)]
pub struct Adopt {
    /// The tool, or a table of your own with the column that names migrations: table:NAME(COLUMN). Where nothing is said,
    /// the only one whose table is there
    #[arg(long, value_name = "TOOL", value_parser = Source::parse)]
    pub from: Option<Source>,
    /// The tool's table, where it has another name than usual
    #[arg(long, value_name = "NAME", requires = "from")]
    pub table: Option<String>,
    /// Show what would be recorded, and record nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Write the tool's table along from now on, so that both can be used
    #[arg(long)]
    pub keep_writing: bool,
    /// Do not write the tool's table any more, and do nothing else
    #[arg(long, requires = "from", conflicts_with_all = ["keep_writing", "dry_run", "table"])]
    pub stop_writing: bool,
    /// Go every way down on a scratch database, say which are not the inverse of their way up, and do nothing else
    #[arg(long, conflicts_with_all = ["from", "dry_run", "keep_writing", "accept", "forget", "done", "not_done"])]
    pub check_downs: bool,
    /// The server for scratch databases; sqlite::memory: for SQLite
    #[arg(long, value_name = "URL", requires = "check_downs")]
    pub dev_url: Option<String>,
    /// The file of this migration, which differs from what was applied, is right as it is; or `all`
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub accept: Vec<String>,
    /// Leave this one behind, which no file has; or `all`
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub forget: Vec<String>,
    /// This one, which failed, is in the database
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub done: Vec<String>,
    /// This one, which failed, is not
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub not_done: Vec<String>,
}

/// Arguments of `resolve`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("how").required(true).args(["done", "not_done", "accept", "forget"]))]
pub struct Resolve {
    /// The migration
    pub id: String,
    /// It took effect: record it as applied
    #[arg(long, visible_alias = "applied")]
    pub done: bool,
    /// It did not: it will run from its first statement
    #[arg(long, visible_alias = "rolled-back")]
    pub not_done: bool,
    /// The file as it is now is what was applied
    #[arg(long)]
    pub accept: bool,
    /// Drop it from the history; the schema stays as it is
    #[arg(long)]
    pub forget: bool,
    /// Speak of one statement only, by its number, with --done or --not-done
    #[arg(long, value_name = "N", conflicts_with_all = ["accept", "forget"], value_parser = at_least_one)]
    pub statement: Option<usize>,
}

impl Resolve {
    /// What is meant.
    pub fn resolution(&self) -> Resolution {
        match (self.statement, self.done, self.accept, self.forget) {
            (Some(number), true, ..) => Resolution::StatementDone(number),
            (Some(number), ..) => Resolution::StatementNotDone(number),
            (None, true, ..) => Resolution::Done,
            (None, _, true, _) => Resolution::Accept,
            (None, _, _, true) => Resolution::Forget,
            _ => Resolution::NotDone,
        }
    }
}

/// Arguments of `renumber`.
#[derive(Debug, Args)]
pub struct Renumber {
    /// Migrations to give new numbers; those that are out of order or share a number where none is named
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,
    /// Show the new names, and rename nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Ask no database, as if nothing were applied
    #[arg(long)]
    pub offline: bool,
}

/// Arguments of `tag`.
#[derive(Debug, Args)]
pub struct TagArguments {
    /// The tag; without one, all are listed
    pub name: Option<String>,
    /// The migration; the newest applied one where it is not given
    pub id: Option<String>,
    /// Take the tag away
    #[arg(long, requires = "name", conflicts_with = "id")]
    pub delete: bool,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Read the files only, and ask no database
    #[arg(long)]
    pub offline: bool,
}

/// Arguments of `wait`.
#[derive(Debug, Args)]
pub struct Wait {
    /// How long
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "60s")]
    pub timeout: Duration,
}

/// Arguments of `env`.
#[derive(Debug, Args)]
pub struct EnvArguments {
    /// The environment to show; without one, all are listed
    pub name: Option<String>,
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
    /// The directory of seed files, instead of rung.toml's
    #[arg(value_name = "DIR")]
    pub from: Option<PathBuf>,
    /// Run all, changed or not
    #[arg(long)]
    pub all: bool,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
pub struct Man {
    /// The page of this command, instead of rung's own
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
}
