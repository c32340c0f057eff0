//! `enum-value-order`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "enum-value-order",
    group: Group::Style,
    level: Some(Level::Note),
    dialects: POSTGRES,
    what: "`ALTER TYPE ... ADD VALUE` without `BEFORE` or `AFTER`.",
    why: "The value sorts last, and can't be put elsewhere afterwards.",
    instead: "`AFTER` the one that it follows, so that the order is meant.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("ALTER TYPE mood ADD VALUE 'ok';"),
        Case::silent("ALTER TYPE mood ADD VALUE 'ok' AFTER 'sad';"),
        Case::silent("ALTER TYPE mood ADD VALUE IF NOT EXISTS 'ok' BEFORE 'happy';"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let Statement::AddEnumValue { name, value, placed: false, .. } = statement else { return };
    cx.report(name.span, format!("'{value}' sorts behind all other values of {name}")).help("say AFTER which it comes");
}
