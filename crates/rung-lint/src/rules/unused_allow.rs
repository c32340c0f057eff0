//! `unused-allow`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "unused-allow",
    group: Group::Migration,
    level: Some(Level::Warning),
    dialects: ALL,
    what: "An `-- @allow` for something that is not found.",
    why: "It hides the next finding of that rule, which nobody has thought about.",
    instead: "Take the line out.",
    check: Check::Linter,
    cases: &[
        Case::fires("-- @allow index-nonconcurrent: small table\nCREATE TABLE t (a int);"),
        Case::silent("-- @allow index-nonconcurrent: small table\nCREATE INDEX i ON t (a);").sqlite(),
        Case::silent("-- @allow index-nonconcurrent: small table\nCREATE INDEX i ON t (a);"),
    ],
};
