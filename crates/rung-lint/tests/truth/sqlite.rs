//! What the linter says that SQLite refuses, held against an SQLite.

use rung_lint::{Case, Options, RULES};
use rung_sql::Level;
use rusqlite::Connection;

use crate::common::lint_last;

/// Rules that say so; of the last, only what is an error.
const REFUSALS: [(&str, Level); 5] = [
    ("sqlite-add-column", Level::Warning),
    ("sqlite-drop-column", Level::Warning),
    ("sqlite-copied-null", Level::Warning),
    ("sqlite-impossible-table", Level::Error),
    ("sqlite-type-affinity", Level::Error),
];

/// Whether a database lacks what a rule says that it does.
type IsLost = fn(&Connection) -> bool;

/// Rules about what becomes of rows, keys, indexes and triggers, with what a database lacks after a case that fires.
const LOSSES: [(&str, IsLost); 3] = [
    ("sqlite-cascading-drop", |database| {
        !database.query_row("SELECT count(*) = count(p) AND count(*) > 0 FROM c", [], |row| row.get(0)).unwrap_or(true)
    }),
    ("sqlite-renamed-parent", |database| {
        database
            .query_row("SELECT count(*) > 0 FROM pragma_foreign_key_list('c') WHERE \"table\" <> 'p'", [], |row| {
                row.get(0)
            })
            .unwrap_or(false)
    }),
    ("sqlite-rebuild-loses", |database| {
        // t itself, and nothing of it: before, there was an index or a trigger.
        database
            .query_row("SELECT count(*) = 1 FROM sqlite_schema WHERE tbl_name = 't'", [], |row| row.get(0))
            .unwrap_or(false)
    }),
];

/// What the cases refer to, and rows for what is refused once there are some.
fn run(case: &Case) -> rusqlite::Result<()> {
    let connection = Connection::open_in_memory()?;
    let around = "PRAGMA foreign_keys = ON; CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE l (b);";
    connection.execute_batch(around).expect("what is around");
    connection.execute_batch(case.before).expect("what was before");
    if !case.sql.contains("CREATE TABLE t") {
        let row = "CREATE TABLE IF NOT EXISTS t (b); INSERT INTO t DEFAULT VALUES;";
        connection.execute_batch(row).expect("a row");
    }
    connection.execute_batch(case.sql)
}

#[test]
fn what_sqlite_is_said_to_refuse_it_does() {
    let mut wrong = Vec::new();
    for (name, least) in REFUSALS {
        let rule = RULES.iter().find(|rule| rule.name == name).expect("a rule");
        for case in rule.cases {
            let files = [("001_before.sql", case.before), ("002_case.sql", case.sql)];
            let found = lint_last(&files, case.dialect, &Options::default()).findings;
            let said = found.iter().any(|found| found.rule == name && found.diagnostic.level >= least);
            let outcome = run(case);
            if said != outcome.is_err() {
                wrong.push(format!("{}; {}\n  said to be refused: {said}, and {outcome:?}", case.before, case.sql));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_said_to_be_lost_is() {
    let mut wrong = Vec::new();
    for (name, is_lost) in LOSSES {
        let rule = RULES.iter().find(|rule| rule.name == name).expect("a rule");
        // What a file drops before, or an index of a column that goes, is lost on purpose.
        let is_meant =
            |case: &&rung_lint::Case| !case.fires && (case.sql.contains("DROP INDEX") || case.sql.contains("n (b)"));
        for case in rule.cases.iter().filter(|case| !is_meant(case)) {
            let database = Connection::open_in_memory().expect("a database");
            // Where keys are enforced the DROP of a renamed parent is refused; where they are not, it is told.
            let keys = if name == "sqlite-renamed-parent" { "OFF" } else { "ON" };
            database
                .execute_batch(&format!("PRAGMA foreign_keys = {keys}; CREATE TABLE archive (a);"))
                .expect("a setting");
            database.execute_batch(case.before).expect("what was before");
            let is_there = |table: &str| database.prepare(&format!("SELECT * FROM {table}")).is_ok();
            if is_there("p") && is_there("c") {
                database.execute_batch("INSERT INTO p (id) VALUES (1), (2);").expect("parents");
                let _ = database.execute_batch("INSERT INTO c (p) VALUES (2);");
            }
            // A key that only refuses is for the case to see; so is a file that is no transaction.
            let outcome = database.execute_batch(case.sql.split("-- @down").next().unwrap_or_default());
            let lost = outcome.is_ok() && is_lost(&database);
            if lost != case.fires {
                wrong.push(format!("{name}: {}; {}\n  lost: {lost}, {outcome:?}", case.before, case.sql));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
