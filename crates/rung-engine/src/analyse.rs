//! How a script has to be run: in rung's transaction, or statement by statement through the journal.

use std::sync::Arc;

use rung_sql::{
    Diagnostic, Effect, Facts, MigrationType, ObjectKind, ObjectName, Script, Span, Statement, Syntax, Token,
    TokenKind, TransactionControl, infer_type, tokens,
};

use crate::dialect::Dialect;
use crate::model::Migration;

/// A statement, with what its tokens tell.
#[derive(Debug, Clone)]
pub struct StatementPlan {
    /// Its place in the script's text.
    pub span: Span,
    /// The rows of a `COPY ... FROM STDIN`.
    pub copy_data: Option<Span>,
    /// What it is and does.
    pub facts: Facts,
}

/// How a script is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// All in one transaction.
    Transaction,
    /// One by one through the journal, for this reason.
    Journal(JournalReason),
}

/// Why a script goes through the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalReason {
    /// `-- @no-transaction`.
    Asked,
    /// A statement that refuses to run in a transaction; the text says which.
    Statement(String),
    /// The script controls transactions itself.
    OwnTransactions,
    /// A program that is run.
    Command,
}

/// What a file says of transactions.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asks {
    /// Where it asks for the journal.
    pub no_transaction: Option<Span>,
    /// How it would.
    pub how: Option<&'static str>,
}

impl Asks {
    /// Of a migration's up.
    pub fn up(migration: &Migration) -> Self {
        Self { no_transaction: migration.no_transaction, how: migration.hints.no_transaction }
    }

    /// Of a migration's down.
    pub fn down(migration: &Migration) -> Self {
        Self { no_transaction: migration.down_no_transaction, how: migration.hints.no_transaction }
    }
}

/// A script that is ready to be run.
#[derive(Debug, Clone)]
pub struct ScriptPlan {
    /// The script.
    pub script: Script,
    /// What is to be sent, in order.
    pub statements: Arc<[StatementPlan]>,
    /// How.
    pub mode: Mode,
    /// The migration's type as its statements have it.
    pub inferred: MigrationType,
    /// What servers refuse that are older than it takes.
    pub needs: Option<Box<Needs>>,
}

/// Something that only newer servers do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs {
    /// The first version that does, as [`ServerFacts::version_number`](crate::ServerFacts::version_number) has it.
    pub version_number: u32,
    /// What an older one is told of.
    pub refusal: Diagnostic,
}

impl ScriptPlan {
    /// Reads a script.
    ///
    /// # Errors
    /// What the splitter refuses; a BEGIN left open or within another, a COMMIT of nothing, a ROLLBACK; statements of both
    /// kinds in a file that does not ask for the journal.
    pub fn new(script: &Script, asks: Asks, dialect: &dyn Dialect) -> Result<Self, Vec<Diagnostic>> {
        let split = script.statements(dialect.syntax())?;
        let text = script.text();
        let mut statements: Vec<StatementPlan> = split
            .into_iter()
            .map(|Statement { span, copy_data, .. }| StatementPlan {
                span,
                copy_data,
                facts: dialect.facts(&text[span.range()]),
            })
            .collect();
        let other = other_strings(script, &statements, dialect.syntax());
        if !other.is_empty() {
            return Err(other);
        }
        let inferred = infer_type(statements.iter().map(|statement| &statement.facts));
        let own = fold_outer_pair(script, &mut statements)?;
        let mode = if own {
            Mode::Journal(JournalReason::OwnTransactions)
        } else if asks.no_transaction.is_some() {
            Mode::Journal(JournalReason::Asked)
        } else {
            outside(script, &statements, asks)?
        };
        let needs = if mode == Mode::Transaction { newer_enum(script, &statements).map(Box::new) } else { None };
        Ok(Self { script: script.clone(), statements: statements.into(), mode, inferred, needs })
    }

    /// The text of a statement.
    pub fn statement(&self, index: usize) -> &str {
        &self.script.text()[self.statements[index].span.range()]
    }

    /// Whether a place in the script's text is behind a statement and before the next.
    pub fn stands_after(&self, index: usize, at: usize) -> bool {
        let next = self.statements.get(index + 1).map_or(usize::MAX, |next| next.span.start);
        (self.statements[index].span.end..next).contains(&at)
    }

    /// Whether the script opens with a statement that ends a transaction: whoever wrote it counted on one being open.
    pub fn begins_inside(&self) -> bool {
        self.statements
            .iter()
            .find_map(|statement| statement.facts.transaction)
            .is_some_and(|control| control == TransactionControl::Commit)
    }
}

/// Refuses strings that the server would read in another way than rung does, since statements would end elsewhere: those
/// with a backslash, where `standard_conforming_strings` is off. pg_dump turned it off until 9.1, and wrote `E'...'`.
fn other_strings(script: &Script, statements: &[StatementPlan], syntax: &'static Syntax) -> Vec<Diagnostic> {
    let mut off = None;
    let mut refused = Vec::new();
    for statement in statements {
        let text = &script.text()[statement.span.range()];
        match conforming_strings(statement, text) {
            Some(is_on) => off = (!is_on).then_some(statement.span),
            None => {
                let Some(off) = off else { continue };
                let is_other = |token: &Token| {
                    let string = &text[token.span.range()];
                    token.kind == TokenKind::String && !string.starts_with(['e', 'E', '$']) && string.contains('\\')
                };
                refused.extend(tokens(text, syntax).filter(is_other).map(|token| {
                    let place =
                        Span::new(statement.span.start + token.span.start, statement.span.start + token.span.end);
                    Diagnostic::error("other-strings", "strings are read with standard_conforming_strings on")
                        .at(script.source(), script.source_span(place), "its backslash would begin to escape")
                        .at(script.source(), script.source_span(off), "is turned off")
                        .help("write it as E'...'")
                }));
            }
        }
    }
    refused
}

/// Whether a statement turns `standard_conforming_strings` on or off.
fn conforming_strings(statement: &StatementPlan, text: &str) -> Option<bool> {
    if statement.facts.effect != Effect::Session {
        return None;
    }
    let text = text.to_lowercase();
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect();
    let at = words.iter().position(|word| *word == "standard_conforming_strings")?;
    let value = words[at + 1..].iter().find(|word| **word != "to");
    Some(value.is_none_or(|value| !matches!(*value, "off" | "false" | "0" | "no")))
}

/// Whether a BEGIN or COMMIT says no more than that: an isolation level, `READ ONLY`, `PREPARE TRANSACTION` or `AND
/// CHAIN` would be lost with it.
fn is_plain(statement: &str) -> bool {
    const WORDS: [&str; 9] =
        ["begin", "start", "commit", "end", "work", "transaction", "deferred", "immediate", "exclusive"];
    let mut words = statement.split(|c: char| c.is_whitespace() || c == ';').filter(|word| !word.is_empty());
    words.all(|word| WORDS.iter().any(|plain| plain.eq_ignore_ascii_case(word)))
}

/// Takes an outer BEGIN and COMMIT away. Says whether the script controls transactions beyond that.
fn fold_outer_pair(script: &Script, statements: &mut Vec<StatementPlan>) -> Result<bool, Vec<Diagnostic>> {
    use TransactionControl::{Begin, Commit};
    let controls: Vec<(usize, TransactionControl)> = statements
        .iter()
        .enumerate()
        .filter_map(|(at, statement)| Some((at, statement.facts.transaction?)))
        .filter(|(_, control)| {
            !matches!(
                control,
                TransactionControl::Savepoint | TransactionControl::Release | TransactionControl::RollbackTo
            )
        })
        .collect();
    match controls.as_slice() {
        [] => return Ok(false),
        [(first, Begin), (last, Commit)]
            if *first == 0
                && *last + 1 == statements.len()
                && [first, last].iter().all(|at| is_plain(&script.text()[statements[**at].span.range()]))
                && !sets_transaction(script, statements) =>
        {
            statements.pop();
            statements.remove(0);
            return Ok(false);
        }
        _ => {}
    }
    let of = |at: usize| script.source_span(statements[at].span);
    let error =
        |code, message: &str, at: usize, what: &str| Diagnostic::error(code, message).at(script.source(), of(at), what);
    // Whoever starts with a COMMIT counts on a transaction being open around the file, before and after.
    let counts_on_one = matches!(controls.first(), Some((_, Commit)));
    let mut open = controls.first().filter(|_| counts_on_one).map(|(at, _)| *at);
    let mut refused = Vec::new();
    for (at, control) in controls {
        match control {
            Begin => {
                if let Some(begun) = open {
                    let message = "this BEGIN stands within a transaction";
                    let error = error("nested-transaction", message, at, "opens none: there is one").at(
                        script.source(),
                        of(begun),
                        "opened here",
                    );
                    refused.push(error.help("take it out, or end the transaction before it with `COMMIT;`"));
                }
                open = Some(at);
            }
            Commit => {
                if open.is_none() {
                    refused.push(
                        error("stray-commit", "this COMMIT ends no transaction", at, "none is open here").help(
                            "take it out, or write the `BEGIN;` that belongs to it: rung opens a transaction by itself",
                        ),
                    );
                }
                open = chains(&script.text()[statements[at].span.range()]).then_some(at);
            }
            // It would be recorded as applied, and nothing be there.
            _ => {
                let message = "this ROLLBACK takes back what the file has done";
                let error = error("rolled-back", message, at, "nothing before it would stay");
                refused.push(error.help(
                    "take it out, and what it takes back: rung itself rolls back where a statement fails; or write \
                     `ROLLBACK TO` a savepoint",
                ));
                open = None;
            }
        }
    }
    if let Some(at) = open.filter(|_| !counts_on_one) {
        refused.push(
            error("open-transaction", "this BEGIN has no COMMIT", at, "opened here and never closed")
                .help("end the file with `COMMIT;`, or take the BEGIN out: rung opens a transaction by itself"),
        );
    }
    if refused.is_empty() { Ok(true) } else { Err(refused) }
}

/// Whether a COMMIT opens the next transaction: `AND CHAIN`, and not `AND NO CHAIN`.
fn chains(commit: &str) -> bool {
    let mut words = commit.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.any(|word| word.eq_ignore_ascii_case("and"))
        && words.next().is_some_and(|word| word.eq_ignore_ascii_case("chain"))
}

/// Whether the first statement in a script's BEGIN says of what kind the transaction is, which must be said before anything
/// else is done in it: rung's has done something.
fn sets_transaction(script: &Script, statements: &[StatementPlan]) -> bool {
    let text = statements.get(1).map_or("", |statement| &script.text()[statement.span.range()]);
    let mut words = text.split_whitespace();
    ["set", "transaction"].iter().all(|word| words.next().is_some_and(|next| next.eq_ignore_ascii_case(word)))
}

/// Whether statements ask to be outside of a transaction, and whether all do.
fn outside(script: &Script, statements: &[StatementPlan], asks: Asks) -> Result<Mode, Vec<Diagnostic>> {
    let reasons: Vec<Option<String>> = statements
        .iter()
        .enumerate()
        .map(|(at, statement)| {
            if let Some(reason) = &statement.facts.outside {
                return Some(reason.to_string());
            }
            match &statement.facts.effect {
                Effect::AddEnumValue { name, value }
                    if !is_made(&statements[..at], name) && mentions(script, &statements[at + 1..], name, value) =>
                {
                    Some(format!(
                        "a value added to an enum can't be used in the same transaction, and '{value}' is used below"
                    ))
                }
                _ => None,
            }
        })
        .collect();
    let Some(first) = reasons.iter().position(Option::is_some) else { return Ok(Mode::Transaction) };
    let reason = reasons[first].clone().unwrap_or_default();
    match reasons.iter().position(Option::is_none) {
        None => Ok(Mode::Journal(JournalReason::Statement(reason))),
        Some(inside) => {
            let place = |at: usize| script.source_span(statements[at].span);
            let mut diagnostic = Diagnostic::error("mixed-transaction", reason)
                .at(script.source(), place(first), "runs outside a transaction")
                .at(script.source(), place(inside), "would be kept together with the rest in a transaction")
                .help("move it to a migration of its own");
            if let Some(how) = asks.how {
                diagnostic =
                    diagnostic.help(format!("or {how}: each statement is then committed and journalled by itself"));
            }
            Err(vec![diagnostic])
        }
    }
}

/// Whether a type is made by one of the statements: the values of one that is as new as they are can be used at once, from
/// PostgreSQL 17 on ([`newer_enum`]). Not within a savepoint, nor where the type was made within one: to the server each is
/// a transaction of its own.
fn is_made(statements: &[StatementPlan], name: &ObjectName) -> bool {
    let makes =
        |effect: &Effect| matches!(effect, Effect::Create { kind: ObjectKind::Type, name: made } if made == name);
    let Some(at) = statements.iter().position(|statement| makes(&statement.facts.effect)) else { return false };
    is_in_savepoint(&statements[..at]) == Some(false) && is_in_savepoint(statements) == Some(false)
}

/// Whether statements end within a savepoint; `None` where that is not plain.
fn is_in_savepoint(statements: &[StatementPlan]) -> Option<bool> {
    let mut open = 0_usize;
    for statement in statements {
        match statement.facts.transaction {
            Some(TransactionControl::Savepoint) => open += 1,
            Some(TransactionControl::Release) => open = open.checked_sub(1)?,
            _ => {}
        }
    }
    Some(open > 0)
}

/// An enum that is made, gets one more value, and has that used, all in one transaction: PostgreSQL takes that since 17, and
/// refuses the value before ("unsafe use of new value"), as it does where the type was there.
fn newer_enum(script: &Script, statements: &[StatementPlan]) -> Option<Needs> {
    const SINCE: u32 = 170_000;
    statements.iter().enumerate().find_map(|(at, statement)| {
        let Effect::AddEnumValue { name, value } = &statement.facts.effect else { return None };
        if !is_made(&statements[..at], name) || !mentions(script, &statements[at + 1..], name, value) {
            return None;
        }
        let message =
            format!("'{value}' is used in the transaction that adds it to {name}, which PostgreSQL takes since 17");
        let refusal = Diagnostic::error("needs-newer-server", message)
            .at(script.source(), script.source_span(statement.span), "is added here, and used below")
            .help(format!("put '{value}' among the values that {name} is made with"));
        Some(Needs { version_number: SINCE, refusal })
    })
}

/// Whether a literal stands in any of the statements, where it may be used when that is run: the body of a function in
/// PL/pgSQL is only kept, another type may have a value of the same name, and what is cast to another type is none of this.
fn mentions(script: &Script, statements: &[StatementPlan], name: &ObjectName, value: &str) -> bool {
    let literal = format!("'{}'", value.replace('\'', "''"));
    let is_cast_elsewhere = |rest: &str| {
        let cast = rest.strip_prefix("::").map(str::trim_start).unwrap_or_default();
        let end = cast.find(|c: char| !c.is_alphanumeric() && !"_.\"".contains(c)).unwrap_or(cast.len());
        let own = cast[..end].rsplit('.').next().unwrap_or_default().trim_matches('"');
        !own.is_empty() && !own.eq_ignore_ascii_case(&name.name)
    };
    statements.iter().any(|statement| {
        let text = &script.text()[statement.span.range()];
        let begins = |word: &str| text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
        let is_kept = begins("create") && text.to_lowercase().contains("plpgsql");
        let is_other = matches!(statement.facts.effect, Effect::AddEnumValue { .. });
        let is_used = text.match_indices(&literal).any(|(at, _)| !is_cast_elsewhere(&text[at + literal.len()..]));
        is_used && !is_kept && !is_other
    })
}
