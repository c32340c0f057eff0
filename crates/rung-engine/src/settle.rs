//! Changes of the history that run nothing: stamp, resolve, tag.

use std::collections::HashSet;
use std::sync::Arc;

use rung_sql::Diagnostic;

use crate::driver::{Driver, LockHolder};
use crate::due::{Coverage, coverage};
use crate::event::RunError;
use crate::execute::{RunOptions, write_renamed};
use crate::former::renamed;
use crate::graph::Graph;
use crate::history::{Applied, History, Status};
use crate::journal::fingerprints;
use crate::keep::Keepers;
use crate::lock::locked;
use crate::model::{Migration, MigrationSet};
use crate::plan::{PlanError, PlanErrorKind, PlanErrors, PlanOptions, is_half_done};
use crate::record::{Actor, Direction, JournalRow, JournalState, Record, Took};
use crate::target::Target;
use crate::unit::migration_row;
use crate::{Action, Asks, Body, ScriptPlan, Step};

/// How a migration is settled by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// It is in the database: recorded as applied.
    Done,
    /// It is not: it will run from its first statement.
    NotDone,
    /// One of its statements (from one) took effect.
    StatementDone(usize),
    /// One of its statements (from one) did not.
    StatementNotDone(usize),
    /// The file as it is now is what was applied.
    Accept,
    /// The history drops it; the schema stays as it is.
    Forget,
}

/// What a change of the history did: ids, each with what became of it.
pub type Settled = Vec<(String, Status)>;

/// Writes what `decide` makes of the history, under the lock.
fn under_lock(
    driver: &mut dyn Driver,
    set: &MigrationSet,
    options: &RunOptions,
    waiting: &mut dyn FnMut(&LockHolder, std::time::Duration) -> crate::Continue,
    decide: impl FnOnce(&mut dyn Driver, &History) -> Result<(Vec<Record>, Settled), RunError>,
) -> Result<Settled, RunError> {
    locked(driver, options.lock_wait, waiting, |driver| {
        driver.ensure_tables()?;
        let history = driver.history()?;
        let keepers = Keepers::find(options.keepers, driver)?;
        let (history, renamed) = renamed(set, &history);
        keepers.refuse(&renamed)?;
        write_renamed(driver, &renamed, options)?;
        let (mut records, settled) = decide(driver, &history)?;
        let kept: Vec<Record> = records.iter().flat_map(|record| keepers.along_with(record, set)).collect();
        records.extend(kept);
        if !records.is_empty() {
            driver.write(&records)?;
        }
        Ok(settled)
    })
}

/// Records that the database is at a target, without running anything: what is up to it is applied, what is above is not.
///
/// # Errors
/// The target has no file; the lock or the database.
pub fn stamp(
    driver: &mut dyn Driver,
    set: &MigrationSet,
    target: &Target,
    planning: &PlanOptions,
    options: &RunOptions,
    waiting: &mut dyn FnMut(&LockHolder, std::time::Duration) -> crate::Continue,
) -> Result<Settled, RunError> {
    let graph = Graph::new(set).map_err(PlanErrors)?;
    let migrations: Vec<&Arc<Migration>> = set.iter().collect();
    let here = |migration: &Migration| {
        migration.only.is_empty() || planning.environment.as_ref().is_some_and(|env| migration.only.contains(env))
    };
    let order: Vec<&Arc<Migration>> =
        graph.order().iter().map(|at| migrations[*at]).filter(|migration| here(migration)).collect();
    let count = match target {
        Target::Head => order.len(),
        Target::Zero => 0,
        Target::Id(id) => match order.iter().position(|migration| migration.id.as_str() == id) {
            Some(at) => at + 1,
            None => return Err(usage(format!("{id} has no file: there is nothing to stamp")).into()),
        },
        Target::Forward(_) | Target::Back(_) => {
            return Err(usage("stamp takes an id, a tag, head or 0").into());
        }
    };
    under_lock(driver, set, options, waiting, |driver, history| {
        let dialect = driver.dialect_of();
        let mut records = Vec::new();
        let mut settled = Vec::new();
        let is_new = |migration: &&&Arc<Migration>| {
            let replaced = !migration.replaces.is_empty() && coverage(set, history, migration) == Coverage::Whole;
            !replaced && !history.is_done(migration.id.as_str())
        };
        let new = order[..count].iter().filter(is_new);
        for (sequence, migration) in (history.next_sequence()..).zip(new) {
            records.extend(done_records(migration, sequence, Direction::Stamp, &options.actor, dialect));
            settled.push((migration.id.to_string(), Status::Completed));
        }
        let replaced = order[..count].iter().flat_map(|migration| &migration.replaces);
        let kept: HashSet<&str> = order[..count]
            .iter()
            .map(|migration| migration.id.as_str())
            .chain(replaced.map(|replaced| replaced.id.as_str()))
            .collect();
        for row in history.done().filter(|row| !kept.contains(row.id.as_str())) {
            records.extend(status_records(&row.id, Status::RolledBack, Direction::Stamp, &options.actor));
            settled.push((row.id.clone(), Status::RolledBack));
        }
        Ok((records, settled))
    })
}

/// Settles a migration by hand.
///
/// # Errors
/// The resolution does not fit the migration; the lock or the database.
pub fn resolve(
    driver: &mut dyn Driver,
    set: &MigrationSet,
    id: &str,
    resolution: Resolution,
    options: &RunOptions,
    waiting: &mut dyn FnMut(&LockHolder, std::time::Duration) -> crate::Continue,
) -> Result<Settled, RunError> {
    under_lock(driver, set, options, waiting, |driver, history| {
        let row = history.get(id);
        let file = set.get(id);
        let actor = &options.actor;
        let known = || row.ok_or_else(|| usage(format!("{id} is not in the history: there is nothing to settle")));
        let records = match resolution {
            Resolution::Done => {
                if let Some(row) = row.filter(|row| row.is_done()) {
                    if row.error.is_none() {
                        return Err(usage(format!("{id} is recorded as applied already")).into());
                    }
                    // Its way down stopped part of the way, and what was gone has been put back.
                    let mut records = status_records(id, Status::Completed, Direction::Resolve, actor);
                    records.push(Record::JournalClear { id: id.to_owned(), direction: Direction::Down });
                    return Ok((records, vec![(id.to_owned(), Status::Completed)]));
                }
                match (file, row) {
                    (Some(migration), _) => {
                        let sequence = history.next_sequence();
                        done_records(migration, sequence, Direction::Resolve, actor, driver.dialect_of())
                    }
                    (None, Some(_)) => status_records(id, Status::Completed, Direction::Resolve, actor),
                    (None, None) => return Err(usage(format!("no file and no history has {id}")).into()),
                }
            }
            Resolution::NotDone => {
                known()?;
                let mut records = status_records(id, Status::Pending, Direction::Resolve, actor);
                for direction in [Direction::Up, Direction::Down] {
                    records.push(Record::JournalClear { id: id.to_owned(), direction });
                }
                records
            }
            Resolution::StatementDone(number) | Resolution::StatementNotDone(number) => {
                let row = known()?;
                let direction = if row.is_done() { Direction::Down } else { Direction::Up };
                let journal = driver.journal(id, direction)?;
                let state = match resolution {
                    Resolution::StatementDone(_) => JournalState::Done,
                    _ => JournalState::Failed,
                };
                let fingerprint = match journal.iter().find(|entry| entry.index + 1 == number) {
                    Some(entry) => entry.fingerprint.clone(),
                    // One that failed within a transaction has left nothing, not even an entry.
                    None => next_statement(row, file, &journal, number, driver.dialect_of())?,
                };
                vec![Record::Journal { id: id.to_owned(), direction, index: number - 1, fingerprint, state }]
            }
            Resolution::Accept => {
                if !known()?.is_done() {
                    let mut error = usage(format!("{id} is not applied: its file may be changed"));
                    error.diagnostic =
                        error.diagnostic.help(format!("`rung resolve {id} --done` records it as applied"));
                    return Err(error.into());
                }
                let migration = file.ok_or_else(|| {
                    let error = usage(format!("{id} has no file whose content could be accepted"));
                    let help = format!("`rung resolve {id} --forget` drops it from the history");
                    PlanError::new(error.kind, error.diagnostic.help(help))
                })?;
                let mut records = vec![Record::SetChecksum {
                    id: id.to_owned(),
                    checksum: migration.checksum.to_string(),
                    fingerprint: migration.fingerprint.to_string(),
                    depends_on: dependencies(migration),
                    up_sql: migration.up_text(),
                    down_sql: migration.down_text(),
                }];
                records.push(log(id, Status::Completed, Direction::Resolve, actor));
                records
            }
            Resolution::Forget => {
                if known()?.status == Status::RolledBack {
                    return Err(usage(format!("{id} is recorded as not applied already")).into());
                }
                status_records(id, Status::RolledBack, Direction::Resolve, actor)
            }
        };
        let status = match resolution {
            Resolution::Done | Resolution::Accept => Status::Completed,
            Resolution::NotDone => Status::Pending,
            Resolution::Forget => Status::RolledBack,
            Resolution::StatementDone(_) | Resolution::StatementNotDone(_) => {
                row.map_or(Status::Pending, |row| row.status)
            }
        };
        Ok((records, vec![(id.to_owned(), status)]))
    })
}

/// Puts a tag on a migration that is applied, or on the newest one.
///
/// # Errors
/// Nothing is applied, or the migration named is not; the lock or the database.
pub fn tag(
    driver: &mut dyn Driver,
    name: &str,
    id: Option<&str>,
    options: &RunOptions,
    waiting: &mut dyn FnMut(&LockHolder, std::time::Duration) -> crate::Continue,
) -> Result<Settled, RunError> {
    under_lock(driver, &MigrationSet::default(), options, waiting, |_, history| {
        let row = match id {
            Some(id) => history
                .get(id)
                .filter(|row| row.is_done())
                .ok_or_else(|| usage(format!("{id} is not applied, so it can't be tagged")))?,
            None => {
                history.done().next_back().ok_or_else(|| usage("nothing is applied, so there is nothing to tag"))?
            }
        };
        let record = Record::Tag { name: name.to_owned(), id: row.id.clone(), actor: options.actor.clone() };
        Ok((vec![record], vec![(row.id.clone(), row.status)]))
    })
}

/// Takes a tag away.
///
/// # Errors
/// There is no such tag; the lock or the database.
pub fn untag(
    driver: &mut dyn Driver,
    name: &str,
    options: &RunOptions,
    waiting: &mut dyn FnMut(&LockHolder, std::time::Duration) -> crate::Continue,
) -> Result<Settled, RunError> {
    under_lock(driver, &MigrationSet::default(), options, waiting, |driver, _| {
        if !driver.tags()?.iter().any(|tag| tag.name == name) {
            return Err(usage(format!("there is no tag {name}")).into());
        }
        Ok((vec![Record::Untag { name: name.to_owned() }], Vec::new()))
    })
}

/// The fingerprint of the statement that a half-done migration would go on with.
fn next_statement(
    row: &Applied,
    file: Option<&Arc<Migration>>,
    journal: &[JournalRow],
    number: usize,
    dialect: &dyn crate::Dialect,
) -> Result<String, PlanError> {
    let id = &row.id;
    let script = match file.map(|migration| (migration, &migration.body)) {
        Some((migration, Body::Sql(body))) if is_half_done(row) => {
            ScriptPlan::new(&body.up, Asks::up(migration), dialect).ok()
        }
        _ => None,
    };
    let script = script.ok_or_else(|| usage(format!("{id} is not half done: it has no statement to settle")))?;
    let hashes = fingerprints(&script, dialect.syntax());
    let is_done = |at: usize| journal.iter().any(|entry| entry.index == at && entry.state == JournalState::Done);
    let next = (0..hashes.len()).find(|at| !is_done(*at));
    match number.checked_sub(1).and_then(|at| hashes.get(at)) {
        Some(hash) if next == Some(number - 1) => Ok(hash.clone()),
        Some(_) => {
            let error = usage(format!("statement {number} of {id} has not been begun: there is nothing to settle"));
            let help = next.map(|at| format!("statement {} is where it stopped", at + 1));
            Err(PlanError::new(error.kind, help.into_iter().fold(error.diagnostic, Diagnostic::help)))
        }
        None => Err(usage(format!("{id} has {} statements, and no statement {number}", hashes.len()))),
    }
}

fn dependencies(migration: &Migration) -> Vec<String> {
    migration.depends_on.iter().flatten().map(|dependency| dependency.value.clone()).collect()
}

fn log(id: &str, status: Status, direction: Direction, actor: &Actor) -> Record {
    Record::Log {
        id: id.to_owned(),
        direction,
        status,
        took: Took::Unknown,
        error: None,
        actor: actor.clone(),
        statements_done: None,
    }
}

fn status_records(id: &str, status: Status, direction: Direction, actor: &Actor) -> Vec<Record> {
    vec![Record::SetStatus { id: id.to_owned(), status, error: None }, log(id, status, direction, actor)]
}

/// The rows of a migration that another tool has applied: when, and how long it took.
pub fn adopted(
    migration: &Arc<Migration>,
    sequence: i64,
    applied_at: Option<String>,
    took: Took,
    actor: &Actor,
    dialect: &dyn crate::Dialect,
) -> Vec<Record> {
    let mut records = done_records(migration, sequence, Direction::Adopt, actor, dialect);
    for record in &mut records {
        if let Record::Migration(row) = record {
            row.applied_at.clone_from(&applied_at);
            row.took = took;
        }
    }
    records
}

/// The rows of a migration that counts as applied without having been run.
fn done_records(
    migration: &Arc<Migration>,
    sequence: i64,
    direction: Direction,
    actor: &Actor,
    dialect: &dyn crate::Dialect,
) -> Vec<Record> {
    let inferred = match &migration.body {
        Body::Sql(body) => ScriptPlan::new(&body.up, Asks::up(migration), dialect).ok().map(|plan| plan.inferred),
        Body::Command(_) | Body::Code(_) => None,
    };
    let step = Step {
        id: migration.id.to_string(),
        direction,
        migration: Some(Arc::clone(migration)),
        action: Action::Program,
        checks: Vec::new(),
        kind: migration.declared_type.or(inferred).unwrap_or(rung_sql::MigrationType::CustomSql),
        timeouts: migration.timeouts,
        before: None,
    };
    let row = migration_row(&step, Status::Completed, sequence, Took::Unknown, actor);
    let mut records: Vec<Record> = row.map(|row| Record::Migration(Box::new(row))).into_iter().collect();
    records.push(log(&step.id, Status::Completed, direction, actor));
    records
}

fn usage(message: impl Into<String>) -> PlanError {
    PlanError::new(PlanErrorKind::Usage, Diagnostic::error("settle", message))
}

impl From<PlanError> for RunError {
    fn from(error: PlanError) -> Self {
        Self::Plan(error.into())
    }
}
