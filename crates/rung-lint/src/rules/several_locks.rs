//! `several-locks`.

use super::prelude::*;
use crate::past::Lock;

pub(super) static RULE: Rule = Rule {
    name: "several-locks",
    group: Group::Locks,
    level: Some(Level::Note),
    dialects: POSTGRES,
    what: "A statement that blocks others waits for the lock of one table while the transaction holds that of another.",
    why: "The first table stays locked for as long as the second is waited for; and a program that uses both in another order \
          is a deadlock.",
    instead: "A migration for each table.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("ALTER TABLE t ADD COLUMN a int;\nALTER TABLE u ADD COLUMN b int;"),
        Case::silent("ALTER TABLE t ADD COLUMN a int;\nALTER TABLE t ADD COLUMN b int;"),
        Case::silent("-- @no-transaction\nALTER TABLE t ADD COLUMN a int;\nALTER TABLE u ADD COLUMN b int;"),
        Case::silent("CREATE TABLE t (a int);\nALTER TABLE t ADD COLUMN c int;\nALTER TABLE u ADD COLUMN b int;"),
    ],
};

fn check(cx: &mut Context<'_>, _: &Statement) {
    // The second table is told, the rest goes without saying.
    let Some(Lock { at, table: first, .. }) = cx.past.first.as_ref().filter(|_| !cx.past.several) else { return };
    let own = cx.impact.locks.iter().find(|(table, mode)| {
        mode.blocks() > Blocks::Nothing && table != first && !cx.is_fresh_key(table)
    });
    if let Some((own, mode)) = own {
        let (line, message) = (cx.line_of(*at), format!("{first} stays locked while this waits for {own}"));
        let label = format!("{mode} lock of {own}; line {line} locked {first}");
        let span = cx.whole();
        cx.report(span, message).label(label).help("do this in a migration of its own");
    }
}
