//! What a rule finds.

use rung_engine::MigrationId;
use rung_sql::{Diagnostic, Span};

use crate::{Rebuild, Sequence};

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
    /// How it is mended by an edit.
    pub fix: Option<Fix>,
    /// Safe sequences of what is more than an edit, for [`Rewriter`](crate::Rewriter).
    pub steps: Vec<Sequence>,
    /// The table that it takes to mend it, which somebody with a database at hand can work out.
    pub rebuild: Option<Rebuild>,
    /// Why it is not mended by itself, as a clause, where that is not plain.
    pub left: Option<String>,
}

impl Finding {
    /// What was found and is not mended by itself, as far as is known yet.
    pub fn new(rule: &'static str, migration: MigrationId, statement: Option<usize>, diagnostic: Diagnostic) -> Self {
        Self { rule, migration, statement, diagnostic, fix: None, steps: Vec::new(), rebuild: None, left: None }
    }
}
