//! The lexical rules of a dialect, as data.

/// What the lexer and the splitter need to know of a dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Syntax {
    /// `/* /* */ */` is one comment.
    pub nested_comments: bool,
    /// `$$...$$` and `$tag$...$tag$` quote text, and `$1` is a parameter.
    pub dollar_quotes: bool,
    /// `E'...'` has backslash escapes.
    pub escape_strings: bool,
    /// `` `name` `` and `[name]` quote identifiers.
    pub bracket_identifiers: bool,
    /// A backslash where a statement could begin is a command to psql, to the end of its line.
    pub meta_commands: bool,
    /// `COPY ... FROM STDIN;` is followed by rows up to a line `\.`.
    pub copy_data: bool,
    /// `BEGIN ATOMIC ... END` holds the statements of a function.
    pub atomic_bodies: bool,
    /// `CREATE TRIGGER ... BEGIN ... END` holds the statements of a trigger.
    pub trigger_bodies: bool,
}

impl Syntax {
    /// PostgreSQL, with `standard_conforming_strings` on, read as psql reads it.
    pub const POSTGRES: Self = Self {
        nested_comments: true,
        dollar_quotes: true,
        escape_strings: true,
        bracket_identifiers: false,
        meta_commands: true,
        copy_data: true,
        atomic_bodies: true,
        trigger_bodies: false,
    };

    /// SQLite, read as its shell reads it.
    pub const SQLITE: Self = Self {
        nested_comments: false,
        dollar_quotes: false,
        escape_strings: false,
        bracket_identifiers: true,
        meta_commands: false,
        copy_data: false,
        atomic_bodies: false,
        trigger_bodies: true,
    };
}
