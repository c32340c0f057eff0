//! `drop-attribute`.

use super::prelude::*;
use crate::schema::Type;

pub(super) static RULE: Rule = Rule {
    name: "drop-attribute",
    group: Group::Data,
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "An attribute of a composite type is dropped.",
    why: "Its values are gone for good, in every column of the type and, with CASCADE, in every table of it. And programs \
          that run and still name it fail.",
    instead: "First a release that does not name it any more, then the migration that drops it. Then allow the finding.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("ALTER TYPE c DROP ATTRIBUTE a;"),
        Case::silent("ALTER TYPE c ADD ATTRIBUTE a int;"),
        Case::fires("ALTER TYPE c DROP ATTRIBUTE a CASCADE;").after("CREATE TYPE c AS (a int, b int);\nCREATE TABLE t OF c;"),
        Case::silent("CREATE TYPE c AS (a int, b int);\nALTER TYPE c DROP ATTRIBUTE a;"),
        Case::silent("ALTER TYPE c DROP ATTRIBUTE IF EXISTS d;").after("CREATE TYPE c AS (a int, b int);"),
        Case::silent("ALTER TYPE c ADD ATTRIBUTE d int;\nALTER TYPE c DROP ATTRIBUTE d;").after("CREATE TYPE c AS (a int);"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let Statement::AlterComposite { name, changes } = statement else { return };
    if cx.schema.born(Kind::Type, name).is_some_and(|born| cx.is_fresh(born)) {
        return;
    }
    for (change, span) in changes {
        let AttributeChangeKind::Drop { attribute, if_exists } = &change.kind else { continue };
        let known = match cx.schema.named_type(name) {
            Some(Type::Composite(composite)) => Some(composite),
            _ => None,
        };
        let is_none = known.is_some_and(|known| known.attributes.iter().all(|there| there.name != attribute.name));
        if *if_exists && is_none || is_own(cx, name, &attribute.name) {
            continue;
        }
        let help = "drop it once no program names it, and there is a backup; then allow this with the reason";
        cx.report(*span, format!("every value of {attribute} in {name} is lost, and programs that name it fail")).help(help);
    }
}

/// Whether a statement before this one adds the attribute.
fn is_own(cx: &Context<'_>, name: &Name, attribute: &str) -> bool {
    let key = cx.schema.type_key(name);
    let is_same = |statement: &Statement| matches!(statement, Statement::AlterComposite { name: other, .. } if cx.schema.type_key(other) == key);
    cx.before(Topic::Attribute(&name.name, attribute)).any(|(_, statement)| is_same(statement))
}
