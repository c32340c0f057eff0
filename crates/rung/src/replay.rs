//! What files make of an empty database.

use rung_engine::{
    DbError, Dialect, Failure, Goal, History, MigrationSet, PlanOptions, RunError, RunOptions, Scratch, ScratchDatabase,
};
use rung_sql::{Script, Span, Statement};

use crate::migrator::Error;

/// Runs migrations of a set on a scratch database, as `up` and `down` do. A role that they speak of and that is not there is
/// made ([`Scratch::supply`]), one that they make may be there ([`Scratch::instead`]); a script among them gets the scratch database as `DATABASE_URL`.
///
/// # Errors
/// A migration fails, at its place.
pub fn replay(
    database: &mut ScratchDatabase,
    set: &MigrationSet,
    goal: &Goal,
    planning: &PlanOptions,
    running: &RunOptions,
    scratch: &dyn Scratch,
) -> Result<(), Error> {
    let mut running = running.clone();
    running.script_environment.retain(|(name, _)| name != "DATABASE_URL");
    running.script_environment.push(("DATABASE_URL".to_owned(), database.url.clone()));
    let dialect = database.driver.dialect_of();
    let set = set.with_scripts(|script| on_scratch(script, scratch, dialect));
    let server = Some(database.driver.facts().version_number);
    let planning = PlanOptions { server, ..planning.clone() };
    let planner = |history: &History| rung_engine::plan(&set, history, goal, &planning, dialect);
    loop {
        let driver = &mut *database.driver;
        // What ran before something was lacking stays, and the run goes on behind it.
        match rung_engine::run(driver, None, &planner, &mut |_, _| Ok(true), &running, &mut |_| {}) {
            Ok(_) => return Ok(()),
            Err(error) => match lacking(&error) {
                Some(what) if scratch.supply(what)? => {}
                _ => return Err(error.into()),
            },
        }
    }
}

/// A script as it is run there, where that is another.
fn on_scratch(script: &Script, scratch: &dyn Scratch, dialect: &dyn Dialect) -> Option<Script> {
    // What can't be split is for the planner to say.
    let statements = script.statements(dialect.syntax()).ok()?;
    let other =
        |statement: &Statement| Some((statement.span, scratch.instead(&script.text()[statement.span.range()])?));
    let edits: Vec<(Span, String)> = statements.iter().filter_map(other).collect();
    (!edits.is_empty()).then(|| script.replaced(&edits))
}

/// What the server said, where a statement failed.
fn lacking(error: &RunError) -> Option<&DbError> {
    match error {
        RunError::Database(error) => Some(error),
        RunError::Step { failure, .. } => match &failure.failure {
            Failure::Database(error) => Some(error),
            Failure::Check { .. } | Failure::Code(_) => None,
        },
        _ => None,
    }
}
