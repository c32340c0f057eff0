//! Statements: where each begins and ends, as psql and the shell of SQLite see it.

use std::sync::Arc;

use crate::lexer::{Token, TokenKind, tokens};
use crate::{Diagnostic, SourceFile, Span, Syntax};

/// A statement of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement {
    /// From its first token to its last; the `;` is not part of it.
    pub span: Span,
    /// The rows of a `COPY ... FROM STDIN`, without the `\.` line. Empty where there are none.
    pub copy_data: Option<Span>,
}

/// Something in a text that keeps it from being split, or that should be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitIssue {
    /// Where.
    pub span: Span,
    /// What.
    pub kind: SplitIssueKind,
}

/// What a [`SplitIssue`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SplitIssueKind {
    /// A string, a quoted name, a comment or COPY rows are not closed.
    Unterminated,
    /// A psql command that only psql can carry out.
    MetaCommand(String),
    /// A psql command that is passed over, with a warning.
    IgnoredCommand(String),
}

impl SplitIssue {
    /// Whether the text can't be run because of it.
    pub fn is_error(&self) -> bool {
        !matches!(self.kind, SplitIssueKind::IgnoredCommand(_))
    }

    /// The issue as a diagnostic, at `span` of `source`.
    pub fn diagnostic(&self, source: &Arc<SourceFile>, span: Span) -> Diagnostic {
        match &self.kind {
            SplitIssueKind::Unterminated => {
                let opening: String = source.text()[span.start..].chars().take(3).collect();
                let (what, mend) = if opening.starts_with("/*") {
                    ("comment", "close it with `*/`")
                } else if opening.starts_with('"') || opening.starts_with('`') || opening.starts_with('[') {
                    ("quoted name", "close it with the quote that opens it")
                } else if opening.starts_with('$') {
                    ("dollar quote", "close it with the same tag")
                } else if opening.contains('\'') {
                    ("string", "close it with `'`; a quote within it is written twice")
                } else {
                    ("list of COPY rows", "end it with a line `\\.`")
                };
                let end = source.text()[span.start..].find('\n').map_or(span.end, |at| span.start + at);
                Diagnostic::error("unterminated", format!("this {what} is never closed"))
                    .at(source, Span::new(span.start, end.min(span.end)), "opened here")
                    .help(mend)
            }
            SplitIssueKind::MetaCommand(name) => {
                let advice = match name.to_ascii_lowercase().as_str() {
                    "copy" => "write `COPY ... FROM STDIN;` followed by the rows and a line `\\.`",
                    "i" | "ir" | "include" | "include_relative" => "make the included file a migration of its own",
                    "set" | "gset" | "getenv" => "use a variable: `${name}`, with its value under [vars] in rung.toml",
                    "gexec" => "write a DO block with EXECUTE",
                    _ => "take it out: only psql itself can carry it out",
                };
                Diagnostic::error("psql-command", format!("`\\{name}` is a command of psql, not SQL"))
                    .at(source, span, "only psql knows this")
                    .help(advice)
            }
            SplitIssueKind::IgnoredCommand(name) => Diagnostic::warning(
                "psql-command-ignored",
                format!("`\\{name}` is passed over: a migration runs on the database that rung is connected to"),
            )
            .at(source, span, "passed over"),
        }
    }
}

/// Splits a text. Statements without a token (`;;`) are dropped.
pub fn split(text: &str, syntax: &Syntax) -> (Vec<Statement>, Vec<SplitIssue>) {
    let mut splitter = Splitter { text, syntax, statements: Vec::new(), issues: Vec::new(), open: Open::default() };
    for token in tokens(text, syntax) {
        splitter.token(token);
    }
    splitter.end();
    (splitter.statements, splitter.issues)
}

/// The statement being read.
#[derive(Default)]
struct Open {
    span: Option<Span>,
    depth: usize,
    /// BEGINs, CASEs and other blocks within a body that are not ended yet.
    blocks: usize,
    /// Its first words in lower case, for recognising what has a body: CREATE OR REPLACE FUNCTION ...
    words: Vec<Word>,
    /// Whether the last word was BEGIN.
    after_begin: bool,
}

/// Words that matter to the splitter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Create,
    Routine,
    Trigger,
    Begin,
    Atomic,
    Case,
    End,
    Skipped,
    Other,
}

impl Word {
    fn of(text: &str) -> Self {
        const WORDS: [(&str, Word); 14] = [
            ("create", Word::Create),
            ("function", Word::Routine),
            ("procedure", Word::Routine),
            ("trigger", Word::Trigger),
            ("begin", Word::Begin),
            ("atomic", Word::Atomic),
            ("case", Word::Case),
            ("end", Word::End),
            ("or", Word::Skipped),
            ("replace", Word::Skipped),
            ("temp", Word::Skipped),
            ("temporary", Word::Skipped),
            ("explain", Word::Skipped),
            ("query", Word::Skipped),
        ];
        WORDS.iter().find(|(word, _)| text.eq_ignore_ascii_case(word)).map_or(Self::Other, |(_, word)| *word)
    }
}

struct Splitter<'a> {
    text: &'a str,
    syntax: &'a Syntax,
    statements: Vec<Statement>,
    issues: Vec<SplitIssue>,
    open: Open,
}

impl Splitter<'_> {
    fn token(&mut self, token: Token) {
        match token.kind {
            TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment => {}
            TokenKind::Semicolon if self.open.depth == 0 && self.open.blocks == 0 => self.end(),
            TokenKind::CopyData => self.rows(token.span),
            TokenKind::MetaCommand => self.command(token.span),
            TokenKind::Unterminated => {
                self.extend(token.span);
                self.issues.push(SplitIssue { span: token.span, kind: SplitIssueKind::Unterminated });
            }
            TokenKind::Word => {
                self.extend(token.span);
                self.word(&self.text[token.span.range()]);
            }
            TokenKind::Punct => {
                self.extend(token.span);
                match self.text.as_bytes()[token.span.start] {
                    b'(' => self.open.depth += 1,
                    b')' => self.open.depth = self.open.depth.saturating_sub(1),
                    _ => {}
                }
                self.open.after_begin = false;
            }
            _ => {
                self.extend(token.span);
                self.open.after_begin = false;
            }
        }
    }

    fn extend(&mut self, span: Span) {
        self.open.span = Some(self.open.span.map_or(span, |open| Span::new(open.start, span.end)));
    }

    /// Follows BEGIN, CASE and END within the body of a routine or a trigger.
    fn word(&mut self, text: &str) {
        let word = Word::of(text);
        if self.open.words.len() < 3 && word != Word::Skipped {
            self.open.words.push(word);
        }
        let after_begin = std::mem::replace(&mut self.open.after_begin, word == Word::Begin);
        // A body in quotes has no tokens here; only SQL-standard bodies and triggers have.
        let atomic =
            self.syntax.atomic_bodies && matches!(self.open.words.as_slice(), [Word::Create, Word::Routine, ..]);
        let trigger =
            self.syntax.trigger_bodies && matches!(self.open.words.as_slice(), [Word::Create, Word::Trigger, ..]);
        match word {
            Word::Atomic if atomic && after_begin => self.open.blocks += 1,
            Word::Begin if trigger && self.open.blocks == 0 => self.open.blocks = 1,
            Word::Case if self.open.blocks > 0 => self.open.blocks += 1,
            Word::End if self.open.blocks > 0 => self.open.blocks -= 1,
            _ => {}
        }
    }

    fn end(&mut self) {
        if let Some(span) = std::mem::take(&mut self.open).span {
            let copy_data = self.is_copy_from_stdin(span).then(|| Span::new(span.end, span.end));
            self.statements.push(Statement { span, copy_data });
        }
    }

    fn is_copy_from_stdin(&self, span: Span) -> bool {
        let bytes = self.text.as_bytes();
        if !self.syntax.copy_data || span.len() < 4 || !bytes[span.start..span.start + 4].eq_ignore_ascii_case(b"copy")
        {
            return false;
        }
        let words: Vec<&str> = tokens(&self.text[span.range()], self.syntax)
            .filter(|token| token.kind == TokenKind::Word)
            .map(|token| &self.text[span.range()][token.span.range()])
            .collect();
        words.windows(2).any(|pair| pair[0].eq_ignore_ascii_case("from") && pair[1].eq_ignore_ascii_case("stdin"))
    }

    fn rows(&mut self, span: Span) {
        if let Some(last) = self.statements.last_mut().filter(|last| last.copy_data.is_some()) {
            last.copy_data = Some(span);
        }
    }

    fn command(&mut self, span: Span) {
        let line = &self.text[span.range()];
        let name: String = line[1..].chars().take_while(|c| !c.is_whitespace()).collect();
        let kind = match name.as_str() {
            // Written by pg_dump: they protect psql, and mean nothing to a server. `\.` ends COPY rows.
            "restrict" | "unrestrict" | "." => return,
            "connect" | "c" => SplitIssueKind::IgnoredCommand(name),
            _ => SplitIssueKind::MetaCommand(name),
        };
        self.issues.push(SplitIssue { span, kind });
    }
}

/// The byte offset of a PostgreSQL error position, which counts characters from one.
pub fn position_to_offset(text: &str, position: usize) -> usize {
    let at = position.saturating_sub(1);
    text.char_indices().nth(at).map_or(text.len(), |(offset, _)| offset)
}
