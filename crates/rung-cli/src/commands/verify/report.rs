//! Drift, for people and for programs.

use std::fmt::Write as _;

use rung::engine::{Drift, DriftKind};
use serde::Serialize;
use similar::{ChangeTag, TextDiff};

use super::Verified;
use crate::config::Project;
use crate::json;
use crate::render::{BAD, DIM, OK, STRONG, WARN, Zone, count, paint};

/// `verify --json`.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    version: u32,
    environment: Option<String>,
    database: json::Database,
    /// How many migrations are applied.
    applied: usize,
    /// Those that were replayed as the history has them, since their file is gone or says something else now.
    from_history: Vec<String>,
    /// Whether the database is what its migrations make it.
    ok: bool,
    drift: Vec<Drifted>,
    /// What differs and is no drift.
    notes: Vec<String>,
    /// How many objects differ that nothing is to be said of.
    ignored: usize,
    /// What can't be described, and is not compared.
    not_compared: Vec<String>,
    /// The file of the migration that mends it, with `--fix`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) wrote: Option<String>,
}

/// An object that has come apart.
#[derive(Debug, Serialize)]
struct Drifted {
    /// As people say it: `table app.users`.
    object: String,
    kind: &'static str,
    schema: Option<String>,
    name: String,
    /// `missing`, `extra` or `changed`.
    drift: &'static str,
    /// The parts of it that differ, where it is not itself.
    parts: Vec<String>,
    /// What the migrations say, as SQL; null where they do not have it.
    expected: Option<String>,
    /// What the database has.
    actual: Option<String>,
    /// Who owns it; null where databases have no owners.
    owner: Option<String>,
    /// When it was last made or altered, where the database knows.
    changed_at: Option<String>,
}

impl Report {
    pub(super) fn of(project: &Project, verified: &Verified, product: &'static str) -> Self {
        let drifts = &verified.drifts;
        let times = verified.provenance.changed.iter().cloned().chain(std::iter::repeat(None));
        let drifted = |(found, changed_at): (&Drift, Option<String>)| Drifted {
            object: found.key.to_string(),
            kind: found.key.kind.as_str(),
            schema: found.key.schema.clone(),
            name: found.key.name.clone(),
            drift: match found.kind {
                DriftKind::Missing => "missing",
                DriftKind::Extra => "extra",
                DriftKind::Changed => "changed",
            },
            parts: found.parts.iter().filter(|part| **part != found.key).map(ToString::to_string).collect(),
            expected: Some(found.expected.clone()).filter(|text| !text.is_empty()),
            actual: Some(found.actual.clone()).filter(|text| !text.is_empty()),
            owner: found.owner.clone(),
            changed_at,
        };
        Self {
            version: json::VERSION,
            environment: project.name.clone(),
            database: json::Database::of(product, &verified.facts),
            applied: verified.applied,
            from_history: verified.from_history.clone(),
            ok: drifts.found.is_empty(),
            drift: drifts.found.iter().zip(times).map(drifted).collect(),
            notes: drifts.notes.clone(),
            ignored: drifts.ignored,
            not_compared: verified.unknown.clone(),
            wrote: None,
        }
    }

    /// Object by object: what the migrations say with `-`, what the database has with `+`.
    pub(super) fn text(&self) -> String {
        let zone = Zone::here();
        let mut text = String::new();
        for found in &self.drift {
            let (style, what) = match found.drift {
                "missing" => (BAD, "is missing"),
                "extra" => (WARN, "is made by no migration"),
                _ => (BAD, "is another one"),
            };
            let owner = found.owner.as_ref().map(|owner| format!("owner {owner}"));
            let time = found.changed_at.as_ref().map(|time| format!("changed {}", zone.minute(time)));
            let about: Vec<String> = [owner, time].into_iter().flatten().collect();
            let about = if about.is_empty() { String::new() } else { format!("   {}", paint(DIM, about.join(", "))) };
            let _ = writeln!(text, "{} {}{about}", paint(STRONG, &found.object), paint(style, what));
            text.push_str(&difference(found));
        }
        if let Some((first, others)) = self.from_history.split_first() {
            let what = match others {
                [] => format!("{first} is taken as it was applied: its file is"),
                [second] => format!("{first} and {second} are taken as they were applied: their files are"),
                [_, ..] => format!("{first} and {} more are taken as they were applied: their files are", others.len()),
            };
            let _ = writeln!(text, "{}: {what} gone, or not what was applied", paint(DIM, "note"));
        }
        for note in &self.notes {
            let _ = writeln!(text, "{}: {note}", paint(DIM, "note"));
        }
        for what in &self.not_compared {
            let _ = writeln!(text, "{}: {what}", paint(DIM, "not compared"));
        }
        text
    }

    /// How much, and what to do.
    pub(super) fn summary(&self) -> String {
        let ignored = if self.ignored > 0 { format!(", {} ignored", self.ignored) } else { String::new() };
        let verb = if self.drift.len() == 1 { "differs" } else { "differ" };
        format!(
            "{} {verb}{ignored}: - is what the migrations say, + what the database has\n\
             next: rung verify --fix database   writes the script that brings the database back\n  \
             or: rung verify --fix files      writes the migration that says what the database has",
            paint(BAD, count(self.drift.len(), "object"))
        )
    }
}

/// The lines that differ, with those around them.
fn difference(found: &Drifted) -> String {
    let (expected, actual) =
        (found.expected.as_deref().unwrap_or_default(), found.actual.as_deref().unwrap_or_default());
    if expected == actual {
        return format!("    {}\n", paint(DIM, "what differs is nothing that its SQL says: see `rung health`"));
    }
    let diff = TextDiff::from_lines(expected, actual);
    let mut text = String::new();
    for group in diff.grouped_ops(2) {
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let line = change.value().trim_end_matches('\n');
            let line = match change.tag() {
                ChangeTag::Delete => paint(BAD.effects(anstyle::Effects::new()), format!("- {line}")),
                ChangeTag::Insert => paint(OK, format!("+ {line}")),
                ChangeTag::Equal => paint(DIM, format!("  {line}")),
            };
            let _ = writeln!(text, "  {line}");
        }
    }
    text
}
