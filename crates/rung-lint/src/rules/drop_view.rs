//! `drop-view`.

use rung_ddl::fold;
use rung_sql::{Syntax, tokens};

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "drop-view",
    group: Group::Compatibility,
    level: Some(Level::Warning),
    dialects: ALL,
    what: "A view is dropped, and not created again, or with fewer columns.",
    why: "Programs that read it fail.",
    instead: "`CREATE OR REPLACE VIEW` to change it; to be rid of it, first a release that does without.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("DROP VIEW v;"),
        Case::silent("DROP VIEW v;\nCREATE VIEW v AS SELECT 1 AS a;"),
        Case::fires("DROP MATERIALIZED VIEW v;"),
        Case::silent("CREATE VIEW v AS SELECT 1 AS a;\nDROP VIEW v;"),
        Case::silent("DROP VIEW IF EXISTS v;\nALTER VIEW w RENAME TO v;"),
        Case::fires("DROP VIEW v;\nCREATE VIEW v AS SELECT a FROM t;").after("CREATE TABLE t (a int, b int);\nCREATE VIEW v AS SELECT a, t.b FROM t;"),
        Case::silent("DROP VIEW v;\nCREATE VIEW v AS SELECT t.b, a, 1 + 1 AS c FROM t;")
            .after("CREATE TABLE t (a int, b int);\nCREATE VIEW v AS SELECT a, t.b FROM t;"),
        Case::silent("DROP VIEW v;\nCREATE VIEW v AS SELECT * FROM t;").after("CREATE TABLE t (a int, b int);\nCREATE VIEW v AS SELECT a, t.b FROM t;"),
        Case::silent("DROP VIEW v;\nCREATE VIEW v (a, b) AS SELECT 1, 2;").after("CREATE TABLE t (a int, b int);\nCREATE VIEW v AS SELECT a, t.b FROM t;"),
        Case::fires("DROP VIEW v;").sqlite(),
        Case::silent("DROP VIEW v;\nCREATE VIEW v AS SELECT 1 AS a;").sqlite(),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let Statement::Drop { kind: Kind::View | Kind::MaterializedView, names, if_exists, .. } = statement else { return };
    if cx.is_after_deploy() {
        return;
    }
    for name in names {
        let key = cx.schema.key(name);
        let again = cx.after(Topic::Named(&name.name)).find(|(_, statement)| match statement {
            Statement::Create { kind: Kind::View | Kind::MaterializedView, name: Some(made), .. } => {
                cx.schema.made(made) == key
            }
            Statement::CreateTable(create) => cx.schema.made_table(create) == key,
            Statement::AlterTable(alter) => {
                alter.actions.iter().any(|(action, _)| matches!(action, Action::Rename(to) if to.name == key.name))
            }
            _ => false,
        });
        if let Some((at, Statement::Create { .. })) = again
            && !cx.is_fresh_key(&key)
        {
            let text = |schema: &crate::Schema| {
                let texts = &schema.table_at(&key)?.texts;
                texts.iter().find(|(view, _)| *view == key.name).and_then(|(_, text)| columns(text))
            };
            let was = text(cx.schema).unwrap_or_default();
            let is = cx.file.up.as_ref().and_then(|up| columns(up.text(at)));
            let lost: Vec<&str> = match &is {
                Some(is) => was.iter().filter(|column| !is.contains(column)).map(SmolStr::as_str).collect(),
                None => Vec::new(),
            };
            if !lost.is_empty() {
                let message = format!("programs that read {} of {name} fail: the view that is created again has none", lost.join(", "));
                cx.report(name.span, message);
            }
        }
        let is_nowhere = *if_exists && cx.is_nowhere(Kind::View, name);
        if again.is_none() && !cx.is_fresh_key(&key) {
            cx.report(name.span, format!("programs that read {name} fail")).nowhere(is_nowhere);
        }
    }
}

/// The names of a view's columns, where each can be told from its text: listed, or selected by names.
fn columns(text: &str) -> Option<Vec<SmolStr>> {
    let words: Vec<&str> = tokens(text, &Syntax::POSTGRES)
        .filter(|token| !token.kind.is_trivia())
        .map(|token| &text[token.span.range()])
        .collect();
    let is = |word: &str, wanted: &str| word.eq_ignore_ascii_case(wanted);
    let is_name = |word: &str| word.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '"');
    let begins = words.iter().position(|word| is(word, "as"))?;
    // `CREATE VIEW v (a, b) AS`
    if let (Some(open), Some(close)) =
        (words[..begins].iter().position(|word| *word == "("), words[..begins].iter().position(|word| *word == ")"))
        && open < close
        && words[..open].iter().all(|word| !is(word, "with"))
    {
        return Some(words[open + 1..close].iter().filter(|word| **word != ",").map(|word| fold(word)).collect());
    }
    let (first, rest) = words[begins + 1..].split_first()?;
    if !is(first, "select") || rest.first().is_some_and(|word| is(word, "distinct")) {
        return None;
    }
    let mut items: Vec<&[&str]> = Vec::new();
    let (mut depth, mut from) = (0_usize, 0);
    for (at, word) in rest.iter().chain([&"from"]).enumerate() {
        match *word {
            "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            "," if depth == 0 => {
                items.push(&rest[from..at]);
                from = at + 1;
            }
            word if depth == 0 && (is(word, "from") || word == ";" || is(word, "union")) => {
                items.push(&rest[from..at]);
                break;
            }
            _ => {}
        }
    }
    let name = |item: &&[&str]| match item {
        [name] if is_name(name) => Some(fold(name)),
        [.., before, name] if is_name(name) && (*before == "." || is(before, "as")) => Some(fold(name)),
        _ => None,
    };
    items.iter().map(name).collect()
}
