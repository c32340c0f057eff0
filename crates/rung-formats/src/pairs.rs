//! Migrations that are whole files: one that goes up, and perhaps one that comes back.

use std::collections::BTreeMap;

use rung_engine::{Body, Down, Hints, MigrationSet, Order, Version};
use rung_sql::{Diagnostic, Script, SourceFile, Span};

use crate::LoadOptions;
use crate::files::{File, Files};
use crate::migration::{Outcome, Sorting, checked, journalled_where_needed, migration, read_each, without_idle};

/// Which way a file goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Way {
    Up,
    Down,
}

impl Way {
    /// The way that ends a name, and what is before it: `x.up.sql` is `x`.
    pub(crate) fn split(name: &str) -> Option<(&str, Self)> {
        let down = || name.strip_suffix(".down.sql").map(|stem| (stem, Self::Down));
        name.strip_suffix(".up.sql").map(|stem| (stem, Self::Up)).or_else(down)
    }
}

/// A file of a migration.
pub(crate) struct Part<'a> {
    /// The migration's id, as this file has it; that of the up counts.
    pub(crate) id: &'a str,
    /// The version, by which the two parts of a migration find each other.
    pub(crate) version: Version,
    pub(crate) way: Way,
    pub(crate) file: &'a File,
}

/// What a directory was found to hold.
#[derive(Default)]
pub(crate) struct Found<'a> {
    pub(crate) parts: Vec<Part<'a>>,
    pub(crate) warnings: Vec<Diagnostic>,
    pub(crate) errors: Vec<Diagnostic>,
}

/// Whether, and where, a file of this text asks to be run outside of a transaction.
type Outside = fn(&File, &str, &Files) -> Result<Option<Span>, Vec<Diagnostic>>;

/// Changes a script, or says what is wrong with it.
type Fill = fn(Script, &LoadOptions<'_>) -> Result<Script, Vec<Diagnostic>>;

/// The tool's own checksum of a file, where that is not one of the file as it is.
type ToolChecksum = Box<dyn Fn(&SourceFile) -> String + Sync>;

/// What a format's files are like.
pub(crate) struct Rules {
    pub(crate) hints: &'static Hints,
    /// What to do where the migration of an id is pending below the newest applied one.
    pub(crate) order: fn(&str) -> Order,
    pub(crate) outside: Outside,
    pub(crate) mixed: Mixed,
    /// Puts in what the format's templates ask for.
    pub(crate) fill: Fill,
    /// What a way down is that has no way up.
    pub(crate) lone_down: LoneDown,
    pub(crate) checksum: Option<ToolChecksum>,
}

/// What becomes of a file that has statements which refuse a transaction beside others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mixed {
    /// It can't be run.
    Refused,
    /// Each of its statements is run by itself, as the tool does where it is told to.
    OneByOne,
}

/// What a tool makes of a file that undoes a version which no file brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoneDown {
    /// Nothing.
    Stray,
    /// The version is counted on the way up, and the file run on the way back.
    Counts,
}

impl Rules {
    /// Files as they are, in transactions.
    pub(crate) const fn plain(hints: &'static Hints, order: Order) -> Self {
        let order = match order {
            Order::Any => |_: &str| Order::Any,
            Order::Strict => |_: &str| Order::Strict,
        };
        Self {
            hints,
            order,
            outside: |_, _, _| Ok(None),
            mixed: Mixed::Refused,
            fill: |script, _| Ok(script),
            lone_down: LoneDown::Stray,
            checksum: None,
        }
    }
}

struct Pair<'a> {
    id: &'a str,
    version: Version,
    ways: Ways<'a>,
}

#[derive(Clone, Copy)]
enum Ways<'a> {
    Up(&'a File),
    Both(&'a File, &'a File),
    Down(&'a File),
}

/// Reads the parts that were found, in the order of their versions.
pub(crate) fn load(
    found: Found<'_>,
    files: &Files,
    rules: &Rules,
    options: &LoadOptions<'_>,
) -> Result<MigrationSet, Vec<Diagnostic>> {
    let Found { parts, mut warnings, mut errors } = found;
    let mut versions: BTreeMap<&Version, [Option<&Part<'_>>; 2]> = BTreeMap::new();
    for part in &parts {
        let place = &mut versions.entry(&part.version).or_default()[usize::from(part.way == Way::Down)];
        match place {
            None => *place = Some(part),
            Some(twin) => errors.push(part.file.same_version(twin.file)),
        }
    }
    let mut pairs = Vec::with_capacity(versions.len());
    for (version, [up, down]) in versions {
        let (id, ways) = match (up, down) {
            (Some(up), Some(down)) => (up.id, Ways::Both(up.file, down.file)),
            (Some(up), None) => (up.id, Ways::Up(up.file)),
            (None, Some(down)) if rules.lone_down == LoneDown::Counts => {
                let message = format!("{} undoes a version that no file brings", down.file.path.display());
                warnings.push(Diagnostic::warning("lone-down", message));
                (down.id, Ways::Down(down.file))
            }
            (None, down) => {
                warnings.extend(down.map(|down| down.file.stray("there is no migration that it would undo")));
                continue;
            }
        };
        pairs.push(Pair { id, version: version.clone(), ways });
    }
    read_each(&pairs, Sorting::ByVersion, warnings, errors, |pair| read(pair, files, rules, options))
}

fn read(pair: &Pair<'_>, files: &Files, rules: &Rules, options: &LoadOptions<'_>) -> Outcome {
    let syntax = options.dialect.syntax();
    let script = |file: &File| -> Result<(Script, Option<Span>), Vec<Diagnostic>> {
        let script = Script::whole(file.source()?);
        let outside = (rules.outside)(file, script.text(), files)?;
        Ok((script, outside))
    };
    let ((up, outside), down) = match pair.ways {
        Ways::Up(up) => (script(up)?, None),
        Ways::Both(up, down) => (script(up)?, Some(script(down)?)),
        Ways::Down(down) => {
            let (down, outside) = script(down)?;
            ((Script::slice(down.source().clone(), Span::default()), None), Some((down, outside)))
        }
    };
    let mut migration = migration(pair.id, pair.version.clone(), up.clone(), None, rules.hints, syntax);
    if let Body::Sql(body) = &mut migration.body {
        body.up = (rules.fill)(up, options)?;
    }
    migration.tool_checksums.extend(rules.checksum.as_ref().map(|of| of(&migration.source)));
    migration.no_transaction = outside;
    migration.order = (rules.order)(pair.id);
    if let Some((down, outside)) = down {
        migration.down_no_transaction = outside;
        migration.down = Some(Down::Sql((rules.fill)(down, options)?));
    }
    if rules.mixed == Mixed::OneByOne {
        journalled_where_needed(&mut migration, options.dialect);
    }
    let mut warnings = Vec::new();
    without_idle(&mut migration, options.dialect, &mut warnings);
    checked(migration, warnings, syntax)
}

/// The version before the first `_` of a name, where it is a number.
pub(crate) fn numbered(name: &str) -> Option<Version> {
    name.split_once('_').and_then(|(number, _)| Version::number_of(number))
}

/// An error for every `{{` of a script: a template of Go's, which is a program.
pub(crate) fn without_templates(script: Script, _: &LoadOptions<'_>) -> Result<Script, Vec<Diagnostic>> {
    let error = |(at, _): (usize, &str)| {
        let span = script.source_span(Span::new(at, at + 2));
        Diagnostic::error("template", "this is a template of Go's, which only the tool itself can fill in")
            .at(script.source(), span, "begins here")
            .help("write what it stands for")
    };
    let errors: Vec<Diagnostic> = script.text().match_indices("{{").map(error).collect();
    if errors.is_empty() { Ok(script) } else { Err(errors) }
}
