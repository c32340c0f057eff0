//! What a statement makes, and which part of it a comment stands with.

use rung_catalog::Kind;
use rung_sql::{Token, TokenKind};

/// What a statement makes.
pub(super) struct Made {
    pub(super) kind: Kind,
    pub(super) path: Vec<String>,
    /// What it is on.
    pub(super) parent: Option<Vec<String>>,
}

/// A part of a table or type.
pub(super) enum Part {
    /// A column, or a label.
    Column(String),
    Constraint(String),
    Nameless,
}

/// Tokens of a statement, and a place among them.
#[derive(Clone)]
pub(super) struct Words<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: &'a [Token],
    pub(super) at: usize,
}

impl Words<'_> {
    fn here(&self) -> &str {
        self.tokens.get(self.at).map_or("", |token| &self.text[token.span.range()])
    }

    fn is(&self, word: &str) -> bool {
        self.here().eq_ignore_ascii_case(word)
    }

    fn pass(&mut self, words: &[&str]) {
        while words.iter().any(|word| self.is(word)) {
            self.at += 1;
        }
    }

    /// A name, without its quotes; unquoted ones in small letters, as far as that matters.
    pub(super) fn name(&mut self) -> Option<String> {
        let token = self.tokens.get(self.at)?;
        let text = &self.text[token.span.range()];
        let name = match token.kind {
            TokenKind::Word => text.to_owned(),
            TokenKind::QuotedIdent => {
                let close = text.chars().next_back()?;
                let inner = text.get(1..text.len() - close.len_utf8())?;
                inner.replace(&format!("{close}{close}"), &close.to_string())
            }
            // The label of an enum.
            TokenKind::String => text.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'"),
            _ => return None,
        };
        self.at += 1;
        Some(name)
    }

    /// Names with dots between them.
    pub(super) fn path(&mut self) -> Vec<String> {
        let mut parts: Vec<String> = self.name().into_iter().collect();
        while !parts.is_empty() && self.is(".") {
            self.at += 1;
            parts.extend(self.name());
        }
        parts
    }

    fn kind(&mut self) -> Option<Kind> {
        const OTHERS: [(&str, Kind); 5] = [
            ("domain", Kind::Type),
            ("function", Kind::Routine),
            ("procedure", Kind::Routine),
            ("aggregate", Kind::Routine),
            ("foreign data wrapper", Kind::ForeignDataWrapper),
        ];
        let named = Kind::ALL.into_iter().map(|kind| (kind.as_str(), kind)).chain(OTHERS);
        // `text search parser` before what is shorter.
        let fits = |name: &str| {
            name.split(' ').enumerate().all(|(after, word)| Words { at: self.at + after, ..self.clone() }.is(word))
        };
        let (name, kind) = named.filter(|(name, _)| fits(name)).max_by_key(|(name, _)| name.len())?;
        self.at += name.split(' ').count();
        Some(kind)
    }

    /// What the statement makes.
    pub(super) fn made(&self) -> Option<Made> {
        let mut words = self.clone();
        if words.is("alter") {
            words.at += 1;
            words.pass(&["foreign", "table", "only", "if", "exists"]);
            let table = words.path();
            let is_constraint = words.is("add") && Words { at: words.at + 1, ..words.clone() }.is("constraint");
            words.at += 2;
            let path = is_constraint.then(|| words.path())?;
            return Some(Made { kind: Kind::Constraint, path, parent: Some(table) });
        }
        if !words.is("create") {
            return None;
        }
        words.at += 1;
        words.pass(&[
            "or",
            "replace",
            "global",
            "local",
            "temp",
            "temporary",
            "unlogged",
            "unique",
            "virtual",
            "recursive",
            "materialized",
            "trusted",
            "procedural",
        ]);
        if words.is("constraint") {
            words.at += 1;
        }
        let foreign = words.clone();
        if words.is("foreign") {
            words.at += 1;
        }
        let kind = match words.kind() {
            Some(kind) => kind,
            None => {
                words = foreign;
                words.kind()?
            }
        };
        words.pass(&["concurrently", "if", "not", "exists"]);
        let path = words.path();
        let parted = matches!(kind, Kind::Trigger | Kind::Policy | Kind::Rule);
        while parted && words.at < words.tokens.len() && !(words.is("on") || kind == Kind::Rule && words.is("to")) {
            words.at += 1;
        }
        words.at += 1;
        words.pass(&["only"]);
        let parent = parted.then(|| words.path());
        (!path.is_empty()).then_some(Made { kind, path, parent })
    }

    /// The part of a table that a comment at a byte stands with: the one on its line, else the next.
    pub(super) fn part_at(&self, at: usize) -> Option<Part> {
        let open = self.tokens.iter().position(|token| &self.text[token.span.range()] == "(")?;
        // Each part from its first token to before its comma.
        let mut parts: Vec<(usize, usize)> = Vec::new();
        let (mut depth, mut first) = (0_usize, open + 1);
        for (index, token) in self.tokens.iter().enumerate().skip(open) {
            match &self.text[token.span.range()] {
                "(" | "[" => depth += 1,
                ")" | "]" => depth = depth.saturating_sub(1),
                "," if depth == 1 => {
                    parts.push((first, index));
                    first = index + 1;
                }
                _ => {}
            }
            if depth == 0 {
                parts.push((first, index));
                break;
            }
        }
        let end = parts.last().map(|(_, end)| self.tokens[*end].span.start)?;
        let line = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let on_line = self.tokens.iter().rposition(|token| token.span.start >= line && token.span.start < at);
        // Behind the line that opens or closes the table it is about that.
        if at < self.tokens[open].span.start || on_line == Some(open) || at > end {
            return None;
        }
        let (first, _) = match on_line {
            Some(on) => *parts.iter().find(|(first, end)| (*first..=*end).contains(&on))?,
            None => {
                *parts.iter().find(|(first, _)| self.tokens.get(*first).is_some_and(|token| token.span.start > at))?
            }
        };
        let mut words = Self { at: first, ..self.clone() };
        if words.is("constraint") {
            words.at += 1;
            return words.name().map(Part::Constraint);
        }
        if ["primary", "unique", "check", "foreign", "exclude", "like"].iter().any(|word| words.is(word)) {
            return Some(Part::Nameless);
        }
        words.name().map(Part::Column)
    }
}
