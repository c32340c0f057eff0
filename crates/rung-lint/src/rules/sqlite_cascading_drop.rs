//! `sqlite-cascading-drop`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "sqlite-cascading-drop",
    group: Group::Data,
    level: Some(Level::Warning),
    dialects: SQLITE,
    what: "`DROP TABLE` of a table that others reference with `ON DELETE CASCADE`.",
    why: "Where foreign keys are enforced, dropping a table first deletes its rows, and with them those that reference it: a rebuild of a table empties its children.",
    instead: "`PRAGMA foreign_keys = OFF`, outside of the transaction (in a migration with `-- @no-transaction`), before the table is rebuilt.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("DROP TABLE p;").after("CREATE TABLE p (id INTEGER PRIMARY KEY);\nCREATE TABLE c (p REFERENCES p (id) ON DELETE CASCADE);").sqlite(),
        Case::silent("DROP TABLE p;").after("CREATE TABLE p (id INTEGER PRIMARY KEY);\nCREATE TABLE c (p REFERENCES p (id));").sqlite(),
        Case::silent("-- @no-transaction\nPRAGMA foreign_keys = OFF;\nDROP TABLE p;").after("CREATE TABLE p (id INTEGER PRIMARY KEY);\nCREATE TABLE c (p REFERENCES p (id) ON DELETE CASCADE);").sqlite(),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let Statement::Drop { kind: Kind::Table, names, .. } = statement else { return };
    let off = cx.before(Topic::Set("foreign_keys")).any(|(at, statement)| {
        matches!(statement, Statement::Set { values, .. } if values.iter().any(|value| matches!(value.as_str(), "off" | "0" | "false" | "no")))
            && cx.file.lines()[at].transaction.is_none()
    });
    for name in names {
        let key = cx.schema.key(name);
        let mut inbound = cx.schema.inbound(&key);
        let child = inbound.find(|(_, constraint)| {
            matches!(constraint.kind, ConstraintKind::ForeignKey { cascade: true, .. })
        });
        let Some(child) = child.map(|(child, _)| child.to_string()).filter(|_| !off) else { continue };
        cx.report(name.span, format!("where foreign keys are enforced, the rows of {child} go with those of {name}"))
            .label("ON DELETE CASCADE leads here")
            .help("switch them off before: `-- @no-transaction`, and `PRAGMA foreign_keys = OFF;` first");
    }
}
