//! SQL that is ready to be sent, and the way back from it to the file.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::lexer::{TokenKind, tokens};
use crate::split::{Statement, split};
use crate::{Diagnostic, SourceFile, Span, Syntax, closest};

/// A script: the text of a section with its variables put in.
#[derive(Debug, Clone)]
pub struct Script {
    source: Arc<SourceFile>,
    text: Text,
}

/// A file that says it all in its own words is not copied.
#[derive(Debug, Clone)]
enum Text {
    Slice(Span),
    Built { text: Arc<str>, pieces: Arc<[Piece]> },
}

/// A run of a built text.
#[derive(Debug, Clone, Copy)]
struct Piece {
    /// Where it begins in the text.
    at: usize,
    /// Where in the source it comes from.
    source: usize,
    /// Whether it is the source's own text, or was put in for what stands there.
    copied: bool,
}

impl Script {
    /// A whole file.
    pub fn whole(source: Arc<SourceFile>) -> Self {
        let span = Span::new(0, source.text().len());
        Self::slice(source, span)
    }

    /// A part of a file.
    pub fn slice(source: Arc<SourceFile>, span: Span) -> Self {
        Self { source, text: Text::Slice(span) }
    }

    /// Parts of a file, one after the other. Each begins a new line.
    pub fn joined(source: Arc<SourceFile>, spans: &[Span]) -> Self {
        if let [only] = spans {
            return Self::slice(source, *only);
        }
        let mut builder = Builder::default();
        for span in spans {
            builder.copy(source.text(), *span);
            builder.insert("\n", span.end);
        }
        builder.finish(source)
    }

    /// The text as it is sent.
    pub fn text(&self) -> &str {
        match &self.text {
            Text::Slice(span) => self.source.slice(*span),
            Text::Built { text, .. } => text,
        }
    }

    /// The file it comes from.
    pub fn source(&self) -> &Arc<SourceFile> {
        &self.source
    }

    /// Where in the file a place in the text comes from.
    pub fn source_offset(&self, at: usize) -> usize {
        match &self.text {
            Text::Slice(span) => (span.start + at).min(span.end),
            Text::Built { pieces, .. } => {
                let index = pieces.partition_point(|piece| piece.at <= at);
                match index.checked_sub(1).map(|index| pieces[index]) {
                    Some(piece) if piece.copied => piece.source + (at - piece.at),
                    Some(piece) => piece.source,
                    None => 0,
                }
            }
        }
    }

    /// Where in the file a span of the text comes from.
    pub fn source_span(&self, span: Span) -> Span {
        let start = self.source_offset(span.start);
        let end = if span.is_empty() { start } else { self.source_offset(span.end - 1) + 1 };
        let mut end = end.max(start).min(self.source.text().len());
        while !self.source.text().is_char_boundary(end) {
            end += 1;
        }
        Span::new(start, end)
    }

    /// Where in the text a place of the file has gone; the next place where it was left out.
    pub fn text_offset(&self, source: usize) -> usize {
        match &self.text {
            Text::Slice(span) => source.clamp(span.start, span.end) - span.start,
            Text::Built { text, pieces } => {
                let mut best = text.len();
                for (index, piece) in pieces.iter().enumerate().filter(|(_, piece)| piece.copied) {
                    let end = pieces.get(index + 1).map_or(text.len(), |next| next.at);
                    let length = end - piece.at;
                    if (piece.source..piece.source + length).contains(&source) {
                        return piece.at + (source - piece.source);
                    }
                    if piece.source > source {
                        best = best.min(piece.at);
                    }
                }
                best
            }
        }
    }

    /// Whether it says what the file says, in parts: no value was put in the place of a name.
    pub fn is_verbatim(&self) -> bool {
        match &self.text {
            Text::Slice(_) => true,
            Text::Built { text, pieces } => pieces.iter().enumerate().all(|(index, piece)| {
                let end = pieces.get(index + 1).map_or(text.len(), |next| next.at);
                piece.copied || text[piece.at..end].trim().is_empty()
            }),
        }
    }

    /// Whether it has nothing but blanks and comments.
    pub fn is_blank(&self, syntax: &Syntax) -> bool {
        tokens(self.text(), syntax).all(|token| token.kind.is_trivia() || token.kind == TokenKind::Semicolon)
    }

    /// Its statements.
    ///
    /// # Errors
    /// Everything that keeps it from being split, each with its place in the file.
    pub fn statements(&self, syntax: &Syntax) -> Result<Vec<Statement>, Vec<Diagnostic>> {
        let (statements, issues) = split(self.text(), syntax);
        let errors: Vec<Diagnostic> = issues
            .iter()
            .filter(|issue| issue.is_error())
            .map(|issue| issue.diagnostic(&self.source, self.source_span(issue.span)))
            .collect();
        if errors.is_empty() { Ok(statements) } else { Err(errors) }
    }

    /// Puts values in the place of `${name}`.
    ///
    /// Within quotes, dollar quotes, comments and COPY rows `${` is text, unless `reach` says all.
    ///
    /// # Errors
    /// Every name that has no value, with "did you mean".
    pub fn expand(self, values: &Variables<'_>, reach: Reach, syntax: &Syntax) -> Result<Self, Vec<Diagnostic>> {
        let text = self.text();
        if !text.contains("${") {
            return Ok(self);
        }
        let mut edits = Vec::new();
        let mut errors = Vec::new();
        for place in places(text, reach, syntax) {
            let name = text[place.start + 2..place.end - 1].trim();
            match values.get(name) {
                Some(value) => edits.push((place, value)),
                None => {
                    let mut diagnostic = Diagnostic::error(
                        "unknown-variable",
                        format!("the variable ${{{name}}} has no value"),
                    )
                    .at(&self.source, self.source_span(place), "not known");
                    diagnostic = match closest(name, values.names()) {
                        Some(near) => diagnostic.help(format!("did you mean ${{{near}}}?")),
                        None => diagnostic.help(format!("give it one in rung.toml: [vars] {name} = \"...\"")),
                    };
                    errors.push(diagnostic);
                }
            }
        }
        if errors.is_empty() { Ok(self.replaced(&edits)) } else { Err(errors) }
    }

    /// The script with other text in some places, which are given in order.
    #[must_use]
    pub fn replaced(&self, edits: &[(Span, impl AsRef<str>)]) -> Self {
        if edits.is_empty() {
            return self.clone();
        }
        let mut builder = Builder::default();
        let mut copied = 0;
        for (place, text) in edits {
            builder.copy_from(self, Span::new(copied, place.start));
            builder.insert(text.as_ref(), self.source_offset(place.start));
            copied = place.end;
        }
        builder.copy_from(self, Span::new(copied, self.text().len()));
        builder.finish(Arc::clone(&self.source))
    }
}

/// How far variables reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Outside of quotes and comments.
    Code,
    /// Everywhere: `-- @expand all`.
    All,
}

/// The values of variables: the project's own, then the dialect's portable set.
#[derive(Debug, Clone, Copy)]
pub struct Variables<'a> {
    /// The portable set.
    pub builtin: &'a [(&'static str, &'static str)],
    /// The project's.
    pub own: &'a BTreeMap<String, String>,
}

impl<'a> Variables<'a> {
    fn get(&self, name: &str) -> Option<&'a str> {
        let builtin = || self.builtin.iter().find(|(builtin, _)| *builtin == name).map(|(_, value)| *value);
        self.own.get(name).map(String::as_str).or_else(builtin)
    }

    fn names(&self) -> impl Iterator<Item = &'a str> {
        self.own.keys().map(String::as_str).chain(self.builtin.iter().map(|(name, _)| *name))
    }
}

/// The places of `${name}`, braces and all.
fn places(text: &str, reach: Reach, syntax: &Syntax) -> Vec<Span> {
    let name_at = |start: usize| -> Option<Span> {
        let rest = text[start..].strip_prefix("${")?;
        let end = rest.find('}')?;
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | ' ');
        (end > 0 && rest[..end].chars().all(is_name)).then(|| Span::new(start, start + 2 + end + 1))
    };
    match reach {
        Reach::All => text.match_indices("${").filter_map(|(at, _)| name_at(at)).collect(),
        Reach::Code => tokens(text, syntax)
            .filter(|token| token.kind == TokenKind::Punct && text.as_bytes()[token.span.start] == b'$')
            .filter_map(|token| name_at(token.span.start))
            .collect(),
    }
}

#[derive(Default)]
struct Builder {
    text: String,
    pieces: Vec<Piece>,
}

impl Builder {
    fn copy(&mut self, source: &str, span: Span) {
        self.pieces.push(Piece { at: self.text.len(), source: span.start, copied: true });
        self.text.push_str(&source[span.range()]);
    }

    /// Copies from a script that may be built itself, keeping its way back to the file.
    fn copy_from(&mut self, script: &Script, span: Span) {
        let base = self.text.len();
        match &script.text {
            Text::Slice(of) => {
                self.pieces.push(Piece { at: base, source: of.start + span.start, copied: true });
            }
            Text::Built { pieces, .. } => {
                let first = pieces.partition_point(|piece| piece.at <= span.start).saturating_sub(1);
                for piece in pieces[first..].iter().take_while(|piece| piece.at < span.end) {
                    let cut = span.start.saturating_sub(piece.at);
                    let source = if piece.copied { piece.source + cut } else { piece.source };
                    self.pieces.push(Piece { at: base + (piece.at + cut - span.start), source, copied: piece.copied });
                }
            }
        }
        self.text.push_str(&script.text()[span.range()]);
    }

    fn insert(&mut self, text: &str, source: usize) {
        self.pieces.push(Piece { at: self.text.len(), source, copied: false });
        self.text.push_str(text);
    }

    fn finish(self, source: Arc<SourceFile>) -> Script {
        Script { source, text: Text::Built { text: self.text.into(), pieces: self.pieces.into() } }
    }
}
