//! What leads from one schema to another. Pure: a dialect makes it of two catalogs.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use rung_catalog::{Catalog, Key, Kind, Rename};
use rung_sql::{Facts, TokenKind, rebuilt, tokens};

use crate::dialect::{Dialect, Paragraph};
use crate::model::Timeouts;

/// The statements that turn one schema into another, in the order in which they run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alteration {
    /// The steps. None where the schemas are equal.
    pub steps: Vec<AlterStep>,
}

impl Alteration {
    /// Whether the schemas are equal.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether all of it may be one transaction.
    pub fn is_one_transaction(&self) -> bool {
        self.steps.iter().all(|step| step.cut == Cut::Joined)
    }

    /// What is gone behind it and no way back brings back.
    pub fn losses(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(|step| step.loses.as_deref())
    }

    /// The statements as a section of a migration file, with what is to be said of each. Where a file is in `pieces`, what
    /// is one transaction says so itself.
    pub fn section(&self, dialect: &dyn Dialect, pieces: Pieces) -> String {
        let mut text = String::new();
        let mut rest = self.steps.as_slice();
        while let Some(first) = rest.first() {
            let joined =
                rest[1..].iter().take_while(|step| step.cut == Cut::Joined && first.cut != Cut::Outside).count();
            let (group, others) = rest.split_at(joined + 1);
            rest = others;
            if !text.is_empty() {
                text.push('\n');
            }
            let is_said = pieces == Pieces::Several && group.len() > 1;
            if is_said {
                text.push_str(&format!("{};\n", dialect.begin(&Timeouts::default())));
            }
            for step in group {
                text.push_str(&step.text(dialect));
            }
            if is_said {
                text.push_str("COMMIT;\n");
            }
        }
        text
    }
}

/// What a migration file asks for besides its statements. Either may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checks {
    /// `-- @expect` lines: tables that are made anew keep their rows.
    pub expects: String,
    /// Queries, each with one true value once all has run: what is built or validated beside others' work is as it should be.
    pub verify: String,
}

impl Alteration {
    /// The checks that say something of this way from one schema to another.
    pub fn checks(&self, from: &Catalog, to: &Catalog, dialect: &dyn Dialect) -> Checks {
        let facts: Vec<Facts> = self.steps.iter().map(|step| dialect.facts(&step.sql)).collect();
        let mut checks = Checks::default();
        let verify = |step: &AlterStep, facts: &Facts| Some(dialect.check(to.get(&step.key)?, &facts.effect)? + ";\n");
        let queries: BTreeSet<String> =
            self.steps.iter().zip(&facts).filter_map(|(step, facts)| verify(step, facts)).collect();
        checks.verify = queries.into_iter().collect();
        // Who may write between two looks would be taken for a loss.
        if dialect.keeps_writers_out() && self.is_one_transaction() {
            let there = |name: &str| {
                let key = Key::new(Kind::Table, None, name);
                // A directive is one line.
                from.get(&key).is_some() && to.get(&key).is_some() && !name.contains(['\n', '\r'])
            };
            let anew = rebuilt(facts.iter()).into_iter().filter(|(_, name)| there(name));
            checks.expects =
                anew.map(|(_, name)| format!("-- @expect rows({}) unchanged\n", dialect.identifier(name))).collect();
        }
        checks
    }
}

/// Whether a migration file is one transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pieces {
    /// It is.
    One,
    /// It says `@no-transaction`.
    Several,
}

impl AlterStep {
    /// The statement with its semicolon, and what there is to say of it above.
    fn text(&self, dialect: &dyn Dialect) -> String {
        let said = self.note.iter().cloned().chain(self.loses.iter().map(|loses| format!("lossy: {loses}")));
        let mut text: String = said.map(|said| format!("-- {}\n", said.replace('\n', " "))).collect();
        let sql = without_directives(&self.sql, dialect);
        text.push_str(&Paragraph { key: Arc::clone(&self.key), statements: vec![sql] }.text());
        text
    }
}

/// A statement without comments that a migration file would take for its own: `@renamed-from` in the text of a table.
fn without_directives(sql: &str, dialect: &dyn Dialect) -> String {
    let mut text = String::with_capacity(sql.len());
    for token in tokens(sql, dialect.syntax()) {
        let part = &sql[token.span.range()];
        let is_directive =
            token.kind == TokenKind::LineComment && part.trim_start_matches(['-', ' ', '\t']).starts_with('@');
        if is_directive {
            // The blanks before it too, and its line where it has that for itself.
            text.truncate(text.trim_end().len());
        } else {
            text.push_str(part);
        }
    }
    text
}

/// One statement of an alteration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlterStep {
    /// The statement, without its semicolon.
    pub sql: String,
    /// The object that it makes, alters or drops.
    pub key: Arc<Key>,
    /// Which transaction it is in.
    pub cut: Cut,
    /// What of the data is gone behind it and no down brings back, in words: `the values of app.users.email`.
    pub loses: Option<String>,
    /// Why it is done in this way, where a reader would ask.
    pub note: Option<String>,
}

/// Which transaction a statement is in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Cut {
    /// That of the statement before.
    #[default]
    Joined,
    /// A new one: what is before must be committed first.
    New,
    /// None.
    Outside,
}

/// How to get from one schema to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlterOptions {
    /// What is another name and not another object.
    pub renames: Vec<Rename>,
    /// How to treat tables that are in use meanwhile.
    pub locking: Locking,
    /// The server's version as a number that orders, where it is known: what a statement may say depends on it.
    pub version: Option<u32>,
    /// What is taken into account besides the objects themselves.
    pub compared: crate::DumpOptions,
}

/// How to treat tables that are in use meanwhile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Locking {
    /// Others read and write while it lasts: indexes are built concurrently, constraints are validated apart.
    #[default]
    Online,
    /// As few statements and transactions as can be.
    Plain,
}

/// A difference that no statement of the dialect mends, or none that loses nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The object.
    pub key: Arc<Key>,
    /// Why not.
    pub why: String,
    /// What to do instead.
    pub instead: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.why)
    }
}
