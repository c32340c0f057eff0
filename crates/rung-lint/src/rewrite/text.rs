//! Where lines of a migration's file are put in, and what goes with a statement that is taken out.

use rung_sql::Span;

/// The words of a line that begins a section.
pub(super) fn section(line: &str) -> Option<Vec<&str>> {
    let words: Vec<&str> = line.trim().strip_prefix("--")?.trim().strip_prefix('@')?.split_whitespace().collect();
    words.first().is_some_and(|word| ["up", "down", "verify"].contains(word)).then_some(words)
}

/// Where a line about the whole file is put in: above the first section, else above the first statement.
pub(crate) fn above(text: &str, first: usize) -> usize {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if section(line).is_some_and(|words| words[0] == "up") {
            return at;
        }
        at += line.len();
    }
    text[..first].rfind('\n').map_or(0, |line| line + 1)
}

/// A section that holds where queries find nothing.
pub(super) fn no_rows(queries: &[&String]) -> String {
    let queries: String = queries.iter().map(|query| format!("{query};\n")).collect();
    format!("-- @verify no-rows\n{queries}")
}

/// A statement or a line with what belongs to it, so that nothing is left of it.
pub(crate) fn taken_out(text: &str, statement: Span, with_comments: bool) -> Span {
    let mut start = statement.start;
    let line = text[..start].rfind('\n').map_or(0, |line| line + 1);
    let begins_line = text[line..start].trim().is_empty();
    if begins_line {
        start = line;
        while with_comments && start > 0 {
            let above = text[..start - 1].rfind('\n').map_or(0, |line| line + 1);
            let comment = text[above..start].trim();
            let is_own = comment.starts_with("--")
                && comment
                    .trim_start_matches('-')
                    .trim_start()
                    .strip_prefix('@')
                    .is_none_or(|rest| rest.starts_with("allow"));
            // What stands at the top of the file speaks of all of it.
            if !is_own || above == 0 {
                break;
            }
            start = above;
        }
        let begins_file = text[..start].lines().all(|line| line.trim().starts_with("--") && section(line).is_none());
        if begins_file {
            start = line;
        }
    }
    let mut end = statement.end;
    let rest = text[end..].trim_start();
    if rest.starts_with(';') {
        end = text.len() - rest.len() + 1;
    }
    let blank = text[end..].find(|c: char| !matches!(c, ' ' | '\t' | '\r')).map_or(text.len(), |at| end + at);
    match text[blank..].chars().next() {
        Some('\n') if begins_line => end = blank + 1,
        None => end = blank,
        _ if !begins_line => {}
        _ => end = blank,
    }
    Span::new(start, end)
}
