//! Atlas' versioned directory: `VERSION_name.sql` by name, `atlas.sum` that keeps them as they are, and directives at the
//! top of a file.
//!
//! Facts from its `sql/migrate/dir.go` (`NewHashFile`, `LocalFile.Directive`, checkpoints), `lex.go` (`atlas:delimiter`)
//! and `cmdapi/migrate.go` (`txmodeFor`).

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rung_engine::{Body, Dialect, Hints, MigrationSet, Renumber, Runs, Version};
use rung_sql::{Diagnostic, Script, Span};
use sha2::{Digest as _, Sha256};

use crate::LoadOptions;
use crate::files::{File, Files};
use crate::format::{Format, Sign};
use crate::migration::{Outcome, Sorting, checked, lines, migration, next_line, read_each};

pub(crate) struct Atlas;

const HINTS: &Hints = &Hints {
    no_transaction: Some("write `-- atlas:txmode none` and an empty line at the top of the file"),
    down: None,
    depends: None,
    renumber: Renumber::ByHand,
};

const SUM: &str = "atlas.sum";

impl Format for Atlas {
    fn name(&self) -> &'static str {
        "atlas"
    }

    fn recognise(&self, files: &Files) -> Option<Sign> {
        // Atlas keeps the directories of other tools as well.
        let is_pair = |file: &File| file.name.ends_with(".down.sql") || file.name.ends_with(".up.sql");
        if files.get(SUM).is_some() && !files.at_top(".sql").any(is_pair) {
            let others = ["-- migrate:up", "-- +goose", "--liquibase formatted"];
            if files.marked(|line| others.iter().any(|mark| line.starts_with(mark))).is_none() {
                return Some(Sign::sure(format!("there is an {SUM}")));
            }
        }
        let (name, line) = files.marked(|line| directive(line).is_some())?;
        Some(Sign::sure(format!("{name} has a line `{line}`")))
    }

    fn load(&self, files: &Files, options: &LoadOptions<'_>) -> Result<MigrationSet, Vec<Diagnostic>> {
        let items: Vec<&File> = files.at_top(".sql").collect();
        let errors = match files.get(SUM) {
            Some(sum) => check_sum(sum, &items)?,
            None => Vec::new(),
        };
        read_each(&items, Sorting::AsGiven, Vec::new(), errors, |file| read(file, options.dialect))
    }
}

/// A directive's name and value.
fn directive(line: &str) -> Option<(&str, &str)> {
    let text = line.strip_prefix("--").or_else(|| line.strip_prefix('#'))?.trim_start().strip_prefix("atlas:")?;
    let (name, value) = text.split_once(' ').unwrap_or((text, ""));
    Some((name, value.trim()))
}

/// The comments at the top of a file that an empty line divides from what follows: only these hold for all of it.
fn directives(text: &str) -> Vec<(&str, &str, Span)> {
    let mut found = Vec::new();
    for (span, line) in lines(text) {
        if line.trim().is_empty() {
            return found;
        }
        if !line.starts_with("--") && !line.starts_with('#') {
            return Vec::new();
        }
        found.extend(directive(line).map(|(name, value)| (name, value, span)));
    }
    found
}

/// What ends a statement instead of `;`, and where that begins to count. Only the first line may say so, and what follows it
/// may follow at once.
fn delimiter(text: &str) -> Option<(String, usize)> {
    let (span, line) = lines(text).next()?;
    let value = line.strip_prefix("-- atlas:delimiter ")?.trim_start();
    let delimiter = value.replace("\\n", "\n").replace("\\r", "\r").replace("\\t", "\t");
    (!delimiter.is_empty()).then(|| (delimiter, next_line(text, span.end)))
}

/// What is wrong with the files by `atlas.sum`: each file's hash is over all before it, too, so the first one tells.
fn check_sum(sum: &File, files: &[&File]) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    const HELP: &str = "put the file back; or where it is as it should be, `atlas migrate hash`";
    let source = sum.source()?;
    let wrong = |span: Span, message: String| Diagnostic::error("atlas-sum", message).at(&source, span, "").help(HELP);
    let mut listed: Vec<(&str, &str, Span)> = Vec::new();
    let mut total = Sha256::new();
    for (span, line) in lines(source.text()).skip(1).filter(|(_, line)| !line.trim().is_empty()) {
        let Some((name, hash)) = line.split_once("h1:") else {
            return Err(vec![wrong(span, "this line is no file and its hash".to_owned())]);
        };
        listed.push((name.trim(), hash, span));
        total.update(name.trim());
        total.update(hash);
    }
    let mut errors = Vec::new();
    let first = lines(source.text()).next().unwrap_or((Span::new(0, 0), ""));
    if first.1.strip_prefix("h1:") != Some(STANDARD.encode(total.finalize()).as_str()) {
        errors.push(wrong(first.0, "the hash of the lines below is another one".to_owned()));
    }
    let by_name: HashMap<&str, (&str, Span)> =
        listed.iter().map(|(name, hash, span)| (*name, (*hash, *span))).collect();
    let there: HashMap<&str, ()> = files.iter().map(|file| (file.name.as_str(), ())).collect();
    errors.extend(
        listed
            .iter()
            .filter(|(name, ..)| !there.contains_key(name))
            .map(|(name, _, span)| wrong(*span, format!("there is no file {name}"))),
    );
    let mut hash = Sha256::new();
    for file in files {
        hash.update(&file.name);
        let bytes = file.read().map_err(|error| vec![file.error("unreadable", &format!("can't be read: {error}"))])?;
        if bytes.starts_with(b"-- atlas:sum ignore") {
            continue;
        }
        hash.update(&bytes);
        match by_name.get(file.name.as_str()) {
            None => errors.push(file.error("atlas-sum", &format!("is not in {SUM}")).help(HELP)),
            Some((listed, span)) if errors.is_empty() && *listed != STANDARD.encode(hash.clone().finalize()) => {
                errors.push(wrong(*span, format!("{} is not what it was when this was written", file.path.display())));
            }
            Some(_) => {}
        }
    }
    Ok(errors)
}

fn read(file: &File, dialect: &'static dyn Dialect) -> Outcome {
    let source = file.source()?;
    let text = source.text();
    let syntax = dialect.syntax();
    let stem = file.name.trim_end_matches(".sql");
    let number = stem.split_once('_').map_or(stem, |(version, _)| version);
    let version = Version::Text(number.into());
    let mut runs = Runs::Once;
    let mut no_transaction = None;
    let mut parts = Parts { up: Span::new(0, text.len()), down: None };
    for (name, value, span) in directives(text) {
        let wrong =
            |message: String, help: &str| vec![Diagnostic::error("atlas", message).at(&source, span, "").help(help)];
        match (name, value) {
            ("txmode", "none") => no_transaction = Some(span),
            ("txmode", "file") | ("sum" | "import" | "nolint" | "assert", _) => {}
            ("txmode", other) => {
                return Err(wrong(format!("a file has no txmode {other:?}"), "write `none` or `file`"));
            }
            ("checkpoint", _) => runs = Runs::Checkpoint,
            // The scanner of statements looks for it by itself.
            ("delimiter", _) => {}
            ("txtar", _) => {
                parts = Parts::of(text).map_err(|(span, message)| {
                    let error = Diagnostic::error("atlas", message).at(&source, span, "");
                    vec![
                        error
                            .help("take the section out; `rung` checks with `@verify` and `@expect` in its own format"),
                    ]
                })?
            }
            (other, _) => return Err(wrong(format!("rung does not know the directive atlas:{other}"), "take it out")),
        }
    }
    let down = parts.down.map(|down| Script::slice(source.clone(), down));
    let up = Script::slice(source.clone(), parts.up);
    let mut migration = migration(stem, version, up.clone(), down, HINTS, syntax);
    (migration.runs, migration.no_transaction, migration.down_no_transaction) = (runs, no_transaction, no_transaction);
    if let (Some((delimiter, from)), Body::Sql(body)) = (delimiter(text), &mut migration.body) {
        let ends = up.text().match_indices(&delimiter).filter(|(at, _)| *at >= from);
        let ends = ends.map(|(at, _)| (Span::new(at, at + delimiter.len()), "\n;\n"));
        body.up = up.replaced(&ends.collect::<Vec<_>>());
    }
    checked(migration, Vec::new(), syntax)
}

/// The sections of a file that is an archive: `-- migration.sql --`, `-- down.sql --`.
struct Parts {
    up: Span,
    down: Option<Span>,
}

impl Parts {
    fn of(text: &str) -> Result<Self, (Span, String)> {
        let (mut up, mut down): (Option<Span>, Option<Span>) = (None, None);
        for (span, line) in lines(text) {
            let Some(name) = line.strip_prefix("-- ").and_then(|line| line.strip_suffix(" --")) else { continue };
            for open in up.iter_mut().chain(&mut down).filter(|open| open.end == text.len()) {
                open.end = span.start;
            }
            let part = Some(Span::new(next_line(text, span.end), text.len()));
            match name {
                "migration.sql" => up = part,
                "down.sql" => down = part,
                other => return Err((span, format!("rung can't carry out the section {other}"))),
            }
        }
        let up = up.ok_or_else(|| (Span::new(0, 0), "there is no section migration.sql".to_owned()))?;
        Ok(Self { up, down })
    }
}
