//! diesel: a folder `VERSION_name` with `up.sql`, `down.sql` and perhaps `metadata.toml`.
//!
//! Facts from its `diesel_migrations/src/file_based_migrations.rs` and `migrations_internals`: the version is what is
//! before the first `_`, dashes left out, and is compared as text; a `metadata.toml` that does not say
//! `run_in_transaction = true` takes both ways out of transactions; whatever has not been applied is.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rung_engine::{Hints, MigrationSet, Order, Renumber, Version};
use rung_sql::{Diagnostic, Span};
use toml_edit::Document;

use crate::LoadOptions;
use crate::files::{File, Files};
use crate::format::{Format, Sign};
use crate::pairs::{self, Found, Part, Rules, Way};

pub(crate) struct Diesel;

const HINTS: &Hints = &Hints {
    no_transaction: Some("write `run_in_transaction = false` in a metadata.toml beside it"),
    down: Some("write a down.sql beside it"),
    depends: None,
    renumber: Renumber::ByHand,
};

impl Format for Diesel {
    fn name(&self) -> &'static str {
        "diesel"
    }

    fn recognise(&self, files: &Files) -> Option<Sign> {
        let in_folder = |base: &str| {
            files
                .iter()
                .find(|file| file.name.split_once('/').is_some_and(|(folder, name)| is_version(folder) && name == base))
        };
        if let Some(file) = in_folder("metadata.toml") {
            return Some(Sign::sure(format!("there is a file {}", file.name)));
        }
        // No other tool has dashes in its versions.
        let is_own = |file: &&File| {
            let (folder, base) = file.name.split_once('/').unwrap_or_default();
            let version = folder.split_once('_').map_or("", |(version, _)| version);
            base == "up.sql"
                && is_version(folder)
                && (folder == "00000000000000_diesel_initial_setup" || version.trim_matches('-').contains('-'))
        };
        if let Some(file) = files.iter().find(is_own) {
            return Some(Sign::sure(format!("there is a file {}", file.name)));
        }
        let file = in_folder("up.sql")?;
        Some(Sign::fits(
            format!("there is a file {}", file.name),
            files,
            &[("diesel.toml", ""), ("Cargo.toml", "diesel")],
        ))
    }

    fn load(&self, files: &Files, options: &LoadOptions<'_>) -> Result<MigrationSet, Vec<Diagnostic>> {
        let mut found = Found::default();
        let mut folders: BTreeMap<&str, Option<&File>> = BTreeMap::new();
        for file in files.iter() {
            let Some((id, base)) = file.name.split_once('/') else {
                if file.name.ends_with(".sql") {
                    found.warnings.push(file.stray("it is in no folder of its own"));
                }
                continue;
            };
            // `Some` until there is an up.sql.
            let lacking = folders.entry(id).or_insert(Some(file));
            let version = || Version::Text(id.split('_').next().unwrap_or(id).replace('-', "").into());
            match base {
                "up.sql" => {
                    *lacking = None;
                    found.parts.push(Part { id, version: version(), way: Way::Up, file });
                }
                "down.sql" => found.parts.push(Part { id, version: version(), way: Way::Down, file }),
                _ if base.ends_with(".sql") && !base.contains('/') => {
                    found.warnings.push(file.stray("diesel reads up.sql and down.sql"));
                }
                _ => {}
            }
        }
        found.errors.extend(folders.into_values().flatten().map(|file| no_up(file, files)));
        pairs::load(found, files, &Rules { outside, ..Rules::plain(HINTS, Order::Any) }, options)
    }
}

fn is_version(folder: &str) -> bool {
    let version = folder.split_once('_').map_or("", |(version, _)| version);
    !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

/// An error about the folder of a file: diesel refuses a directory that has a folder without an up.sql.
fn no_up(file: &File, files: &Files) -> Diagnostic {
    let (folder, below) = file.name.split_once('/').unwrap_or(("", &file.name));
    let path: PathBuf = file.path.ancestors().skip(below.split('/').count()).take(1).collect();
    let is_up = |file: &File| file.name.starts_with(&format!("{folder}/")) && file.name.ends_with("/up.sql");
    let message = format!("{} has no up.sql", path.display());
    let diagnostic = Diagnostic::error("no-up", message);
    match files.iter().any(is_up) {
        true => diagnostic.help(format!("if it holds migrations itself, name it: `--dir {}`", path.display())),
        false => diagnostic.help("write one, or move the folder elsewhere"),
    }
}

/// What the `metadata.toml` beside a file says of transactions.
fn outside(file: &File, _: &str, files: &Files) -> Result<Option<Span>, Vec<Diagnostic>> {
    let folder = file.name.split_once('/').map_or("", |(folder, _)| folder);
    let Some(metadata) = files.get(&format!("{folder}/metadata.toml")) else { return Ok(None) };
    let source = metadata.source()?;
    let error = |message: String, span: Span| {
        let help = "write `run_in_transaction = true` or `run_in_transaction = false`";
        vec![Diagnostic::error("metadata", message).at(&source, span, "").help(help)]
    };
    let document = Document::parse(source.text()).map_err(|wrong| {
        let span = wrong.span().map_or(Span::default(), |span| Span::new(span.start, span.end));
        error(wrong.message().trim().to_owned(), span)
    })?;
    match document.get("run_in_transaction") {
        Some(item) => match item.as_bool() {
            Some(true) => Ok(None),
            Some(false) => Ok(Some(Span::new(0, 0))),
            None => {
                let span = item.span().map_or(Span::default(), |span| Span::new(span.start, span.end));
                Err(error("run_in_transaction is either true or false".to_owned(), span))
            }
        },
        None => Ok(Some(Span::new(0, 0))),
    }
}
