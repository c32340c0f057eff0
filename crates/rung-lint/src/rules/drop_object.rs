//! `drop-object`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "drop-object",
    group: Group::Compatibility,
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "A type or a domain is dropped, and not created again; a note for a function or a sequence.",
    why: "Programs that name it fail: in a cast, in the type of a parameter, in a call. The server knows only of what is \
          in the database.",
    instead: "First a release that does without. `CREATE OR REPLACE` to change a function.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("DROP TYPE mood;"),
        Case::fires("DROP DOMAIN posint;"),
        Case::fires("DROP FUNCTION total(bigint);"),
        Case::fires("DROP SEQUENCE numbers;"),
        Case::silent("CREATE TYPE mood AS ENUM ('a');\nDROP TYPE mood;"),
        Case::silent("DROP TYPE mood;\nCREATE TYPE mood AS ENUM ('a');"),
        Case::silent("ALTER TYPE mood RENAME TO mood_old;\nCREATE TYPE mood AS ENUM ('a');\nDROP TYPE mood_old;"),
        Case::silent("DROP FUNCTION f(int);\nCREATE FUNCTION f(a bigint) RETURNS int LANGUAGE sql AS 'SELECT 1';"),
        Case::silent("DROP TRIGGER g ON t;\nDROP FUNCTION g();").after("CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"),
        Case::silent("DROP TYPE mood CASCADE;"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    // `drop-cascade` has the rest.
    let Statement::Drop { kind, names, if_exists, cascade: false, .. } = statement else { return };
    let level = match kind {
        Kind::Type | Kind::Domain => cx.level,
        Kind::Routine | Kind::Sequence => cx.level.min(Level::Note),
        _ => return,
    };
    if cx.is_after_deploy() {
        return;
    }
    for name in names {
        let is_own = cx.schema.born(*kind, name).is_some_and(|born| cx.is_fresh(born));
        // Under this name it is known only since this migration, or something else is.
        let is_renamed = cx.on(Topic::Named(&name.name)).next().is_some();
        // Triggers call it, and nobody else can.
        let is_of_triggers = *kind == Kind::Routine && cx.schema.is_for_triggers(name);
        if is_own || is_renamed || is_of_triggers {
            continue;
        }
        let is_nowhere = *if_exists && cx.is_nowhere(*kind, name);
        cx.report(name.span, format!("programs that use the {} {name} fail", kind.as_str()))
            .level(level)
            .nowhere(is_nowhere);
    }
}
