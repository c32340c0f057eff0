//! Source files, and places in them.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

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
#[derive(Debug, Clone)]
pub struct SourceFile {
    path: PathBuf,
    text: Box<str>,
    marked: bool,
    /// Made when the first place is asked for.
    steps: OnceLock<Box<[Step]>>,
}

impl PartialEq for SourceFile {
    fn eq(&self, other: &Self) -> bool {
        (&self.path, &self.text, self.marked) == (&other.path, &other.text, other.marked)
    }
}

impl Eq for SourceFile {}

/// What stands before a place of a text: a file of a hundred thousand findings is not counted from its start for each.
#[derive(Debug, Clone, Copy, Default)]
struct Step {
    /// Line ends.
    lines: usize,
    /// Characters behind the last of them.
    column: usize,
}

impl Step {
    /// So many bytes are gone through for each place.
    const BYTES: usize = 1024;

    /// The place behind some bytes, of characters that may be cut.
    fn over(self, bytes: &[u8]) -> Self {
        let is_first = |byte: &&u8| (**byte as i8) >= -0x40;
        let characters = |bytes: &[u8]| bytes.iter().filter(is_first).count();
        match bytes.iter().rposition(|byte| *byte == b'\n') {
            None => Self { column: self.column + characters(bytes), ..self },
            Some(last) => Self {
                lines: self.lines + bytes[..=last].iter().filter(|byte| **byte == b'\n').count(),
                column: characters(&bytes[last + 1..]),
            },
        }
    }
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
        Self { marked, ..Self::as_it_is(path, text) }
    }

    /// With its byte order mark, where it has one.
    fn as_it_is(path: PathBuf, text: String) -> Self {
        Self { path, text: text.into_boxed_str(), marked: false, steps: OnceLock::new() }
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
                    let source = Arc::new(Self::as_it_is(path, text));
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
                let source = Arc::new(Self::as_it_is(path, shown));
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
        let bytes = self.text.as_bytes();
        let steps = self.steps.get_or_init(|| {
            let blocks = bytes.chunks_exact(Step::BYTES).scan(Step::default(), |step, block| {
                *step = step.over(block);
                Some(*step)
            });
            std::iter::once(Step::default()).chain(blocks).collect()
        });
        let block = offset / Step::BYTES;
        let Step { lines, column } = steps[block].over(&bytes[block * Step::BYTES..offset]);
        LineColumn { line: 1 + lines, column: 1 + column }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_what_counting_from_the_start_says() {
        let line = "-- é \u{1f600}\r\n";
        let texts = [line.repeat(300), "aé\u{1f600}".repeat(2000), "\n".repeat(3000), String::new()];
        for text in texts {
            let source = SourceFile::new("a.sql", &text);
            for offset in (0..text.len() + 3).filter(|offset| offset % 7 < 2) {
                let before = &text[..text.floor_char_boundary(offset)];
                let line = 1 + before.matches('\n').count();
                let column = 1 + before.rsplit('\n').next().map_or(0, |line| line.chars().count());
                assert_eq!(source.line_column(offset), LineColumn { line, column }, "{offset}");
            }
        }
    }
}
