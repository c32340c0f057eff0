//! The cases of every check, which are its documentation too.

use rung_engine::Driver;
use rung_health::{CHECKS, Case, Check, Options, examine};
use rung_postgres::connect::Environment;
use testkit::{Server, SqliteDb, TestDb, for_each_major};

/// What a check says of a database, as lines.
fn findings(check: &Check, driver: &mut dyn Driver) -> Result<Vec<String>, String> {
    let options = Options { checks: vec![check.name.to_owned()], ..Options::default() };
    let health = examine(driver, &options).map_err(|error| error.to_string())?;
    if let Some(unchecked) = health.unchecked.iter().find(|unchecked| unchecked.object.is_none()) {
        return Err(format!("not checked: {}", unchecked.why));
    }
    Ok(health.findings.iter().map(|finding| format!("{finding:?}")).collect())
}

fn cases(dialect: &str, major: u32) -> Vec<(&'static Check, &'static Case)> {
    let of = |check: &'static &'static Check| check.cases.iter().map(move |case| (*check, case));
    CHECKS.iter().flat_map(of).filter(|(_, case)| case.dialect == dialect && case.from <= major).collect()
}

/// Makes each case, several at a time, and complains where the check does not say what it should.
fn hold(cases: &[(&'static Check, &'static Case)], made: impl Fn(&Case, &Check) -> Result<Vec<String>, String> + Sync) {
    let complaint = |(check, case): &(&Check, &Case)| {
        let should = if case.fires { "find something" } else { "find nothing" };
        match made(case, check) {
            Ok(found) if found.is_empty() != case.fires && found.iter().all(|it| it.contains(check.name)) => None,
            other => Some(format!("{} should {should} in\n{}\n{other:#?}", check.name, case.sql)),
        }
    };
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let parts = cases.chunks(cases.len().div_ceil(4));
        let threads: Vec<_> =
            parts.map(|part| scope.spawn(move || part.iter().filter_map(complaint).collect::<Vec<_>>())).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("the case did not panic")).collect()
    });
    assert!(wrong.is_empty(), "{}\n{} of {} wrong", wrong.join("\n\n"), wrong.len(), cases.len());
}

fn on(server: &'static Server) {
    hold(&cases("postgres", server.major()), |case, check| {
        let db = TestDb::on(server);
        db.try_query(case.sql)?;
        let mut driver = rung_postgres::open(&db.url(), &Environment::empty(), &rung_postgres::OpenOptions::default())
            .map_err(|error| error.to_string())?;
        findings(check, &mut driver)
    });
}

#[test]
fn every_case_on_postgresql() {
    for_each_major(on);
}

#[test]
fn every_case_on_sqlite() {
    hold(&cases("sqlite", u32::MAX), |case, check| {
        let db = SqliteDb::new();
        db.client().execute_batch(case.sql).map_err(|error| error.to_string())?;
        let mut driver =
            rung_sqlite::open(&db.url(), &rung_sqlite::OpenOptions::default()).map_err(|error| error.to_string())?;
        findings(check, &mut driver)
    });
}

#[test]
fn every_check_has_cases_of_its_databases() {
    for check in CHECKS {
        assert!(!check.cases.is_empty() && check.cases.iter().all(|case| check.is_for(case.dialect)), "{}", check.name);
        assert!(check.cases.iter().any(|case| !case.fires), "{}: nothing that it is silent on", check.name);
        // What a server counts, and how old it is, no statement makes.
        let is_counted = ["unused-index", "transaction-age"].contains(&check.name);
        assert!(is_counted || check.cases.iter().any(|case| case.fires), "{}: nothing that it finds", check.name);
        assert_eq!(rung_health::check(check.name).map(|found| found.name), Some(check.name));
    }
}

#[test]
fn what_the_server_counts_is_found_from_the_threshold_on() {
    for_each_major(|server| {
        let db = TestDb::on(server);
        db.query(
            "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (a int, b int REFERENCES p); CREATE INDEX i ON t (a); \
             CREATE INDEX needed ON t (b); SELECT count(*) FROM t",
        );
        // Counts of a session come when it is over, or a moment later.
        let mut driver = rung_postgres::open(&db.url(), &Environment::empty(), &rung_postgres::OpenOptions::default())
            .expect("the server answers");
        let mut found = |checks: &str, unused_after, transaction_age| {
            let options =
                Options { checks: vec![checks.to_owned()], unused_after, transaction_age, ..Options::default() };
            let health = examine(&mut driver, &options).expect("it can be examined");
            health.findings.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        let until = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while found("unused-index", 1, 0).is_empty() && std::time::Instant::now() < until {
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let unused = found("unused-index", 1, 0);
        assert!(unused.len() == 1 && unused[0].starts_with("public.i was never used"), "{unused:?}");
        assert_eq!(found("unused-index", 1_000_000, 0), Vec::<String>::new());
        assert!(!found("transaction-age", 0, 0).is_empty());
        assert_eq!(found("transaction-age", 0, 2_000_000_000), Vec::<String>::new());
    });
}

#[test]
fn nothing_is_written() {
    let db = TestDb::new();
    db.query("CREATE TABLE t (a int); CREATE SEQUENCE s; CREATE FUNCTION f() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t VALUES (nextval('s')); RETURN (SELECT nextval('s')); END $$");
    let state = "SELECT pg_current_xact_id_if_assigned(), (SELECT count(*) FROM t), (SELECT is_called FROM s), pg_snapshot_xmax(pg_current_snapshot())";
    let state = if db.server().major() >= 13 { state } else { "SELECT 1" };
    let before = db.query(state);
    let mut driver = rung_postgres::open(&db.url(), &Environment::empty(), &rung_postgres::OpenOptions::default())
        .expect("the server answers");
    let health = examine(&mut driver, &Options::default()).expect("it can be examined");
    assert!(health.findings.iter().all(|finding| finding.check != "broken-routine"), "{:?}", health.findings);
    // Other tests share the server, and its transactions with it.
    let rows = |text: &str| text.split('|').take(3).collect::<Vec<_>>().join("|");
    assert_eq!(rows(&db.query(state)), rows(&before));
}
