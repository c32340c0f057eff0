//! Units that are all or nothing.

use rung_engine::{DbErrorKind, Driver, Durability, Failure, Guard, Record, Status, Unit};

use super::{
    Database, Heard, apply, apply_one, apply_sql, done, has_table, id, kind, ready, records, sql, unit, value,
};

fn tables(driver: &dyn Driver, count: usize) -> Vec<Unit> {
    let create = |at| format!("CREATE TABLE t{at} (a integer); INSERT INTO t{at} VALUES ({at})");
    (0..count).map(|at| unit(at, vec![sql(driver, &create(at))])).collect()
}

fn count_tables(driver: &mut dyn Driver, upto: usize) -> usize {
    (0..upto).filter(|at| has_table(driver, &format!("t{at}"))).count()
}

/// The plain case, more of them than a window holds.
pub fn units_run_in_order_with_their_records(database: &impl Database) {
    let mut driver = ready(database);
    let mut heard = Heard::default();
    let units = tables(&*driver, 150);
    apply(&mut *driver, &mut heard, units).unwrap();
    let all: Vec<usize> = (0..150).collect();
    assert_eq!(heard.started, all);
    assert_eq!(heard.done, all);
    let mut other = database.open();
    assert_eq!(done(&mut *other), all.iter().map(|at| id(*at)).collect::<Vec<_>>());
    assert_eq!(count_tables(&mut *other, 150), 150);
    let log = other.log(None).unwrap();
    assert_eq!(log.len(), 150);
    assert_eq!(log[0].migration_id, id(149));
    assert!(other.history().unwrap().iter().all(|row| row.execution_time_ms.is_some()));
    assert!(!driver.in_transaction());
}

/// A statement that fails in the middle of a long run.
pub fn a_failure_keeps_what_is_before_and_nothing_after(database: &impl Database) {
    let mut driver = ready(database);
    let mut units = tables(&*driver, 100);
    units[60].parts = vec![sql(&*driver, "CREATE TABLE t60 (a integer); INSERT INTO nowhere VALUES (1); SELECT 1")];
    let mut heard = Heard::default();
    let error = apply(&mut *driver, &mut heard, units).unwrap_err();
    assert_eq!((error.unit, error.part, kind(&error)), (60, Some(0), DbErrorKind::Statement), "{error:?}");
    assert_eq!(heard.done, (0..60).collect::<Vec<_>>());
    for driver in [&mut driver, &mut database.open()] {
        assert_eq!(done(&mut **driver).len(), 60);
        assert_eq!(count_tables(&mut **driver, 100), 60);
        assert_eq!(driver.log(None).unwrap().len(), 60);
        assert!(!driver.in_transaction());
    }
    // The same connection goes on from there.
    let rest: Vec<Unit> = tables(&*driver, 100).into_iter().skip(60).collect();
    apply(&mut *driver, &mut heard, rest).unwrap();
    assert_eq!(count_tables(&mut *driver, 100), 100);
    assert_eq!(done(&mut *driver).len(), 100);
}

/// Whether the failing one is the first, the second, at the edge of a window, or the last.
pub fn every_place_of_failure_in_a_long_run(database: &impl Database) {
    let mut driver = ready(database);
    let mut begun = 0;
    for failing in [0, 1, 2, 3, 5, 6, 13, 14, 30, 31, 62, 69] {
        let mut units: Vec<Unit> = tables(&*driver, 70).into_iter().skip(begun).collect();
        // One that can't even be parsed leaves no transaction open on a server.
        let wrong =
            if failing % 2 == 0 { "CREATE TABLE t (a integer); INSERT INTO t VALUES (nope)" } else { "CREATE TABL t" };
        units[failing - begun].parts = vec![sql(&*driver, wrong)];
        let error = apply(&mut *driver, &mut Heard::default(), units).unwrap_err();
        assert_eq!((error.unit, error.part), (failing, Some(0)), "{error:?}");
        assert_eq!(done(&mut *driver).len(), failing);
        assert_eq!(count_tables(&mut *driver, 70), failing);
        assert!(!has_table(&mut *driver, "t"));
        begun = failing;
    }
}

/// A migration that ran before, and fails when it runs again, does not let the next one through.
pub fn an_old_record_is_no_success(database: &impl Database) {
    let mut driver = ready(database);
    driver.write(&records(&id(0), 1)).unwrap();
    let units = vec![
        unit(0, vec![sql(&*driver, "INSERT INTO nowhere VALUES (1)")]),
        unit(1, vec![sql(&*driver, "CREATE TABLE after_it (a integer)")]),
    ];
    let error = apply(&mut *driver, &mut Heard::default(), units).unwrap_err();
    assert_eq!(error.unit, 0);
    assert!(!has_table(&mut *driver, "after_it"));
    assert_eq!(done(&mut *driver), [id(0)]);
}

/// Statement and place, counted in bytes though servers count characters.
pub fn a_failure_shows_its_place(database: &impl Database) {
    let mut driver = ready(database);
    let text = "-- ünïcode \u{1F40D}\nCREATE TABLE \"tä\" (a integer);\nINSERT INTO \"tä\" VALUES ('\u{1F40D}', nope_é);\nSELECT 1;\n";
    let Err(error) = apply_sql(&mut *driver, text) else { panic!("it ran") };
    assert_eq!(error.part, Some(0));
    let statement = text.find("INSERT").unwrap();
    match error.offset {
        Some(at) => assert!(at >= statement && text.is_char_boundary(at), "{at}: {error:?}"),
        None => assert_eq!(error.statement, Some(1), "{error:?}"),
    }
    // The same in a unit that is not sent ahead.
    let parts = vec![sql(&*driver, text), sql(&*driver, "SELECT 1")];
    let error = apply_one(&mut *driver, parts).unwrap_err();
    assert_eq!(error.part, Some(0));
    let parts = vec![sql(&*driver, "SELECT 1"), sql(&*driver, text)];
    let error = apply_one(&mut *driver, parts).unwrap_err();
    assert_eq!(error.part, Some(1));
    assert!(!has_table(&mut *driver, "\"tä\""));
}

/// A guard for what is not so.
pub fn a_guard_is_kept(database: &impl Database) {
    let mut driver = ready(database);
    let guarded = |driver: &dyn Driver, status| Unit {
        guard: Some(Guard { id: "000_before".to_owned(), status }),
        ..unit(0, vec![sql(driver, "CREATE TABLE guarded (a integer)")])
    };
    let units = vec![guarded(&*driver, Status::Completed)];
    let error = apply(&mut *driver, &mut Heard::default(), units).unwrap_err();
    assert_eq!((error.unit, error.part, kind(&error)), (0, None, DbErrorKind::Guard));
    driver.write(&records("000_before", 1)).unwrap();
    let units = vec![guarded(&*driver, Status::RolledBack)];
    let error = apply(&mut *driver, &mut Heard::default(), units).unwrap_err();
    assert_eq!(kind(&error), DbErrorKind::Guard);
    assert!(!has_table(&mut *driver, "guarded"));
    // In a later unit as well, for something other than its forerunner.
    let wrong = Unit { index: 1, ..guarded(&*driver, Status::Failed) };
    let units = vec![unit(0, vec![sql(&*driver, "CREATE TABLE before_it (a integer)")]), wrong];
    let error = apply(&mut *driver, &mut Heard::default(), units).unwrap_err();
    assert_eq!((error.unit, kind(&error)), (1, DbErrorKind::Guard));
    assert!(has_table(&mut *driver, "before_it") && !has_table(&mut *driver, "guarded"));
    let units = vec![guarded(&*driver, Status::Completed)];
    apply(&mut *driver, &mut Heard::default(), units).unwrap();
    assert!(has_table(&mut *driver, "guarded"));
}

/// `--durable each`.
pub fn each_unit_is_durable_by_itself_if_asked(database: &impl Database) {
    let mut driver = ready(database);
    let mut units = tables(&*driver, 10);
    units[7].parts = vec![sql(&*driver, "INSERT INTO nowhere VALUES (1)")];
    let error = driver.apply(&mut units.into_iter(), Durability::Each, &mut Heard::default()).unwrap_err();
    assert_eq!(error.unit, 7);
    assert_eq!(done(&mut *database.open()).len(), 7);
    assert_eq!(count_tables(&mut *database.open(), 10), 7);
}

/// What is not recorded did not happen.
pub fn a_record_that_fails_takes_its_unit_along(database: &impl Database) {
    let mut driver = ready(database);
    let table = driver.dialect_of().own_table(driver.schema(), "seed_history");
    driver.execute(&format!("DROP TABLE {table}")).unwrap();
    let seed = Record::Seed { path: "p".to_owned(), checksum: "c".to_owned(), actor: rung_engine::Actor::default() };
    let mut units = tables(&*driver, 3);
    units[1].records.push(seed);
    let error = apply(&mut *driver, &mut Heard::default(), units).unwrap_err();
    assert_eq!((error.unit, error.part), (1, None), "{error:?}");
    assert!(matches!(error.failure, Failure::Database(_)));
    assert_eq!(count_tables(&mut *driver, 3), 1);
    assert_eq!(done(&mut *driver), [id(0)]);
}

/// Only records.
pub fn a_unit_without_parts_is_recorded(database: &impl Database) {
    let mut driver = ready(database);
    apply(&mut *driver, &mut Heard::default(), vec![unit(0, Vec::new()), unit(1, Vec::new())]).unwrap();
    assert_eq!(done(&mut *driver), [id(0), id(1)]);
    apply(&mut *driver, &mut Heard::default(), Vec::new()).unwrap();
}

/// Many statements, and a long one.
pub fn large_scripts_run(database: &impl Database) {
    let mut driver = ready(database);
    let mut text = "CREATE TABLE big (a integer, b text);\n".to_owned();
    let filler = "x".repeat(1000);
    for at in 0..3000 {
        text.push_str(&format!("INSERT INTO big VALUES ({at}, '{filler}');\n"));
    }
    text.push_str(&format!("INSERT INTO big VALUES (-1, '{}');\n", "ü".repeat(1_000_000)));
    apply_sql(&mut *driver, &text).unwrap();
    assert_eq!(value(&mut *driver, "SELECT count(*) FROM big"), "3001");
    assert_eq!(value(&mut *driver, "SELECT length(b) FROM big WHERE a = -1"), "1000000");

    // A failure near the end is found, and everything is gone.
    let text = text.replace("big", "big2") + "INSERT INTO nowhere VALUES (1);\n";
    let units = vec![unit(1, vec![sql(&*driver, &text)]), unit(2, vec![sql(&*driver, "CREATE TABLE t2 (a integer)")])];
    let error = apply(&mut *driver, &mut Heard::default(), units).unwrap_err();
    assert_eq!((error.unit, error.part), (1, Some(0)));
    if let Some(statement) = error.statement {
        assert_eq!(statement, 3002);
    }
    if let Some(offset) = error.offset {
        assert!(text[offset..].starts_with("nowhere"), "{offset}");
    }
    assert!(!has_table(&mut *driver, "big2") && !has_table(&mut *driver, "t2"));
}
