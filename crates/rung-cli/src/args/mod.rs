//! The arguments: options that every command takes, and the commands.

mod commands;
mod convert;
mod diff;
mod documents;
mod health;
mod lsp;
mod squash;
mod verify;

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Effects};
use clap::builder::{PossibleValue, PossibleValuesParser, Styles, TypedValueParser};
use clap::{ArgAction, Args, CommandFactory, Parser, Subcommand, ValueEnum};
use rung::formats::Choice;

pub use commands::*;
pub use convert::Convert;
pub use diff::*;
pub use documents::*;
pub use health::{Health, OrphansChoice};
pub use lsp::Lsp;
pub use squash::Squash;
pub use verify::{FixSide, Verify};

/// Help as cargo colours it.
const STYLES: Styles = Styles::styled()
    .header(AnsiColor::BrightGreen.on_default().effects(Effects::BOLD))
    .usage(AnsiColor::BrightGreen.on_default().effects(Effects::BOLD))
    .literal(AnsiColor::BrightCyan.on_default().effects(Effects::BOLD))
    .placeholder(AnsiColor::Cyan.on_default())
    .valid(AnsiColor::Cyan.on_default())
    .invalid(AnsiColor::Yellow.on_default())
    .error(AnsiColor::BrightRed.on_default().effects(Effects::BOLD));

/// The commands as the help groups them: what a day begins with first.
const GROUPS: [(&str, &[&str]); 6] = [
    ("Write", &["init", "new", "renumber", "squash"]),
    ("Look", &["status", "plan", "lint", "check", "history", "current", "inspect", "dump", "diff", "verify", "health"]),
    ("Run", &["up", "down", "redo", "seed", "reset"]),
    ("Document", &["docs", "graph", "types"]),
    ("Settle", &["stamp", "resolve", "tag", "adopt", "convert"]),
    ("Surroundings", &["env", "wait", "locks", "lsp", "completions", "man", "help"]),
];

/// Database schema migrations for PostgreSQL and SQLite: ordered, verified, reversible, recorded.
#[derive(Debug, Parser)]
#[command(name = "rung", version, max_term_width = 100, styles = STYLES, arg_required_else_help = true)]
pub struct Arguments {
    /// Options that every command takes.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

impl Arguments {
    /// The format of migration directories, where `--format` names one.
    pub fn files_format(&self) -> Option<Choice> {
        let own = match &self.command {
            Command::Lint(lint) => lint.format.as_slice(),
            Command::Inspect(inspect) => inspect.format.as_slice(),
            Command::Graph(graph) => graph.format.as_slice(),
            _ => &[],
        };
        own.iter().chain(&self.global.format).find_map(|format| match format {
            Format::Files(choice) => Some(*choice),
            Format::Report(_) | Format::Schema(_) | Format::Graph(_) => None,
        })
    }

    /// The clap command, its help grouped.
    pub fn grouped() -> clap::Command {
        let command = Self::command();
        let heading = STYLES.get_header();
        let literal = STYLES.get_literal();
        let mut template = format!("{{about}}\n\n{heading}Usage:{heading:#} {{usage}}\n");
        for (title, names) in GROUPS {
            template.push_str(&format!("\n{heading}{title}:{heading:#}\n"));
            for name in names {
                let about = command.find_subcommand(name).and_then(clap::Command::get_about);
                let about = about.map_or_else(|| "Show the help of a command".to_owned(), ToString::to_string);
                template.push_str(&format!("  {literal}{name:<12}{literal:#} {about}\n"));
            }
        }
        template.push_str("\n{options}");
        command.help_template(template)
    }
}

/// Options that every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// The database: postgres://USER@HOST/DATABASE, a libpq conninfo, or sqlite:PATH
    #[arg(long, global = true, value_name = "URL")]
    pub url: Option<String>,
    /// A directory of migrations; may be given several times
    #[arg(long, global = true, value_name = "DIR")]
    pub dir: Vec<PathBuf>,
    /// The format of the migrations: rung's own, another tool's, or whichever they look like
    #[arg(long, global = true, value_name = "FORMAT", value_parser = format_parser())]
    pub format: Option<Format>,
    /// An environment of rung.toml (or the variable RUNG_ENV)
    #[arg(long, global = true, value_name = "NAME")]
    pub env: Option<String>,
    /// The configuration file, instead of the rung.toml of this directory or one above it
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Answer every question with yes
    #[arg(long, short, global = true)]
    pub yes: bool,
    /// Print data and errors only
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print more
    #[arg(long, short, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// When to print in colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_default_value = true)]
    pub color: Color,
    /// Print without colour
    #[arg(long, global = true, conflicts_with = "color")]
    pub no_color: bool,
}

/// When to print in colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What `--format` names: what is read, and for a few commands what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The format of migration directories.
    Files(Choice),
    /// That of a report.
    Report(ReportFormat),
    /// That of a schema.
    Schema(SchemaFormat),
    /// That of the graph of migrations.
    Graph(GraphFormat),
}

/// Reads the name of a format of migration directories.
fn format_parser() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Choice::names()).try_map(|name| Choice::parse(&name).map(Format::Files))
}

/// Reads the name of a way of showing something, or of a format of migration directories, which `--format` means elsewhere
/// and which is told of there.
fn shown_or_format_parser<T: ValueEnum + 'static>(shown: fn(T) -> Format) -> impl TypedValueParser<Value = Format> {
    let ways = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    let files = Choice::names().map(|name| PossibleValue::new(name).hide(true));
    PossibleValuesParser::new(ways.chain(files)).try_map(move |name| match T::from_str(&name, false) {
        Ok(way) => Ok(shown(way)),
        Err(_) => Choice::parse(&name).map(Format::Files),
    })
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a rung.toml and a migrations directory
    Init,
    /// Make a new migration file
    #[command(visible_alias = "create", alias = "add", alias = "generate")]
    New(New),
    /// Show what is applied and what is pending
    #[command(visible_alias = "info", alias = "list")]
    Status(StatusArguments),
    /// Show what `up` would do
    Plan(PlanArguments),
    /// Say what migrations will do to a live database: what they lock, rewrite, break or lose
    Lint(Lint),
    /// Apply pending migrations
    #[command(visible_alias = "upgrade", alias = "apply", alias = "deploy")]
    Up(Up),
    /// Undo applied migrations: the last one, or down to a target
    #[command(visible_alias = "downgrade", alias = "rollback", alias = "revert", alias = "undo")]
    Down(Down),
    /// Undo the last migrations and apply them again
    Redo(Redo),
    /// Show the log of everything that was run
    #[command(alias = "log")]
    History(HistoryArguments),
    /// Show the newest applied migration
    Current,
    /// Show the schema of the database
    Inspect(Inspect),
    /// Print the schema as SQL that makes it anew
    Dump(Dump),
    /// Say where the database is not what its migrations make it
    #[command(visible_alias = "drift", alias = "check-schema")]
    Verify(Verify),
    /// Look for what is wrong with a database that works
    #[command(alias = "doctor")]
    Health(Health),
    /// Write the migration that leads from one schema to another, tried on scratch databases
    #[command(visible_alias = "compare")]
    Diff(Diff),
    /// Write the page about the migrations and the schema
    Docs(DocsArguments),
    /// Show what migrations depend on
    #[command(alias = "deps")]
    Graph(GraphArguments),
    /// Write types of a programming language for the rows of the schema
    #[command(alias = "gen-types")]
    Types(Types),
    /// Record that the database is at a migration, without running anything
    #[command(visible_alias = "baseline")]
    Stamp(Stamp),
    /// Take over the history of another tool
    #[command(alias = "import")]
    Adopt(Adopt),
    /// Write another tool's migrations anew, in rung's own format
    Convert(Convert),
    /// Settle a failed, changed or missing migration by hand
    #[command(alias = "repair")]
    Resolve(Resolve),
    /// Give pending migrations that are out of order new numbers
    Renumber(Renumber),
    /// Make one migration of many that are applied
    Squash(Squash),
    /// List tags, or put one on a migration
    #[command(alias = "tags")]
    Tag(TagArguments),
    /// Compare the migration files with the history
    #[command(visible_alias = "validate")]
    Check(Check),
    /// Wait until the database can be reached
    Wait(Wait),
    /// List the environments, or show one
    #[command(alias = "envs")]
    Env(EnvArguments),
    /// Drop everything in the database
    #[command(alias = "clean")]
    Reset(Reset),
    /// Show who blocks whom, and end a session
    Locks(Locks),
    /// Run seed files that are new or changed
    Seed(Seed),
    /// Serve an editor: what lint finds, and what mends it, while migrations are written
    Lsp(Lsp),
    /// Print completions for a shell
    Completions(Completions),
    /// Print a manual page
    Man(Man),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_sound() {
        Arguments::grouped().debug_assert();
    }

    #[test]
    fn every_command_is_in_one_group_of_the_help() {
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        grouped.sort_unstable();
        let command = Arguments::command();
        let mut there: Vec<&str> =
            command.get_subcommands().filter(|sub| !sub.is_hide_set()).map(clap::Command::get_name).collect();
        there.push("help");
        there.sort_unstable();
        assert_eq!(grouped, there);
    }

    #[test]
    fn every_format_has_a_page_whose_commands_can_be_typed() {
        let docs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().join("docs");
        let read =
            |name: &str| std::fs::read_to_string(docs.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let guide = read("adopt.md");
        for format in rung::formats::Choice::names().filter(|name| !matches!(*name, "auto" | "native")) {
            let name = format!("formats/{format}.md");
            let page = read(&name);
            let commands = page.lines().filter_map(|line| line.strip_prefix("$ ")?.split(" # ").next());
            let typed: Vec<&str> = commands.map(str::trim).filter(|line| line.starts_with("rung ")).collect();
            for line in &typed {
                let parsed = Arguments::try_parse_from(line.split_whitespace());
                assert!(parsed.is_ok(), "{name}: {line}: {}", parsed.unwrap_err());
            }
            let has = |end: &str| typed.iter().any(|line| line.ends_with(&format!("adopt --from {format}{end}")));
            assert!(has("") && has(" --dry-run"), "{name} says how its history is taken over");
            assert_eq!(has(" --keep-writing"), rung::adopt::KEPT.contains(&format), "{name}: what is written along");
            let headings = ["## What is not read", "## What to type"];
            assert!(headings.iter().all(|heading| page.contains(heading)), "{name} has these: {headings:?}");
            assert!(guide.contains(&format!("]({name})")), "adopt.md leads to {name}");
        }
    }

    #[test]
    fn targets_with_signs_are_values_and_options_are_not() {
        let down = |line: &[&str]| match Arguments::try_parse_from(line).map(|arguments| arguments.command) {
            Ok(Command::Down(down)) => down.target.or(down.to),
            _ => None,
        };
        assert_eq!(down(&["rung", "down", "-2"]).as_deref(), Some("-2"));
        assert_eq!(down(&["rung", "down", "--to", "-2"]).as_deref(), Some("-2"));
        assert_eq!(down(&["rung", "down", "--dry-run"]), None);
        assert!(Arguments::try_parse_from(["rung", "down", "--nonsense"]).is_err());
        assert!(Arguments::try_parse_from(["rung", "up", "+2", "-v"]).is_ok());
    }
}
