//! `rung.toml`: what may stand in it. [`Files`] finds and reads it, [`Project`] makes one environment of it.

mod files;
mod project;
mod redact;
mod reference;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rung::formats::Choice;
use rung::sql::{Diagnostic, SourceFile, Span, closest, parse_duration};
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use toml::Spanned;

use crate::args::{Deny, OrderChoice, OrphansChoice};

pub(crate) use files::Files;
pub(crate) use project::{Project, migration_dirs, no_environment, url_of};
pub(crate) use redact::redacted;
pub use reference::reference;

/// A table of the file, for its reference.
struct Table {
    heading: &'static str,
    about: &'static [&'static str],
    keys: &'static [Key],
}

/// A key: its name, an example of its value (empty for a table), and what it says.
struct Key {
    name: &'static str,
    example: &'static str,
    about: &'static [&'static str],
}

/// A struct to read a table into, and the table's reference from the same lines.
macro_rules! table {
    ($(#[doc = $about:literal])* $name:ident ($heading:literal) {
        $($(#[doc = $doc:literal])* $field:ident : $type:ty = $example:literal,)*
    }) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, Default, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub(crate) struct $name {
            $($(#[doc = $doc])* pub(crate) $field: $type,)*
        }

        impl $name {
            const TABLE: Table = Table {
                heading: $heading,
                about: &[$($about),*],
                keys: &[$(Key { name: stringify!($field), example: $example, about: &[$($doc),*] }),*],
            };
        }
    };
}

table! {
    /// Keys at the top hold for every environment that does not say otherwise.
    Config ("At the top") {
        /// The migrations directory, relative to the file; `migrations` where nothing is said.
        dir: Option<String> = "\"db/migrations\"",
        /// Several of them.
        dirs: Vec<String> = "[\"core/migrations\", \"billing/migrations\"]",
        /// The format of the files: `native` is rung's own, `auto` whatever they look like, anything else the tool they
        /// were written for. Where nothing is said, rung's own, unless a file has a mark that only another format has.
        format: Option<Format> = "\"goose\"",
        /// What to do with a pending migration below the newest applied one: `strict` refuses and says how to mend it,
        /// `any` runs it.
        order: Option<OrderChoice> = "\"strict\"",
        /// The environment that is taken where none is named; where nothing is said, `dev`, or the only one.
        default_env: Option<String> = "\"dev\"",
        /// How long a statement waits for a lock before it is rolled back and tried again; 3 s where nothing is said,
        /// 0 is for ever.
        lock_timeout: Option<Time> = "\"3s\"",
        /// How long a statement may run; for ever where nothing is said.
        statement_timeout: Option<Time> = "\"10min\"",
        /// The file that `up`, `down` and `redo` keep the schema in, relative to this one; none where nothing is said.
        dump: Option<String> = "\"schema.sql\"",
        /// See below.
        history: History = "",
        /// See below.
        seeds: Seeds = "",
        /// See below.
        lint: Lint = "",
        /// See below.
        health: Health = "",
        /// See below.
        verify: Verify = "",
        /// See below.
        scratch: Scratch = "",
        /// See below.
        docs: Docs = "",
        /// See below.
        types: Types = "",
        /// See below.
        vars: BTreeMap<String, Spanned<String>> = "",
        /// See below.
        env: BTreeMap<String, Env> = "",
    }
}

table! {
    /// Where things are tried out: databases of no consequence, each made empty and dropped again. `diff`, `verify`, `squash`
    /// and whatever else proves what it says use them. SQLite needs none of this.
    Scratch ("[scratch]") {
        /// A PostgreSQL server whose user may make databases; `${NAME}` is an environment variable. A role that it lacks and
        /// that files speak of, or make, is there as long as the databases are, if its user may make roles.
        /// Where none is named, a temporary one is started from the PostgreSQL programs of the machine.
        server: Option<Spanned<String>> = "\"postgres://dev@localhost/postgres\"",
        /// SQL files to run in each before anything else, relative to this one: what migrations find in a real database and
        /// do not make themselves.
        setup: Vec<String> = "[\"db/platform.sql\"]",
        /// Whether what migrations make of an empty database is kept in the user's cache directory, so that it need not be found
        /// out again as long as nothing has changed; true where nothing is said.
        cache: Option<bool> = "false",
    }
}

table! {
    /// Where rung keeps its own tables.
    History ("[history]") {
        /// The schema; on SQLite, the prefix. `rung` where nothing is said.
        schema: Option<String> = "\"platform\"",
    }
}

table! {
    /// Seed files, for `rung seed`.
    Seeds ("[seeds]") {
        /// Their directory, relative to the file; `seeds` where nothing is said.
        dir: Option<String> = "\"seeds\"",
    }
}

table! {
    /// The linter. What it finds is in rules.md.
    Lint ("[lint]") {
        /// The mildest finding that `rung lint` ends with 1 for, and that `up` on a protected environment refuses: `note`,
        /// `warning`, `error` or `never`; `error` where nothing is said.
        deny: Option<Deny> = "\"warning\"",
        /// The major version of the server, where none is asked.
        server: Option<u32> = "15",
        /// Levels of rules, instead of their own: `error`, `warning`, `note` or `off`.
        rules: BTreeMap<String, Spanned<String>> = "{ rename = \"off\", if-exists = \"warning\" }",
    }
}

table! {
    /// What `rung health` looks for. The checks are in health-checks.md.
    Health ("[health]") {
        /// Levels of checks, instead of their own: `error`, `warning`, `note` or `off`.
        checks: BTreeMap<String, Spanned<String>> = "{ unused-index = \"warning\", orphan = \"off\" }",
        /// Objects that nothing is said of, by name or `schema.name`, with `*` and `?`; a table's name is for all that belongs
        /// to it.
        ignore: Vec<String> = "[\"archive.*\", \"audit_log\"]",
        /// Schemas in which every table must have row security. Where none is named, those in which another table has it.
        row_security: Vec<String> = "[\"public\"]",
        /// The share of its values, up to 1, from which a sequence is near its end; 0.75 where nothing is said.
        sequence_used: Option<Spanned<f64>> = "0.5",
        /// How often a table must have been read for an index that never was to be unused; 1000 where nothing is said.
        unused_after: Option<u64> = "100000",
        /// How old the oldest transaction of a table may get; 1000000000 where nothing is said.
        transaction_age: Option<u64> = "500000000",
        /// Which foreign keys of PostgreSQL have their rows checked: `suspect`, where nothing is said, or `all`.
        orphans: Option<OrphansChoice> = "\"all\"",
    }
}

table! {
    /// What `rung verify` does not call drift.
    Verify ("[verify]") {
        /// Objects that nothing is said of: `NAME`, `SCHEMA.NAME` or `KIND NAME` with `*` and `?` (a table's is for all that
        /// belongs to it), `owner:ROLE`, `extension:NAME` for what came with it or needs it.
        ignore: Vec<Spanned<String>> = "[\"audit.*\", \"view tmp_*\", \"owner:replicator\", \"extension:timescaledb\"]",
        /// Whether an owner that the migrations name has to be the owner; true where nothing is said.
        owners: Option<bool> = "false",
        /// Whether privileges have to be those that the migrations give; true where nothing is said.
        privileges: Option<bool> = "false",
    }
}

table! {
    /// The page that `rung docs` writes; docs.md says what is on it.
    Docs ("[docs]") {
        /// The file to write, relative to this one; standard output where nothing is said.
        output: Option<String> = "\"migrations/README.md\"",
        /// A file for a drawing of the tables; none where nothing is said.
        diagram: Option<String> = "\"migrations/schema.svg\"",
        /// The template of the page, instead of rung's own.
        template: Option<String> = "\"migrations/README.md.jinja\"",
        /// The environments whose status is told; all where nothing is said.
        environments: Vec<String> = "[\"production\", \"staging\"]",
        /// Ask none of them, and read the schema from the migrations: the page is the same wherever it is written.
        offline: bool = "true",
    }
}

table! {
    /// What `rung types` writes; types.md says what becomes of each type.
    Types ("[types]") {
        /// `typescript`, `rust` or `python`; `typescript` where nothing is said.
        lang: Option<Language> = "\"rust\"",
        /// The file to write, relative to this one; standard output where nothing is said.
        output: Option<String> = "\"src/database.rs\"",
        /// The schemas, with `*` and `?`; all where nothing is said.
        schemas: Vec<String> = "[\"public\", \"app_*\"]",
        /// The schema that is meant where a program names none.
        default_schema: Option<String> = "\"app\"",
        /// Types of the language for types of the database.
        map: BTreeMap<String, String> = "{ numeric = \"bigdecimal::BigDecimal\" }",
        /// Traits that Rust's rows derive beside their own.
        derive: Vec<String> = "[\"sqlx::FromRow\"]",
        /// Traits that Rust's enums derive beside their own.
        derive_enums: Vec<String> = "[\"sqlx::Type\"]",
    }
}

table! {
    /// An environment: a database, and how to treat it. Chosen with `--env NAME` or the variable `RUNG_ENV`.
    Env ("[env.NAME]") {
        /// The database: `postgres://USER@HOST/DATABASE`, a libpq conninfo, or `sqlite:PATH` (relative to the file).
        /// `${NAME}` is taken from the process' environment, or from a `.env` file beside this one. Where nothing is
        /// said, `DATABASE_URL`; what a URL leaves open, `PGHOST`, `PGPASSWORD`, `.pgpass` and the like.
        url: Option<Spanned<String>> = "\"postgres://app@db.internal/app\"",
        /// Ask before anything is written (or take `--yes`), and refuse `reset`.
        protected: bool = "true",
        /// Instead of the file's.
        lock_timeout: Option<Time> = "\"5s\"",
        /// Instead of the file's.
        statement_timeout: Option<Time> = "\"1h\"",
        /// Instead of the file's.
        order: Option<OrderChoice> = "\"any\"",
        /// The schema of rung's own tables, instead of the file's.
        schema: Option<String> = "\"rung\"",
        /// Migrations directories, instead of the file's.
        dirs: Vec<String> = "[\"migrations\", \"migrations/production\"]",
        /// Whether SQLite enforces foreign keys while migrations run. It does not by itself.
        foreign_keys: bool = "false",
        /// Values for `${name}` in migrations, before the file's.
        vars: BTreeMap<String, Spanned<String>> = "{ region = \"eu\" }",
    }
}

/// The format of the files, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format(pub(crate) Choice);

impl<'de> Deserialize<'de> for Format {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Choice::parse(&name).map(Self).map_err(|help| D::Error::custom(format!("there is no format {name:?}: {help}")))
    }
}

/// A language, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Language(pub(crate) rung::types::Language);

impl<'de> Deserialize<'de> for Language {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let all = rung::types::Language::ALL;
        let found = all.into_iter().find(|language| language.as_str() == name);
        let names = all.map(rung::types::Language::as_str).join(", ");
        found.map(Self).ok_or_else(|| D::Error::custom(format!("there is no language {name:?}: there is {names}")))
    }
}

/// A duration: `250ms`, `5s`, `10min`, `1h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Time(pub(crate) Duration);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl Visitor<'_> for Reader {
            type Value = Time;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration in quotes, e.g. \"5s\" or \"10min\"")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Time, E> {
                parse_duration(text).map(Time).ok_or_else(|| {
                    E::custom(format!("{text:?} is no duration: write e.g. \"250ms\", \"5s\" or \"10min\""))
                })
            }
        }

        deserializer.deserialize_str(Reader)
    }
}

/// Reads the file's text.
///
/// # Errors
/// What is wrong, with its place; unknown keys with "did you mean".
pub(crate) fn parse(path: &Path, text: &str) -> Result<(Config, Arc<SourceFile>), Box<Diagnostic>> {
    let source = Arc::new(SourceFile::new(path, text));
    match toml::from_str(source.text()) {
        Ok(config) => Ok((config, source)),
        Err(error) => Err(Box::new(finding(&error, &source))),
    }
}

fn finding(error: &toml::de::Error, source: &Arc<SourceFile>) -> Diagnostic {
    let message = error.message().trim();
    let end = source.text().len();
    let span = error.span().map_or(Span::default(), |span| Span::new(span.start.min(end), span.end.min(end)));
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let Some((unknown, known)) = quoted.split_first().filter(|_| message.starts_with("unknown field")) else {
        let message = match (quoted.as_slice(), message.starts_with("unknown variant")) {
            ([unknown, known @ ..], true) => format!("{unknown} is not known here: write {}", known.join(" or ")),
            _ => message.to_owned(),
        };
        return Diagnostic::error("config", message).at(source, span, "");
    };
    let table = table_around(source.text(), span.start);
    let place = table.map_or_else(String::new, |name| format!(" in [{name}]"));
    let diagnostic = Diagnostic::error("unknown-key", format!("there is no key {unknown}{place}")).at(source, span, "");
    match closest(unknown, known.iter().copied()) {
        Some(near) => diagnostic.help(format!("did you mean {near}?")),
        None => diagnostic.help(format!("the keys there are: {}", known.join(", "))),
    }
}

/// The name of the table that a place of the file is in; `None` at the top.
fn table_around(text: &str, at: usize) -> Option<&str> {
    let line = text[..at].lines().rev().find(|line| line.trim_start().starts_with('['))?;
    // A place on the very line of a heading is the heading.
    Some(line.trim().trim_matches(['[', ']']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> Diagnostic {
        *parse(Path::new("rung.toml"), text).unwrap_err()
    }

    #[test]
    fn a_whole_file() {
        let text = "dir = \"db\"\norder = \"any\"\nlock_timeout = \"2s\"\n[history]\nschema = \"platform\"\n[vars]\na = \"b\"\n[env.production]\nurl = \"postgres:///app\"\nprotected = true\nlock_timeout = \"5s\"\n";
        let (config, _) = parse(Path::new("rung.toml"), text).unwrap();
        assert_eq!(config.dir.as_deref(), Some("db"));
        assert_eq!(config.order, Some(OrderChoice::Any));
        assert_eq!(config.env["production"].lock_timeout, Some(Time(Duration::from_secs(5))));
        assert!(config.env["production"].protected);
        assert_eq!(config.history.schema.as_deref(), Some("platform"));
    }

    #[test]
    fn every_key_of_the_reference_is_read() {
        for table in reference::TABLES {
            for key in table.keys.iter().filter(|key| !key.example.is_empty()) {
                let heading = if table.heading.starts_with('[') { table.heading } else { "" };
                let text = format!("{}\n{} = {}\n", heading.replace("NAME", "dev"), key.name, key.example);
                parse(Path::new("rung.toml"), &text).unwrap_or_else(|error| panic!("{text}{error}"));
            }
        }
    }

    #[test]
    fn an_unknown_key_is_shown_with_what_was_meant() {
        let error = error("[env.dev]\nurl = \"x\"\nprotcted = true\n");
        assert_eq!(error.message, "there is no key protcted in [env.dev]");
        assert_eq!(error.helps, ["did you mean protected?"]);
        assert_eq!(error.labels[0].source.line_column(error.labels[0].span.start).line, 3);
        assert_eq!(self::error("ordr = \"any\"\n").message, "there is no key ordr");
    }

    #[test]
    fn a_wrong_value_is_shown_in_its_place() {
        let error = error("order = \"any\"\nlock_timeout = \"soon\"\n");
        assert!(error.message.starts_with("\"soon\" is no duration"), "{}", error.message);
        assert_eq!(error.labels[0].source.slice(error.labels[0].span), "\"soon\"");
        let error = self::error("format = \"gose\"\n");
        assert_eq!(error.message, "there is no format \"gose\": did you mean goose?");
        let error = self::error("lock_timeout = 5\n");
        assert!(error.message.contains("a duration in quotes"), "{}", error.message);
    }
}
