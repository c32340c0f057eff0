//! Sessions, statements outside of units, interrupts and timeouts.

use std::thread;
use std::time::{Duration, Instant};

use rung_engine::{DbErrorKind, Probe, Timeouts};
use rung_sql::{Effect, ObjectKind, ObjectName};

use super::{Database, Heard, apply, apply_sql, done, has_table, id, kind, ready, sql, unit, value};

/// Temporary tables are the plainest of what a session keeps.
pub fn the_session_is_reset_between_units(database: &impl Database) {
    let mut driver = ready(database);
    let units = |driver: &dyn rung_engine::Driver| {
        vec![
            unit(
                0,
                vec![sql(driver, "CREATE TEMPORARY TABLE mine (a integer); CREATE TABLE one AS SELECT * FROM mine")],
            ),
            unit(1, vec![sql(driver, "CREATE TABLE two AS SELECT * FROM mine")]),
        ]
    };
    let both = units(&*driver);
    let error = apply(&mut *driver, &mut Heard::default(), both).unwrap_err();
    assert_eq!((error.unit, kind(&error)), (1, DbErrorKind::Statement));
    assert!(has_table(&mut *driver, "one") && !has_table(&mut *driver, "two"));
    driver.execute("CREATE TEMPORARY TABLE mine (a integer)").unwrap();
    driver.reset().unwrap();
    assert!(!has_table(&mut *driver, "mine"));
}

/// In autocommit, and in a transaction that they open.
pub fn statements_run_one_by_one(database: &impl Database) {
    let mut driver = ready(database);
    let timeouts = Timeouts { lock: Some(Duration::from_secs(2)), statement: Some(Duration::from_secs(10)) };
    let mut heard = Heard::default();
    let mut run = |driver: &mut dyn rung_engine::Driver, sql: &str| driver.execute_watched(sql, &timeouts, &mut heard);
    run(&mut *driver, "CREATE TABLE s (a integer)").unwrap();
    assert_eq!(run(&mut *driver, "INSERT INTO s VALUES (1), (2)").unwrap(), 2);
    assert_eq!(value(&mut *database.open(), "SELECT count(*) FROM s"), "2");
    run(&mut *driver, "BEGIN").unwrap();
    assert!(driver.in_transaction());
    assert_eq!(run(&mut *driver, "DELETE FROM s").unwrap(), 2);
    assert_eq!(value(&mut *database.open(), "SELECT count(*) FROM s"), "2");
    run(&mut *driver, "ROLLBACK").unwrap();
    assert!(!driver.in_transaction());
    assert_eq!(value(&mut *driver, "SELECT count(*) FROM s"), "2");
    run(&mut *driver, "BEGIN").unwrap();
    run(&mut *driver, "DELETE FROM s WHERE a = 1").unwrap();
    run(&mut *driver, "COMMIT").unwrap();
    assert_eq!(value(&mut *database.open(), "SELECT count(*) FROM s"), "1");
}

/// In bytes of the statement.
pub fn a_statement_outside_shows_its_place(database: &impl Database) {
    let mut driver = ready(database);
    let text = "SELECT 'ünï', nope_here";
    let error = driver.execute_watched(text, &Timeouts::default(), &mut Heard::default()).unwrap_err();
    assert_eq!(error.kind, DbErrorKind::Statement);
    assert!(error.offset.is_none_or(|at| at == text.find("nope_here").unwrap()), "{error:?}");
    assert!(!error.message.is_empty());
}

/// From another thread; the rest is not run.
pub fn a_running_unit_is_interrupted(database: &impl Database) {
    let mut driver = ready(database);
    let interrupter = driver.interrupter();
    let units = vec![
        unit(0, vec![sql(&*driver, "CREATE TABLE before_it (a integer)")]),
        unit(1, vec![sql(&*driver, &format!("CREATE TABLE slow (a integer); {}", database.slow()))]),
        unit(2, vec![sql(&*driver, "CREATE TABLE after_it (a integer)")]),
    ];
    let began = Instant::now();
    let thread = thread::spawn(move || {
        thread::sleep(Duration::from_millis(700));
        interrupter.interrupt();
    });
    let error = apply(&mut *driver, &mut Heard::default(), units).unwrap_err();
    thread.join().unwrap();
    assert_eq!((error.unit, kind(&error)), (1, DbErrorKind::Canceled), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    driver.reset().unwrap();
    assert_eq!(done(&mut *driver), [id(0)]);
    assert!(has_table(&mut *driver, "before_it"));
    assert!(!has_table(&mut *driver, "slow") && !has_table(&mut *driver, "after_it"));
    // It has no effect on what comes later.
    apply_sql(&mut *driver, "CREATE TABLE later (a integer)").unwrap();
}

/// Outside of a unit.
pub fn a_running_statement_is_interrupted(database: &impl Database) {
    let mut driver = ready(database);
    let interrupter = driver.interrupter();
    let thread = thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        interrupter.interrupt();
    });
    let error = driver.execute_watched(database.slow(), &Timeouts::default(), &mut Heard::default()).unwrap_err();
    thread.join().unwrap();
    assert_eq!(error.kind, DbErrorKind::Canceled, "{error:?}");
    driver.reset().unwrap();
    assert_eq!(value(&mut *driver, "SELECT 1"), "1");
}

/// The statement timeout, in a unit and outside.
pub fn a_statement_runs_out_of_time(database: &impl Database) {
    let mut driver = ready(database);
    let timeouts = Timeouts { statement: Some(Duration::from_millis(300)), lock: None };
    let mut slow = unit(0, vec![sql(&*driver, &format!("CREATE TABLE t (a integer); {}", database.slow()))]);
    slow.timeouts = timeouts;
    let error = apply(&mut *driver, &mut Heard::default(), vec![slow]).unwrap_err();
    assert_eq!((error.part, kind(&error)), (Some(0), DbErrorKind::StatementTimeout), "{error:?}");
    assert!(!has_table(&mut *driver, "t"));
    let error = driver.execute_watched(database.slow(), &timeouts, &mut Heard::default()).unwrap_err();
    assert_eq!(error.kind, DbErrorKind::StatementTimeout, "{error:?}");
    driver.reset().unwrap();
    // It was this unit's and this statement's alone: half a second is fine again.
    let began = Instant::now();
    let mut unlimited = unit(0, vec![sql(&*driver, "CREATE TABLE t (a integer)")]);
    unlimited.timeouts = Timeouts { statement: Some(Duration::ZERO), lock: None };
    apply(&mut *driver, &mut Heard::default(), vec![unlimited]).unwrap();
    assert!(began.elapsed() < Duration::from_secs(5));
}

/// The lock timeout: an error of its own kind, and the next try works.
pub fn a_lock_on_a_table_is_waited_for_and_given_up(database: &impl Database) {
    let mut driver = ready(database);
    driver.execute("CREATE TABLE busy (a integer)").unwrap();
    let mut other = database.open();
    other.execute("BEGIN").unwrap();
    other.execute("INSERT INTO busy VALUES (1)").unwrap();
    let alter = |driver: &dyn rung_engine::Driver| {
        let mut unit = unit(0, vec![sql(driver, "ALTER TABLE busy ADD COLUMN b integer")]);
        unit.timeouts = Timeouts { lock: Some(Duration::from_millis(400)), statement: None };
        vec![unit]
    };
    let units = alter(&*driver);
    let began = Instant::now();
    let error = apply(&mut *driver, &mut Heard::default(), units).unwrap_err();
    assert_eq!((error.unit, kind(&error)), (0, DbErrorKind::LockTimeout), "{error:?}");
    assert!((300..5000).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
    assert!(done(&mut *driver).is_empty());
    other.execute("COMMIT").unwrap();
    driver.reset().unwrap();
    let units = alter(&*driver);
    apply(&mut *driver, &mut Heard::default(), units).unwrap();
    assert_eq!(value(&mut *driver, "SELECT count(b) FROM busy"), "0");
}

/// Objects that are there, and such that are not.
pub fn the_catalog_is_probed(database: &impl Database) {
    let mut driver = ready(database);
    for sql in ["CREATE TABLE p (a integer)", "CREATE INDEX p_a ON p (a)", "CREATE VIEW w AS SELECT a FROM p"] {
        driver.execute(sql).unwrap();
    }
    let name = |name: &str| ObjectName { schema: None, name: name.to_owned() };
    let create = |kind, of: &str| Effect::Create { kind, name: name(of) };
    let drop = |kind, of: &str| Effect::Drop { kind, names: vec![name(of)], concurrently: false };
    let index = |of: &str| Effect::CreateIndex { name: Some(name(of)), table: name("p"), concurrently: false };
    let column = |of: &str| Effect::AddColumn { table: name("p"), column: of.to_owned() };
    let cases = [
        (create(ObjectKind::Table, "p"), Probe::Done),
        (create(ObjectKind::Table, "q"), Probe::NotDone),
        (create(ObjectKind::View, "w"), Probe::Done),
        (drop(ObjectKind::Table, "q"), Probe::Done),
        (drop(ObjectKind::Table, "p"), Probe::NotDone),
        (index("p_a"), Probe::Done),
        (index("p_b"), Probe::NotDone),
        (drop(ObjectKind::Index, "p_b"), Probe::Done),
        (drop(ObjectKind::Index, "p_a"), Probe::NotDone),
        (column("a"), Probe::Done),
        (column("z"), Probe::NotDone),
        (Effect::DropColumn { table: name("p"), column: "z".to_owned() }, Probe::Done),
        (Effect::Repeatable, Probe::Repeatable),
        (Effect::Other, Probe::Unknown),
    ];
    for (effect, expected) in cases {
        assert_eq!(driver.probe(&effect).unwrap(), expected, "{effect:?}");
    }
}

/// Everything goes, and all can begin again.
pub fn wiping_leaves_nothing(database: &impl Database) {
    let mut driver = ready(database);
    assert!(driver.is_blank().unwrap());
    let text = "CREATE TABLE a (x integer PRIMARY KEY); CREATE TABLE b (x integer REFERENCES a (x)); \
                CREATE VIEW v AS SELECT x FROM b; CREATE INDEX b_x ON b (x)";
    apply_sql(&mut *driver, text).unwrap();
    assert!(!driver.is_blank().unwrap());
    driver.wipe().unwrap();
    for driver in [&mut driver, &mut database.open()] {
        assert!(driver.is_blank().unwrap());
        assert_eq!(driver.history().unwrap().iter().count(), 0);
        assert!(!has_table(&mut **driver, "a"));
        let table = driver.dialect_of().own_table(driver.schema(), "schema_migrations");
        assert!(!has_table(&mut **driver, &table));
    }
    driver.wipe().unwrap();
    driver.ensure_tables().unwrap();
    apply_sql(&mut *driver, text).unwrap();
}
