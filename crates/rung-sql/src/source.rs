//! Source files, and places in them.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::Diagnostic;

/// A half-open range of byte offsets into a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset just past the last byte.
    pub end: usize,
}

impl Span {
    /// The span from `start` to `end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The same span, `by` bytes further on.
    pub fn shifted(self, by: usize) -> Self {
        Self::new(self.start + by, self.end + by)
    }

    /// The span as a range, for slicing.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }

    /// Length in bytes.
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether the span holds no byte.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// A place for people: line and column, both counted from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LineColumn {
    /// Line, from one.
    pub line: usize,
    /// Column in characters (not bytes), from one.
    pub column: usize,
}

/// The byte order mark.
const MARK: &str = "\u{feff}";

/// A file that was read: its path as it should be shown, and its text without a byte order mark, of which it is
/// remembered whether there was one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    path: PathBuf,
    text: Box<str>,
    marked: bool,
}

impl SourceFile {
    /// A source file from text that is already UTF-8. A leading byte order mark is dropped.
    pub fn new(path: impl Into<PathBuf>, text: &str) -> Self {
        Self::owned(path.into(), text.to_owned())
    }

    /// Without a copy: a file may have 50 MB.
    fn owned(path: PathBuf, mut text: String) -> Self {
        let marked = text.starts_with(MARK);
        if marked {
            text.drain(..MARK.len());
        }
        Self { path, text: text.into_boxed_str(), marked }
    }

    /// A source file from the bytes on disk.
    ///
    /// # Errors
    /// Bytes that are not UTF-8 give a diagnostic with the offset of the first bad byte and the line it is on; so does
    /// a NUL, which neither database takes: SQLite would end the statement there and leave out the rest.
    pub fn from_bytes(path: impl Into<PathBuf>, bytes: Vec<u8>) -> Result<Self, Box<Diagnostic>> {
        let path = path.into();
        match String::from_utf8(bytes) {
            Ok(text) => match text.find('\0') {
                None => Ok(Self::owned(path, text)),
                Some(offset) => {
                    let line = 1 + text[..offset].matches('\n').count();
                    let source = Arc::new(Self { path, text: text.into_boxed_str(), marked: false });
                    let message = format!("there is a NUL byte at offset {offset} (line {line})");
                    let diagnostic = Diagnostic::error("nul", message);
                    let diagnostic = diagnostic.at(&source, Span::new(offset, offset + 1), "no text has this");
                    Err(Box::new(diagnostic.help("save it as UTF-8, e.g. `iconv -f UTF-16 -t UTF-8`")))
                }
            },
            Err(error) => {
                let offset = error.utf8_error().valid_up_to();
                let bytes = error.into_bytes();
                let line = 1 + bytes[..offset].iter().filter(|b| **b == b'\n').count();
                let shown = String::from_utf8_lossy(&bytes).into_owned();
                let source = Arc::new(Self { path, text: shown.into_boxed_str(), marked: false });
                Err(Box::new(
                    Diagnostic::error(
                        "not-utf8",
                        format!("the file is not UTF-8: byte 0x{:02x} at offset {offset} (line {line})", bytes[offset]),
                    )
                    .at(&source, Span::new(offset, offset + '\u{fffd}'.len_utf8()), "not UTF-8 from here")
                    .help("save it as UTF-8, e.g. `iconv -f WINDOWS-1252 -t UTF-8`"),
                ))
            }
        }
    }

    /// The path, as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The bytes of the file, for checksums that others have made of them.
    pub fn bytes(&self) -> Vec<u8> {
        let mark = if self.marked { MARK } else { "" };
        [mark.as_bytes(), self.text.as_bytes()].concat()
    }

    /// The text under a span.
    ///
    /// # Panics
    /// If the span is not within the text or cuts a character.
    pub fn slice(&self, span: Span) -> &str {
        &self.text[span.range()]
    }

    /// Line and column of a byte offset; an offset past the end is the end.
    pub fn line_column(&self, offset: usize) -> LineColumn {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &self.text[..offset];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        LineColumn {
            line: 1 + before.bytes().filter(|b| *b == b'\n').count(),
            column: 1 + before[line_start..].chars().count(),
        }
    }
}
