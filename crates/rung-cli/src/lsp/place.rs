//! Places as the protocol has them: URIs, and lines with UTF-16 units.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use lsp_types::{Position, Range, Uri};
use rung::sql::Span;

/// The file of a URI; `None` where it is of another kind, such as a document that was never saved.
pub(super) fn path_of(uri: &Uri) -> Option<PathBuf> {
    let rest = uri.as_str().strip_prefix("file://")?;
    // What is between `//` and the path is a host; only this one is meant.
    let path = &rest[rest.find('/')?..];
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [byte, after @ ..] = rest {
        let escaped = after.get(..2).filter(|_| *byte == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(escaped) => {
                bytes.push(escaped);
                rest = &after[2..];
            }
            None => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    // `/c:/migrations` is a path of Windows behind its first stroke.
    let is_drive = cfg!(windows) && text.as_bytes().get(2) == Some(&b':');
    Some(PathBuf::from(if is_drive { &text[1..] } else { &text }))
}

/// The URI of a file.
pub(super) fn uri_of(path: &Path) -> Option<Uri> {
    let path = std::path::absolute(path).ok()?;
    let text = path.to_str()?.replace('\\', if cfg!(windows) { "/" } else { "\\" });
    let mut uri = String::from(if text.starts_with('/') { "file://" } else { "file:///" });
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => uri.push(char::from(byte)),
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    Uri::from_str(&uri).ok()
}

/// The byte that a position is at. One behind the end of its line is at the end, one behind the last line at the end of
/// the text, as the protocol has it; one within a character is before it.
pub(super) fn offset_of(text: &str, position: Position) -> usize {
    let mut start = 0;
    for _ in 0..position.line {
        match text[start..].find('\n') {
            Some(at) => start += at + 1,
            None => return text.len(),
        }
    }
    let line = text[start..].split('\n').next().unwrap_or_default();
    let line = line.strip_suffix('\r').unwrap_or(line);
    let mut units = 0;
    for (at, c) in line.char_indices() {
        units += c.len_utf16();
        if units > position.character as usize {
            return start + at;
        }
    }
    start + line.len()
}

/// The position of a byte.
pub(super) fn position_of(text: &str, offset: usize) -> Position {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &text[..offset];
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let units: usize = before[start..].chars().map(char::len_utf16).sum();
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Position::new(number(before.bytes().filter(|byte| *byte == b'\n').count()), number(units))
}

/// The range of a span.
pub(super) fn range_of(text: &str, span: Span) -> Range {
    Range::new(position_of(text, span.start), position_of(text, span.end))
}

/// The span of a range; an empty one at its start where it ends before it begins.
pub(super) fn span_of(text: &str, range: Range) -> Span {
    let start = offset_of(text, range.start);
    Span::new(start, offset_of(text, range.end).max(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_units_of_utf_16() {
        let text = "-- \u{1f600} é\r\nSELECT 1;";
        assert_eq!(position_of(text, text.find('é').unwrap()), Position::new(0, 6));
        assert_eq!(offset_of(text, Position::new(0, 6)), text.find('é').unwrap());
        assert_eq!(offset_of(text, Position::new(0, 4)), 3, "within a character");
        assert_eq!(offset_of(text, Position::new(0, 99)), text.find('\r').unwrap());
        assert_eq!(offset_of(text, Position::new(1, 0)), text.find('S').unwrap());
        assert_eq!(offset_of(text, Position::new(7, 3)), text.len());
        for (at, _) in text.char_indices().filter(|(_, c)| *c != '\n') {
            assert_eq!(offset_of(text, position_of(text, at)), at);
        }
    }

    #[test]
    fn paths_and_uris_lead_to_each_other() {
        let path = Path::new("/a b/ü#1%.sql");
        let uri = uri_of(path).unwrap();
        assert_eq!(uri.as_str(), "file:///a%20b/%C3%BC%231%25.sql");
        assert_eq!(path_of(&uri).unwrap(), path);
        let of = |text: &str| path_of(&Uri::from_str(text).unwrap());
        assert_eq!(of("file://localhost/a"), Some(PathBuf::from("/a")));
        assert_eq!(of("untitled:Untitled-1"), None);
    }
}
