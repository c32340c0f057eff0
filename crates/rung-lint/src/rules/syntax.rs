//! `syntax`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "syntax",
    group: Group::Migration,
    level: Some(Level::Error),
    dialects: ALL,
    what: "A statement that can't be read.",
    why: "The database will hardly read it either. rung sends it all the same: the server decides. The other statements are \
          still linted.",
    instead: "Mend the statement. Where the server does take it, allow the finding.",
    check: Check::Linter,
    cases: &[
        Case::fires("CREATE TABLE t (a int,, b int);"),
        Case::silent("CREATE TABLE t (a int, b int);"),
        Case::fires("-- @up\nCREATE TABLE t (a int);\n-- @down\nDROP TALBE t;"),
        Case::fires("CREATE TABLE t (a int,, b int);").sqlite(),
        Case::silent("CREATE TABLE t (a, b INTEGER);").sqlite(),
    ],
};
