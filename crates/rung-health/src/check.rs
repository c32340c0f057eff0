//! Checks: their documentation, their code and their cases.

use rung_engine::DbError;
use rung_sql::Level;

use crate::Examination;

/// A check.
#[derive(Debug)]
pub struct Check {
    /// Its name, which stays.
    pub name: &'static str,
    /// How bad a finding is where rung.toml does not say; `None` is off until it does.
    pub level: Option<Level>,
    /// The dialects that it is for; empty is all.
    pub dialects: &'static [&'static str],
    /// What it finds.
    pub what: &'static str,
    /// Why that is bad.
    pub why: &'static str,
    /// What to do about it.
    pub instead: &'static str,
    /// The code.
    pub find: Find,
    /// Examples, each of them a test.
    pub cases: &'static [Case],
}

/// What a check looks at.
#[derive(Debug, Clone, Copy)]
pub enum Find {
    /// The schema.
    Schema(fn(&mut Examination<'_>)),
    /// The schema, and what the server answers to a question that is the same for every database.
    Live(Live, fn(&mut Examination<'_>, &[Vec<Option<String>>])),
    /// The schema, and answers to questions that it makes up itself.
    Asking(fn(&mut Examination<'_>) -> Result<(), DbError>),
}

/// A question in each dialect: its name, and the SQL.
pub type Live = &'static [(&'static str, &'static str)];

/// A case of a check: an example, and a test.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// What makes the schema, and puts rows into it.
    pub sql: &'static str,
    /// Whether the check finds something in it.
    pub fires: bool,
    /// The dialect.
    pub dialect: &'static str,
    /// The oldest server that it can be shown on.
    pub from: u32,
}

impl Case {
    /// A database that the check finds something in.
    pub const fn fires(sql: &'static str) -> Self {
        Self { sql, fires: true, dialect: "postgres", from: 0 }
    }

    /// A database that looks much like it, and in which there is nothing to find.
    pub const fn silent(sql: &'static str) -> Self {
        Self { fires: false, ..Self::fires(sql) }
    }

    /// On servers from this major on.
    pub const fn from(self, from: u32) -> Self {
        Self { from, ..self }
    }

    /// For SQLite.
    pub const fn sqlite(self) -> Self {
        Self { dialect: "sqlite", ..self }
    }
}

impl Check {
    /// Whether it is for a dialect.
    pub fn is_for(&self, dialect: &str) -> bool {
        self.dialects.is_empty() || self.dialects.contains(&dialect)
    }
}
