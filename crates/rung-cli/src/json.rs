//! What `--json` prints. Each shape carries a version, which changes when a field changes its meaning or goes.

use serde::Serialize;

/// The version of all shapes.
pub(crate) const VERSION: u32 = 1;

/// A migration in `status`, `plan` and `current`.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Migration {
    pub(crate) id: String,
    /// `applied`, `pending`, `running`, `failed`, `rolled_back`, `elsewhere`.
    pub(crate) state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) applied_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) execution_time_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none", rename = "type")]
    pub(crate) kind: Option<String>,
    /// `up` or `down`, in a plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) direction: Option<String>,
    /// Why it runs outside of a transaction, in a plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) outside_transaction: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

/// `status --json`.
#[derive(Debug, Serialize)]
pub(crate) struct Status {
    pub(crate) version: u32,
    pub(crate) env: Option<String>,
    pub(crate) database: Database,
    pub(crate) applied: usize,
    pub(crate) pending: usize,
    pub(crate) migrations: Vec<Migration>,
    pub(crate) differences: Vec<Difference>,
}

/// Where.
#[derive(Debug, Serialize)]
pub(crate) struct Database {
    pub(crate) product: String,
    pub(crate) version: String,
    pub(crate) place: String,
}

/// A difference between files and history.
#[derive(Debug, Serialize)]
pub(crate) struct Difference {
    pub(crate) id: String,
    /// `changed`, `reformatted`, `dependencies`, `missing`.
    pub(crate) kind: &'static str,
    /// Whether `up` refuses because of it.
    pub(crate) refused: bool,
}

/// `plan --json`.
#[derive(Debug, Serialize)]
pub(crate) struct Plan {
    pub(crate) version: u32,
    pub(crate) env: Option<String>,
    pub(crate) applied: usize,
    pub(crate) steps: Vec<Migration>,
}

/// `up --json`, `down --json`, `redo --json`, `seed --json`.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) version: u32,
    pub(crate) steps: Vec<ReportStep>,
    pub(crate) took_ms: u128,
}

/// A step that was done.
#[derive(Debug, Serialize)]
pub(crate) struct ReportStep {
    pub(crate) id: String,
    pub(crate) direction: &'static str,
    pub(crate) took_ms: u128,
}

impl From<&rung::Report> for Report {
    fn from(report: &rung::Report) -> Self {
        let steps = report.steps.iter().map(|step| ReportStep {
            id: step.id.clone(),
            direction: step.direction.as_str(),
            took_ms: step.took.as_millis(),
        });
        Self { version: VERSION, steps: steps.collect(), took_ms: report.took.as_millis() }
    }
}

/// `current --json`.
#[derive(Debug, Serialize)]
pub(crate) struct Current {
    pub(crate) version: u32,
    pub(crate) current: Option<Migration>,
}

/// `history --json`.
#[derive(Debug, Serialize)]
pub(crate) struct History {
    pub(crate) version: u32,
    pub(crate) entries: Vec<Entry>,
}

/// An entry of the log.
#[derive(Debug, Serialize)]
pub(crate) struct Entry {
    pub(crate) migration_id: String,
    pub(crate) direction: String,
    pub(crate) executed_at: String,
    pub(crate) status: String,
    pub(crate) execution_time_ms: Option<i64>,
    pub(crate) error_message: Option<String>,
    pub(crate) executed_by: String,
    pub(crate) host: String,
    pub(crate) statements_done: Option<i64>,
}

/// `check --json`.
#[derive(Debug, Serialize)]
pub(crate) struct Check {
    pub(crate) version: u32,
    pub(crate) ok: bool,
    pub(crate) differences: Vec<Difference>,
    pub(crate) problems: Vec<String>,
}

/// `tag --json`.
#[derive(Debug, Serialize)]
pub(crate) struct Tags {
    pub(crate) version: u32,
    pub(crate) tags: Vec<Tag>,
}

/// A tag.
#[derive(Debug, Serialize)]
pub(crate) struct Tag {
    pub(crate) name: String,
    pub(crate) migration_id: String,
    pub(crate) tagged_at: String,
}

/// `env --json`.
#[derive(Debug, Serialize)]
pub(crate) struct Envs {
    pub(crate) version: u32,
    pub(crate) environments: Vec<Env>,
}

/// An environment; the URL without its password.
#[derive(Debug, Serialize)]
pub(crate) struct Env {
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) protected: bool,
    pub(crate) default: bool,
}

/// `locks --json`.
#[derive(Debug, Serialize)]
pub(crate) struct Locks {
    pub(crate) version: u32,
    pub(crate) waiting: Vec<Waiting>,
}

/// A session that waits.
#[derive(Debug, Serialize)]
pub(crate) struct Waiting {
    pub(crate) wants: String,
    pub(crate) session: Session,
    pub(crate) blockers: Vec<Session>,
}

/// A session.
#[derive(Debug, Serialize)]
pub(crate) struct Session {
    pub(crate) pid: i32,
    pub(crate) application: String,
    pub(crate) user: String,
    pub(crate) state: String,
    pub(crate) age_s: u64,
    pub(crate) query: String,
}
