//! Another tool's account held against the files and rung's own history: what is applied, and what is in the way.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rung_engine::{History, Migration, MigrationSet, PlanError, PlanErrorKind};
use rung_sql::Diagnostic;

use crate::account::{Account, Checksum, Entry, State, near};
use crate::settle::Verdict;

/// What comes of taking a history over.
#[derive(Debug)]
pub struct Adoption {
    /// The tool, or `table`.
    pub tool: &'static str,
    /// Its table.
    pub table: String,
    /// One for each migration: those that are applied in the order of application, then the others.
    pub lines: Vec<Line>,
    /// What must be decided first. Nothing is recorded as long as there is any.
    pub problems: Vec<PlanError>,
    /// Whether it was recorded.
    pub is_recorded: bool,
    /// Whether the tool's table is written along from now on.
    pub is_kept: bool,
}

/// A migration, and where it stands.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its id; what the tool calls it where no file has it.
    pub id: String,
    /// Where it stands.
    pub standing: Standing,
    /// When it was applied, RFC 3339 in UTC.
    pub applied_at: Option<String>,
    /// How long it took, in milliseconds.
    pub took: Option<u64>,
    /// Whether the tool's table has it.
    pub(crate) in_table: bool,
    pub(crate) migration: Option<Arc<Migration>>,
}

/// Where a migration stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Applied there, and so it will be here.
    Applied {
        /// Whether the tool's checksum is that of the file.
        verified: bool,
    },
    /// Applied there, and recorded here already.
    Known,
    /// Not applied.
    Pending,
    /// Applied there, and the file is another one now.
    Changed,
    /// Applied there, and no file has it.
    Unknown,
    /// No file has it, and it is left behind.
    Forgotten,
    /// It failed there.
    Failed {
        /// What the tool says.
        why: String,
        /// What the database says; `None` where it can't be told.
        settled: Option<Settled>,
    },
}

/// What became of a migration that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// All of it is there.
    Applied,
    /// Nothing of it is there.
    NotApplied,
}

/// What people have decided: ids, or `all`.
#[derive(Debug, Clone, Default)]
pub struct Decisions {
    /// What differs is right as the file has it.
    pub accept: Vec<String>,
    /// What no file has is left behind.
    pub forget: Vec<String>,
    /// What failed is applied.
    pub done: Vec<String>,
    /// What failed is not.
    pub not_done: Vec<String>,
}

fn says(list: &[String], id: &str) -> bool {
    list.iter().any(|named| named == id || named == "all")
}

impl Line {
    /// Whether it is to be recorded as applied.
    pub fn is_adopted(&self) -> bool {
        let failed_well = |settled: &Option<Settled>| *settled == Some(Settled::Applied);
        match &self.standing {
            Standing::Applied { .. } => true,
            Standing::Failed { settled, .. } => failed_well(settled),
            _ => false,
        }
    }
}

/// Whether a migration that an entry says has failed is there, as the database shows it.
pub(crate) type Settle<'a> = &'a dyn Fn(&str) -> Option<Verdict>;

/// Compares. Pure; `settle` has the answers that were asked for before.
pub(crate) fn compare(
    account: Account,
    set: &MigrationSet,
    history: &History,
    decisions: &Decisions,
    tool: &str,
    settle: Settle<'_>,
) -> (Vec<Line>, Vec<PlanError>) {
    let Account { entries, errors } = account;
    let mut problems: Vec<PlanError> = errors.into_iter().map(drift).collect();
    problems.extend(strangers(decisions, &entries));
    let mut lines = Vec::with_capacity(set.len());
    let mut rest = Vec::new();
    let mut seen: HashSet<String> = HashSet::new();
    for entry in entries {
        let migration = entry.id.as_deref().and_then(|id| set.get(id)).cloned();
        let id = entry.id.clone().unwrap_or_else(|| entry.key.clone());
        if !seen.insert(id.clone()) {
            continue;
        }
        let standing = match &migration {
            None => standing_of_unknown(&entry, set, decisions, tool, &mut problems),
            Some(_) if history.is_done(&id) => Standing::Known,
            Some(migration) => standing_of(&entry, migration, decisions, tool, settle, &mut problems),
        };
        let is_pending = matches!(standing, Standing::Failed { settled: Some(Settled::NotApplied), .. });
        let list = if is_pending { &mut rest } else { &mut lines };
        list.push(Line { id, standing, applied_at: entry.applied_at, took: entry.took, in_table: true, migration });
    }
    let places: HashMap<&str, usize> = set.iter().enumerate().map(|(at, m)| (m.id.as_str(), at)).collect();
    let others = set.iter().filter(|migration| !seen.contains(migration.id.as_str()));
    rest.extend(others.map(|migration| Line {
        id: migration.id.to_string(),
        standing: if history.is_done(migration.id.as_str()) { Standing::Known } else { Standing::Pending },
        applied_at: None,
        took: None,
        in_table: false,
        migration: Some(Arc::clone(migration)),
    }));
    rest.sort_by_key(|line| places.get(line.id.as_str()).copied());
    lines.extend(rest);
    (lines, problems)
}

fn standing_of_unknown(
    entry: &Entry,
    set: &MigrationSet,
    decisions: &Decisions,
    tool: &str,
    problems: &mut Vec<PlanError>,
) -> Standing {
    if says(&decisions.forget, &entry.key) {
        return Standing::Forgotten;
    }
    let message = format!("{tool} has applied {}, and no file has it", entry.key);
    let mut error = Diagnostic::error("unknown", message);
    if let Some(near) = near(set, &entry.key) {
        error = error.note(format!("the nearest there is: {near}"));
    }
    let again = format!("or leave it behind: add `--forget {}`", entry.key);
    problems.push(drift(error.help("restore the file").help(again)));
    Standing::Unknown
}

fn standing_of(
    entry: &Entry,
    migration: &Migration,
    decisions: &Decisions,
    tool: &str,
    settle: Settle<'_>,
    problems: &mut Vec<PlanError>,
) -> Standing {
    let id = migration.id.as_str();
    if let State::Failed(why) = &entry.state {
        let decided = match (says(&decisions.done, id), says(&decisions.not_done, id)) {
            (true, _) => Some(Verdict::Applied),
            (false, true) => Some(Verdict::NotApplied),
            (false, false) => settle(id),
        };
        let settled = match decided {
            Some(Verdict::Applied) => Some(Settled::Applied),
            Some(Verdict::NotApplied) => Some(Settled::NotApplied),
            Some(Verdict::Unclear(found)) => {
                problems.push(drift(unclear(migration, tool, why, &found)));
                None
            }
            None => None,
        };
        return Standing::Failed { why: why.clone(), settled };
    }
    match &entry.checksum {
        Checksum::None => Standing::Applied { verified: false },
        Checksum::Same => Standing::Applied { verified: true },
        Checksum::Differs { .. } if says(&decisions.accept, id) => Standing::Applied { verified: false },
        Checksum::Differs { theirs, ours } => {
            let path = migration.source.path().display();
            let error = Diagnostic::error("changed", format!("{path} was changed after {tool} applied it"))
                .at(&migration.source, migration.beginning(), "it begins here")
                .note(format!("its checksum was {theirs} then, and is {ours} now"))
                .help("put the file back as it was")
                .help(format!("or take it as it is: add `--accept {id}`"));
            problems.push(drift(error));
            Standing::Changed
        }
    }
}

fn unclear(migration: &Migration, tool: &str, why: &str, found: &str) -> Diagnostic {
    let id = &migration.id;
    let message = format!("{id} failed under {tool}, and it can't be told whether it is in the database");
    Diagnostic::error("unsettled", message)
        .at(&migration.source, migration.beginning(), "it begins here")
        .note(why)
        .note(format!("the database says: {found}"))
        .help(format!("look, then say so: add `--done {id}` or `--not-done {id}`"))
}

/// Decisions about migrations that the tool does not speak of.
fn strangers(decisions: &Decisions, entries: &[Entry]) -> Vec<PlanError> {
    let Decisions { accept, forget, done, not_done } = decisions;
    let named = [("--accept", accept), ("--forget", forget), ("--done", done), ("--not-done", not_done)];
    let is_there =
        |id: &str| id == "all" || entries.iter().any(|entry| entry.key == id || entry.id.as_deref() == Some(id));
    let wrong = named.iter().flat_map(|(option, ids)| ids.iter().map(move |id| (option, id)));
    wrong
        .filter(|(_, id)| !is_there(id))
        .map(|(option, id)| {
            let error = Diagnostic::error("settle", format!("{option} {id}: the table does not have it"));
            PlanError::new(PlanErrorKind::Usage, error.help("name it as `rung adopt --dry-run` shows it"))
        })
        .collect()
}

fn drift(diagnostic: Diagnostic) -> PlanError {
    PlanError::new(PlanErrorKind::Drift, diagnostic)
}
