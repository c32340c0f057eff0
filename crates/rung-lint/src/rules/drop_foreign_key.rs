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
        Case::fires("ALTER TABLE t DROP CONSTRAINT t_a_fkey;"),
        Case::silent("ALTER TABLE t DROP CONSTRAINT t_a_key;"),
        Case::silent("ALTER TABLE t DROP CONSTRAINT t_a_fkey, ADD CONSTRAINT t_a_fkey FOREIGN KEY (a) REFERENCES p (id) NOT VALID;"),
        Case::silent("ALTER TABLE t DROP CONSTRAINT c;").after("CREATE TABLE t (a int, CONSTRAINT c CHECK (a > 0));"),
        Case::silent("ALTER TABLE t DROP CONSTRAINT f;\nALTER TABLE t ADD CONSTRAINT g FOREIGN KEY (a) REFERENCES p (id) NOT VALID;").after("CREATE TABLE t (a int, CONSTRAINT f FOREIGN KEY (a) REFERENCES p (id));"),
    ],
};

fn check(cx: &mut Context<'_>, alter: &AlterTable, action: &Action, span: Span) {
    let Action::DropConstraint { name, .. } = action else { return };
    let table = cx.schema.key(&alter.name);
    let led_to = match cx.table(&alter.name).and_then(|table| table.constraint(&name.name)).map(|known| &known.kind) {
        Some(ConstraintKind::ForeignKey { to, .. }) => Some(to),
        // Its name may say what it is.
        None if ["fkey", "fk"].iter().any(|word| name.name.split('_').any(|part| part.eq_ignore_ascii_case(word))) => None,
        _ => return,
    };
    let is_key = |action: &Action| match action {
        Action::AddConstraint(added) => match &added.kind {
            Demand::ForeignKey(key) => led_to.is_none_or(|to| cx.schema.key(&key.table) == *to),
            _ => false,
        },
        _ => false,
    };
    let again = cx.on(Topic::ForeignKey(&alter.name.name)).any(|(_, statement)| {
        matches!(statement, Statement::AlterTable(other)
            if cx.schema.key(&other.name) == table && other.actions.iter().any(|(action, _)| is_key(action)))
    });
    if again || cx.is_fresh_key(&table) {
        return;
    }
    let (other, unless) = match led_to {
        Some(to) => (format!("{to}"), ""),
        None => ("another table".to_owned(), ", if this is a foreign key"),
    };
    cx.report(span, format!("nothing keeps {table} from pointing at rows of {other} that are not there any more{unless}"));
}
