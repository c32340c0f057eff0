//! Tokens. They tile the text: nothing is lost between two of them, and no input makes the lexer fail.

use crate::{Span, Syntax};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// Blanks and line ends.
    Whitespace,
    /// `-- ...` up to the line end, which is not part of it.
    LineComment,
    /// `/* ... */`.
    BlockComment,
    /// A keyword or a name without quotes.
    Word,
    /// `"name"`, and where the dialect has them `` `name` `` and `[name]`.
    QuotedIdent,
    /// A string of any kind, dollar quotes among them.
    String,
    /// A number.
    Number,
    /// `$1`, `?`, `?1`.
    Parameter,
    /// One character of punctuation, or one of an operator.
    Punct,
    /// `;`.
    Semicolon,
    /// A psql command, from its backslash to the end of the line.
    MetaCommand,
    /// The rows of a COPY, without the line `\.`, which is a meta command after them.
    CopyData,
    /// A string, quoted name, block comment or COPY that does not end before the text does.
    Unterminated,
}

impl TokenKind {
    /// Whether the token is nothing to a server: blanks and comments.
    pub fn is_trivia(self) -> bool {
        matches!(self, Self::Whitespace | Self::LineComment | Self::BlockComment)
    }
}

/// A piece of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where.
    pub span: Span,
}

/// The tokens of a text.
pub fn tokens<'a>(text: &'a str, syntax: &'a Syntax) -> Tokens<'a> {
    Tokens { text, bytes: text.as_bytes(), at: 0, syntax, depth: 0, copy: Copy::Start }
}

/// How far a statement has gone towards `COPY ... FROM STDIN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Copy {
    /// Nothing of the statement has come.
    Start,
    /// It is no COPY.
    Other,
    /// It begins with COPY.
    Command,
    /// COPY ... FROM came last.
    From,
    /// COPY ... FROM STDIN: rows follow the semicolon.
    Stdin,
    /// The semicolon came: rows follow on the next line.
    Rows,
}

/// Iterates over tokens; see [`tokens`].
#[derive(Debug, Clone)]
pub struct Tokens<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    syntax: &'a Syntax,
    /// Parentheses that are open.
    depth: usize,
    copy: Copy,
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let start = self.at;
        if start >= self.bytes.len() {
            return None;
        }
        let kind = if self.copy == Copy::Rows && self.at_line_start() {
            self.copy = Copy::Start;
            self.copy_rows()
        } else {
            self.scan()
        };
        let token = Token { kind, span: Span::new(start, self.at) };
        self.follow(token);
        Some(token)
    }
}

impl Tokens<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn at_line_start(&self) -> bool {
        self.at > 0 && self.bytes[self.at - 1] == b'\n'
    }

    /// Keeps track of what decides how later text is read: parentheses, COPY, the beginnings of statements.
    fn follow(&mut self, token: Token) {
        if token.kind.is_trivia() {
            return;
        }
        match token.kind {
            TokenKind::Semicolon if self.depth == 0 => {
                self.copy = if self.copy == Copy::Stdin { Copy::Rows } else { Copy::Start };
                return;
            }
            TokenKind::CopyData | TokenKind::MetaCommand => return,
            TokenKind::Punct => match self.bytes[token.span.start] {
                b'(' => self.depth += 1,
                b')' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            },
            _ => {}
        }
        if !self.syntax.copy_data || self.depth > 0 {
            if self.copy == Copy::Start {
                self.copy = Copy::Other;
            }
            return;
        }
        let is = |word: &str| token.kind == TokenKind::Word && self.text[token.span.range()].eq_ignore_ascii_case(word);
        self.copy = match self.copy {
            Copy::Start if is("copy") => Copy::Command,
            Copy::Start => Copy::Other,
            Copy::Command | Copy::From if is("from") => Copy::From,
            Copy::From if is("stdin") => Copy::Stdin,
            Copy::From => Copy::Command,
            other => other,
        };
    }

    fn scan(&mut self) -> TokenKind {
        let byte = self.bytes[self.at];
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c => self.whitespace(),
            b'-' if self.peek(1) == b'-' => {
                self.skip_line();
                TokenKind::LineComment
            }
            b'/' if self.peek(1) == b'*' => self.block_comment(),
            b'\'' => self.string(false),
            b'"' => self.quoted(b'"', TokenKind::QuotedIdent),
            b'`' if self.syntax.bracket_identifiers => self.quoted(b'`', TokenKind::QuotedIdent),
            b'[' if self.syntax.bracket_identifiers => self.bracketed(),
            b'$' if self.syntax.dollar_quotes => self.dollar(),
            b'\\' if self.syntax.meta_commands => self.backslash(),
            b';' => {
                self.at += 1;
                TokenKind::Semicolon
            }
            b'?' => {
                self.at += 1;
                self.digits();
                TokenKind::Parameter
            }
            b'0'..=b'9' => self.number(),
            b'.' if self.peek(1).is_ascii_digit() => self.number(),
            _ if is_word_start(byte) => self.word(),
            _ => {
                self.at += 1;
                TokenKind::Punct
            }
        }
    }

    fn whitespace(&mut self) -> TokenKind {
        while matches!(self.peek(0), b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c) && self.at < self.bytes.len() {
            self.at += 1;
            // Rows of a COPY begin on the line after its semicolon, blanks and all.
            if self.copy == Copy::Rows && self.bytes[self.at - 1] == b'\n' {
                break;
            }
        }
        TokenKind::Whitespace
    }

    fn skip_line(&mut self) {
        self.at = find(self.bytes, self.at, b'\n').unwrap_or(self.bytes.len());
        if self.at > 0 && self.at < self.bytes.len() && self.bytes[self.at - 1] == b'\r' {
            self.at -= 1;
        }
    }

    fn block_comment(&mut self) -> TokenKind {
        let mut depth = 1;
        self.at += 2;
        while self.at < self.bytes.len() {
            if self.bytes[self.at] == b'*' && self.peek(1) == b'/' {
                self.at += 2;
                depth -= 1;
                if depth == 0 {
                    return TokenKind::BlockComment;
                }
            } else if self.syntax.nested_comments && self.bytes[self.at] == b'/' && self.peek(1) == b'*' {
                self.at += 2;
                depth += 1;
            } else {
                self.at += 1;
            }
        }
        // SQLite ends an open comment with the text (its tokenizer's rule).
        if self.syntax.nested_comments { TokenKind::Unterminated } else { TokenKind::BlockComment }
    }

    /// A string, the cursor on its quote. A backslash escapes the next character where `escapes`.
    fn string(&mut self, escapes: bool) -> TokenKind {
        self.at += 1;
        while self.at < self.bytes.len() {
            match self.bytes[self.at] {
                b'\'' if self.peek(1) == b'\'' => self.at += 2,
                b'\'' => {
                    self.at += 1;
                    // `E'a' \n 'b'` is one string, escapes and all.
                    if escapes && let Some(next) = self.continuation() {
                        self.at = next;
                        continue;
                    }
                    return TokenKind::String;
                }
                b'\\' if escapes => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at = self.bytes.len();
        TokenKind::Unterminated
    }

    /// Where a string goes on: past the quote that follows blanks with a line end among them.
    fn continuation(&self) -> Option<usize> {
        let mut at = self.at;
        let mut line_end = false;
        loop {
            match self.bytes.get(at)? {
                b'\n' => line_end = true,
                b' ' | b'\t' | b'\r' | 0x0c => {}
                b'\'' if line_end => return Some(at + 1),
                _ => return None,
            }
            at += 1;
        }
    }

    fn quoted(&mut self, quote: u8, kind: TokenKind) -> TokenKind {
        self.at += 1;
        while let Some(end) = find(self.bytes, self.at, quote) {
            self.at = end + 1;
            if self.peek(0) != quote {
                return kind;
            }
            self.at += 1;
        }
        self.at = self.bytes.len();
        TokenKind::Unterminated
    }

    fn bracketed(&mut self) -> TokenKind {
        match find(self.bytes, self.at, b']') {
            Some(end) => {
                self.at = end + 1;
                TokenKind::QuotedIdent
            }
            None => {
                self.at = self.bytes.len();
                TokenKind::Unterminated
            }
        }
    }

    /// `$1`, `$$...$$`, `$tag$...$tag$`, or a lone dollar.
    fn dollar(&mut self) -> TokenKind {
        if self.peek(1).is_ascii_digit() {
            self.at += 1;
            self.digits();
            return TokenKind::Parameter;
        }
        let mut end = self.at + 1;
        while end < self.bytes.len() && is_word_part(self.bytes[end]) && self.bytes[end] != b'$' {
            end += 1;
        }
        if self.bytes.get(end) != Some(&b'$') {
            self.at += 1;
            return TokenKind::Punct;
        }
        let tag = &self.text[self.at..=end];
        match self.text[end + 1..].find(tag) {
            Some(found) => {
                self.at = end + 1 + found + tag.len();
                TokenKind::String
            }
            None => {
                self.at = self.bytes.len();
                TokenKind::Unterminated
            }
        }
    }

    /// `\;` is psql's way of sending several statements as one message; any other backslash is a command.
    fn backslash(&mut self) -> TokenKind {
        if self.peek(1) == b';' {
            self.at += 2;
            return TokenKind::Semicolon;
        }
        self.skip_line();
        TokenKind::MetaCommand
    }

    /// The rows of a COPY, up to the line `\.`.
    fn copy_rows(&mut self) -> TokenKind {
        let mut line = self.at;
        while line < self.bytes.len() {
            let end = find(self.bytes, line, b'\n').unwrap_or(self.bytes.len());
            let row = &self.bytes[line..end];
            if row == b"\\." || row == b"\\.\r" {
                if line == self.at {
                    // No rows at all: the end mark itself.
                    self.skip_line();
                    return TokenKind::MetaCommand;
                }
                self.at = line;
                return TokenKind::CopyData;
            }
            line = end + 1;
        }
        self.at = self.bytes.len();
        TokenKind::Unterminated
    }

    fn digits(&mut self) {
        while self.peek(0).is_ascii_digit() {
            self.at += 1;
        }
    }

    fn number(&mut self) -> TokenKind {
        // `1..10` in a PL body is two numbers; `1e5`, `0xff` and `1_000` are one.
        while self.at < self.bytes.len() {
            match self.bytes[self.at] {
                b'.' if self.peek(1) == b'.' => break,
                b'e' | b'E' if matches!(self.peek(1), b'+' | b'-') => self.at += 2,
                b'.' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => self.at += 1,
                _ => break,
            }
        }
        TokenKind::Number
    }

    fn word(&mut self) -> TokenKind {
        let start = self.at;
        while self.at < self.bytes.len() && is_word_part(self.bytes[self.at]) {
            self.at += 1;
        }
        let word = &self.bytes[start..self.at];
        match (word, self.peek(0)) {
            (b"e" | b"E", b'\'') if self.syntax.escape_strings => self.string(true),
            (b"b" | b"B" | b"x" | b"X" | b"n" | b"N", b'\'') => self.string(false),
            (b"u" | b"U", b'&') if self.syntax.escape_strings && self.peek(1) == b'\'' => {
                self.at += 1;
                self.string(false)
            }
            (b"u" | b"U", b'&') if self.syntax.escape_strings && self.peek(1) == b'"' => {
                self.at += 1;
                self.quoted(b'"', TokenKind::QuotedIdent)
            }
            _ => TokenKind::Word,
        }
    }
}

fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn is_word_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

/// Where a byte is, from `from` on.
fn find(bytes: &[u8], from: usize, wanted: u8) -> Option<usize> {
    bytes.get(from..)?.iter().position(|byte| *byte == wanted).map(|at| from + at)
}
