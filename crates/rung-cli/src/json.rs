//! What `--json` prints: one document on standard output, whatever the command.
//!
//! Each has a `version`, which changes when a field changes its meaning or goes; fields may be added at any time. Times
//! are RFC 3339 in UTC, durations are in milliseconds unless a field says otherwise. A command that fails prints
//! [`Failed`] (or, where something ran, a [`Report`] with its `error`), and ends with the exit code that it names.

use std::path::Path;

use rung::engine::{Difference as Found, ServerFacts};
use rung::sql::{Diagnostic as Raw, Level};
use serde::Serialize;

use crate::render::{Failure, Finding};

/// The version of all shapes.
pub(crate) const VERSION: u32 = 1;

/// A migration in `status`, `plan` and `current`.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Migration<'a> {
    pub(crate) id: &'a str,
    /// `applied`, `pending`, `running` (or interrupted), `failed`, `rolled_back`; `replaced` is a baseline all of whose
    /// migrations are applied.
    pub(crate) state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) applied_at: Option<&'a str>,
    /// Absent where it was recorded and not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) execution_time_ms: Option<i64>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<&'a str>,
    /// Whether it waits for a release; absent where it does not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) post_deploy: bool,
}

/// `status --json`.
#[derive(Debug, Serialize)]
pub(crate) struct Status<'a> {
    pub(crate) version: u32,
    pub(crate) environment: Option<&'a str>,
    pub(crate) database: Database,
    pub(crate) applied: usize,
    pub(crate) pending: usize,
    /// The applied ones in the order of application, then the pending ones in the order of running.
    pub(crate) migrations: Vec<Migration<'a>>,
    pub(crate) differences: Vec<Difference<'a>>,
    /// Why `rung up` would be refused as things are; null where it would not be.
    pub(crate) refused: Option<&'a str>,
}

/// Which database.
#[derive(Debug, Serialize)]
pub(crate) struct Database {
    /// `PostgreSQL` or `SQLite`.
    product: &'static str,
    version: String,
    /// Where it is; never with a password.
    place: String,
}

impl Database {
    pub(crate) fn of(product: &'static str, facts: &ServerFacts) -> Self {
        Self { product, version: facts.version.clone(), place: facts.place.clone() }
    }
}

/// A difference between the files and the history.
#[derive(Debug, Serialize)]
pub(crate) struct Difference<'a> {
    pub(crate) id: &'a str,
    /// `changed`, `reformatted`, `dependencies`, `missing`.
    pub(crate) kind: &'static str,
    /// Whether `up` refuses because of it.
    pub(crate) refused: bool,
}

impl<'a> From<&'a Found> for Difference<'a> {
    fn from(found: &'a Found) -> Self {
        let kind = match found {
            Found::Changed { .. } => "changed",
            Found::Reformatted { .. } => "reformatted",
            Found::Dependencies { .. } => "dependencies",
            Found::Missing { .. } => "missing",
        };
        Self { id: found.id(), kind, refused: found.is_refused() }
    }
}

/// `plan --json`.
#[derive(Debug, Serialize)]
pub(crate) struct Plan<'a> {
    pub(crate) version: u32,
    pub(crate) environment: Option<&'a str>,
    /// How many are applied now.
    pub(crate) applied: usize,
    /// What would run, in order.
    pub(crate) steps: Vec<PlanStep<'a>>,
    /// Pending migrations that wait for a release, in order.
    pub(crate) held: &'a [String],
    /// Migrations that are for other environments.
    pub(crate) elsewhere: &'a [String],
}

/// A step of a plan.
#[derive(Debug, Serialize)]
pub(crate) struct PlanStep<'a> {
    pub(crate) id: &'a str,
    /// `up` or `down`.
    pub(crate) direction: &'static str,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) description: Option<&'a str>,
    pub(crate) statements: Option<usize>,
    /// Why it runs statement by statement; absent where it is one transaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) outside_transaction: Option<String>,
    /// What it does to those who use the database; absent where nobody notices, and on the way down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) effect: Option<Effect>,
}

/// What a migration does to those who use the database while it runs.
#[derive(Debug, Serialize)]
pub(crate) struct Effect {
    /// On tables that were there before, the strongest on each.
    pub(crate) locks: Vec<TableLock>,
    pub(crate) work: Vec<Work>,
    /// Whether it waits for every transaction that began before it.
    pub(crate) waits_for_snapshots: bool,
    /// How much is read or written for it; null where the tables' sizes are not known.
    pub(crate) bytes: Option<u64>,
    /// About how long its work takes; null where the tables' sizes are not known.
    pub(crate) about_ms: Option<u128>,
}

/// A lock.
#[derive(Debug, Serialize)]
pub(crate) struct TableLock {
    pub(crate) table: String,
    pub(crate) mode: &'static str,
    /// `nothing`, `writes`, `reads and writes`.
    pub(crate) blocks: &'static str,
}

/// Something that takes time.
#[derive(Debug, Serialize)]
pub(crate) struct Work {
    /// `scans TABLE`, `indexes TABLE`, `rewrites TABLE`.
    pub(crate) what: String,
    pub(crate) why: String,
    /// Whether it is certain.
    pub(crate) sure: bool,
}

/// `up`, `down`, `redo`, `seed`, `reset --up`.
#[derive(Debug, Serialize)]
pub(crate) struct Report<'a> {
    pub(crate) version: u32,
    /// What was done, in order.
    pub(crate) steps: Vec<ReportStep<'a>>,
    /// Pending migrations that were left for after the release; absent where there are none.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(crate) held: &'a [String],
    pub(crate) took_ms: u128,
    /// Why it stopped, where it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<Error>,
}

/// A step that was done.
#[derive(Debug, Serialize)]
pub(crate) struct ReportStep<'a> {
    pub(crate) id: &'a str,
    /// `up` or `down`.
    pub(crate) direction: &'static str,
    pub(crate) took_ms: u128,
}

impl<'a> From<&'a rung::Report> for Report<'a> {
    fn from(report: &'a rung::Report) -> Self {
        let steps = report.steps.iter().map(|step| ReportStep {
            id: &step.id,
            direction: step.direction.as_str(),
            took_ms: step.took.as_millis(),
        });
        Self {
            version: VERSION,
            steps: steps.collect(),
            held: &report.held,
            took_ms: report.took.as_millis(),
            error: None,
        }
    }
}

impl<'a> Report<'a> {
    /// A report of a run that failed.
    pub(crate) fn failed(report: &'a rung::Report, error: Error) -> Self {
        Self { error: Some(error), ..Self::from(report) }
    }
}

/// A command that failed before anything ran.
#[derive(Debug, Serialize)]
pub(crate) struct Failed {
    pub(crate) version: u32,
    pub(crate) error: Error,
}

/// Why a command failed.
#[derive(Debug, Serialize)]
pub(crate) struct Error {
    pub(crate) exit_code: u8,
    pub(crate) findings: Vec<Diagnostic>,
    /// What stands and what does not.
    pub(crate) said: Vec<String>,
    /// What to do.
    pub(crate) next: Vec<String>,
}

impl From<&Failure> for Error {
    fn from(failure: &Failure) -> Self {
        Self {
            exit_code: failure.exit as u8,
            findings: failure.findings.iter().map(Diagnostic::from).collect(),
            said: failure.said.clone(),
            next: failure.next.clone(),
        }
    }
}

/// A finding, with its place where a file is concerned.
#[derive(Debug, Serialize)]
pub(crate) struct Diagnostic {
    /// `error`, `warning` or `note`.
    pub(crate) level: &'static str,
    /// A stable name for what it is.
    pub(crate) code: &'static str,
    pub(crate) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    /// From one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<usize>,
    /// In characters, from one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) column: Option<usize>,
    /// What is said at that place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) notes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) help: Vec<String>,
    /// Statements as they were applied (`- `) and as the file has them now (`+ `).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) differs: Vec<String>,
}

impl From<&Raw> for Diagnostic {
    fn from(found: &Raw) -> Self {
        let label = found.labels.first();
        let place = label.map(|label| label.source.line_column(label.span.start));
        Self {
            level: level(found.level),
            code: found.code,
            message: found.message.clone(),
            file: label.map(|label| label.source.path().display().to_string()),
            line: place.map(|place| place.line),
            column: place.map(|place| place.column),
            label: label.map(|label| label.text.clone()).filter(|text| !text.is_empty()),
            notes: found.notes.clone(),
            help: found.helps.clone(),
            differs: Vec::new(),
        }
    }
}

impl From<&Finding> for Diagnostic {
    fn from(finding: &Finding) -> Self {
        let differs = finding.comparison.as_ref().map(|comparison| comparison.plain()).unwrap_or_default();
        Self { differs, ..Self::from(&finding.diagnostic) }
    }
}

/// `current --json`.
#[derive(Debug, Serialize)]
pub(crate) struct Current<'a> {
    pub(crate) version: u32,
    /// Absent where nothing is applied.
    pub(crate) current: Option<Migration<'a>>,
}

/// `history --json`, newest first.
#[derive(Debug, Serialize)]
pub(crate) struct History<'a> {
    pub(crate) version: u32,
    pub(crate) entries: Vec<Entry<'a>>,
}

/// An entry of the log.
#[derive(Debug, Serialize)]
pub(crate) struct Entry<'a> {
    pub(crate) migration_id: &'a str,
    /// `up`, `down`, `stamp`, `resolve`.
    pub(crate) direction: &'a str,
    pub(crate) executed_at: &'a str,
    pub(crate) status: &'a str,
    pub(crate) execution_time_ms: Option<i64>,
    pub(crate) error_message: Option<&'a str>,
    pub(crate) executed_by: &'a str,
    pub(crate) host: &'a str,
    /// Of a migration that ran statement by statement.
    pub(crate) statements_done: Option<i64>,
}

/// `check --json`.
#[derive(Debug, Serialize)]
pub(crate) struct Check<'a> {
    pub(crate) version: u32,
    /// Whether `up` would run.
    pub(crate) ok: bool,
    pub(crate) migrations: usize,
    pub(crate) differences: Vec<Difference<'a>>,
    pub(crate) findings: Vec<Diagnostic>,
}

/// `lint --json`.
#[derive(Debug, Serialize)]
pub(crate) struct Lint {
    pub(crate) version: u32,
    pub(crate) migrations: usize,
    pub(crate) findings: Vec<LintFinding>,
}

/// A finding of the linter; `lint --format json` prints a list of them.
#[derive(Debug, Serialize)]
pub(crate) struct LintFinding {
    pub(crate) rule: &'static str,
    /// `error`, `warning` or `note`.
    pub(crate) level: &'static str,
    pub(crate) message: String,
    pub(crate) migration: String,
    pub(crate) file: String,
    /// From one.
    pub(crate) line: usize,
    /// In characters, from one.
    pub(crate) column: usize,
    pub(crate) end_line: usize,
    /// Just behind the last character.
    pub(crate) end_column: usize,
    /// What is said at that place.
    pub(crate) label: String,
    pub(crate) notes: Vec<String>,
    /// What to do instead, one thing a line.
    pub(crate) help: String,
    /// Null where it can't be mended by itself.
    pub(crate) fix: Option<LintFix>,
    #[serde(skip)]
    pub(crate) severity: Level,
}

/// What mends a finding: edits of its file, or steps in the place of a statement.
#[derive(Debug, Serialize)]
pub(crate) struct LintFix {
    pub(crate) title: String,
    pub(crate) edits: Vec<LintEdit>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) steps: Vec<LintStep>,
}

/// A step of a safe sequence.
#[derive(Debug, Serialize)]
pub(crate) struct LintStep {
    pub(crate) sql: String,
    /// Whether it is committed by itself.
    pub(crate) apart: bool,
}

/// A text in the place of another.
#[derive(Debug, Serialize)]
pub(crate) struct LintEdit {
    /// In bytes of the file, from zero.
    pub(crate) start: usize,
    /// Just behind the last byte.
    pub(crate) end: usize,
    pub(crate) text: String,
}

/// The name of a level.
pub(crate) fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}

impl From<&rung::lint::Step> for LintStep {
    fn from(step: &rung::lint::Step) -> Self {
        Self {
            sql: step.sql.clone(),
            apart: !matches!(step.runs, rung::lint::Runs::Together | rung::lint::Runs::Joined),
        }
    }
}

impl From<&rung::lint::Finding> for LintFinding {
    fn from(finding: &rung::lint::Finding) -> Self {
        let found = &finding.diagnostic;
        let label = found.labels.first();
        let file = label.map(|label| label.source.path().display().to_string()).unwrap_or_default();
        let place = |at: fn(&rung::sql::Span) -> usize| {
            label.map_or((1, 1), |label| {
                let place = label.source.line_column(at(&label.span));
                (place.line, place.column)
            })
        };
        let (line, column) = place(|span| span.start);
        let (end_line, end_column) = place(|span| span.end);
        let edit =
            |edit: &rung::lint::Edit| LintEdit { start: edit.span.start, end: edit.span.end, text: edit.text.clone() };
        Self {
            rule: finding.rule,
            level: level(found.level),
            severity: found.level,
            message: found.message.clone(),
            migration: finding.migration.to_string(),
            file,
            line,
            column,
            end_line,
            end_column,
            label: label.map(|label| label.text.clone()).unwrap_or_default(),
            notes: found.notes.clone(),
            help: found.helps.join("\n"),
            fix: match &finding.fix {
                Some(fix) => Some(LintFix {
                    title: fix.title.clone(),
                    edits: fix.edits.iter().map(edit).collect(),
                    steps: Vec::new(),
                }),
                None if finding.steps.is_empty() => None,
                None => Some(LintFix {
                    title: "write it as a safe sequence".to_owned(),
                    edits: Vec::new(),
                    steps: finding.steps.iter().flat_map(|sequence| &sequence.steps).map(LintStep::from).collect(),
                }),
            },
        }
    }
}

/// `adopt --json`.
#[derive(Debug, Serialize)]
pub(crate) struct Adoption<'a> {
    pub(crate) version: u32,
    /// `table` for a table of one's own.
    pub(crate) tool: &'static str,
    pub(crate) table: &'a str,
    /// Whether anything was recorded.
    pub(crate) recorded: bool,
    /// Whether the tool's table is written along from now on.
    pub(crate) keep_writing: bool,
    pub(crate) migrations: Vec<Adopted<'a>>,
}

/// A migration under another tool.
#[derive(Debug, Serialize)]
pub(crate) struct Adopted<'a> {
    pub(crate) id: &'a str,
    /// `applied`, `known` (recorded here already), `pending`, `changed`, `unknown` (no file has it), `forgotten`,
    /// `failed` (and it must be said what became of it), `failed_applied`, `failed_not_applied`.
    pub(crate) state: &'static str,
    /// Whether the tool's checksum is that of the file.
    pub(crate) verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) applied_at: Option<&'a str>,
}

/// `convert --json`.
#[derive(Debug, Serialize)]
pub(crate) struct Converted<'a> {
    pub(crate) version: u32,
    /// What it was in.
    pub(crate) format: &'static str,
    /// Where it was written to.
    pub(crate) directory: &'a Path,
    pub(crate) migrations: Vec<ConvertedMigration<'a>>,
}

/// A migration with another file.
#[derive(Debug, Serialize)]
pub(crate) struct ConvertedMigration<'a> {
    pub(crate) id: &'a str,
    /// What it was called; often the same.
    pub(crate) former: &'a str,
}

/// `adopt --check-downs --json`.
#[derive(Debug, Serialize)]
pub(crate) struct Downs<'a> {
    pub(crate) version: u32,
    /// Whether every way down that there is leads back.
    pub(crate) ok: bool,
    pub(crate) migrations: Vec<DownChecked<'a>>,
}

/// What became of a way down.
#[derive(Debug, Serialize)]
pub(crate) struct DownChecked<'a> {
    pub(crate) id: &'a str,
    /// `exact`, `missing`, `differs`, `fails`, `not_again` (it went down, and not up again to what it was).
    pub(crate) state: &'static str,
    /// What differs from before, object by object.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub(crate) differences: &'a [String],
    /// What the database said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<&'a str>,
}

/// `tag --json`, oldest first.
#[derive(Debug, Serialize)]
pub(crate) struct Tags<'a> {
    pub(crate) version: u32,
    pub(crate) tags: Vec<Tag<'a>>,
}

/// A tag.
#[derive(Debug, Serialize)]
pub(crate) struct Tag<'a> {
    pub(crate) name: &'a str,
    pub(crate) migration_id: &'a str,
    pub(crate) tagged_at: &'a str,
}

/// `env --json`.
#[derive(Debug, Serialize)]
pub(crate) struct Environments<'a> {
    pub(crate) version: u32,
    pub(crate) environments: Vec<Environment<'a>>,
}

/// An environment.
#[derive(Debug, Serialize)]
pub(crate) struct Environment<'a> {
    pub(crate) name: &'a str,
    /// As it is written, without its password.
    pub(crate) url: String,
    pub(crate) protected: bool,
    /// Whether it is the one that a command would use now.
    pub(crate) current: bool,
}

/// `locks --json`.
#[derive(Debug, Serialize)]
pub(crate) struct Locks<'a> {
    pub(crate) version: u32,
    pub(crate) waiting: Vec<Waiting<'a>>,
}

/// A session that waits.
#[derive(Debug, Serialize)]
pub(crate) struct Waiting<'a> {
    /// What for.
    pub(crate) wants: &'a str,
    pub(crate) session: Session<'a>,
    pub(crate) blockers: Vec<Session<'a>>,
}

/// A session.
#[derive(Debug, Serialize)]
pub(crate) struct Session<'a> {
    pub(crate) pid: i32,
    pub(crate) application: &'a str,
    pub(crate) user: &'a str,
    pub(crate) state: &'a str,
    /// Seconds that its transaction has been open.
    pub(crate) age_s: u64,
    pub(crate) query: &'a str,
}

/// `new --json`.
#[derive(Debug, Serialize)]
pub(crate) struct Created<'a> {
    pub(crate) version: u32,
    pub(crate) id: &'a str,
    pub(crate) files: Vec<String>,
}

/// `renumber --json`, `stamp --json`, `resolve --json`: what became of each.
#[derive(Debug, Serialize)]
pub(crate) struct Outcomes<'a> {
    pub(crate) version: u32,
    pub(crate) outcomes: Vec<Outcome<'a>>,
}

/// What became of a migration.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome<'a> {
    pub(crate) id: &'a str,
    /// Its status now (`completed`, `rolled_back`, `pending`, ...); for `renumber`, its new id.
    pub(crate) now: &'a str,
}

/// `graph --json`: migrations in the order of the run.
#[derive(Debug, Serialize)]
pub(crate) struct GraphOfMigrations<'a> {
    pub(crate) version: u32,
    pub(crate) environment: Option<&'a str>,
    /// Absent where none was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) database: Option<Database>,
    pub(crate) migrations: Vec<GraphNode<'a>>,
}

/// A migration, and what it needs.
#[derive(Debug, Serialize)]
pub(crate) struct GraphNode<'a> {
    pub(crate) id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<&'a str>,
    /// `applied`, `pending`, or `wrong` (it failed, or was changed); absent where no database was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<&'static str>,
    pub(crate) depends_on: Vec<&'a str>,
    /// Of those the ones that are not needed by others of them.
    pub(crate) direct: Vec<&'a str>,
    /// Whether the file says what it depends on; else its SQL does.
    pub(crate) declared: bool,
}
