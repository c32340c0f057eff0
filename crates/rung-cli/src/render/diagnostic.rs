//! Diagnostics, with a caret where there is a file to point into.

use std::io;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Element, Level, Renderer, Snippet};
use rung::sql::{Diagnostic, Label, Level as Severity, SourceFile, Span};

use super::{BAD, DIM, NEXT, STRONG, WARN, paint};

/// A line that is longer can't be shown as one: only its place is said.
const LONGEST_LINE: usize = 2000;
/// Lines of what is marked that are shown: enough to know a statement by.
const LINES: usize = 6;
/// Where the width of the terminal is not known.
const COLUMNS: usize = 120;

/// Whether a diagnostic says its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Code {
    Shown,
    Hidden,
}

/// A diagnostic for the terminal, its lines ended.
pub(crate) fn render(diagnostic: &Diagnostic) -> String {
    joined(rendered(diagnostic, Code::Hidden))
}

/// As [`render`], with its code: `error[index-nonconcurrent]: ...`.
pub(crate) fn render_coded(diagnostic: &Diagnostic) -> String {
    joined(rendered(diagnostic, Code::Shown))
}

fn joined((text, helps): (String, String)) -> String {
    text + &helps
}

/// A diagnostic, and the lines below it that say what to do: none where that stands in its frame.
pub(crate) fn parts(diagnostic: &Diagnostic) -> (String, String) {
    rendered(diagnostic, Code::Hidden)
}

fn rendered(diagnostic: &Diagnostic, code: Code) -> (String, String) {
    let short = |label: &Label| {
        is_in_sight(label) && marked_lines(&label.source, &[label]).1.lines().all(|line| line.len() <= LONGEST_LINE)
    };
    if diagnostic.labels.is_empty() || !diagnostic.labels.iter().all(short) {
        return plain(diagnostic, code);
    }
    let level = match diagnostic.level {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let notes = diagnostic.notes.iter().map(|note| Element::from(Level::NOTE.no_name().message(note.as_str())));
    let helps = diagnostic.helps.iter().map(|help| Element::from(Level::HELP.message(help.as_str())));
    let title = level.primary_title(diagnostic.message.as_str());
    let title = if code == Code::Shown { title.id(diagnostic.code) } else { title };
    let group = title.elements(snippets(&diagnostic.labels)).elements(notes).elements(helps);
    let columns = terminal_size::terminal_size_of(io::stderr()).map_or(COLUMNS, |size| usize::from(size.0.0));
    let mut text = Renderer::styled().term_width(columns).render(&[group]);
    text.push('\n');
    (text, String::new())
}

/// Whether the ends of the line that a label is on are near it: one of 50 MB is not gone through for each of its labels.
fn is_in_sight(label: &Label) -> bool {
    let text = label.source.text();
    let at = floor(text, label.span.start);
    let (from, to) = (floor(text, at.saturating_sub(LONGEST_LINE)), floor(text, at + LONGEST_LINE));
    (from == 0 || text[from..at].contains('\n')) && (to == text.len() || text[at..to].contains('\n'))
}

/// A diagnostic without a file to show: what, why, and what to do.
fn plain(diagnostic: &Diagnostic, code: Code) -> (String, String) {
    let title = match diagnostic.level {
        Severity::Error => paint(BAD, "error"),
        Severity::Warning => paint(WARN, "warning"),
        Severity::Note => paint(NEXT, "note"),
    };
    let code = if code == Code::Shown { format!("[{}]", diagnostic.code) } else { String::new() };
    let mut text = format!("{title}{code}: {}\n", paint(STRONG, &diagnostic.message));
    for label in &diagnostic.labels {
        let at = label.source.line_column(label.span.start);
        let place = format!("{}:{}:{}", label.source.path().display(), at.line, at.column);
        text.push_str(&format!(" {} {place}   {}\n", paint(DIM, "-->"), label.text));
    }
    for note in &diagnostic.notes {
        text.push_str(&format!("  {}\n", note.replace('\n', "\n  ")));
    }
    let mut helps = String::new();
    for help in &diagnostic.helps {
        let sign = if help.starts_with("did you mean") { "help" } else { "next" };
        helps.push_str(&format!("{}: {help}\n", paint(NEXT, sign)));
    }
    (text, helps)
}

/// A snippet for each file, cut down to the lines that are marked.
fn snippets(labels: &[Label]) -> Vec<Element<'_>> {
    let mut files: Vec<&Arc<SourceFile>> = Vec::new();
    for label in labels {
        if !files.iter().any(|file| Arc::ptr_eq(file, &label.source)) {
            files.push(&label.source);
        }
    }
    files.into_iter().map(|file| Element::from(snippet(file, labels))).collect()
}

fn snippet<'a>(file: &'a Arc<SourceFile>, labels: &'a [Label]) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let ours: Vec<&Label> = labels.iter().filter(|label| Arc::ptr_eq(&label.source, file)).collect();
    let (start, text) = marked_lines(file, &ours);
    let primary = labels.first().map(std::ptr::from_ref);
    let annotations = ours.into_iter().map(|label| {
        let kind =
            if primary == Some(std::ptr::from_ref(label)) { AnnotationKind::Primary } else { AnnotationKind::Context };
        let span = shown(file, label.span);
        let annotation = kind.span(span.start - start..span.end - start);
        if label.text.is_empty() { annotation } else { annotation.label(label.text.as_str()) }
    });
    Snippet::source(text)
        .fold(false)
        .line_start(file.line_column(start).line)
        .path(file.path().to_string_lossy())
        .annotations(annotations.collect::<Vec<_>>())
}

/// What of a span is marked: its first line.
fn shown(file: &SourceFile, span: Span) -> Span {
    let start = floor(file.text(), span.start);
    let end = floor(file.text(), span.end.max(start));
    Span::new(start, end.min(line_end(file.text(), start)))
}

/// The lines from the first that labels mark to the last, and what follows of the statement that is marked: their offset
/// and their text.
fn marked_lines<'a>(file: &'a SourceFile, labels: &[&Label]) -> (usize, &'a str) {
    let text = file.text();
    let spans = || labels.iter().map(|label| shown(file, label.span));
    let start = line_start(text, spans().map(|span| span.start).min().unwrap_or(0));
    let mut end = line_end(text, spans().map(|span| span.end).max().unwrap_or(0));
    if let [label] = labels {
        let last = line_end(text, label.span.end.saturating_sub(1).max(label.span.start));
        let lines = text[end..last.max(end)].match_indices('\n').map(|(at, _)| end + at).skip(1);
        end = lines.chain([last.max(end)]).nth(LINES - 2).unwrap_or(last.max(end));
    }
    (start, &text[start..end])
}

fn line_start(text: &str, at: usize) -> usize {
    text[..floor(text, at)].rfind('\n').map_or(0, |end| end + 1)
}

fn line_end(text: &str, at: usize) -> usize {
    let at = floor(text, at);
    let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
    // The return of CRLF is no part of the line.
    if text[at..end].ends_with('\r') { end - 1 } else { end }
}

fn floor(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(diagnostic: &Diagnostic) -> String {
        anstream::adapter::strip_str(&render(diagnostic)).to_string()
    }

    #[test]
    fn a_place_is_shown_with_a_caret() {
        let sql = "-- @up\nUPDATE user_roles SET role = r.name FROM role r\n  WHERE r.id = rol_id;\n\n-- @down\n";
        let file = Arc::new(SourceFile::new("migrations/015_backfill_roles.sql", sql));
        let at = sql.find("rol_id").unwrap();
        let found = Diagnostic::error("failed", "015_backfill_roles failed at statement 1 of 1")
            .at(&file, Span::new(at, at + 6), "column \"rol_id\" does not exist")
            .note("hint from the server: perhaps you meant \"role_id\"");
        insta::assert_snapshot!(text(&found), @r#"
        error: 015_backfill_roles failed at statement 1 of 1
         --> migrations/015_backfill_roles.sql:3:16
          |
        3 |   WHERE r.id = rol_id;
          |                ^^^^^^ column "rol_id" does not exist
          |
          = hint from the server: perhaps you meant "role_id"
        "#);
    }

    #[test]
    fn without_a_file_it_says_what_to_type() {
        let found = Diagnostic::error("missing", "007_cleanup is applied (on 2026-11-02), and its file is gone")
            .help("restore the file");
        assert_eq!(
            text(&found),
            "error: 007_cleanup is applied (on 2026-11-02), and its file is gone\nnext: restore the file\n"
        );
    }

    #[test]
    fn a_line_too_long_to_show_is_named() {
        let sql = format!("SELECT '{}' FROM nowhere;\n", "x".repeat(5_000_000));
        let file = Arc::new(SourceFile::new("m.sql", &sql));
        let found = Diagnostic::error("failed", "it failed").at(&file, Span::new(0, sql.len()), "no such table");
        assert_eq!(text(&found), "error: it failed\n --> m.sql:1:1   no such table\n");
    }

    #[test]
    fn empty_files_and_places_at_the_end_are_no_trouble() {
        for sql in ["", "\n", "a", "é"] {
            let file = Arc::new(SourceFile::new("m.sql", sql));
            for at in 0..=sql.len() + 1 {
                let found = Diagnostic::error("e", "it failed").at(&file, Span::new(at, at), "here");
                assert!(text(&found).contains("it failed"));
            }
        }
    }
}
