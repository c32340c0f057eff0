//! The header: the comment lines at the top of a migration that say what it is.

use std::fmt;

use crate::Span;

/// A value with its place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

/// What a migration does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MigrationType {
    /// Creates a table, perhaps with its indexes.
    CreateTable,
    /// Changes a table.
    AlterTable,
    /// Drops a table.
    DropTable,
    /// Creates an index.
    CreateIndex,
    /// Drops an index.
    DropIndex,
    /// Puts rows in.
    InsertData,
    /// Changes rows.
    UpdateData,
    /// Takes rows out.
    DeleteData,
    /// Anything else.
    CustomSql,
}

impl MigrationType {
    /// All of them, in the order in which they are documented.
    pub const ALL: [Self; 9] = [
        Self::CreateTable,
        Self::AlterTable,
        Self::DropTable,
        Self::CreateIndex,
        Self::DropIndex,
        Self::InsertData,
        Self::UpdateData,
        Self::DeleteData,
        Self::CustomSql,
    ];

    /// As headers and the history have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreateTable => "create_table",
            Self::AlterTable => "alter_table",
            Self::DropTable => "drop_table",
            Self::CreateIndex => "create_index",
            Self::DropIndex => "drop_index",
            Self::InsertData => "insert_data",
            Self::UpdateData => "update_data",
            Self::DeleteData => "delete_data",
            Self::CustomSql => "custom_sql",
        }
    }

    /// Reads what a header says, in any case, words divided by `_`, `-` or a blank.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase().replace(['-', ' '], "_");
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl fmt::Display for MigrationType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What the header says. Everything may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Header {
    /// The id or number that it says the migration has.
    pub migration: Option<Spanned<String>>,
    /// What the migration is for; the first plain line of the comment where nothing else says.
    pub description: Option<String>,
    /// The type, as it is written.
    pub kind: Option<Spanned<String>>,
    /// Ids of migrations that must be applied before; `None` where it does not say.
    pub depends_on: Option<Vec<Spanned<String>>>,
    /// When it was written.
    pub date: Option<String>,
    /// By whom.
    pub author: Option<String>,
    /// What it was called before.
    pub formerly: Option<Spanned<String>>,
    /// Environments it is for.
    pub environments: Vec<Spanned<String>>,
    /// Tags.
    pub tags: Vec<Spanned<String>>,
    /// What it says of undoing, in prose; SQL is read as the down.
    pub rollback: Option<Spanned<String>>,
}

/// A comment line that stands alone on its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommentLine<'a> {
    /// What follows the dashes, without blanks at both ends.
    pub content: &'a str,
    /// Where the content stands.
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Migration,
    Description,
    Type,
    DependsOn,
    Date,
    Author,
    Environment,
    Formerly,
    Tags,
    Rollback,
}

impl Key {
    fn is_list(self) -> bool {
        matches!(self, Self::DependsOn | Self::Environment | Self::Tags)
    }
}

const KEYS: [(&str, Key); 19] = [
    ("migration", Key::Migration),
    ("description", Key::Description),
    ("purpose", Key::Description),
    ("type", Key::Type),
    ("depends on", Key::DependsOn),
    ("depends", Key::DependsOn),
    ("dependency", Key::DependsOn),
    ("dependencies", Key::DependsOn),
    ("requires", Key::DependsOn),
    ("date", Key::Date),
    ("created", Key::Date),
    ("author", Key::Author),
    ("environment", Key::Environment),
    ("environments", Key::Environment),
    ("formerly", Key::Formerly),
    ("tag", Key::Tags),
    ("tags", Key::Tags),
    ("rollback", Key::Rollback),
    ("roll back", Key::Rollback),
];

/// `Key: value`, where the key is known; the value's place is within the line's.
fn key_of<'a>(line: &CommentLine<'a>) -> Option<(Key, CommentLine<'a>)> {
    let (name, value) = line.content.split_once(':')?;
    let name = name.trim_matches(|c: char| c == '*' || c == '#' || c.is_whitespace());
    let name = name.to_lowercase().replace(['_', '-'], " ");
    let key = KEYS.iter().find(|(known, _)| *known == name)?.1;
    let from = line.content.len() - value.len();
    Some((key, part(line, from, line.content.len())))
}

/// A part of a line, trimmed.
fn part<'a>(line: &CommentLine<'a>, from: usize, to: usize) -> CommentLine<'a> {
    let text = &line.content[from..to];
    let trimmed = text.trim_start_matches(|c: char| c == '*' || c.is_whitespace());
    let start = line.span.start + from + (text.len() - trimmed.len());
    let trimmed = trimmed.trim_end();
    CommentLine { content: trimmed, span: Span::new(start, start + trimmed.len()) }
}

/// Whether a line says nothing: an empty one, `=====`, `-----`, `===== UP MIGRATION =====`.
fn is_banner(content: &str) -> bool {
    !content.contains(char::is_alphanumeric)
        || content.starts_with("===")
        || content.starts_with("---")
        || content.starts_with("***")
}

/// Whether a comment line begins what undoes the migration: `ROLLBACK: DROP TABLE x;`. Gives the rest of the line.
pub(crate) fn rollback_of<'a>(line: &CommentLine<'a>) -> Option<CommentLine<'a>> {
    match key_of(line)? {
        (Key::Rollback, value) => Some(value),
        _ => None,
    }
}

/// Whether a text is SQL rather than prose.
pub(crate) fn looks_like_sql(text: &str) -> bool {
    const VERBS: [&str; 18] = [
        "alter", "begin", "call", "comment", "create", "delete", "do", "drop", "grant", "insert", "pragma", "refresh",
        "reindex", "revoke", "select", "truncate", "update", "set",
    ];
    let text = text.trim_start();
    let first: String = text.chars().take_while(char::is_ascii_alphabetic).collect();
    VERBS.contains(&first.to_lowercase().as_str())
        && (text.contains(';') || first.chars().all(|c| c.is_ascii_uppercase()))
}

/// Reads the comment lines at the top of a file. A line without content ends a wrapped value, and one that does not go on
/// with a list ends the list.
pub(crate) fn read_header(lines: &[CommentLine<'_>]) -> Header {
    let mut header = Header::default();
    // The key whose value may go on, and the last line of it.
    let mut open: Option<(Key, &str)> = None;
    let mut first_plain: Option<String> = None;
    for line in lines {
        if is_banner(line.content) || line.content.starts_with('@') {
            open = None;
            continue;
        }
        if let Some((key, value)) = key_of(line) {
            open = Some((key, value.content));
            start(&mut header, key, &value);
        } else if let Some((key, _)) = open.filter(|(key, above)| !key.is_list() || goes_on(above, line)) {
            open = Some((key, line.content));
            go_on(&mut header, key, line);
        } else {
            open = None;
            first_plain.get_or_insert_with(|| line.content.to_owned());
        }
    }
    header.description = header.description.filter(|text| !text.is_empty()).or(first_plain);
    header
}

fn start(header: &mut Header, key: Key, value: &CommentLine<'_>) {
    let spanned = || Spanned { value: value.content.to_owned(), span: value.span };
    match key {
        Key::Migration => header.migration = Some(spanned()),
        Key::Description => header.description = Some(value.content.to_owned()),
        Key::Type => header.kind = Some(spanned()),
        Key::Date => header.date = Some(value.content.to_owned()),
        Key::Author => header.author = Some(value.content.to_owned()),
        Key::Rollback => header.rollback = Some(spanned()),
        Key::Formerly => header.formerly = Some(spanned()),
        Key::DependsOn => header.depends_on.get_or_insert_default().extend(ids(value)),
        Key::Environment => header.environments.extend(words(value)),
        Key::Tags => header.tags.extend(words(value)),
    }
}

/// Whether a list goes on with a line: the one above it is not the last by its comma, bracket or emptiness; or the line
/// has a bullet, or the id of a migration. Anything else is a remark, or a key that rung does not know.
fn goes_on(above: &str, line: &CommentLine<'_>) -> bool {
    let is_open = match above.rsplit_once('[') {
        Some((_, last)) => !last.contains(']'),
        None => above.is_empty() || above.ends_with(','),
    };
    let has_bullet = ["- ", "* "].iter().any(|bullet| line.content.starts_with(bullet));
    let is_id =
        |word: &Spanned<String>| word.value.starts_with(|c: char| c.is_ascii_digit()) && word.value.contains('_');
    is_open || has_bullet || !above.ends_with(']') && words(line).first().is_some_and(is_id)
}

/// A line that goes on with the value above it.
fn go_on(header: &mut Header, key: Key, line: &CommentLine<'_>) {
    let append = |text: &mut String| {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(line.content);
    };
    match key {
        Key::Description => append(header.description.get_or_insert_default()),
        Key::Rollback => {
            if let Some(rollback) = &mut header.rollback {
                append(&mut rollback.value);
            }
        }
        Key::DependsOn => header.depends_on.get_or_insert_default().extend(ids(line)),
        Key::Environment => header.environments.extend(words(line)),
        Key::Tags => header.tags.extend(words(line)),
        Key::Migration | Key::Type | Key::Date | Key::Author | Key::Formerly => {}
    }
}

/// Words divided by commas or blanks, out of brackets, quotes and bullets.
fn words(line: &CommentLine<'_>) -> Vec<Spanned<String>> {
    let is_wrapping = |c: char| matches!(c, '[' | ']' | '`' | '\'' | '"' | '(' | ')' | '-' | '*' | '.');
    let mut found = Vec::new();
    let mut from = 0;
    for (at, c) in line.content.char_indices().chain([(line.content.len(), ',')]) {
        if c != ',' && !c.is_whitespace() {
            continue;
        }
        let word = &line.content[from..at];
        let trimmed = word.trim_start_matches(is_wrapping);
        let start = from + (word.len() - trimmed.len());
        let trimmed = trimmed.trim_end_matches(is_wrapping);
        if !trimmed.is_empty() {
            let span = Span::new(line.span.start + start, line.span.start + start + trimmed.len());
            found.push(Spanned { value: trimmed.to_owned(), span });
        }
        from = at + c.len_utf8();
    }
    found
}

/// Ids of migrations. `None (initial migration)` and `[]` are none; a word such as "Requires" is passed over.
fn ids(line: &CommentLine<'_>) -> Vec<Spanned<String>> {
    const NOTHING: [&str; 5] = ["none", "n/a", "nothing", "null", "no"];
    const FILLERS: [&str; 5] = ["requires", "and", "migration", "migrations", "needs"];
    let words = words(line);
    if words.first().is_some_and(|first| NOTHING.contains(&first.value.to_lowercase().as_str())) {
        return Vec::new();
    }
    words
        .into_iter()
        .filter(|word| !FILLERS.contains(&word.value.to_lowercase().as_str()))
        .map(|word| match word.value.strip_suffix(".sql").or_else(|| word.value.strip_suffix(".sh")) {
            Some(stem) => Spanned { value: stem.to_owned(), span: word.span },
            None => word,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Header {
        let mut lines = Vec::new();
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let content = line.trim_start().trim_start_matches("--");
            let start = at + (line.len() - line.trim_start().trim_start_matches("--").len());
            let lead = content.len() - content.trim_start().len();
            let content = content.trim();
            lines.push(CommentLine { content, span: Span::new(start + lead, start + lead + content.len()) });
            at += line.len();
        }
        read_header(&lines)
    }

    fn ids_of(header: &Header) -> Option<Vec<&str>> {
        Some(header.depends_on.as_ref()?.iter().map(|id| id.value.as_str()).collect())
    }

    #[test]
    fn the_standard_header() {
        let header = read(
            "-- Migration: 001_create_user_profiles\n-- Description: Create user profiles table for storing\n--   user information\n-- Type: create_table\n-- Depends on: []\n",
        );
        assert_eq!(header.migration.as_ref().unwrap().value, "001_create_user_profiles");
        assert_eq!(header.description.as_deref(), Some("Create user profiles table for storing user information"));
        assert_eq!(header.kind.as_ref().unwrap().value, "create_table");
        assert_eq!(ids_of(&header), Some(vec![]));
    }

    #[test]
    fn a_banner_with_bullets() {
        let header = read(
            "-- ============================================\n-- Migration: 005 - Add Project Limits\n-- ============================================\n-- Purpose: Add resource limits tracking for projects\n--\n-- Dependencies:\n--   - 001_create_platform_schema.sql\n--   - 003_user_management_and_permissions.sql\n--\n-- Rollback:\n--   See rollback-005.sql\n-- ============================================\n",
        );
        assert_eq!(header.migration.as_ref().unwrap().value, "005 - Add Project Limits");
        assert_eq!(header.description.as_deref(), Some("Add resource limits tracking for projects"));
        let ids = ids_of(&header).unwrap();
        assert_eq!(ids, ["001_create_platform_schema", "003_user_management_and_permissions"]);
        assert_eq!(header.rollback.as_ref().unwrap().value, "See rollback-005.sql");
    }

    #[test]
    fn a_plain_first_line_and_a_date() {
        let header = read("-- Enable team functionality\n-- Date: 2025-01-31\n-- Author: (optional)\n");
        assert_eq!(header.description.as_deref(), Some("Enable team functionality"));
        assert_eq!(header.date.as_deref(), Some("2025-01-31"));
        assert_eq!(header.depends_on, None);
    }

    #[test]
    fn dependencies_in_every_form() {
        for text in [
            "-- Depends on: [001_a, 002_b]\n",
            "-- depends_on: 001_a,\n--   002_b\n",
            "-- **Dependencies**:\n-- - Requires `001_a.sql`\n-- - Requires `002_b.sql`\n",
            "-- Requires: 001_a 002_b\n",
            "-- Requires: 001_a.sh and 002_b.sql\n",
        ] {
            assert_eq!(ids_of(&read(text)), Some(vec!["001_a", "002_b"]), "{text}");
        }
        assert_eq!(ids_of(&read("-- Dependencies: None (initial migration)\n")), Some(vec![]));
    }

    #[test]
    fn what_follows_a_list_is_no_part_of_it() {
        for text in [
            "-- Depends on: [001_a]\n-- Ticket: ABC-12\n",
            "-- Depends on: [\n--   001_a\n-- ]\n-- 2 tables, and 1_more\n",
            "-- Dependencies:\n--   - 001_a.sql\n-- Reviewed by two of us\n",
            "-- Requires: 001_a\n-- Adds the roles\n",
        ] {
            assert_eq!(ids_of(&read(text)), Some(vec!["001_a"]), "{text}");
        }
        assert_eq!(ids_of(&read("-- Dependencies: None\n-- Adds the roles\n")), Some(vec![]));
        let header = read("-- Environment: production\n-- Tags: billing,\n--   v2\n-- Not for the faint of heart\n");
        let values = |of: &[Spanned<String>]| of.iter().map(|word| word.value.clone()).collect::<Vec<_>>();
        assert_eq!(
            (values(&header.environments), values(&header.tags)),
            (vec!["production".into()], vec!["billing".into(), "v2".into()])
        );
        assert_eq!(header.description.as_deref(), Some("Not for the faint of heart"));
    }
}
