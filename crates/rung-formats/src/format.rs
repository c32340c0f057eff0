//! The formats: one reader each, in one table, and how one is chosen.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use rung_engine::MigrationSet;
use rung_sql::{Diagnostic, Level, closest};

use crate::LoadOptions;
use crate::alembic::Alembic;
use crate::atlas::Atlas;
use crate::dbmate::Dbmate;
use crate::diesel::Diesel;
use crate::drizzle::Drizzle;
use crate::files::{File, Files};
use crate::flyway::Flyway;
use crate::golang_migrate::GolangMigrate;
use crate::goose::Goose;
use crate::graphile_migrate::GraphileMigrate;
use crate::hasura::Hasura;
use crate::liquibase::Liquibase;
use crate::native::Native;
use crate::node_pg_migrate::NodePgMigrate;
use crate::pop::Pop;
use crate::postgres_migrations::PostgresMigrations;
use crate::prisma::Prisma;
use crate::rails::Rails;
use crate::refinery::Refinery;
use crate::river::River;
use crate::sqitch::Sqitch;
use crate::sqlx::Sqlx;
use crate::supabase::Supabase;
use crate::tern::Tern;
use crate::yoyo::Yoyo;

/// A reader of migration directories.
pub(crate) trait Format: Sync {
    /// The name that people type; also the tool's.
    fn name(&self) -> &'static str;

    /// Whether the files look like this format's, and by what. Cheap: names, and [`Files::samples`].
    fn recognise(&self, files: &Files) -> Option<Sign>;

    /// Reads the files.
    ///
    /// # Errors
    /// All that is wrong with any file, and all that can't be honoured.
    fn load(&self, files: &Files, options: &LoadOptions<'_>) -> Result<MigrationSet, Vec<Diagnostic>>;
}

/// Every format. rung's own is first: it is what a directory without a sign is.
const FORMATS: &[&dyn Format] = &[
    &Native,
    &Dbmate,
    &Goose,
    &GolangMigrate,
    &Sqlx,
    &Diesel,
    &Refinery,
    &Tern,
    &PostgresMigrations,
    &Hasura,
    &Pop,
    &Flyway,
    &Prisma,
    &Drizzle,
    &River,
    &NodePgMigrate,
    &Supabase,
    &Sqitch,
    &Atlas,
    &GraphileMigrate,
    &Liquibase,
    &Alembic,
    &Rails,
    &Yoyo,
];

/// A sign of a format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sign {
    pub(crate) strength: Strength,
    /// What was seen, to stand after "because".
    pub(crate) why: String,
}

/// Whether a text by itself is a migration's, as one with two ways in it: it has a line that only some tool's migrations have.
#[must_use]
pub fn is_migration(text: &str) -> bool {
    // A name that says nothing.
    let alone = Files::held(Path::new(""), &[("text.sql".into(), text.as_bytes().to_vec().into())]);
    FORMATS.iter().any(|format| format.recognise(&alone).is_some_and(|sign| sign.strength >= Strength::Sure))
}

/// How much a sign tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    /// The names are such that it may be.
    Fits,
    /// And the project around it speaks of the tool.
    Likely,
    /// No other format has this.
    Sure,
    /// And every file has it, whatever marks of another format are left in some.
    Certain,
}

impl Sign {
    /// A sign that no other format has.
    pub(crate) fn sure(why: impl Into<String>) -> Self {
        Self { strength: Strength::Sure, why: why.into() }
    }

    /// A sign that the project speaks of the tool.
    pub(crate) fn likely(why: impl Into<String>) -> Self {
        Self { strength: Strength::Likely, why: why.into() }
    }

    /// Names that fit, and perhaps a file or folder nearby that mentions the tool; with an empty mention, that is there.
    pub(crate) fn fits(why: impl Into<String>, files: &Files, mentions: &[(&str, &str)]) -> Self {
        let mentioned = |(file, tool): &&(&str, &str)| match (files.nearby(file), *tool) {
            (Some(_), "") => true,
            // What a go.mod calls indirect is none of the project's own tools.
            (Some(path), tool) => std::fs::read_to_string(path).is_ok_and(|text| {
                text.lines().any(|line| line.contains(tool) && !line.trim_end().ends_with("// indirect"))
            }),
            (None, _) => false,
        };
        match mentions.iter().find(mentioned) {
            Some((file, "")) => Self { strength: Strength::Likely, why: format!("there is a {file} nearby") },
            Some((file, tool)) => Self { strength: Strength::Likely, why: format!("{file} mentions {tool}") },
            None => Self { strength: Strength::Fits, why: why.into() },
        }
    }
}

/// Which format to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Choice {
    /// rung's own, unless a file has a mark that only another format has, or no name is one of rung's own.
    #[default]
    Unsaid,
    /// Whatever the files look like. Where that may be several, it has to be said.
    Auto,
    /// The one of this name.
    Named(&'static str),
}

impl Choice {
    /// The choice of a name.
    ///
    /// # Errors
    /// There is no such format: which one may be meant, or all there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        match Self::names().find(|name| *name == text) {
            Some(name) => Ok(Self::Named(name)),
            None => Err(closest(text, Self::names()).map_or_else(
                || format!("the formats are {}", Self::names().collect::<Vec<_>>().join(", ")),
                |near| format!("did you mean {near}?"),
            )),
        }
    }

    /// All names.
    pub fn names() -> impl Iterator<Item = &'static str> {
        std::iter::once("auto").chain(FORMATS.iter().map(|format| format.name()))
    }
}

/// Reads files in the format that is chosen.
pub(crate) fn load(files: &Files, options: &LoadOptions<'_>) -> Result<MigrationSet, Vec<Diagnostic>> {
    let (format, why) = match options.format {
        Choice::Named(name) => (FORMATS.iter().copied().find(|format| format.name() == name).unwrap_or(&Native), None),
        Choice::Auto => recognised(files, Strength::Fits)?,
        // What rung's own format has no name for is not passed over: another format may.
        Choice::Unsaid if Native.recognise(files).is_none() => recognised(files, Strength::Fits)?,
        Choice::Unsaid => recognised(files, Strength::Sure)?,
    };
    let mut set = format.load(files, options)?;
    // A plan without a change is an empty directory of its format, and no wrong one.
    if set.is_empty() && format.recognise(files).is_none() {
        below(files).map_or(Ok(()), |error| Err(vec![error]))?;
    }
    let passed_over = passed_over(files, &set);
    set.warnings.extend(passed_over);
    if format.name() != Native.name() {
        set.format = Some(format.name());
        let note = |why| Diagnostic::new(Level::Note, "format", format!("read as {}: {why}", format.name()));
        set.warnings.splice(..0, why.map(note));
    }
    Ok(set)
}

/// A warning for each folder with an `up.sql` of which the reader of the format has made nothing, and said nothing: what is
/// called so is a migration to several tools, and whoever wrote it counts on it.
fn passed_over(files: &Files, set: &MigrationSet) -> Vec<Diagnostic> {
    let ups: Vec<&File> = files.iter().filter(|file| !file.is_at_top() && file.base() == "up.sql").collect();
    if ups.is_empty() {
        return Vec::new();
    }
    let read: HashSet<&Path> = set.iter().map(|migration| migration.source.path()).collect();
    let is_told = |file: &File| {
        let folder = file.path.parent().unwrap_or(&file.path).display().to_string();
        set.warnings.iter().any(|warning| warning.message.contains(&folder))
    };
    let silent = ups.into_iter().filter(|file| !read.contains(file.path.as_path()) && !is_told(file));
    silent.map(|file| file.stray("the format has no such folder; `--format` names another")).collect()
}

/// An error for a directory without migrations that has some further down, as `supabase` has in `supabase/migrations`.
fn below(files: &Files) -> Option<Diagnostic> {
    let mut found: Vec<(&str, PathBuf, &str)> = Vec::new();
    for folder in files.folders() {
        let is_inside =
            |(outer, ..): &(&str, PathBuf, &str)| folder.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
        let Some((place, inner)) = files.within(folder).filter(|_| !found.iter().any(is_inside)) else { continue };
        let signs = FORMATS.iter().rev().filter_map(|format| Some((format.name(), format.recognise(&inner)?.strength)));
        if let Some((format, _)) = signs.max_by_key(|(_, strength)| *strength) {
            found.push((folder, place, format));
        }
    }
    let (_, first, _) = found.first()?;
    let mut error =
        Diagnostic::error("no-migrations", "there are no migrations in this directory, and there are further down");
    for (_, place, format) in &found {
        error = error.note(format!("{}: {format}", place.display()));
    }
    Some(error.help(format!("name the directory: `--dir {}`", first.display())))
}

/// A format, and why it was taken where nobody named it.
type Recognised = (&'static dyn Format, Option<String>);

/// The format of the strongest sign, which is to be of at least this strength.
fn recognised(files: &Files, least: Strength) -> Result<Recognised, Vec<Diagnostic>> {
    let mut found: Vec<(&'static dyn Format, Sign)> =
        FORMATS.iter().filter_map(|format| Some((*format, format.recognise(files)?))).collect();
    let strongest = found.iter().map(|(_, sign)| sign.strength).max();
    found.retain(|(_, sign)| Some(sign.strength) == strongest && sign.strength >= least);
    match found.as_slice() {
        [] if least == Strength::Sure || !files.iter().any(|file| file.name.ends_with(".sql")) => Ok((&Native, None)),
        [] => Err(vec![below(files).unwrap_or_else(|| {
            Diagnostic::error("unknown-format", "these files are in no format that is known")
                .help("name the format: `--format NAME`, or `format = \"NAME\"` in rung.toml")
                .help(format!("the formats are {}", Choice::names().collect::<Vec<_>>().join(", ")))
        })]),
        [(format, sign)] => Ok((*format, Some(sign.why.clone()))),
        several => {
            let names: Vec<&str> = several.iter().map(|(format, _)| format.name()).collect();
            let message = format!("these files may be in any of these formats: {}", names.join(", "));
            let mut diagnostic = Diagnostic::error("ambiguous-format", message);
            for (format, sign) in several {
                diagnostic = diagnostic.note(format!("{}: {}", format.name(), sign.why));
            }
            let help = format!("say which: `--format {0}`, or `format = \"{0}\"` in rung.toml", names[0]);
            Err(vec![diagnostic.help(help)])
        }
    }
}
