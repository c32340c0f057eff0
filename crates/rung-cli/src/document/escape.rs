//! Texts of the database as Markdown: whatever a name holds, it is that name (<https://spec.commonmark.org/0.31.2/>, and
//! GitHub's tables).

use std::fmt::Write as _;

/// A text on one line, in which nothing begins anything.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in text.split_whitespace().collect::<Vec<_>>().join(" ").chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '$' => out.extend(['\\', c]),
            '&' => out.push_str("&amp;"),
            c => out.push(c),
        }
    }
    // What would be a list, a heading's line or a number at the beginning.
    match out.chars().next() {
        Some('-' | '+' | '=') => format!("\\{out}"),
        Some(first) if first.is_ascii_digit() => match out.find(['.', ')']) {
            Some(at) if out[..at].bytes().all(|byte| byte.is_ascii_digit()) && out[at + 1..].starts_with(' ') => {
                format!("{}\\{}", &out[..at], &out[at..])
            }
            _ => out,
        },
        _ => out,
    }
}

/// A text as code, on one line, within as many backticks as it needs.
pub(super) fn code(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        return String::new();
    }
    let ticks = "`".repeat(longest(&text, '`') + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// Markdown within a cell of a table: what divides cells is none, in code too.
pub(super) fn cell(markdown: &str) -> String {
    let mut out = String::new();
    let mut last = ' ';
    for c in markdown.chars() {
        match c {
            '|' if last != '\\' => out.push_str("\\|"),
            '\n' | '\r' => out.push(' '),
            c => out.push(c),
        }
        last = c;
    }
    out
}

/// A text as a block of code.
pub(super) fn fence(text: &str, language: &str) -> String {
    let ticks = "`".repeat((longest(text, '`') + 1).max(3));
    let end = if text.ends_with('\n') { "" } else { "\n" };
    format!("{ticks}{language}\n{text}{end}{ticks}")
}

/// A path as the place that a link leads to.
pub(super) fn link(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for c in path.chars() {
        match c {
            ' ' | '<' | '>' | '(' | ')' | '\\' | '%' | '#' | '?' | '"' | '\'' | '`' => {
                _ = write!(out, "%{:02X}", u32::from(c))
            }
            c if c.is_control() => _ = write!(out, "%{:02X}", u32::from(c)),
            c => out.push(c),
        }
    }
    out
}

/// The place that a heading of this text has on a page, as GitHub names it.
pub(super) fn anchor(text: &str) -> String {
    let mut out = String::new();
    for c in text.to_lowercase().chars() {
        match c {
            c if c.is_alphanumeric() || matches!(c, '_' | '-') => {
                let _ = write!(out, "{c}");
            }
            ' ' => out.push('-'),
            _ => {}
        }
    }
    out
}

/// With its first letter a capital.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// How many of a character stand together at most.
fn longest(text: &str, of: char) -> usize {
    text.split(|c| c != of).map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_names() {
        assert_eq!(plain("a_b *c* <script> | x\ny"), "a\\_b \\*c\\* \\<script\\> \\| x y");
        assert_eq!(plain("1. one"), "1\\. one");
        assert_eq!(plain("15.18"), "15.18");
        assert_eq!(plain("- no list"), "\\- no list");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(cell(&code("a|b")), "`a\\|b`");
        assert_eq!(cell(&plain("a|b")), "a\\|b");
        assert_eq!(fence("a ```` b", "sql"), "`````sql\na ```` b\n`````");
        assert_eq!(anchor("001_create `Users` (2)"), "001_create-users-2");
        assert_eq!(capital("enum"), "Enum");
        assert_eq!(link("../a (1)/schéma.svg"), "../a%20%281%29/schéma.svg");
    }
}
