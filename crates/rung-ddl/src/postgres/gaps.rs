//! What PostgreSQL's grammar takes and the parser's does not, read all the same: a text of the same length is parsed in its
//! stead, so that every place stays what it is.
//!
//! Two kinds of gaps are known, both found by handing the server's own tests, its synopses and each of its keywords to both.
//! Clauses that the parser has never heard of stand in a table. And it takes words for the beginning of a clause that are
//! names to the server, which reserves few of its keywords.

use squawk_parser::{SyntaxKind, is_reserved_keyword, is_type_func_name_keyword};

use rung_sql::{Span, Syntax, tokens};

use super::refusals;
use super::syntax::{Form, Tree};

use SyntaxKind as K;

/// The words that a clause is known by, and what is read in the place of those that the parser does not know: those after a
/// dash. `*` is any one word, and a word in parentheses may be missing.
const CLAUSES: &[(&str, &str)] = &[
    ("alter statistics -if -exists", ""),
    ("alter user mapping for -user", "name"),
    ("create (or) (replace) -procedural language", ""),
    ("create (or) (replace) -trusted (-procedural) language", ""),
    ("fetch -forward *", "next"),
    ("fetch -backward *", "prior"),
    ("move -forward *", "next"),
    ("move -backward *", "prior"),
    ("alter index (if) (exists) * alter (column) -* set statistics", "1"),
    (") -returns -null -on -null -input", "strict"),
];

/// Texts that are longer are not read again and again.
const LONGEST: usize = 100_000;

/// How many words of a statement may be read as names that the parser takes for something else.
const MOST_NAMES: usize = 8;

/// A text that is as long as one which the parser refuses, and which it takes, where the server's grammar takes that one.
pub(super) fn bridged(text: &str) -> Option<String> {
    if text.len() > LONGEST {
        return None;
    }
    let mut bridged = with_clauses(text);
    let mut refused = first_refusal(&bridged);
    for _ in 0..MOST_NAMES {
        let Some(at) = refused else { return Some(bridged) };
        // The mistake is seen at the word, behind it, or where the clause ends that it seemed to begin.
        let further = |word: &Span| {
            let tried = as_name(&bridged, *word)?;
            let next = first_refusal(&tried);
            (next.is_none() || next > Some(at)).then_some((tried, next))
        };
        (bridged, refused) = near(&bridged, at).iter().find_map(further)?;
    }
    refused.is_none().then_some(bridged)
}

/// Where the parser is first lost.
fn first_refusal(text: &str) -> Option<usize> {
    refusals(text).iter().map(|error| error.span.start).min()
}

/// A text with what the parser knows in the place of the clauses that it does not.
fn with_clauses(text: &str) -> String {
    let words: Vec<Span> =
        tokens(text, &Syntax::POSTGRES).filter(|token| !token.kind.is_trivia()).map(|token| token.span).collect();
    let mut bridged = text.to_owned();
    for (clause, instead) in CLAUSES {
        // What begins with a word begins the statement.
        let starts = if clause.starts_with(')') { 0..words.len() } else { 0..words.len().min(1) };
        let all: Vec<Span> = starts.filter_map(|start| unknown(clause, &words[start..], &bridged)).collect();
        all.into_iter().for_each(|place| put(&mut bridged, place, instead));
    }
    bridged
}

/// The place of what the parser does not know of a clause, where some words begin with that.
fn unknown(clause: &str, words: &[Span], text: &str) -> Option<Span> {
    let mut words = words.iter().peekable();
    let mut unknown: Option<Span> = None;
    for part in clause.split(' ') {
        let wanted = part.trim_matches(['(', '-', ')'].as_slice());
        let wanted = if wanted.is_empty() { part } else { wanted };
        let is = |word: &&Span| wanted == "*" || text[word.range()].eq_ignore_ascii_case(wanted);
        match words.next_if(is) {
            Some(word) if part.contains('-') => {
                unknown = Some(Span::new(unknown.map_or(word.start, |place| place.start), word.end));
            }
            Some(_) => {}
            None if part.starts_with('(') => {}
            None => return None,
        }
    }
    unknown
}

/// Puts a word in the place of another, with blanks up to its end. What has no room stays.
fn put(text: &mut String, place: Span, word: &str) {
    if word.len() <= place.len() {
        text.replace_range(place.range(), &format!("{word:<width$}", width = place.len()));
    }
}

/// The words at a place, before and behind it, in the order in which they are likely to be the cause.
fn near(text: &str, at: usize) -> Vec<Span> {
    let words: Vec<Span> = words_of(text).collect();
    let here = words.partition_point(|word| word.end <= at);
    let before = [here, here.wrapping_sub(1), here.wrapping_sub(2)];
    before.into_iter().filter_map(|at| words.get(at).copied()).collect()
}

/// The words of a text, those within the bodies of functions among them.
fn words_of(text: &str) -> impl Iterator<Item = Span> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(is_part)?;
        at = text[start..].find(|c| !is_part(c)).map_or(text.len(), |length| start + length);
        Some(Span::new(start, at))
    })
}

/// A text with a name in the place of a keyword that the server does not reserve there.
fn as_name(text: &str, word: Span) -> Option<String> {
    let tree = Tree::of(&text[word.range()]);
    let kind = tree.elements.iter().find(|element| element.form == Form::Token)?.kind;
    let is_called = text[word.end..].trim_start().starts_with('(');
    // A function's parameters and columns may have names that columns of tables may not.
    let is_free = !is_type_func_name_keyword(kind) || is_parameter(text, word);
    // Before 16 it was a name like any other.
    let is_new = kind == K::SYSTEM_USER_KW;
    if !kind.is_keyword() || is_called || !is_free || is_reserved_keyword(kind) && !is_new {
        return None;
    }
    let mut named = text.to_owned();
    named.replace_range(word.range(), &"n".repeat(word.len()));
    Some(named)
}

/// Whether a word stands among the columns of `RETURNS TABLE`, at the beginning of one.
fn is_parameter(text: &str, word: Span) -> bool {
    let before = text[..word.start].to_ascii_lowercase();
    let Some(list) = before.rsplit_once("returns").and_then(|(_, list)| list.trim_start().strip_prefix("table")) else {
        return false;
    };
    let list = list.trim_start();
    let open = list.matches('(').count() == list.matches(')').count() + 1;
    open && list.trim_end().ends_with(['(', ','])
}
