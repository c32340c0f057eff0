//! `lock-then-more`.

use rung_sql::{Syntax, TokenKind, tokens};

use super::prelude::*;
use crate::past::Lock;

pub(super) static RULE: Rule = Rule {
    name: "lock-then-more",
    group: Group::Locks,
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "After a statement that blocks others, slow work is done in the same transaction.",
    why: "A lock is held until the transaction ends: what takes a moment by itself keeps everyone waiting for as long as the \
          rows that are read or changed, or the index that is built, take.",
    instead: "The slow statement in a migration of its own; before this one, where that can be.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("ALTER TABLE t ADD COLUMN a int;\nUPDATE t SET a = 1;"),
        Case::silent("UPDATE t SET a = 1;\nALTER TABLE t ADD COLUMN b int;"),
        Case::fires("ALTER TABLE t ADD COLUMN a int;\nUPDATE u SET b = 1;"),
        Case::silent("CREATE TABLE t (a int);\nUPDATE u SET b = 1;"),
        Case::silent("-- @no-transaction\nALTER TABLE t ADD COLUMN a int;\nUPDATE t SET a = 1;"),
        Case::silent("ALTER TABLE t ADD COLUMN a int;\nALTER TABLE u ADD COLUMN b int;"),
        Case::fires("CREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION f();\nDELETE FROM u WHERE a < 3;"),
        Case::silent("ALTER TABLE t ADD COLUMN a int;\nINSERT INTO kinds VALUES (1, 'x');"),
        Case::silent("ALTER TABLE t ADD COLUMN a int;\nUPDATE n SET b = 1;\n").after("CREATE TEMP TABLE n (b int);"),
        Case::fires("ALTER TABLE t ADD COLUMN a int;\nSELECT count(*) FROM t;"),
        Case::fires("ALTER TABLE t ADD COLUMN a int;\nCREATE TABLE u AS SELECT * FROM t;"),
        Case::silent("ALTER TABLE t ADD COLUMN a int;\nCREATE TABLE u AS SELECT * FROM t WITH NO DATA;"),
        Case::silent("ALTER TABLE t ADD COLUMN a int;\nSELECT setval('s', 1);"),
        Case::silent("ALTER TABLE t ADD COLUMN a int;\nSELECT 1 FROM t LIMIT 1;"),
        Case::silent("ALTER TABLE t ADD COLUMN a int;\nSELECT count(*) FROM pg_catalog.pg_class;"),
        Case::silent("ALTER TABLE t ADD COLUMN a int;\nUPDATE t SET a = 1 WHERE id = 5;")
            .after("CREATE TABLE t (id bigint PRIMARY KEY);"),
        Case::fires("ALTER TABLE t ADD COLUMN a int;\nUPDATE t SET a = 1 WHERE id = 5 OR b;")
            .after("CREATE TABLE t (id bigint PRIMARY KEY, b bool);"),
        Case::fires("ALTER TABLE t ADD COLUMN a int;\nUPDATE t SET a = 1 WHERE id = 5;")
            .after("CREATE TABLE t (id bigint, b int, PRIMARY KEY (id, b));"),
    ],
};

/// Whether a statement goes through rows that are there.
fn is_slow(cx: &Context<'_>, statement: &Statement) -> bool {
    match statement {
        Statement::Data { verb: Verb::Update | Verb::Delete | Verb::Merge | Verb::CopyIn, table, .. } => {
            !table.as_ref().is_some_and(|table| cx.is_fresh_table(table) || is_one_row(cx, table))
        }
        // What is selected is read; VALUES are a few rows.
        Statement::Data { verb: Verb::Insert, .. } => {
            cx.line().is_some_and(|line| line.parsed.relations.len() > 1)
        }
        Statement::Data { verb: Verb::Select | Verb::SelectForUpdate, table: None, .. } => reads(cx),
        Statement::CreateTable(create) if create.from_query => reads(cx),
        Statement::Create { kind: Kind::MaterializedView, .. } => reads(cx),
        _ => cx.impact.tasks.iter().any(|task| task.sure == Sure::Yes && !cx.is_fresh_key(&task.table)),
    }
}

/// Whether a query goes through rows of a table in use: not the catalog's, and not the first few.
fn reads(cx: &Context<'_>) -> bool {
    let is_catalog = |name: &Name| {
        matches!(name.schema.as_deref(), Some("pg_catalog" | "information_schema")) || name.name.starts_with("pg_")
    };
    let relations = cx.line().map(|line| line.parsed.relations.as_slice()).unwrap_or_default();
    let mut used = relations.iter().filter(|name| !is_catalog(name) && !cx.is_fresh_table(name)).peekable();
    let is_short = cx.word("limit").is_some() || cx.words(&["with", "no", "data"]).is_some();
    match used.next() {
        Some(only) if used.peek().is_none() => !is_short && !is_one_row(cx, only),
        first => first.is_some() && !is_short,
    }
}

/// Whether a WHERE holds the columns of a key against one value each, so that it is looked up.
fn is_one_row(cx: &Context<'_>, table: &Name) -> bool {
    let text = cx.text(cx.whole());
    let words: Vec<(TokenKind, &str)> = tokens(text, &Syntax::POSTGRES)
        .filter(|token| !token.kind.is_trivia() && token.kind != TokenKind::Semicolon)
        .map(|token| (token.kind, &text[token.span.range()]))
        .collect();
    let is = |word: &(TokenKind, &str), wanted: &str| word.1.eq_ignore_ascii_case(wanted);
    let mut clauses = words.split(|word| is(word, "where"));
    let (Some(_), Some(condition), None) = (clauses.next(), clauses.next(), clauses.next()) else { return false };
    if condition.iter().any(|word| is(word, "or") || is(word, "(")) {
        return false;
    }
    let condition = condition.split(|word| is(word, "returning")).next().unwrap_or_default();
    let held: Vec<SmolStr> = condition
        .split(|word| is(word, "and"))
        .filter_map(|part| match part {
            [.., (_, name), (_, "="), (kind, _)] if part.len() != 4 && !matches!(kind, TokenKind::Word) => {
                Some(rung_ddl::fold(name))
            }
            _ => None,
        })
        .collect();
    let is_held = |column: &Option<SmolStr>| column.as_ref().is_some_and(|column| held.contains(column));
    let key = cx.schema.key(table);
    let mut indexes = cx.schema.indexes_of(&key);
    indexes.any(|(_, index)| index.unique && !index.partial && index.columns.iter().all(is_held))
}

fn check(cx: &mut Context<'_>, statement: &Statement) {
    if !is_slow(cx, statement) {
        return;
    }
    let Some(Lock { at, table, mode }) = cx.held().cloned() else { return };
    // A statement that blocks by itself is another rule's; where both are one table's, that says it all.
    if cx.impact.lock_on(&table).is_some_and(|own| own.blocks() >= mode.blocks()) {
        return;
    }
    let span = cx.whole();
    let line = cx.line_of(at);
    let steps = vec![Step::anew("", cx.text(span))];
    cx.report(span, format!("{table} stays locked while this runs, since statement {} took a lock that {}", at + 1, blocks(mode)))
        .label(format!("the {mode} lock of line {line} is held"))
        .help("do this in a migration of its own")
        .steps(span, Ok(steps));
}

fn blocks(mode: LockMode) -> String {
    format!("blocks {}", mode.blocks().as_str())
}
