//! What a rule finds.

use rung_engine::MigrationId;
use rung_sql::{Diagnostic, Span};

/// A change of a file's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced, in the source.
    pub span: Span,
    /// By what.
    pub text: String,
}

/// A mend that can be made without asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What it does: `build the index concurrently`.
    pub title: String,
    /// The changes, all in the finding's file; none overlap.
    pub edits: Vec<Edit>,
    /// A migration that it needs after this one.
    pub follow: Option<Follow>,
}

/// A migration that a mend needs after all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follow {
    /// Its name, without a number.
    pub name: String,
    /// What it runs. There is nothing to undo in it.
    pub up: String,
}

/// What a rule found.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule.
    pub rule: &'static str,
    /// The migration.
    pub migration: MigrationId,
    /// The number of the statement, from zero, in the script that is run; `None` where it is about the file.
    pub statement: Option<usize>,
    /// What, where, and what to do; its code is the rule's name.
    pub diagnostic: Diagnostic,
    /// How it is mended.
    pub fix: Option<Fix>,
}
