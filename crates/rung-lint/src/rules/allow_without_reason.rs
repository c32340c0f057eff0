//! `allow-without-reason`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "allow-without-reason",
    group: Group::Migration,
    level: Some(Level::Warning),
    dialects: ALL,
    what: "An `-- @allow` without a reason.",
    why: "Whoever reads it later can't tell whether the reason still holds.",
    instead: "`-- @allow RULE: why it is fine here`.",
    check: Check::Linter,
    cases: &[
        Case::fires("-- @allow index-nonconcurrent\nCREATE INDEX i ON t (a);"),
        Case::silent("-- @allow index-nonconcurrent: small table\nCREATE INDEX i ON t (a);"),
    ],
};
