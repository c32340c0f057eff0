//! `unknown-rule`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "unknown-rule",
    group: Group::Migration,
    level: Some(Level::Error),
    dialects: ALL,
    what: "An `-- @allow` for a rule that there is not.",
    why: "It allows nothing.",
    instead: "The name of a rule, as `rung lint --explain` knows it.",
    check: Check::Linter,
    cases: &[
        Case::fires("-- @allow index-nonconcurent: small table\nCREATE TABLE t (a int);"),
        Case::silent("-- @allow index-nonconcurrent: small table\nCREATE INDEX i ON t (a);"),
    ],
};
