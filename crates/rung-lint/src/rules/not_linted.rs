//! `not-linted`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "not-linted",
    group: Group::Migration,
    level: Some(Level::Warning),
    dialects: ALL,
    what: "A statement that is nested too deep to be read.",
    why: "It is sent all the same and the server decides, but nothing is known of what it does.",
    instead: "Rows of a VALUES list, or `= ANY (ARRAY[...])`, in the place of thousands of operators.",
    check: Check::Linter,
    cases: &[
        Case::fires(DEEP),
        Case::silent("SELECT ((((((((((1))))))))));"),
        Case::fires(DEEP).sqlite(),
    ],
};

/// More parentheses within each other than a parser's stack may hold.
const DEEP: &str = "SELECT \
    ((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((\
    ((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((\
    (1)\
    ))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))\
    ))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))));";
