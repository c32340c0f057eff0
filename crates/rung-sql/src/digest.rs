//! What a text's content is: its checksum, and the fingerprint of its SQL.

use sha2::{Digest as _, Sha256};

use crate::Syntax;
use crate::lexer::{TokenKind, tokens};

/// SHA-256 of a text with line ends normalised to LF. (The byte order mark is gone once a file is read.)
pub fn checksum(text: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| *byte == b'\r') {
        hash.update(&rest[..at]);
        hash.update(b"\n");
        rest = &rest[at + 1..];
        rest = rest.strip_prefix(b"\n").unwrap_or(rest);
    }
    hash.update(rest);
    hash.finalize().into()
}

/// SHA-256 of the tokens of some texts, read as one: blanks, comments and the case of unquoted words do not count.
pub fn fingerprint_of<'a>(texts: impl IntoIterator<Item = &'a str>, syntax: &Syntax) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut buffer = Vec::with_capacity(1024);
    // A semicolon counts only between two statements, so that the last one's may be left out.
    let mut semicolon = false;
    let mut begun = false;
    for text in texts {
        for token in tokens(text, syntax) {
            if token.kind.is_trivia() {
                continue;
            }
            if token.kind == TokenKind::Semicolon {
                semicolon = true;
                continue;
            }
            if std::mem::take(&mut semicolon) && begun {
                buffer.extend_from_slice(b";\xff");
            }
            begun = true;
            let bytes = &text.as_bytes()[token.span.range()];
            let from = buffer.len();
            if bytes.contains(&b'\r') {
                // Line ends within strings and COPY rows are those of the checkout.
                buffer.extend(text[token.span.range()].replace("\r\n", "\n").bytes());
            } else {
                buffer.extend_from_slice(bytes);
            }
            if token.kind == TokenKind::Word {
                buffer[from..].make_ascii_lowercase();
            }
            // A byte that no UTF-8 text has keeps `a b` from being `ab`.
            buffer.push(0xff);
            if buffer.len() > 960 {
                hash.update(&buffer);
                buffer.clear();
            }
        }
        semicolon = true;
    }
    hash.update(&buffer);
    hash.finalize().into()
}

/// The fingerprint of one text.
pub fn fingerprint(text: &str, syntax: &Syntax) -> [u8; 32] {
    fingerprint_of([text], syntax)
}
