//! Seed files: data that is put in again whenever its file changes, with a history of their own.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rung_sql::Diagnostic;

use crate::analyse::{Mode, ScriptPlan};
use crate::driver::{Blocker, Driver, Part, Progress, SessionAfter, Unit, UnitObserver};
use crate::event::{Kept, Report, RunError, StepFailure, StepReport};
use crate::execute::{RunOptions, locate_in};
use crate::lock::locked;
use crate::model::{Digest, Timeouts};
use crate::plan::{PlanError, PlanErrorKind};
use crate::record::{Direction, Record};
use crate::unit::Parts;
use crate::{Continue, LockHolder};

/// A seed file that is ready to be run.
#[derive(Debug, Clone)]
pub struct Seed {
    /// Its path in the seeds directory: its identity.
    pub path: String,
    /// Its checksum.
    pub checksum: Digest,
    /// Its statements.
    pub script: ScriptPlan,
}

/// Which seeds to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SeedChoice {
    /// Those that are new or changed.
    #[default]
    Changed,
    /// All, again.
    All,
}

/// Runs seeds in order, each in one transaction with its history row.
///
/// # Errors
/// A seed that needs to be outside a transaction; a failing statement, which leaves nothing of its file.
pub fn seed(
    driver: &mut dyn Driver,
    seeds: &[Seed],
    choice: SeedChoice,
    timeouts: Timeouts,
    options: &RunOptions,
    waiting: &mut dyn FnMut(&LockHolder, Duration) -> Continue,
) -> Result<Report, RunError> {
    let began = Instant::now();
    let wanted = |known: Vec<(String, String)>| -> Vec<&Seed> {
        let known: HashMap<String, String> = known.into_iter().collect();
        let is_new = |seed: &&Seed| known.get(&seed.path).is_none_or(|checksum| *checksum != seed.checksum.to_string());
        seeds.iter().filter(|seed| choice == SeedChoice::All || is_new(seed)).collect()
    };
    for seed in seeds {
        if let Mode::Journal(reason) = &seed.script.mode {
            let message =
                format!("the seed {} can't be one transaction: {}", seed.path, crate::journal::explain(reason));
            let diagnostic = Diagnostic::error("seed-transaction", message).help("make it a migration instead");
            return Err(PlanError::new(PlanErrorKind::Files, diagnostic).into());
        }
    }
    if wanted(driver.seeds()?).is_empty() {
        return Ok(Report { took: began.elapsed(), ..Report::default() });
    }
    locked(driver, options.lock_wait, waiting, |driver| {
        driver.ensure_tables()?;
        let todo = wanted(driver.seeds()?);
        let mut units = todo.iter().enumerate().map(|(index, seed)| Unit {
            session: SessionAfter::Reset,
            index,
            guard: None,
            timeouts,
            parts: parts(seed).parts,
            records: vec![Record::Seed {
                path: seed.path.clone(),
                checksum: seed.checksum.to_string(),
                actor: options.actor.clone(),
            }],
        });
        let mut counter = Counter { seeds: &todo, report: Report::default() };
        // A guard needs a migration to look for, so that seeds go one by one: each waits for the one before it.
        let mut failed = None;
        for unit in units.by_ref() {
            if let Err(error) = driver.apply(&mut std::iter::once(unit), options.durability, &mut counter) {
                failed = Some(error);
                break;
            }
        }
        let mut report = counter.report;
        report.took = began.elapsed();
        let Some(error) = failed else { return Ok(report) };
        let seed = todo[error.unit];
        let (statement, place, sql) = locate_in(&parts(seed), &error, seed.script.statements.len());
        let failure = StepFailure {
            id: seed.path.clone(),
            direction: Direction::Up,
            statement,
            place,
            sql,
            failure: error.failure,
            kept: Kept::Nothing,
        };
        // The transaction is over already; this only puts the session back.
        let _ = driver.reset();
        Err(RunError::Step { failure: Box::new(failure), report })
    })
}

fn parts(seed: &Seed) -> Parts {
    let mut parts = Parts::default();
    parts.plain_statements(&seed.script);
    debug_assert!(parts.parts.iter().all(|part| matches!(part, Part::Sql { .. } | Part::Copy { .. })));
    parts
}

struct Counter<'a> {
    seeds: &'a [&'a Seed],
    report: Report,
}

impl UnitObserver for Counter<'_> {
    fn started(&mut self, _index: usize) {}

    fn done(&mut self, index: usize, took: Duration) {
        let id = self.seeds[index].path.clone();
        self.report.steps.push(StepReport { id, direction: Direction::Up, took });
    }

    fn blocked(&mut self, _blockers: &[Blocker]) {}

    fn progress(&mut self, _progress: &Progress) {}

    fn notice(&mut self, _text: &str) {}
}
