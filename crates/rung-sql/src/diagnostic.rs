//! What is wrong, where, and what to do about it.

use std::fmt;
use std::sync::Arc;

use crate::{SourceFile, Span};

/// How bad a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Worth knowing; nothing stops.
    Note,
    /// Probably not meant; nothing stops.
    Warning,
    /// Nothing runs until it is mended.
    Error,
}

/// A place in a source file, with what to say there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The file.
    pub source: Arc<SourceFile>,
    /// The place in it.
    pub span: Span,
    /// Said at the caret; may be empty.
    pub text: String,
}

/// A finding about a file, ready to be rendered with a caret.
///
/// Messages are lowercase fragments that name the thing; every help is one edit or one command to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub level: Level,
    /// A stable kebab-case code, e.g. `unknown-type`.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// Where: the first label is the primary one. Empty where no file is concerned.
    pub labels: Vec<Label>,
    /// Facts that explain it.
    pub notes: Vec<String>,
    /// What to do.
    pub helps: Vec<String>,
}

impl Diagnostic {
    /// A diagnostic of any level.
    pub fn new(level: Level, code: &'static str, message: impl Into<String>) -> Self {
        Self { level, code, message: message.into(), labels: Vec::new(), notes: Vec::new(), helps: Vec::new() }
    }

    /// An error.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Level::Error, code, message)
    }

    /// A warning.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Level::Warning, code, message)
    }

    /// Adds a place.
    #[must_use]
    pub fn at(mut self, source: &Arc<SourceFile>, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { source: Arc::clone(source), span, text: text.into() });
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Adds one thing to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.helps.push(text.into());
        self
    }
}

impl fmt::Display for Diagnostic {
    /// One line, `path:line:column: message`; for logs and for libraries. Terminals get the caret view.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(label) = self.labels.first() {
            let at = label.source.line_column(label.span.start);
            write!(f, "{}:{}:{}: ", label.source.path().display(), at.line, at.column)?;
        }
        f.write_str(&self.message)?;
        for help in &self.helps {
            write!(f, "; {help}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostic {}
