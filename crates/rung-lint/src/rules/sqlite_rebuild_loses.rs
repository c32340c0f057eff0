//! `sqlite-rebuild-loses`.

use super::prelude::*;
use rung_ddl::CreateIndex;

pub(super) static RULE: Rule = Rule {
    name: "sqlite-rebuild-loses",
    group: Group::Data,
    level: Some(Level::Warning),
    dialects: SQLITE,
    what: "A table is made anew under another name, and its indexes or triggers are not.",
    why: "They go with the old table. Queries get slow, a UNIQUE holds no more, and what a trigger saw to is not seen to.",
    instead: "`CREATE INDEX` and `CREATE TRIGGER` once more, after the new table has its name; or `DROP` what is not wanted, before.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("CREATE TABLE n (a, b);\nINSERT INTO n SELECT a, b FROM t;\nDROP TABLE t;\nALTER TABLE n RENAME TO t;")
            .after("CREATE TABLE t (a, b);\nCREATE INDEX i ON t (a);")
            .sqlite(),
        Case::silent("CREATE TABLE n (a, b);\nINSERT INTO n SELECT a, b FROM t;\nDROP TABLE t;\nALTER TABLE n RENAME TO t;\nCREATE INDEX i ON t (a);")
            .after("CREATE TABLE t (a, b);\nCREATE INDEX i ON t (a);")
            .sqlite(),
        Case::silent("CREATE TABLE n (a, b);\nCREATE INDEX j ON n (a);\nINSERT INTO n SELECT a, b FROM t;\nDROP TABLE t;\nALTER TABLE n RENAME TO t;")
            .after("CREATE TABLE t (a, b);\nCREATE INDEX i ON t (a);")
            .sqlite(),
        Case::fires("CREATE TABLE n (a, b);\nINSERT INTO n SELECT a, b FROM t;\nDROP TABLE t;\nALTER TABLE n RENAME TO t;")
            .after("CREATE TABLE t (a, b);\nCREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END;")
            .sqlite(),
        Case::silent("CREATE TABLE n (a, b);\nINSERT INTO n SELECT a, b FROM t;\nDROP TABLE t;\nALTER TABLE n RENAME TO t;\nCREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END;")
            .after("CREATE TABLE t (a, b);\nCREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END;")
            .sqlite(),
        Case::silent("DROP INDEX i;\nCREATE TABLE n (a, b);\nINSERT INTO n SELECT a, b FROM t;\nDROP TABLE t;\nALTER TABLE n RENAME TO t;")
            .after("CREATE TABLE t (a, b);\nCREATE INDEX i ON t (a);")
            .sqlite(),
        Case::silent("CREATE TABLE n (a UNIQUE, b);\nINSERT INTO n SELECT a, b FROM t;\nDROP TABLE t;\nALTER TABLE n RENAME TO t;")
            .after("CREATE TABLE t (a UNIQUE, b);")
            .sqlite(),
        Case::silent("CREATE TABLE n (b);\nINSERT INTO n SELECT b FROM t;\nDROP TABLE t;\nALTER TABLE n RENAME TO t;")
            .after("CREATE TABLE t (a, b);\nCREATE INDEX i ON t (a);")
            .sqlite(),
        Case::silent("INSERT INTO archive SELECT a FROM t;\nDROP TABLE t;").after("CREATE TABLE t (a, b);\nCREATE INDEX i ON t (a);").sqlite(),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let Statement::Drop { kind: Kind::Table, names, .. } = statement else { return };
    for name in names {
        if !cx.is_copied(name) {
            continue;
        }
        let key = cx.schema.key(name);
        let Some(new) = cx.after(Topic::Named(&name.name)).find_map(|(_, statement)| match statement {
            Statement::AlterTable(alter) => {
                let takes = |(action, _): &(Action, Span)| matches!(action, Action::Rename(to) if to.name == name.name);
                alter.actions.iter().any(takes).then(|| cx.schema.key(&alter.name))
            }
            _ => None,
        }) else {
            continue;
        };
        let Some(table) = cx.schema.table_at(&key) else { continue };
        let new_table = cx.schema.table_at(&new);
        let made: Vec<&CreateIndex> = cx
            .statements()
            .filter_map(|(_, statement)| match statement {
                Statement::CreateIndex(create) => Some(create),
                _ => None,
            })
            .collect();
        let mut lost = Vec::new();
        for (index_key, index) in cx.schema.indexes_of(&key) {
            // What a constraint has made is the constraint's matter.
            let is_of_constraint = table.constraints.iter().any(|there| there.name == index_key.name);
            // One of a column that the new table has no more can't be made again.
            let is_gone = |column: &SmolStr| new_table.is_some_and(|new| new.complete && new.column(column).is_none());
            let is_without = index.columns.iter().flatten().chain(&index.within).any(is_gone);
            let columns = |create: &CreateIndex| -> Vec<Option<SmolStr>> {
                create.columns.iter().map(|column| column.as_ref().map(|column| column.name.clone())).collect()
            };
            let is_again = |create: &&CreateIndex| {
                let on = cx.schema.key(&create.table);
                (on == key || on == new)
                    && (create.name.as_ref().is_some_and(|name| name.name == index_key.name)
                        || columns(create) == index.columns && create.unique == index.unique)
            };
            if !is_of_constraint && !is_without && !made.iter().any(is_again) {
                lost.push(format!("the index {index_key}"));
            }
        }
        for (trigger, _) in &table.texts {
            let is_again = cx.statements().skip(cx.at + 1).any(|(_, statement)| {
                matches!(statement, Statement::Create { kind: Kind::Trigger, name: Some(made), .. } if made.name == *trigger)
            });
            if !is_again {
                lost.push(format!("the trigger {trigger}"));
            }
        }
        if !lost.is_empty() {
            let (what, verb) = (lost.join(", "), if lost.len() == 1 { "goes" } else { "go" });
            cx.report(name.span, format!("{what} {verb} with the old {name}, and the new one has nothing in its place"))
                .help("create it once more after the new table has its name; or drop it before, where it is not wanted")
                .left("whether it is wanted still is not in the file");
        }
    }
}
