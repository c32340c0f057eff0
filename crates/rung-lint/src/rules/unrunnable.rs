//! `unrunnable`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "unrunnable",
    group: Group::Migration,
    level: Some(Level::Error),
    dialects: ALL,
    what: "A script that rung refuses to run: a `BEGIN` that is never closed.",
    why: "`rung up` says the same, and runs nothing.",
    instead: "Take the `BEGIN` out: rung opens a transaction by itself.",
    check: Check::Linter,
    cases: &[
        Case::fires("BEGIN;\nCREATE TABLE t (a int);"),
        Case::silent("BEGIN;\nCREATE TABLE t (a int);\nCOMMIT;"),
        Case::fires("BEGIN;\nCREATE TABLE t (a int);").sqlite(),
    ],
};
