//! `unrunnable`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "unrunnable",
    group: Group::Migration,
    level: Some(Level::Error),
    dialects: ALL,
    what: "A script that rung refuses to run: a `BEGIN` that is never closed or stands within another, a `COMMIT` of no transaction, a `ROLLBACK`.",
    why: "`rung up` says the same, and runs nothing. A `ROLLBACK` would take back what the migration is recorded to have done; a `BEGIN` or \
          `COMMIT` too many means that somebody counts on another transaction than there is.",
    instead: "Take it out: rung opens a transaction by itself, ends it, and rolls it back where a statement fails. `ROLLBACK TO` a savepoint is the file's own.",
    check: Check::Linter,
    cases: &[
        Case::fires("BEGIN;\nCREATE TABLE t (a int);"),
        Case::silent("BEGIN;\nCREATE TABLE t (a int);\nCOMMIT;"),
        Case::fires("BEGIN;\nCREATE TABLE t (a int);").sqlite(),
        Case::fires("CREATE TABLE t (a int);\nROLLBACK;"),
        Case::fires("CREATE TABLE t (a int);\nROLLBACK;").sqlite(),
        Case::fires("BEGIN;\nCREATE TABLE t (a int);\nABORT AND CHAIN;\nCREATE TABLE u (a int);\nCOMMIT;"),
        Case::fires("BEGIN;\nBEGIN;\nCREATE TABLE t (a int);\nCOMMIT;"),
        Case::fires("CREATE TABLE t (a int);\nCOMMIT;\nCOMMIT;"),
        Case::fires("BEGIN;\nCREATE TABLE t (a int);\nCOMMIT AND NO CHAIN;\nCOMMIT;"),
        Case::silent("BEGIN;\nCREATE TABLE t (a int);\nCOMMIT AND CHAIN;\nCREATE TABLE u (a int);\nCOMMIT;"),
        Case::silent("CREATE TABLE t (a int);\nSAVEPOINT s;\nDROP TABLE t;\nROLLBACK TO SAVEPOINT s;"),
        Case::silent("COMMIT;\nPRAGMA foreign_keys = OFF;\nBEGIN;\nDROP TABLE t;\nCOMMIT;\nBEGIN;").sqlite(),
    ],
};
