//! What differs between databases and needs no connection: pure data and pure functions.

use rung_sql::{Facts, Syntax};

/// A database's SQL, as far as the engine needs to know it. Implemented by the driver crates; pure.
pub trait Dialect: Sync + Send {
    /// The name used in sections (`-- @up postgres`), output and configuration.
    fn name(&self) -> &'static str;

    /// The product's name for people, e.g. `PostgreSQL`.
    fn title(&self) -> &'static str;

    /// Lexical rules.
    fn syntax(&self) -> &'static Syntax;

    /// What a statement is and does, as far as its tokens tell.
    fn facts(&self, statement: &str) -> Facts;

    /// The portable variables: name and native spelling, e.g. `("uuid", "uuid")`.
    fn variables(&self) -> &'static [(&'static str, &'static str)];

    /// A text as a literal.
    fn quote_literal(&self, text: &str) -> String;

    /// A name as a quoted identifier.
    fn quote_identifier(&self, name: &str) -> String;

    /// The name of a table that rung owns, quoted where needed: `rung.schema_migrations`, `rung_schema_migrations`.
    fn own_table(&self, schema: &str, table: &str) -> String;

    /// The statements that create rung's own objects in `schema`. Each may be run when they exist already.
    fn own_tables_ddl(&self, schema: &str) -> Vec<String>;

    /// An expression for who the session runs as, for rows without a named actor.
    fn session_user(&self) -> &'static str;

    /// An expression for the current time as `applied_at` stores it.
    fn now(&self) -> &'static str;

    /// An expression for the milliseconds since the transaction began, where the server can tell.
    fn elapsed_ms(&self) -> Option<&'static str>;

    /// A list of texts as a literal of the type that `depends_on` has.
    fn text_list(&self, items: &[String]) -> String;

    /// The statement that opens a unit's transaction, with its timeouts where the database has them as settings.
    fn begin(&self, timeouts: &crate::Timeouts) -> String;
}

/// What is known of the server once connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFacts {
    /// The server's version as it says it, e.g. `15.1`, `3.54.0`.
    pub version: String,
    /// The version as a number that orders: 150001 for PostgreSQL 15.1, 3054000 for SQLite 3.54.0.
    pub version_number: u32,
    /// Where it is, for people, without any password: `app at db.internal`, `app.db`.
    pub place: String,
    /// The user the session runs as; empty where the database has no users.
    pub user: String,
    /// Whether a transaction pooler stands in between, so that the session is not ours.
    pub pooled: bool,
}
