//! The arguments of commands that write documents: `graph`, `docs`, `types`.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use rung::types::Language;

/// Where a document goes.
#[derive(Debug, Args)]
pub struct Output {
    /// Write to this file
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write nothing, and end with 4 where the file differs
    #[arg(long)]
    pub check: bool,
}

/// Where the schema is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    /// From the environment's database.
    Live,
    /// From the migrations, run on a scratch database.
    Migrations,
    /// From what `diff` takes for a schema.
    Side(String),
}

impl std::str::FromStr for From {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "live" => Self::Live,
            "migrations" => Self::Migrations,
            other => Self::Side(other.to_owned()),
        })
    }
}

/// What the schema is read from.
#[derive(Debug, Args)]
pub struct Origin {
    /// Where to read the schema: `live` is the environment's database, `migrations` what the migrations make on a scratch
    /// database; or what else `rung diff` compares: env:NAME, a URL, a .sql file, a directory, git:REV, git:REV:PATH
    #[arg(long, value_name = "WHERE")]
    pub from: Option<From>,
    /// The server for scratch databases; sqlite::memory: for SQLite
    #[arg(long, value_name = "URL")]
    pub dev_url: Option<String>,
}

/// Arguments of `graph`.
#[derive(Debug, Args)]
pub struct GraphArguments {
    /// How to show it. The format of the migrations may be given too, with another --format
    #[arg(long, value_name = "FORMAT", value_parser = super::shown_or_format_parser(super::Format::Graph))]
    pub format: Vec<super::Format>,
    /// Ask no database what is applied
    #[arg(long)]
    pub offline: bool,
    /// Where to write.
    #[command(flatten)]
    pub to: Output,
}

impl GraphArguments {
    /// How to show it.
    pub fn shown(&self) -> GraphFormat {
        let named = self.format.iter().rev().find_map(|format| match format {
            super::Format::Graph(graph) => Some(*graph),
            _ => None,
        });
        named.unwrap_or(GraphFormat::Tree)
    }
}

/// How the graph of migrations is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// For people
    Tree,
    /// For Graphviz
    Dot,
    /// A flowchart for Mermaid
    Mermaid,
    /// A drawing
    Svg,
}

impl GraphFormat {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tree => "tree",
            Self::Dot => "dot",
            Self::Mermaid => "mermaid",
            Self::Svg => "svg",
        }
    }
}

/// Arguments of `docs`.
#[derive(Debug, Args)]
pub struct DocsArguments {
    /// What the schema is read from.
    #[command(flatten)]
    pub origin: Origin,
    /// Ask no environment where it stands, and read the schema from the migrations, where nothing else is said
    #[arg(long)]
    pub offline: bool,
    /// Write a drawing of the tables to this file
    #[arg(long, value_name = "FILE")]
    pub diagram: Option<PathBuf>,
    /// The template of the page, instead of rung's own
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,
    /// Print rung's own template, and do nothing else
    #[arg(long)]
    pub print_template: bool,
    /// Where to write.
    #[command(flatten)]
    pub to: Output,
}

/// Arguments of `types`.
#[derive(Debug, Args)]
pub struct Types {
    /// The language; typescript, where neither this nor rung.toml says anything
    #[arg(long, short, value_name = "LANGUAGE", value_parser = language_parser())]
    pub lang: Option<Language>,
    /// Only these schemas, with * and ?
    #[arg(long, value_name = "SCHEMA", value_delimiter = ',')]
    pub schema: Vec<String>,
    /// The schema that is meant where a program names none: `public`, where anything is in it
    #[arg(long, value_name = "SCHEMA")]
    pub default_schema: Option<String>,
    /// A type of the language for a type of the database: numeric=bigdecimal::BigDecimal; may be given several times
    #[arg(long, value_name = "TYPE=TYPE", value_parser = pair)]
    pub map: Vec<(String, String)>,
    /// A trait that Rust's rows derive beside their own: sqlx::FromRow; may be given several times
    #[arg(long, value_name = "TRAIT", value_delimiter = ',')]
    pub derive: Vec<String>,
    /// A trait that Rust's enums derive beside their own: sqlx::Type; may be given several times
    #[arg(long, value_name = "TRAIT", value_delimiter = ',')]
    pub derive_enums: Vec<String>,
    /// What the schema is read from.
    #[command(flatten)]
    pub origin: Origin,
    /// Where to write.
    #[command(flatten)]
    pub to: Output,
}

fn language_parser() -> impl TypedValueParser<Value = Language> {
    PossibleValuesParser::new(Language::ALL.map(Language::as_str)).map(|name| {
        let found = Language::ALL.into_iter().find(|language| language.as_str() == name);
        found.expect("only these names are taken")
    })
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((from, to)) if !from.is_empty() && !to.is_empty() => Ok((from.to_owned(), to.to_owned())),
        _ => Err("write e.g. numeric=bigdecimal::BigDecimal".to_owned()),
    }
}
