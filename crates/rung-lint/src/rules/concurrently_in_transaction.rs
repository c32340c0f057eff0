//! `concurrently-in-transaction`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "concurrently-in-transaction",
    group: Group::Locks,
    level: Some(Level::Error),
    dialects: &[],
    what: "A statement that refuses to run in a transaction stands among others that would share one. Or a value that is \
           added to an enum is used in the transaction that adds it; where that makes the type too, PostgreSQL takes it \
           since 17.",
    why: "The server refuses it, and rung does before: one half of the file can't be rolled back with the other.",
    instead: "A migration of its own. Or `-- @no-transaction`, and each statement of the file is committed by itself.",
    check: Check::Linter,
    cases: &[
        Case::fires("ALTER TABLE t ADD COLUMN a int;\nCREATE INDEX CONCURRENTLY i ON t (a);"),
        Case::silent("CREATE INDEX CONCURRENTLY i ON t (a);"),
        Case::silent("-- @no-transaction\nALTER TABLE t ADD COLUMN a int;\nCREATE INDEX CONCURRENTLY i ON t (a);"),
        Case::fires("ALTER TABLE t ADD COLUMN a int;\nDROP INDEX CONCURRENTLY i;"),
        Case::fires("BEGIN;\nCREATE INDEX CONCURRENTLY i ON t (a);\nCOMMIT;"),
        Case::silent("BEGIN;\nCREATE INDEX i ON t (a);\nCOMMIT;"),
        Case::fires("ALTER TYPE mood ADD VALUE 'ok';\nINSERT INTO t VALUES ('ok');"),
        Case::fires("CREATE TYPE mood AS ENUM ('sad');\nALTER TYPE mood ADD VALUE 'ok';\nINSERT INTO t VALUES ('ok');"),
        Case::fires("CREATE TYPE mood AS ENUM ('sad');\nALTER TYPE mood ADD VALUE 'ok';\nCREATE TABLE t (a mood DEFAULT 'ok');").on(16),
        Case::silent("CREATE TYPE mood AS ENUM ('sad');\nALTER TYPE mood ADD VALUE 'ok';\nCREATE TABLE t (a mood DEFAULT 'ok');").on(17),
        Case::fires(
            "CREATE TYPE mood AS ENUM ('sad');\nSAVEPOINT s;\nALTER TYPE mood ADD VALUE 'ok';\nCREATE TABLE t (a mood DEFAULT 'ok');",
        )
        .on(17),
        Case::silent("CREATE TYPE mood AS ENUM ('sad');\nALTER TYPE mood ADD VALUE 'ok';").on(16),
        Case::fires("CREATE TABLE u (a int);\nALTER TABLE p DETACH PARTITION p1 CONCURRENTLY;"),
        Case::fires("CREATE TABLE t (a int);\nVACUUM;"),
        Case::fires("CREATE TABLE t (a int);\nVACUUM;").sqlite(),
    ],
};
