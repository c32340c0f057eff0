//! `drop-foreign-key`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "drop-foreign-key",
    group: Group::Data,
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "A foreign key is dropped, and not added again.",
    why: "From then on nothing keeps rows from pointing at rows that are not there.",
    instead: "Leave it. Or say in an allow why it may go.",
    check: Check::Action(check),
    cases: &[
        Case::fires("ALTER TABLE t DROP CONSTRAINT f;").after("CREATE TABLE t (a int, CONSTRAINT f FOREIGN KEY (a) REFERENCES p (id));"),
        Case::fires("ALTER TABLE t DROP CONSTRAINT t_a_fkey;").after("CREATE TABLE t (a int REFERENCES p (id));"),
        Case::silent("ALTER TABLE t DROP CONSTRAINT c;").after("CREATE TABLE t (a int, CONSTRAINT c CHECK (a > 0));"),
        Case::silent("ALTER TABLE t DROP CONSTRAINT f;\nALTER TABLE t ADD CONSTRAINT g FOREIGN KEY (a) REFERENCES p (id) NOT VALID;").after("CREATE TABLE t (a int, CONSTRAINT f FOREIGN KEY (a) REFERENCES p (id));"),
    ],
};

fn check(cx: &mut Context<'_>, alter: &AlterTable, action: &Action, span: Span) {
    let Action::DropConstraint { name, .. } = action else { return };
    let table = cx.schema.key(&alter.name);
    let dropped = cx.table(&alter.name).and_then(|table| table.constraint(&name.name));
    let Some(ConstraintKind::ForeignKey { to, .. }) = dropped.map(|constraint| &constraint.kind) else { return };
    let is_key = |action: &Action| {
        matches!(action, Action::AddConstraint(added) if matches!(&added.kind, Demand::ForeignKey(key) if cx.schema.key(&key.table) == *to))
    };
    let again = cx.on(Topic::ForeignKey(&alter.name.name, &to.name)).any(|(_, statement)| {
        matches!(statement, Statement::AlterTable(other)
            if cx.schema.key(&other.name) == table && other.actions.iter().any(|(action, _)| is_key(action)))
    });
    if !again && !cx.is_fresh_key(&table) {
        cx.report(span, format!("nothing keeps {table} from pointing at rows of {to} that are not there any more"));
    }
}
