//! What the linter says that SQLite refuses, held against an SQLite.

use rung_lint::{Case, Options, RULES};
use rung_sql::Level;
use rusqlite::Connection;

use crate::common::lint_last;

/// Rules that say so; of the last, only what is an error.
const REFUSALS: [(&str, Level); 4] = [
    ("sqlite-add-column", Level::Warning),
    ("sqlite-drop-column", Level::Warning),
    ("sqlite-copied-null", Level::Warning),
    ("sqlite-type-affinity", Level::Error),
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
