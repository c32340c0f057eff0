//! Diagnostics with a caret.

use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use rung::sql::{Diagnostic, Label, Level as Severity, SourceFile};

/// Lines shown before and after what is marked; a file may be large.
const AROUND: usize = 1;

/// A diagnostic for the terminal.
pub(crate) fn render(diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.level {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut group = level.primary_title(diagnostic.message.as_str()).elements(snippets(&diagnostic.labels));
    group = group.elements(diagnostic.notes.iter().map(|note| Level::NOTE.no_name().message(note.as_str())));
    group = group.elements(diagnostic.helps.iter().map(|help| Level::HELP.message(help.as_str())));
    let groups: [Group<'_>; 1] = [group];
    let mut text = Renderer::styled().render(&groups);
    text.push('\n');
    text
}

/// A snippet for each file, cut down to the lines that are marked.
fn snippets(labels: &[Label]) -> Vec<Snippet<'_, annotate_snippets::Annotation<'_>>> {
    let mut files: Vec<&Arc<SourceFile>> = Vec::new();
    for label in labels {
        if !files.iter().any(|file| Arc::ptr_eq(file, &label.source)) {
            files.push(&label.source);
        }
    }
    files.into_iter().map(|file| snippet(file, labels)).collect()
}

fn snippet<'a>(file: &'a Arc<SourceFile>, labels: &'a [Label]) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let primary = labels.first().map(|label| &label.source);
    let ours = || labels.iter().enumerate().filter(|(_, label)| Arc::ptr_eq(&label.source, file));
    let text = file.text();
    let from = ours().map(|(_, label)| label.span.start).min().unwrap_or(0);
    let to = ours().map(|(_, label)| label.span.end).max().unwrap_or(0);
    let mut start = line_start(text, from);
    let mut end = line_end(text, to.max(from));
    for _ in 0..AROUND {
        start = line_start(text, start.saturating_sub(1));
        end = line_end(text, (end + 1).min(text.len()));
    }
    let annotations = ours().map(|(at, label)| {
        let is_primary = at == 0 && primary.is_some_and(|primary| Arc::ptr_eq(primary, file));
        let kind = if is_primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        let span = label.span.start - start..label.span.end.max(label.span.start) - start;
        let annotation = kind.span(span);
        if label.text.is_empty() { annotation } else { annotation.label(label.text.as_str()) }
    });
    Snippet::source(&text[start..end])
        .line_start(file.line_column(start).line)
        .path(file.path().to_string_lossy())
        .annotations(annotations)
}

fn line_start(text: &str, at: usize) -> usize {
    text[..floor(text, at)].rfind('\n').map_or(0, |end| end + 1)
}

fn line_end(text: &str, at: usize) -> usize {
    let at = floor(text, at);
    text[at..].find('\n').map_or(text.len(), |end| at + end)
}

fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
