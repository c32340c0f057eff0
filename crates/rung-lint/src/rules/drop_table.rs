//! `drop-table`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "drop-table",
    group: Group::Data,
    level: Some(Level::Error),
    dialects: ALL,
    what: "A table, a schema or a database is dropped.",
    why: "What was in it is gone for good, and programs that still use it fail.",
    instead: "See that nobody uses it any more and make a backup; rename it first and drop it some weeks later. Then allow the finding.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("DROP TABLE t;"),
        Case::silent("CREATE TABLE t (a int);\nDROP TABLE t;"),
        Case::silent("CREATE TEMP TABLE t (a int);\nDROP TABLE t;"),
        Case::fires("DROP SCHEMA app CASCADE;"),
        Case::silent("DROP VIEW v;"),
        Case::silent("CREATE TABLE n (a);\nINSERT INTO n SELECT a FROM t;\nDROP TABLE t;\nALTER TABLE n RENAME TO t;").after("CREATE TABLE t (a, b);").sqlite(),
        Case::fires("DROP TABLE t;").after("CREATE TABLE t (a);").sqlite(),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let Statement::Drop { kind: kind @ (Kind::Table | Kind::Schema | Kind::Database), names, if_exists, .. } = statement
    else {
        return;
    };
    let is_alone = cx.subjects.len() == 1 && cx.options.runner == Runner::Anyone;
    let keys: Vec<Key> = names.iter().map(|name| cx.schema.key(name)).collect();
    let wholes = keys.iter().filter_map(|key| cx.schema.table_at(key)?.partition_of.clone());
    let besides = cx.locks_besides(&wholes.chain(keys.iter().cloned()).collect::<Vec<_>>());
    for name in names {
        // A file that may be run again drops what it makes first.
        let is_unknown = match kind {
            Kind::Table => cx.table(name).is_none(),
            _ => cx.schema.born(*kind, name).is_none(),
        };
        let is_for_itself = *if_exists && is_unknown && cx.is_named_after(&name.name);
        let is_new = match kind {
            Kind::Table => cx.is_fresh_table(name),
            _ => cx.schema.born(*kind, name).is_some_and(|born| cx.is_fresh(born)),
        };
        let is_nowhere = *if_exists && cx.is_nowhere(*kind, name);
        if !is_new && !cx.is_copied(name) {
            let whole = cx.table(name).and_then(|table| table.partition_of.as_ref()).filter(|_| *kind == Kind::Table);
            let whole = whole.filter(|whole| !cx.is_fresh_key(whole)).cloned();
            let found = cx
                .report(name.span, format!("everything in the {} {name} is lost", kind.as_str()))
                .help("make sure that nobody uses it and that there is a backup, then allow this with the reason")
                .nowhere(is_nowhere);
            let found = match whole {
                Some(whole) => found
                    .note(format!("it is a partition: an ACCESS EXCLUSIVE lock on {whole} keeps all who use that waiting"))
                    .help(format!("`ALTER TABLE {whole} DETACH PARTITION {name} CONCURRENTLY` first, then drop it")),
                None => found,
            };
            let found = match &besides {
                Some(besides) => found.note(format!("foreign keys and views go with it, which takes {besides} too")),
                None => found,
            };
            if is_for_itself {
                // Of what is there, a file that stands all alone tells nothing.
                let level = if is_alone { Level::Warning } else { Level::Note };
                found.note("no migration has made it, and this one makes it next").level(level);
            }
        }
    }
}
