//! What every driver does alike: one suite, run by each driver's own tests.
//!
//! ```ignore
//! testkit::conformance!(|| MyDatabase::fresh());
//! ```

#![expect(clippy::unwrap_used, reason = "these are tests")]

mod apply;
mod checks;
mod lock;
mod records;
mod session;

use std::sync::Arc;
use std::time::Duration;

pub use apply::*;
pub use checks::*;
pub use lock::*;
pub use records::*;
pub use session::*;

use rung_engine::{
    Actor, Blocker, Direction, Driver, Durability, Failure, Guard, MigrationRow, Part, Progress, Record, SessionAfter,
    Status, Took, Unit, UnitError, UnitObserver,
};
use rung_sql::{Script, SourceFile, Span};

/// A fresh, empty database that a driver can be opened on any number of times.
pub trait Database {
    /// A new connection to it.
    fn open(&self) -> Box<dyn Driver>;

    /// A statement that runs for a minute unless it is stopped.
    fn slow(&self) -> &'static str;
}

/// Makes a test of each function of the suite. Takes an expression that gives a function without arguments, which gives
/// a fresh [`Database`](crate::conformance::Database).
#[macro_export]
macro_rules! conformance {
    ($fresh:expr) => {
        $crate::conformance!(@ $fresh;
            an_untouched_database_stays_so,
            tables_are_made_once,
            an_older_format_is_brought_up,
            tables_of_others_are_found,
            a_newer_format_is_refused,
            records_come_back_as_they_were,
            a_migration_is_replaced_and_changed,
            the_journal_is_kept_and_cleared,
            the_log_is_newest_first,
            written_records_follow_the_open_transaction,
            units_run_in_order_with_their_records,
            a_failure_keeps_what_is_before_and_nothing_after,
            every_place_of_failure_in_a_long_run,
            an_old_record_is_no_success,
            a_failure_shows_its_place,
            a_guard_is_kept,
            each_unit_is_durable_by_itself_if_asked,
            a_record_that_fails_takes_its_unit_along,
            a_unit_without_parts_is_recorded,
            large_scripts_run,
            checks_decide,
            unchanged_values_are_compared,
            affected_rows_are_counted,
            functions_run_within_the_unit,
            a_function_that_fails_leaves_nothing,
            checks_between_plain_units,
            one_has_the_lock,
            a_driver_that_goes_lets_go,
            waiting_for_the_lock_can_be_given_up,
            the_session_is_reset_between_units,
            statements_run_one_by_one,
            a_statement_outside_shows_its_place,
            a_running_unit_is_interrupted,
            a_running_statement_is_interrupted,
            a_statement_runs_out_of_time,
            a_lock_on_a_table_is_waited_for_and_given_up,
            the_catalog_is_probed,
            wiping_leaves_nothing,
        );
    };
    (@ $fresh:expr; $($name:ident,)*) => {
        $(
            #[test]
            fn $name() {
                $crate::conformance::$name(&($fresh)());
            }
        )*
    };
}

/// Hears everything and keeps it.
#[derive(Debug, Default)]
pub struct Heard {
    /// Units that were started.
    pub started: Vec<usize>,
    /// Units that were done.
    pub done: Vec<usize>,
    /// Notices, each with the unit that was being worked on.
    pub notices: Vec<(Option<usize>, String)>,
    /// Process ids of blockers.
    pub blockers: Vec<i32>,
    /// Phases of progress.
    pub progress: Vec<String>,
}

impl UnitObserver for Heard {
    fn started(&mut self, index: usize) {
        self.started.push(index);
    }

    fn done(&mut self, index: usize, _took: Duration) {
        self.done.push(index);
    }

    fn blocked(&mut self, blockers: &[Blocker]) {
        self.blockers.extend(blockers.iter().map(|blocker| blocker.pid));
    }

    fn progress(&mut self, progress: &Progress) {
        self.progress.push(progress.phase.clone());
    }

    fn notice(&mut self, text: &str) {
        self.notices.push((self.started.last().copied(), text.to_owned()));
    }
}

/// The row of a migration that is done.
#[must_use]
pub fn row(id: &str, sequence: i64) -> MigrationRow {
    let digest = |digit: &str| digit.repeat(64);
    MigrationRow {
        id: id.to_owned(),
        version: id.split_once('_').and_then(|(digits, _)| digits.parse().ok()),
        name: id.split_once('_').map_or(id, |(_, name)| name).to_owned(),
        description: None,
        migration_type: "custom_sql".to_owned(),
        up_sql: None,
        down_sql: None,
        depends_on: Vec::new(),
        status: Status::Completed,
        checksum: digest("a"),
        fingerprint: digest("b"),
        source: format!("{id}.sql"),
        sequence,
        applied_at: None,
        took: Took::ThisTransaction,
        error: None,
        actor: Actor::default(),
    }
}

/// The records of a migration that is done.
#[must_use]
pub fn records(id: &str, sequence: i64) -> Vec<Record> {
    let log = Record::Log {
        id: id.to_owned(),
        direction: Direction::Up,
        status: Status::Completed,
        took: Took::ThisTransaction,
        error: None,
        actor: Actor::default(),
        statements_done: None,
    };
    vec![Record::Migration(Box::new(row(id, sequence))), log]
}

/// Statements as a part.
#[must_use]
pub fn sql(driver: &dyn Driver, text: &str) -> Part {
    let script = Script::whole(Arc::new(SourceFile::new("test.sql", text)));
    let statements: Arc<[Span]> = script
        .statements(driver.dialect_of().syntax())
        .unwrap_or_else(|errors| panic!("{text}: {errors:?}"))
        .iter()
        .map(|statement| statement.span)
        .collect();
    Part::Sql { script, statements }
}

/// A unit that records a migration, behind a guard for the one before it.
#[must_use]
pub fn unit(index: usize, parts: Vec<Part>) -> Unit {
    let guard = index.checked_sub(1).map(|before| Guard { id: id(before), status: Status::Completed });
    let records = records(&id(index), i64::try_from(index).unwrap_or(i64::MAX) + 1);
    Unit { index, guard, timeouts: rung_engine::Timeouts::default(), parts, records, session: SessionAfter::Reset }
}

/// The id of a unit's migration.
#[must_use]
pub fn id(index: usize) -> String {
    format!("{:03}_unit", index + 1)
}

/// Applies units that begin with these statements each.
///
/// # Errors
/// What the driver says.
pub fn apply(driver: &mut dyn Driver, heard: &mut Heard, units: Vec<Unit>) -> Result<(), Box<UnitError>> {
    driver.apply(&mut units.into_iter(), Durability::Run, heard)
}

/// As [`apply`], for one unit with these parts.
///
/// # Errors
/// What the driver says.
pub fn apply_one(driver: &mut dyn Driver, parts: Vec<Part>) -> Result<(), Box<UnitError>> {
    apply(driver, &mut Heard::default(), vec![unit(0, parts)])
}

/// As [`apply`], for one unit with these statements.
///
/// # Errors
/// What the driver says.
pub fn apply_sql(driver: &mut dyn Driver, text: &str) -> Result<(), Box<UnitError>> {
    let part = sql(driver, text);
    apply_one(driver, vec![part])
}

/// The ids that are done, in the order of application.
#[track_caller]
pub fn done(driver: &mut dyn Driver) -> Vec<String> {
    driver.history().expect("the history can be read").done().map(|row| row.id.clone()).collect()
}

/// A connection with rung's tables in place.
#[track_caller]
pub fn ready(database: &impl Database) -> Box<dyn Driver> {
    let mut driver = database.open();
    driver.ensure_tables().expect("the tables can be made");
    driver
}

/// The one value of a query.
#[track_caller]
pub fn value(driver: &mut dyn Driver, sql: &str) -> String {
    let rows = driver.query(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    rows.into_iter().flatten().next().flatten().unwrap_or_default()
}

/// Whether a table can be read.
pub fn has_table(driver: &mut dyn Driver, name: &str) -> bool {
    driver.query(&format!("SELECT count(*) FROM {name}")).is_ok()
}

/// The kind of a failure that the database gave.
#[track_caller]
pub fn kind(error: &UnitError) -> rung_engine::DbErrorKind {
    match &error.failure {
        Failure::Database(error) => error.kind,
        other => panic!("no failure of the database: {other:?}"),
    }
}
