//! What the linter finds in a statement, held against what a server did: whatever hurts is found, and nothing is found
//! that did not hurt.

use rung_lint::{Blocks, Options, Server};
use rung_sql::Level;

use crate::Truth;
use crate::common::lint_last;

/// Rules that say that a statement works on a table while others wait for it.
const WORK: [&str; 19] = [
    "index-nonconcurrent",
    "reindex-nonconcurrent",
    "refresh-nonconcurrent",
    "unique-constraint",
    "primary-key",
    "exclusion-constraint",
    "foreign-key-validated",
    "check-validated",
    "set-not-null",
    "volatile-default",
    "generated-column",
    "constrained-domain",
    "domain-constraint-validated",
    "type-change",
    "checked-column-type",
    "table-rewrite",
    "attribute-type-change",
    "vacuum-full",
    "attach-unchecked",
];

/// What is wrong with the findings in a statement, as sentences; `by_nature` where to read, or to write, is what it is
/// for, and `is_sure` where nothing of its work is unknown.
pub(crate) fn unlike(
    setup: &str,
    probe: &str,
    major: u32,
    truth: &Truth,
    by_nature: bool,
    is_sure: bool,
) -> Vec<String> {
    let options = Options { server: Server::major(major), ..Options::default() };
    let found = lint_last(&[("001_setup.sql", setup), ("002_probe.sql", probe)], "postgres", &options).findings;
    let said: Vec<&str> =
        found.iter().filter(|found| found.diagnostic.level > Level::Note).map(|found| found.rule).collect();
    let worked = !truth.rewritten.is_empty() || !truth.scanned.is_empty();
    // Nobody writes to a materialized view.
    let least = if probe.starts_with("REFRESH") { Blocks::Everything } else { Blocks::Writes };
    let waited = truth.locks.values().any(|mode| mode.blocks() >= least);
    let mut wrong = Vec::new();
    if worked && waited && !by_nature && said.is_empty() {
        wrong.push(format!("others wait while {:?} are worked on, and nothing is found", truth.scanned));
    }
    if !truth.gone.is_empty() && said.is_empty() {
        wrong.push(format!("{:?} are gone, and nothing is found", truth.gone));
    }
    if let Some(rule) = said.iter().find(|rule| WORK.contains(rule)).filter(|_| is_sure && !(worked && waited)) {
        wrong.push(format!("{rule} is found, and nobody waits while anything is worked on"));
    }
    wrong
}
