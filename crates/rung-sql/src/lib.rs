//! SQL text as rung reads it: source files, tokens, statements, headers, sections and directives, and the facts about
//! a statement that planning and running need. Pure: nothing here does input or output.

mod diagnostic;
mod source;

pub use diagnostic::{Diagnostic, Label, Level};
pub use source::{LineColumn, SourceFile, Span};
