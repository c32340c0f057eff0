//! Reading statements by their tokens.

use std::sync::Arc;

use rung_sql::{Span, Syntax, Token, TokenKind, tokens};

/// Every word and quoted name of a text.
pub(crate) fn names(text: &str) -> impl Iterator<Item = String> + use<'_> {
    tokens(text, &Syntax::SQLITE)
        .filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::QuotedIdent))
        .map(|token| unquoted(&text[token.span.range()]))
}

/// A name without its quotes.
pub(crate) fn unquoted(text: &str) -> String {
    let inner = |close: char| {
        text[1..].strip_suffix(close).unwrap_or(&text[1..]).replace(&format!("{close}{close}"), &close.to_string())
    };
    match text.chars().next() {
        Some(quote @ ('"' | '`' | '\'')) => inner(quote),
        Some('[') => text[1..].strip_suffix(']').unwrap_or(&text[1..]).to_owned(),
        _ => text.to_owned(),
    }
}

/// A list of tokens, and a place in it.
#[derive(Clone)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    tokens: Arc<[Token]>,
    at: usize,
    end: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        let tokens: Arc<[Token]> = tokens(text, &Syntax::SQLITE).filter(|token| !token.kind.is_trivia()).collect();
        Self { text, at: 0, end: tokens.len(), tokens }
    }

    pub(crate) fn peek(&self) -> Option<(TokenKind, &'a str)> {
        let token = self.tokens[..self.end].get(self.at)?;
        Some((token.kind, &self.text[token.span.range()]))
    }

    /// The word that comes next, in upper case.
    pub(crate) fn word(&self) -> Option<String> {
        self.peek().filter(|(kind, _)| *kind == TokenKind::Word).map(|(_, text)| text.to_uppercase())
    }

    pub(crate) fn is_punct(&self, punct: &str) -> bool {
        self.peek().is_some_and(|(kind, text)| kind == TokenKind::Punct && text == punct)
    }

    /// Goes on by one token; what it was, in upper case where it was a word. What is in parentheses is one.
    pub(crate) fn step(&mut self) -> Option<String> {
        let (kind, text) = self.peek()?;
        if self.is_punct("(") {
            self.parenthesised();
            return Some(String::new());
        }
        self.at += 1;
        Some(if kind == TokenKind::Word { text.to_uppercase() } else { String::new() })
    }

    /// The next word outside of parentheses.
    pub(crate) fn next_word(&mut self) -> Option<String> {
        loop {
            let word = self.step()?;
            if !word.is_empty() {
                return Some(word);
            }
        }
    }

    pub(crate) fn until(&mut self, is_there: impl Fn(&Self) -> bool) {
        while self.at < self.end && !is_there(self) {
            self.at += 1;
        }
    }

    /// A name, however it is quoted.
    pub(crate) fn name(&mut self) -> Option<String> {
        let (kind, text) = self.peek()?;
        let is_name = matches!(kind, TokenKind::Word | TokenKind::QuotedIdent | TokenKind::String);
        is_name.then(|| {
            self.at += 1;
            unquoted(text)
        })
    }

    /// What is between the parentheses that open here.
    pub(crate) fn parenthesised(&mut self) -> Option<Cursor<'a>> {
        if !self.is_punct("(") {
            return None;
        }
        let start = self.at + 1;
        let mut depth = 0_usize;
        while let Some((kind, text)) = self.peek() {
            self.at += 1;
            match (kind, text) {
                (TokenKind::Punct, "(") => depth += 1,
                (TokenKind::Punct, ")") => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        Some(Cursor { text: self.text, tokens: Arc::clone(&self.tokens), at: start, end: self.at - 1 })
    }

    /// What commas separate.
    pub(crate) fn parts(mut self) -> impl Iterator<Item = Cursor<'a>> {
        std::iter::from_fn(move || {
            if self.at >= self.end {
                return None;
            }
            let start = self.at;
            while self.at < self.end && !self.is_punct(",") {
                self.step();
            }
            let part = Cursor { text: self.text, tokens: Arc::clone(&self.tokens), at: start, end: self.at };
            self.at += 1;
            Some(part)
        })
    }

    /// All that is left, as it was typed.
    pub(crate) fn text(&self) -> String {
        match (self.tokens[..self.end].get(self.at), self.tokens[..self.end].last()) {
            (Some(first), Some(last)) => self.text[first.span.start..last.span.end].to_owned(),
            _ => String::new(),
        }
    }

    /// The names in parentheses, without what is said of them.
    pub(crate) fn columns(&mut self) -> Vec<String> {
        let list = self.parenthesised();
        list.into_iter().flat_map(Cursor::parts).filter_map(|mut part| part.name()).collect()
    }

    /// Where the next token is.
    pub(crate) fn span(&self) -> Option<Span> {
        self.tokens[..self.end].get(self.at).map(|token| token.span)
    }

    /// Where `name` stands before a dot, in what is left.
    pub(crate) fn qualifiers(&self, name: &str) -> Vec<Span> {
        let is = |at: usize| {
            let token = self.tokens[at];
            let text = &self.text[token.span.range()];
            matches!(token.kind, TokenKind::Word | TokenKind::QuotedIdent) && unquoted(text).eq_ignore_ascii_case(name)
        };
        let dot =
            |at: usize| self.tokens[..self.end].get(at).is_some_and(|token| &self.text[token.span.range()] == ".");
        (self.at..self.end).filter(|at| is(*at) && dot(at + 1)).map(|at| self.tokens[at].span).collect()
    }

    /// What was gone over since an earlier place of the same cursor.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        Self { end: self.at, ..earlier.clone() }
    }

    /// The rest in a form that is the same however it was typed: no comments, one blank between two tokens, names without
    /// quotes they do not need, letters small outside of strings. Each name is put through `renamed`, which is told whether
    /// a dot follows.
    pub(crate) fn normal(&self, renamed: &dyn Fn(&str, bool) -> Option<String>) -> String {
        let mut out = String::new();
        for at in self.at..self.end {
            let token = self.tokens[at];
            let text = &self.text[token.span.range()];
            if !out.is_empty() {
                out.push(' ');
            }
            match token.kind {
                TokenKind::Word | TokenKind::QuotedIdent => {
                    let qualifies =
                        self.tokens[..self.end].get(at + 1).is_some_and(|next| &self.text[next.span.range()] == ".");
                    let name = unquoted(text).to_ascii_lowercase();
                    let name = renamed(&name, qualifies).unwrap_or(name);
                    if token.kind == TokenKind::QuotedIdent && !is_plain(&name) {
                        out.push_str(&format!("\"{name}\""));
                    } else {
                        out.push_str(&name);
                    }
                }
                TokenKind::String => out.push_str(text),
                _ => out.push_str(&text.to_ascii_lowercase()),
            }
        }
        out
    }
}

/// Whether a name means the same with quotes and without: most keywords do, where they are allowed at all.
fn is_plain(name: &str) -> bool {
    const VALUES: [&str; 6] = ["true", "false", "null", "current_time", "current_date", "current_timestamp"];
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_' || c == '$')
        && !VALUES.contains(&name)
}
