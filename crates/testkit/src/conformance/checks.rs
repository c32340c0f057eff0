//! Units whose answers decide.

use std::sync::Arc;

use rung_engine::{DbErrorKind, Driver, Failure, Part, Session, Unit, UnitError};
use rung_sql::{Comparison, Want};

use super::{Database, Heard, apply, apply_one, done, has_table, id, kind, ready, sql, unit, value};

fn check(sql: &str, want: Want) -> Part {
    Part::Check { sql: sql.to_owned(), want, what: None }
}

#[track_caller]
fn failed_check(error: &UnitError) -> (&str, &str) {
    match &error.failure {
        Failure::Check { what, got } => (what, got),
        other => panic!("no failed check: {other:?}"),
    }
}

fn code(
    work: impl Fn(&mut dyn Session) -> Result<(), Box<dyn std::error::Error + Send + Sync>> + Send + Sync + 'static,
) -> Part {
    Part::Code(Arc::new(work))
}

/// One true value, or no rows.
pub fn checks_decide(database: &impl Database) {
    let mut driver = ready(database);
    let cases = [
        ("SELECT count(*) = 1 FROM c", Want::True, None),
        ("SELECT 1", Want::True, None),
        ("SELECT a FROM c WHERE a > 5", Want::NoRows, None),
        ("SELECT count(*) = 2 FROM c", Want::True, Some("one true value")),
        ("SELECT 0", Want::True, Some("one true value")),
        ("SELECT NULL", Want::True, Some("one true value")),
        ("SELECT 1 WHERE 1 = 2", Want::True, Some("one true value")),
        ("SELECT 1 UNION ALL SELECT 1", Want::True, Some("one true value")),
        ("SELECT 1, 2", Want::True, Some("one true value")),
        ("SELECT a FROM c", Want::NoRows, Some("no rows")),
    ];
    let (mut good, mut bad) = (0, 0);
    for (query, want, wrong) in cases {
        let create = sql(&*driver, "CREATE TABLE c (a integer); INSERT INTO c VALUES (1)");
        let result = apply_one(&mut *driver, vec![create, check(query, want)]);
        match (result, wrong) {
            (Ok(()), None) => {
                good += 1;
                assert!(has_table(&mut *driver, "c"), "{query}");
                driver.execute("DROP TABLE c").unwrap();
            }
            (Err(error), Some(wanted)) => {
                bad += 1;
                assert_eq!((error.part, failed_check(&error).0), (Some(1), wanted), "{query}");
                assert!(!failed_check(&error).1.is_empty());
                assert!(!has_table(&mut *driver, "c"), "{query}");
            }
            (result, wrong) => panic!("{query}: {result:?}, expected {wrong:?}"),
        }
    }
    assert_eq!((good, bad), (3, 7));
    // A query that fails says where in itself.
    let text = "SELECT 'ü', nope_here";
    let error = apply_one(&mut *driver, vec![check(text, Want::True)]).unwrap_err();
    assert_eq!((error.part, kind(&error)), (Some(0), DbErrorKind::Statement));
    assert!(error.offset.is_none_or(|at| at == text.find("nope_here").unwrap()), "{error:?}");
    let named = Part::Check { sql: "SELECT 1 = 2".to_owned(), want: Want::True, what: Some("sense".to_owned()) };
    assert_eq!(failed_check(&apply_one(&mut *driver, vec![named]).unwrap_err()).0, "sense");
}

/// A value from before and after.
pub fn unchanged_values_are_compared(database: &impl Database) {
    let mut driver = ready(database);
    driver.execute("CREATE TABLE u (a integer)").unwrap();
    driver.execute("INSERT INTO u VALUES (1)").unwrap();
    let parts = |driver: &dyn Driver, statements: &str| {
        let count = "SELECT count(*) FROM u".to_owned();
        let sum = "SELECT sum(a) FROM u".to_owned();
        vec![
            Part::Remember { slot: 0, sql: count.clone() },
            Part::Remember { slot: 1, sql: sum.clone() },
            sql(driver, statements),
            Part::Same { slot: 0, sql: count, what: "count".to_owned() },
            Part::Same { slot: 1, sql: sum, what: "sum".to_owned() },
        ]
    };
    let same = parts(&*driver, "UPDATE u SET a = a");
    apply_one(&mut *driver, same).unwrap();
    let more = parts(&*driver, "INSERT INTO u VALUES (2)");
    let error = apply_one(&mut *driver, more).unwrap_err();
    assert_eq!((error.part, failed_check(&error)), (Some(3), ("count", "1 before and 2 after")));
    let other = parts(&*driver, "UPDATE u SET a = 5");
    let error = apply_one(&mut *driver, other).unwrap_err();
    assert_eq!((error.part, failed_check(&error)), (Some(4), ("sum", "1 before and 5 after")));
    let none = parts(&*driver, "DELETE FROM u; INSERT INTO u VALUES (NULL)");
    assert_eq!(failed_check(&apply_one(&mut *driver, none).unwrap_err()), ("sum", "1 before and NULL after"));
    assert_eq!(value(&mut *driver, "SELECT sum(a) FROM u"), "1");
}

/// How many rows a statement changed.
pub fn affected_rows_are_counted(database: &impl Database) {
    let mut driver = ready(database);
    driver.execute("CREATE TABLE r (a integer)").unwrap();
    driver.execute("INSERT INTO r VALUES (1), (2), (3)").unwrap();
    let update = |driver: &dyn Driver, op, count| {
        vec![
            sql(driver, "SELECT 1; UPDATE r SET a = a + 1 WHERE a > 1"),
            Part::Affected { op, count },
            sql(driver, "DELETE FROM r WHERE a = 100"),
        ]
    };
    let good = update(&*driver, Comparison::Equal, 2);
    apply_one(&mut *driver, good).unwrap();
    let bad = update(&*driver, Comparison::Greater, 2);
    let error = apply_one(&mut *driver, bad).unwrap_err();
    assert_eq!((error.part, failed_check(&error)), (Some(1), ("affected > 2", "2")));
    assert_eq!(value(&mut *driver, "SELECT sum(a) FROM r"), "8");
}

/// Functions see what the unit did before them.
pub fn functions_run_within_the_unit(database: &impl Database) {
    let mut driver = ready(database);
    let parts = vec![
        sql(&*driver, "CREATE TABLE f (a integer, b text)"),
        code(|session| {
            assert!(!session.dialect().is_empty());
            assert_eq!(session.execute("INSERT INTO f VALUES (1, 'x'), (2, NULL)")?, 2);
            let rows = session.query("SELECT a, b FROM f ORDER BY a")?;
            let text = |text: &str| Some(text.to_owned());
            assert_eq!(rows, [vec![text("1"), text("x")], vec![text("2"), None]]);
            Ok(())
        }),
        sql(&*driver, "INSERT INTO f VALUES (3, 'y')"),
        check("SELECT count(*) = 3 FROM f", Want::True),
    ];
    apply_one(&mut *driver, parts).unwrap();
    assert_eq!(value(&mut *driver, "SELECT count(*) FROM f"), "3");
    assert_eq!(done(&mut *driver), [id(0)]);
}

/// Whatever its error.
pub fn a_function_that_fails_leaves_nothing(database: &impl Database) {
    let mut driver = ready(database);
    let parts = vec![
        sql(&*driver, "CREATE TABLE f (a integer)"),
        code(|session| {
            session.execute("INSERT INTO f VALUES (1)")?;
            Err("no more".into())
        }),
    ];
    let error = apply_one(&mut *driver, parts).unwrap_err();
    assert_eq!(error.part, Some(1));
    assert!(matches!(&error.failure, Failure::Code(error) if error.to_string() == "no more"), "{error:?}");
    let parts = vec![
        sql(&*driver, "CREATE TABLE f (a integer)"),
        code(|session| Ok(session.execute("INSERT INTO nowhere VALUES (1)").map(|_| ())?)),
    ];
    let error = apply_one(&mut *driver, parts).unwrap_err();
    assert_eq!((error.part, kind(&error)), (Some(1), DbErrorKind::Statement));
    assert!(!has_table(&mut *driver, "f"));
    assert!(done(&mut *driver).is_empty());

    // One that ends the transaction that it is in.
    let parts = vec![
        sql(&*driver, "CREATE TABLE g (a integer)"),
        code(|session| {
            session.execute("COMMIT")?;
            Ok(())
        }),
    ];
    let error = apply_one(&mut *driver, parts).unwrap_err();
    assert_eq!((error.unit, kind(&error)), (0, DbErrorKind::Statement));
    assert!(done(&mut *driver).is_empty());
}

/// Units with checks among those without.
pub fn checks_between_plain_units(database: &impl Database) {
    let mut driver = ready(database);
    let units = |driver: &dyn Driver, wrong: Option<usize>| -> Vec<Unit> {
        let one = |at: usize| {
            let create = sql(driver, &format!("CREATE TABLE t{at} (a integer)"));
            let rows = if wrong == Some(at) { 1 } else { 0 };
            let checks = check(&format!("SELECT count(*) = {rows} FROM t{at}"), Want::True);
            unit(at, if at % 3 == 1 { vec![create, checks] } else { vec![create] })
        };
        (0..40).map(one).collect()
    };
    let mut heard = Heard::default();
    let wrong = units(&*driver, Some(31));
    let error = apply(&mut *driver, &mut heard, wrong).unwrap_err();
    assert_eq!((error.unit, error.part), (31, Some(1)));
    assert_eq!(heard.done, (0..31).collect::<Vec<_>>());
    assert_eq!(done(&mut *driver).len(), 31);
    assert!(!has_table(&mut *driver, "t31") && !has_table(&mut *driver, "t32"));
    let rest: Vec<Unit> = units(&*driver, None).into_iter().skip(31).collect();
    apply(&mut *driver, &mut heard, rest).unwrap();
    assert_eq!(done(&mut *database.open()).len(), 40);
}
