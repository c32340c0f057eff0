//! SQL text as rung reads it: source files, tokens, statements, headers, sections and directives, and the facts about
//! a statement that planning and running need. Pure: nothing here does input or output.

mod diagnostic;
mod digest;
mod directives;
mod facts;
mod header;
mod lexer;
mod migration_file;
mod script;
mod source;
mod split;
mod suggest;
mod syntax;

pub use diagnostic::{Diagnostic, Label, Level};
pub use digest::{checksum, fingerprint, fingerprint_of};
pub use directives::{Allow, Comparison, Directives, Expect, Replaced, parse_duration};
pub use facts::{
    Effect, Facts, Inside, ObjectKind, ObjectName, Outside, TransactionControl, infer_type, postgres_facts, rebuilt,
    sqlite_facts,
};
pub use header::{CommentLine, Header, MigrationType, Spanned};
pub use lexer::{Token, TokenKind, Tokens, tokens};
pub use migration_file::{MigrationFile, Reading, Verify, Want, read_file, values};
pub use script::{Reach, Script, Variables};
pub use source::{LineColumn, SourceFile, Span};
pub use split::{SplitIssue, SplitIssueKind, Statement, position_to_offset, split};
pub use suggest::closest;
pub use syntax::Syntax;
