//! Whether a migration that failed under another tool is in the database: the catalog is asked, nothing is guessed.

use rung_engine::{Asks, Body, DbError, Driver, Migration, Mode, Probe, ScriptPlan};

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All of it is there.
    Applied,
    /// Nothing of it is there.
    NotApplied,
    /// It can't be told; what was found.
    Unclear(String),
}

/// Looks for the effect of each statement.
pub(crate) fn verdict(driver: &mut dyn Driver, migration: &Migration) -> Result<Verdict, DbError> {
    let Body::Sql(body) = &migration.body else {
        return Ok(Verdict::Unclear("it is no SQL".to_owned()));
    };
    let Ok(plan) = ScriptPlan::new(&body.up, Asks::up(migration), driver.dialect_of()) else {
        return Ok(Verdict::Unclear("its statements can't be read".to_owned()));
    };
    let (mut there, mut absent, mut untold) = (0, 0, 0);
    for statement in plan.statements.iter() {
        match driver.probe(&statement.facts.effect)? {
            Probe::Done => there += 1,
            Probe::NotDone => absent += 1,
            Probe::Broken { found, .. } | Probe::Finish { found, .. } => return Ok(Verdict::Unclear(found)),
            Probe::Repeatable | Probe::Unknown => untold += 1,
        }
    }
    let of = plan.statements.len();
    Ok(match (there, absent) {
        // In one transaction, all of it is there or nothing.
        (0, 1..) if untold == 0 || plan.mode == Mode::Transaction => Verdict::NotApplied,
        (1.., 0) if untold == 0 || plan.mode == Mode::Transaction => Verdict::Applied,
        (0, 0) => Verdict::Unclear("none of its statements leaves anything that could be looked for".to_owned()),
        _ => {
            let rest = if untold == 0 { String::new() } else { format!("; {untold} leave nothing to look for") };
            Verdict::Unclear(format!("of its {of} statements {there} took effect, and {absent} did not{rest}"))
        }
    })
}
