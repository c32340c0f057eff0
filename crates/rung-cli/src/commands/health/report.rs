//! What was found, for people and for programs.

use std::fmt::Write as _;

use rung::engine::Driver;
use rung::health::{Health, Unchecked};
use rung::sql::Level;
use serde::Serialize;

use crate::config::Project;
use crate::json;
use crate::render::{BAD, DIM, OK, WARN, count, paint};

/// `health --json`.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    version: u32,
    environment: Option<String>,
    database: json::Database,
    /// When it was looked at.
    pub(super) at: String,
    /// Whether no finding is an error.
    ok: bool,
    /// The checks that were made.
    checks: Vec<&'static str>,
    /// How many objects the schema has.
    objects: usize,
    /// The worst first.
    findings: Vec<Finding>,
    /// What could not be looked at.
    unchecked: Vec<NotChecked>,
}

/// Something that is wrong.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    /// `error`, `warning` or `note`.
    level: &'static str,
    /// Null where it is the database.
    object: Option<Named>,
    message: String,
    notes: Vec<String>,
    /// Statements and commands, in the order in which they mend it.
    mend: Vec<String>,
    #[serde(skip)]
    severity: Level,
}

/// An object.
#[derive(Debug, Serialize)]
struct Named {
    kind: &'static str,
    schema: Option<String>,
    /// The table that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    arguments: Option<String>,
}

/// Something that could not be looked at.
#[derive(Debug, Serialize)]
struct NotChecked {
    check: &'static str,
    /// Null where it is all of the check.
    object: Option<String>,
    why: String,
}

impl Report {
    pub(super) fn of(project: &Project, driver: &dyn Driver, health: &Health) -> Self {
        let facts = driver.facts();
        let findings = health.findings.iter().map(|found| Finding {
            check: found.check,
            level: json::level(found.level),
            object: found.object.as_ref().map(|key| Named {
                kind: key.kind.as_str(),
                schema: key.schema.clone(),
                parent: key.parent.clone(),
                name: key.name.clone(),
                arguments: key.arguments.clone(),
            }),
            message: found.message.clone(),
            notes: found.notes.clone(),
            mend: found.mend.clone(),
            severity: found.level,
        });
        let not_checked =
            |it: &Unchecked| NotChecked { check: it.check, object: it.object.clone(), why: it.why.clone() };
        Self {
            version: json::VERSION,
            environment: project.name.clone(),
            database: json::Database::of(driver.dialect_of().title(), facts),
            at: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            ok: health.worst() != Some(Level::Error),
            checks: health.checks.iter().map(|check| check.name).collect(),
            objects: health.objects,
            findings: findings.collect(),
            unchecked: health.unchecked.iter().map(not_checked).collect(),
        }
    }

    /// The findings, notes only where they are asked for.
    pub(super) fn findings(&self, verbose: bool) -> String {
        let mut text = String::new();
        for found in self.findings.iter().filter(|found| verbose || found.severity > Level::Note) {
            let style = style(found.severity);
            let _ = writeln!(text, "{}: {} ({})", paint(style, found.level), found.message, found.check);
            for note in &found.notes {
                let _ = writeln!(text, "  {}", paint(DIM, note));
            }
            for mend in &found.mend {
                let _ = writeln!(text, "  next: {mend}");
            }
        }
        for it in &self.unchecked {
            let object = it.object.as_ref().map(|object| format!("{object}: ")).unwrap_or_default();
            let _ = writeln!(text, "{}: {object}{} ({})", paint(DIM, "not checked"), it.why, it.check);
        }
        text
    }

    /// One line.
    pub(super) fn summary(&self, verbose: bool) -> String {
        let of = |level| self.findings.iter().filter(|found| found.severity == level).count();
        let levels = [(Level::Error, "error"), (Level::Warning, "warning"), (Level::Note, "note")];
        let found: Vec<String> = levels
            .into_iter()
            .filter(|(level, _)| of(*level) > 0)
            .map(|(level, noun)| paint(style(level), count(of(level), noun)))
            .collect();
        let made = format!("{} of {}", count(self.checks.len(), "check"), count(self.objects, "object"));
        if found.is_empty() {
            return format!("{} {made}: nothing found", paint(OK, "✓"));
        }
        let hidden = if !verbose && of(Level::Note) > 0 { " (-v shows notes)" } else { "" };
        format!("{}{hidden} in {made}; `rung health --explain CHECK` tells why", found.join(", "))
    }
}

fn style(level: Level) -> anstyle::Style {
    match level {
        Level::Error => BAD,
        Level::Warning => WARN,
        Level::Note => DIM,
    }
}
