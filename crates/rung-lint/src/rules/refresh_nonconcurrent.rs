//! `refresh-nonconcurrent`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "refresh-nonconcurrent",
    group: Group::Locks,
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "A materialized view in use is refreshed without `CONCURRENTLY`, or emptied `WITH NO DATA`.",
    why: "Nobody can read it until its query is done; what is emptied, nobody can until it is refreshed again.",
    instead: "`REFRESH MATERIALIZED VIEW CONCURRENTLY`, which needs a unique index on the view.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("REFRESH MATERIALIZED VIEW m;"),
        Case::silent("REFRESH MATERIALIZED VIEW CONCURRENTLY m;"),
        Case::fires("REFRESH MATERIALIZED VIEW m WITH NO DATA;"),
        Case::silent("CREATE MATERIALIZED VIEW m AS SELECT 1;\nREFRESH MATERIALIZED VIEW m WITH NO DATA;"),
        Case::silent("CREATE MATERIALIZED VIEW m AS SELECT 1 WITH NO DATA;\nREFRESH MATERIALIZED VIEW m;"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let Statement::Refresh { name, concurrently: false, with_data } = statement else { return };
    if cx.is_fresh_table(name) {
        return;
    }
    if !with_data {
        cx.report(name.span, format!("whoever reads {name} fails until it is refreshed: its rows are thrown away"))
            .left("what it is emptied for is not told");
    } else {
        let key = cx.schema.key(name);
        let unique = cx.schema.indexes_of(&key).any(|(_, index)| {
            index.unique && !index.partial && index.columns.iter().all(Option::is_some)
        });
        let word = cx.word("view").filter(|_| unique);
        let found = cx.report(name.span, format!("nobody can read {name} while it is refreshed"))
            .label("ACCESS EXCLUSIVE lock: blocks reads")
            .help("add CONCURRENTLY; it needs a unique index without WHERE on the view");
        match word {
            Some(word) => {
                found.fix("go on reading it meanwhile", &[(Span::new(word.end, word.end), " CONCURRENTLY")]);
            }
            None => {
                found.left("it is not known to have a unique index without WHERE");
            }
        }
    }
}
