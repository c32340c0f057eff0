//! Rules: their documentation, their code and their cases.

use rung_ddl::{Action, AlterTable, Statement};
use rung_sql::{Level, Span};

use crate::Context;

/// What a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// It keeps others waiting.
    Locks,
    /// It loses data, or may fail on the data that is there.
    Data,
    /// It breaks programs that run while it does, or soon after.
    Compatibility,
    /// The migration does not do what it says, or can't be undone.
    Migration,
    /// There is a better way to say it.
    Style,
}

impl Group {
    /// All, in the order of the reference.
    pub const ALL: [Group; 5] = [Self::Locks, Self::Data, Self::Compatibility, Self::Migration, Self::Style];

    /// A heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Locks => "Locks",
            Self::Data => "Data",
            Self::Compatibility => "Compatibility",
            Self::Migration => "Migrations",
            Self::Style => "Style",
        }
    }

    /// What rules of it have in common.
    pub fn about(self) -> &'static str {
        match self {
            Self::Locks => "Statements that keep others waiting, or that can't run where they stand.",
            Self::Data => "Statements that lose data, or that fail on the data that is there.",
            Self::Compatibility => "Statements that break programs which run at the same time.",
            Self::Migration => "Migrations that don't do what they say, or can't be undone.",
            Self::Style => "What can be said better.",
        }
    }
}

/// When a rule is asked.
#[derive(Debug, Clone, Copy)]
pub enum Check {
    /// For every statement that is run, with the schema as it stands before it.
    Statement(fn(&mut Context<'_>, &Statement)),
    /// For every action of an ALTER TABLE, with its place.
    Action(fn(&mut Context<'_>, &AlterTable, &Action, Span)),
    /// Once for a migration, with the schema as it stands after it.
    Migration(fn(&mut Context<'_>)),
    /// Never: the linter itself finds it.
    Linter,
}

/// A case of a rule: an example in its documentation, and a test.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// The migration's file.
    pub sql: &'static str,
    /// Whether the rule finds something in it.
    pub fires: bool,
    /// What was applied before.
    pub before: &'static str,
    /// The dialect.
    pub dialect: &'static str,
    /// The server's major version; `None` where it is not known.
    pub major: Option<u32>,
}

impl Case {
    /// A migration that the rule finds something in.
    pub const fn fires(sql: &'static str) -> Self {
        Self { sql, fires: true, before: "", dialect: "postgres", major: None }
    }

    /// A migration that looks much like it, and in which there is nothing to find.
    pub const fn silent(sql: &'static str) -> Self {
        Self { fires: false, ..Self::fires(sql) }
    }

    /// What was applied before.
    pub const fn after(self, before: &'static str) -> Self {
        Self { before, ..self }
    }

    /// On a server of this version.
    pub const fn on(self, major: u32) -> Self {
        Self { major: Some(major), ..self }
    }

    /// For SQLite.
    pub const fn sqlite(self) -> Self {
        Self { dialect: "sqlite", ..self }
    }
}

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// Its name, which stays.
    pub name: &'static str,
    /// What it is about.
    pub group: Group,
    /// How bad a finding is where nothing more is known; `None` is off until `rung.toml` asks for it.
    pub level: Option<Level>,
    /// The dialects that it is for; empty is all.
    pub dialects: &'static [&'static str],
    /// What it finds.
    pub what: &'static str,
    /// Why that is bad.
    pub why: &'static str,
    /// What to do instead.
    pub instead: &'static str,
    /// The code.
    pub check: Check,
    /// Examples: the first that fires and the first that does not are shown in the documentation.
    pub cases: &'static [Case],
}

impl Rule {
    /// Whether it is for a dialect.
    pub fn is_for(&self, dialect: &str) -> bool {
        self.dialects.is_empty() || self.dialects.contains(&dialect)
    }
}
