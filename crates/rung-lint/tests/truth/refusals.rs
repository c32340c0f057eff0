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
