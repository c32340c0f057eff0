//! `sqlite-renamed-parent`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "sqlite-renamed-parent",
    group: Group::Data,
    level: Some(Level::Error),
    dialects: SQLITE,
    what: "A table is renamed out of the way, another takes its name, and it is dropped, while foreign keys of others lead to it.",
    why: "Foreign keys follow a table that is renamed. Where they are enforced SQLite refuses the DROP as soon as a row refers to it; where \
          they are not, the keys lead to a table that is no more, and every later INSERT fails.",
    instead: "Make the new table under another name, copy the rows, drop the old one, and give the new one its name: keys lead to a name.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("ALTER TABLE p RENAME TO p_old;\nCREATE TABLE p (id INTEGER PRIMARY KEY, b);\nINSERT INTO p (id) SELECT id FROM p_old;\nDROP TABLE p_old;")
            .after("CREATE TABLE p (id INTEGER PRIMARY KEY);\nCREATE TABLE c (p REFERENCES p (id));")
            .sqlite(),
        Case::silent("ALTER TABLE p RENAME TO p_old;\nCREATE TABLE p (id INTEGER PRIMARY KEY, b);\nINSERT INTO p (id) SELECT id FROM p_old;\nDROP TABLE p_old;")
            .after("CREATE TABLE p (id INTEGER PRIMARY KEY);\nCREATE TABLE c (p);")
            .sqlite(),
        Case::silent("CREATE TABLE n (id INTEGER PRIMARY KEY, b);\nINSERT INTO n (id) SELECT id FROM p;\nDROP TABLE p;\nALTER TABLE n RENAME TO p;")
            .after("CREATE TABLE p (id INTEGER PRIMARY KEY);\nCREATE TABLE c (p REFERENCES p (id));")
            .sqlite(),
        Case::silent("PRAGMA legacy_alter_table = ON;\nALTER TABLE p RENAME TO p_old;\nCREATE TABLE p (id INTEGER PRIMARY KEY, b);\nINSERT INTO p (id) SELECT id FROM p_old;\nDROP TABLE p_old;")
            .after("CREATE TABLE p (id INTEGER PRIMARY KEY);\nCREATE TABLE c (p REFERENCES p (id));")
            .sqlite(),
        Case::silent("ALTER TABLE p RENAME TO p_old;\nCREATE TABLE p (id INTEGER PRIMARY KEY, b);\nDROP TABLE c;\nDROP TABLE p_old;")
            .after("CREATE TABLE p (id INTEGER PRIMARY KEY);\nCREATE TABLE c (p REFERENCES p (id));")
            .sqlite(),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let Statement::Drop { kind: Kind::Table, names, .. } = statement else { return };
    if cx.before(Topic::Set("legacy_alter_table")).next().is_some() {
        return;
    }
    for name in names {
        let key = cx.schema.key(name);
        let renamed = cx.before(Topic::Named(&name.name)).find_map(|(_, statement)| match statement {
            Statement::AlterTable(alter) => {
                let is_it = |(action, _): &(Action, Span)| matches!(action, Action::Rename(to) if to.name == name.name);
                alter.actions.iter().any(is_it).then(|| alter.name.to_string())
            }
            _ => None,
        });
        let child = cx.schema.inbound(&key).next().map(|(child, _)| child.to_string());
        if let (Some(old), Some(child)) = (renamed, child) {
            cx.report(name.span, format!("the foreign keys of {child} followed {old} to the name {name}, and lead nowhere after this"))
                .label(format!("was {old}"))
                .help(format!("make the new table under another name, copy the rows, drop {old}, and then rename the new one to {old}"))
                .left("which statements make the new table is not told apart from the rest");
        }
    }
}
