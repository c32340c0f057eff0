//! What the linter says that PostgreSQL refuses, held against servers.

use rung_lint::{Options, RULES, Server};
use testkit::{TestDb, for_each_major};

use crate::common::lint_last;

/// Rules that say so.
const REFUSALS: [&str; 1] = ["type-in-use"];

#[test]
fn what_a_server_is_said_to_refuse_it_does() {
    for_each_major(|server| {
        let mut wrong = Vec::new();
        for name in REFUSALS {
            let rule = RULES.iter().find(|rule| rule.name == name).expect("a rule");
            for case in rule.cases.iter().filter(|case| case.major.is_none_or(|major| major == server.major())) {
                let options = Options { server: Server::major(server.major()), ..Options::default() };
                let files = [("001_before.sql", case.before), ("002_case.sql", case.sql)];
                let found = lint_last(&files, case.dialect, &options).findings;
                let said = found.iter().any(|found| found.rule == name);
                let database = TestDb::on(server);
                let mut client = database.client();
                client.batch_execute(case.before).expect("what was before");
                let outcome = client.batch_execute(case.sql);
                if said != outcome.is_err() {
                    wrong.push(format!("{}; {}\n  said to be refused: {said}, and {outcome:?}", case.before, case.sql));
                }
            }
        }
        assert!(wrong.is_empty(), "on {}:\n{}", server.major(), wrong.join("\n"));
    });
}

/// Values that are added and used in one transaction, in each way that a server may take or refuse.
const ENUMS: [&str; 9] = [
    "CREATE TYPE m AS ENUM ('a'); ALTER TYPE m ADD VALUE 'b'; SELECT 'b'::m;",
    "CREATE TYPE m AS ENUM ('a'); ALTER TYPE m ADD VALUE 'b'; CREATE TABLE u (x m DEFAULT 'b');",
    "CREATE TYPE m AS ENUM ('a'); ALTER TYPE m ADD VALUE 'b'; CREATE TABLE u (x m);",
    "CREATE TYPE m AS ENUM ('a'); SAVEPOINT s; ALTER TYPE m ADD VALUE 'b'; SELECT 'b'::m;",
    "CREATE TYPE m AS ENUM ('a'); SAVEPOINT s; ALTER TYPE m ADD VALUE 'b'; RELEASE s; SELECT 'b'::m;",
    "SAVEPOINT s; CREATE TYPE m AS ENUM ('a'); RELEASE s; ALTER TYPE m ADD VALUE 'b'; SELECT 'b'::m;",
    "SAVEPOINT s; RELEASE s; CREATE TYPE m AS ENUM ('a'); ALTER TYPE m ADD VALUE 'b'; SELECT 'b'::m;",
    "ALTER TYPE old ADD VALUE 'b'; SELECT 'b'::old;",
    "ALTER TYPE old ADD VALUE 'b'; CREATE TABLE u (x old DEFAULT 'a');",
];

#[test]
fn values_of_an_enum_that_a_server_is_said_to_refuse_it_does() {
    for_each_major(|server| {
        let mut wrong = Vec::new();
        let before = "CREATE TYPE old AS ENUM ('a');";
        for script in ENUMS {
            let options = Options { server: Server::major(server.major()), ..Options::default() };
            let found =
                lint_last(&[("001_before.sql", before), ("002_case.sql", script)], "postgres", &options).findings;
            let said = found.iter().any(|found| found.rule == "concurrently-in-transaction");
            let database = TestDb::on(server);
            let mut client = database.client();
            client.batch_execute(before).expect("what was before");
            let outcome = client.batch_execute(&format!("BEGIN; {script}"));
            if said != outcome.is_err() {
                wrong.push(format!("{script}\n  said to be refused: {said}, and {outcome:?}"));
            }
        }
        assert!(wrong.is_empty(), "on {}:\n{}", server.major(), wrong.join("\n"));
    });
}
