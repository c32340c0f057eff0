//! Taking a history over: under rung's lock and the tool's own, in one transaction.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rung_engine::{
    Change, Continue, DbError, DbErrorKind, Driver, History, KeptTable, LockHolder, MigrationSet, Now, PlanErrors,
    Record, RunError, RunOptions, Timeouts, Took, adopted, locked,
};
use rung_sql::Diagnostic;

use crate::account::State;
use crate::adoption::{Adoption, Decisions, Settled, Standing, compare};
use crate::settle::{Verdict, verdict};
use crate::source::{Found, KEPT, Source, find, usage};

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Whose history; `None` is the only one that is there.
    pub from: Option<Source>,
    /// The tool's table, where it is not the usual one.
    pub table: Option<String>,
    /// What was decided about migrations that are in the way.
    pub decisions: Decisions,
    /// Whether it is done.
    pub purpose: Purpose,
    /// Whether the tool's table is written along.
    pub keeping: Keeping,
}

/// Whether it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Purpose {
    /// It is looked at only, and nothing is written.
    #[default]
    Look,
    /// It is recorded.
    Record,
}

/// Whether the tool's table is written along from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keeping {
    /// As it was until now: not, where nobody ever asked for it.
    #[default]
    AsBefore,
    /// It is.
    Keep,
}

/// Takes another tool's history over as rung's own, or shows what would come of it. Where anything must be decided
/// first, nothing is recorded, and [`Adoption::problems`] says what.
///
/// # Errors
/// There is no such history, or several; a tool whose table can't be written along; the lock; the database.
pub fn adopt(
    driver: &mut dyn Driver,
    set: &MigrationSet,
    asked: &Asked,
    options: &RunOptions,
    waiting: &mut dyn FnMut(&LockHolder, Duration) -> Continue,
) -> Result<Adoption, RunError> {
    let found = find(driver, asked.from.as_ref(), asked.table.as_deref(), set.format)?;
    if asked.keeping == Keeping::Keep && found.keeper().is_none() {
        return Err(cannot_keep(&found).into());
    }
    let history = driver.history()?;
    let first = survey(driver, &found, set, &history, asked)?;
    if asked.purpose == Purpose::Look || !first.problems.is_empty() {
        return Ok(first);
    }
    locked(driver, options.lock_wait, waiting, |driver| {
        driver.ensure_tables()?;
        let result = alone(driver, &found, options, |driver| {
            let history = driver.history()?;
            let mut adoption = survey(driver, &found, set, &history, asked)?;
            if adoption.problems.is_empty() {
                let records = records(driver, &found, &adoption, &history, asked, options)?;
                driver.write(&records)?;
                adoption.is_recorded = true;
            }
            Ok(adoption)
        });
        if result.is_err() {
            // The transaction is over already, or goes with the connection.
            let _ = driver.reset();
        }
        result
    })
}

/// Does not write a tool's table along any more. Returns whether it was until now.
///
/// # Errors
/// The lock; the database.
pub fn stop_writing(
    driver: &mut dyn Driver,
    tool: &str,
    options: &RunOptions,
    waiting: &mut dyn FnMut(&LockHolder, Duration) -> Continue,
) -> Result<bool, DbError> {
    if !driver.kept_tables()?.iter().any(|(name, _)| name == tool) {
        return Ok(false);
    }
    locked(driver, options.lock_wait, waiting, |driver| {
        driver.write(&[Record::StopWriting { tool: tool.to_owned() }])?;
        Ok(true)
    })
}

/// Runs `work` in one transaction, in which the tool is kept out by its own lock and from its table.
fn alone<T>(
    driver: &mut dyn Driver,
    found: &Found,
    options: &RunOptions,
    work: impl FnOnce(&mut dyn Driver) -> Result<T, RunError>,
) -> Result<T, RunError> {
    const PAUSE: Duration = Duration::from_millis(200);
    let begin = driver.dialect_of().begin(&Timeouts { lock: Some(Duration::from_secs(3)), statement: None });
    let numbers = found.tool().map(|tool| tool.locks(&found.table)).unwrap_or_default();
    let until = Instant::now() + options.lock_wait;
    loop {
        for statement in begin.split("; ") {
            driver.execute(statement)?;
        }
        let out = driver.keep_others_out(&found.table, &numbers).and_then(|is_out| {
            let holder = found.tool().filter(|_| is_out).map(|tool| tool.holder(driver, &found.table));
            Ok((is_out, holder.transpose()?.flatten()))
        });
        match out {
            // A row is not unlocked by the end of whoever has locked it: somebody has to look.
            Ok((true, Some(holder))) => return Err(at_work(found, Some(holder)).into()),
            Ok((true, None)) => break,
            Ok((false, _)) => {}
            Err(error) if error.kind == DbErrorKind::LockTimeout => {}
            Err(error) => return Err(error.into()),
        }
        // Nothing waits inside of a transaction.
        driver.execute("ROLLBACK")?;
        if options.interrupt.is_raised() {
            return Err(DbError::new(DbErrorKind::Canceled, "asked to stop").into());
        }
        if Instant::now() >= until {
            return Err(at_work(found, None).into());
        }
        std::thread::sleep(PAUSE);
    }
    let result = work(driver)?;
    driver.execute("COMMIT")?;
    Ok(result)
}

fn at_work(found: &Found, holder: Option<String>) -> DbError {
    let whose = found.whose();
    let error = |taken: String| DbError::new(DbErrorKind::Locked, format!("{whose} is at work: {taken}"));
    match holder {
        Some(holder) => error(format!("its lock is that of {holder}")).with_hint(format!(
            "wait until it is through; or end its lock with {whose} where nothing is running any more"
        )),
        None => error(format!("its lock, or the table {}, is taken", found.table.qualified))
            .with_hint("wait until it is through, then adopt again"),
    }
}

fn survey(
    driver: &mut dyn Driver,
    found: &Found,
    set: &MigrationSet,
    history: &History,
    asked: &Asked,
) -> Result<Adoption, RunError> {
    let account = found.account(driver, set)?;
    let mut verdicts: HashMap<String, Verdict> = HashMap::new();
    for entry in account.entries.iter().filter(|entry| matches!(entry.state, State::Failed(_))) {
        if let Some(migration) = entry.id.as_deref().and_then(|id| set.get(id)) {
            let leads = entry.follows.as_deref().and_then(|id| verdicts.get(id));
            let verdict = match leads {
                Some(Verdict::NotApplied) => Verdict::NotApplied,
                _ => verdict(driver, migration)?,
            };
            verdicts.insert(migration.id.to_string(), verdict);
        }
    }
    let settle = |id: &str| verdicts.get(id).cloned();
    let (lines, problems) = compare(account, set, history, &asked.decisions, found.whose(), &settle);
    let was_kept = driver.kept_tables()?.iter().any(|(tool, _)| tool == found.name());
    Ok(Adoption {
        tool: found.name(),
        table: found.table.qualified.clone(),
        lines,
        problems,
        is_recorded: false,
        is_kept: match asked.keeping {
            Keeping::AsBefore => was_kept,
            Keeping::Keep => true,
        },
    })
}

fn records(
    driver: &mut dyn Driver,
    found: &Found,
    adoption: &Adoption,
    history: &History,
    asked: &Asked,
    options: &RunOptions,
) -> Result<Vec<Record>, DbError> {
    let dialect = driver.dialect_of();
    let own_table = dialect.own_table(driver.schema(), "schema_migrations");
    let keeper = found.keeper().filter(|_| adoption.is_kept);
    let mut records = Vec::new();
    let mut kept = Vec::new();
    let mut sequence = history.next_sequence();
    for line in &adoption.lines {
        let Some(migration) = &line.migration else { continue };
        let took = line.took.map_or(Took::Unknown, Took::Milliseconds);
        if line.is_adopted() {
            let row = adopted(migration, sequence, line.applied_at.clone(), took, &options.actor, dialect);
            records.extend(row);
            sequence += 1;
        }
        // The tool's table is put right where it is to go on being used.
        let now = match &line.standing {
            Standing::Failed { settled: Some(Settled::Applied), .. } => Now::Applied,
            Standing::Failed { settled: Some(Settled::NotApplied), .. } => Now::NotApplied,
            Standing::Known if !line.in_table => Now::Applied,
            _ => continue,
        };
        if let Some(keeper) = &keeper {
            let id = migration.id.as_str();
            let change = Change { id, migration: Some(migration), now, took, own_table: &own_table };
            let whose = KeptTable { tool: found.name().to_owned(), table: found.table.path() };
            kept.push(Record::Kept { whose, pieces: keeper.write(&change, dialect) });
        }
    }
    records.extend(kept);
    let (tool, table) = (found.name().to_owned(), found.table.path());
    if asked.keeping == Keeping::Keep {
        records.push(Record::KeepWriting { tool, table, actor: options.actor.clone() });
    }
    Ok(records)
}

fn cannot_keep(found: &Found) -> PlanErrors {
    let message = format!("rung does not know how to write the table {}", found.table.qualified);
    let error = Diagnostic::error("keep-writing", message).note(format!("it does for {}", KEPT.join(", ")));
    usage(error.help("leave --keep-writing out, and use rung alone from now on")).into()
}
