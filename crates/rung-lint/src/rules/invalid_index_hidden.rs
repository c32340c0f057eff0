//! `invalid-index-hidden`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "invalid-index-hidden",
    group: Group::Migration,
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "`CREATE INDEX CONCURRENTLY IF NOT EXISTS`.",
    why: "A build that failed leaves an invalid index behind, which costs every write and serves no query. `IF NOT EXISTS` \
          finds it there and is content.",
    instead: "Leave `IF NOT EXISTS` out: rung drops an invalid index by itself when it resumes.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a);"),
        Case::silent("CREATE INDEX CONCURRENTLY i ON t (a);"),
        Case::silent("CREATE TABLE t (a int);\nCREATE INDEX IF NOT EXISTS i ON t (a);"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let Statement::CreateIndex(create) = statement else { return };
    if create.concurrently && create.if_not_exists {
        let words = cx.words(&["if", "not", "exists"]);
        let span = words.unwrap_or_else(|| cx.whole());
        let found = cx
            .report(span, "an invalid index from an earlier attempt would be taken for the real one")
            .help("leave IF NOT EXISTS out: rung settles an interrupted build by itself");
        if let Some(words) = words {
            found.fix("leave IF NOT EXISTS out", &[(Span::new(words.start, words.end + 1), "")]);
        }
    }
}
