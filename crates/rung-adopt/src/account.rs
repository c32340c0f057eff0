//! What another tool's table says, in the terms of rung.

use rung_engine::{Migration, MigrationSet};
use rung_sql::{Diagnostic, closest};

/// A row of a query, every value as text.
pub(crate) type Row = Vec<Option<String>>;

/// All that a table says.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// In the order of application.
    pub(crate) entries: Vec<Entry>,
    /// What makes no sense whatever the files are.
    pub(crate) errors: Vec<Diagnostic>,
}

impl Account {
    /// All that there is, and nothing wrong with it.
    pub(crate) fn of(entries: impl IntoIterator<Item = Entry>) -> Self {
        Self { entries: entries.into_iter().collect(), errors: Vec::new() }
    }
}

/// What a table says of one migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// What the tool calls it.
    pub(crate) key: String,
    /// The migration that is meant; `None` where no file has it.
    pub(crate) id: Option<String>,
    /// When, RFC 3339 in UTC.
    pub(crate) applied_at: Option<String>,
    /// How long it took, in milliseconds.
    pub(crate) took: Option<u64>,
    pub(crate) state: State,
    /// Another that failed: unless that one is there, this one is not.
    pub(crate) follows: Option<String>,
    pub(crate) checksum: Checksum,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    Applied,
    /// It began and did not end well; what the tool says of it.
    Failed(String),
}

/// What the tool's checksum says of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Checksum {
    /// There is none.
    None,
    /// The file is what was applied.
    Same,
    /// It is not.
    Differs { theirs: String, ours: String },
}

impl Checksum {
    /// Compares digits of a checksum, in upper or lower case.
    pub(crate) fn compare(theirs: &str, ours: &str) -> Self {
        if theirs.eq_ignore_ascii_case(ours) {
            return Self::Same;
        }
        Self::Differs { theirs: theirs.to_owned(), ours: ours.to_owned() }
    }
}

impl Entry {
    /// An applied migration of which nothing else is known.
    pub(crate) fn applied(key: impl Into<String>, migration: Option<&Migration>) -> Self {
        Self {
            key: key.into(),
            id: migration.map(|migration| migration.id.to_string()),
            applied_at: None,
            took: None,
            state: State::Applied,
            follows: None,
            checksum: Checksum::None,
        }
    }

    pub(crate) fn at(self, applied_at: Option<String>) -> Self {
        Self { applied_at, ..self }
    }
}

/// A value of a row; empty where it is NULL.
pub(crate) fn text(row: &Row, at: usize) -> &str {
    row.get(at).and_then(Option::as_deref).unwrap_or_default()
}

/// A value of a row that may be NULL.
pub(crate) fn optional(row: &Row, at: usize) -> Option<String> {
    row.get(at).cloned().flatten()
}

/// A truth value, as either database writes it.
pub(crate) fn is_true(row: &Row, at: usize) -> bool {
    matches!(text(row, at), "t" | "true" | "TRUE" | "1")
}

/// The migration for which a function of its id gives a key.
pub(crate) fn find<'a>(set: &'a MigrationSet, key: &str, of: impl Fn(&Migration) -> String) -> Option<&'a Migration> {
    set.iter().map(|migration| &**migration).find(|migration| of(migration) == key)
}

/// The migration whose number this is, whatever zeros stand before it.
pub(crate) fn by_number<'a>(set: &'a MigrationSet, number: &str) -> Option<&'a Migration> {
    let number: u64 = number.parse().ok()?;
    set.iter().map(|migration| &**migration).find(|migration| migration.version.number() == Some(number))
}

/// The id that may have been meant.
pub(crate) fn near<'a>(set: &'a MigrationSet, key: &str) -> Option<&'a str> {
    closest(key, set.iter().map(|migration| migration.id.as_str()))
}
