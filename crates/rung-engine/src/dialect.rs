//! What differs between databases and needs no connection: pure data and pure functions.

use std::sync::Arc;

use rung_catalog::{Catalog, Column, ConstraintKind, Key, Object, Table};
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

    /// Whether a column that becomes NOT NULL gets its default where it has no value, in the alterations of this dialect.
    fn fills_null(&self) -> bool;

    /// Whether a column of a table is the number of its rows, which none is without, whatever is said of NULL.
    fn numbers_rows(&self, table: &Table, column: &Column) -> bool;

    /// A condition that holds for those values of a column which are none of its new type, where it gets another; it fails at
    /// the first of them where only the database can tell which they are. The schemas, the table and the column, each before
    /// and after; the condition is for the first schema.
    fn misfit(
        &self,
        schemas: (&Catalog, &Catalog),
        tables: (&Table, &Table),
        columns: (&Column, &Column),
    ) -> Option<String>;

    /// What a value of a column will be, as an expression of the first schema; `None` where it is the value that it has.
    fn converted(
        &self,
        schemas: (&Catalog, &Catalog),
        tables: (&Table, &Table),
        columns: (&Column, &Column),
    ) -> Option<String> {
        let _ = (schemas, tables, columns);
        None
    }

    /// A condition that holds for the rows that a part of a table takes: by how that is partitioned, and the bound of the
    /// part. `None` where there are no partitions, or that can't be told.
    fn takes(&self, whole: &Object, by: &str, bound: &str) -> Option<String> {
        let _ = (whole, by, bound);
        None
    }

    /// A query that counts the pairs of a table's rows which a constraint does not let be there together, where it is not about
    /// values that are equal. `None` where that can't be told.
    fn excluded(&self, table: &Key, constraint: &ConstraintKind) -> Option<String> {
        let _ = (table, constraint);
        None
    }

    /// A name as a quoted identifier.
    fn quote_identifier(&self, name: &str) -> String;

    /// A name as an identifier, in quotes where it needs them.
    fn identifier(&self, name: &str) -> String {
        self.quote_identifier(name)
    }

    /// An object's name as SQL, with its schema where it has one.
    fn object_name(&self, key: &Key) -> String {
        let schema = key.schema.as_ref().map_or_else(String::new, |schema| self.identifier(schema) + ".");
        schema + &self.identifier(&key.name)
    }

    /// The name of a table that rung owns, quoted where needed: `rung.schema_migrations`, `rung_schema_migrations`.
    fn own_table(&self, schema: &str, table: &str) -> String;

    /// The statements that create rung's own objects in `schema`. Each may be run when they exist already.
    fn own_tables_ddl(&self, schema: &str) -> Vec<String>;

    /// An expression for who the session runs as, for rows without a named actor.
    fn session_user(&self) -> &'static str;

    /// An expression for the current time as `applied_at` stores it.
    fn now(&self) -> &'static str;

    /// An expression for the time that another one gives, whatever its type, as text: RFC 3339 in UTC.
    fn utc(&self, expression: &str) -> String;

    /// An expression for the bytes that another one gives, as lowercase hexadecimal digits.
    fn hex(&self, expression: &str) -> String;

    /// An expression for the value of another one as a literal of SQL, NULL among them.
    fn literal_of(&self, expression: &str) -> String;

    /// Bytes as a literal, of their hexadecimal digits.
    fn bytes(&self, digits: &str) -> String;

    /// An expression for the milliseconds since the transaction began, where the server can tell.
    fn elapsed_ms(&self) -> Option<&'static str>;

    /// A list of texts as a literal of the type that `depends_on` has.
    fn text_list(&self, items: &[String]) -> String;

    /// A schema as the SQL that makes it anew in an empty database: an object a paragraph, each after what it needs, the
    /// same for the same schema whatever the order in which it came about. An object that is written within another, such
    /// as a key in its table, has no paragraph of its own; one that is announced first has two.
    fn paragraphs(&self, catalog: &Catalog, options: &DumpOptions) -> Vec<Paragraph>;

    /// What a session must be told before it reads a dump.
    fn dump_head(&self) -> &'static str;

    /// The paragraphs as one text. What the catalog could not describe is named at its end.
    fn dump(&self, catalog: &Catalog, options: &DumpOptions) -> String {
        let paragraphs = self.paragraphs(catalog, options);
        let texts = paragraphs.iter().map(Paragraph::text);
        let unknown =
            catalog.unknown.iter().map(|it| format!("-- left out: {} ({})\n", it.what.replace('\n', " "), it.why));
        let head = Some(self.dump_head().to_owned()).filter(|head| !head.is_empty());
        head.into_iter().chain(texts).chain(unknown).collect::<Vec<_>>().join("\n")
    }

    /// What its types are to a program.
    fn types(&self) -> &'static dyn crate::Types;

    /// What leads from one schema to another. What was only reordered, such as columns, is no difference.
    ///
    /// # Errors
    /// Every difference that it can't mend, or only with a loss that nobody asked for.
    fn alteration(
        &self,
        from: &Catalog,
        to: &Catalog,
        options: &crate::AlterOptions,
    ) -> Result<crate::Alteration, Vec<crate::Refusal>> {
        let _ = options;
        let keys: std::collections::BTreeSet<&Arc<Key>> =
            from.iter().chain(to.iter()).map(|object| &object.key).collect();
        let refused: Vec<crate::Refusal> = keys
            .into_iter()
            .filter(|key| from.get(key) != to.get(key))
            .map(|key| crate::Refusal {
                key: Arc::clone(key),
                why: format!("rung does not alter a schema of {}", self.title()),
                instead: "write the statement by hand".to_owned(),
            })
            .collect();
        if refused.is_empty() { Ok(crate::Alteration::default()) } else { Err(refused) }
    }

    /// A query with one true value where a statement that others work beside has done what it was for; `None` for one that
    /// succeeds or fails as a whole. `object` is what it made or altered, as it is to be.
    fn check(&self, object: &rung_catalog::Object, effect: &rung_sql::Effect) -> Option<String> {
        let _ = (object, effect);
        None
    }

    /// Whether nobody else writes from the beginning of a transaction that does to its end.
    fn keeps_writers_out(&self) -> bool {
        false
    }

    /// The statement that opens a unit's transaction, with its timeouts where the database has them as settings.
    fn begin(&self, timeouts: &crate::Timeouts) -> String;
}

/// The statements for one object of a dump.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paragraph {
    /// The object.
    pub key: Arc<Key>,
    /// What makes it, then what is said of it; without the semicolons.
    pub statements: Vec<String>,
}

impl Paragraph {
    /// Its statements, each with its semicolon and on lines of its own.
    pub fn text(&self) -> String {
        let ended = |sql: &String| {
            let last = sql.lines().last().unwrap_or_default();
            match (sql.starts_with("--"), last.contains("--")) {
                // It says what was left out.
                (true, _) => format!("{sql}\n"),
                // In a comment a semicolon would be lost.
                (false, true) => format!("{sql}\n;\n"),
                (false, false) => format!("{sql};\n"),
            }
        };
        self.statements.iter().map(ended).collect()
    }
}

/// What goes into a dump besides the objects themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DumpOptions {
    /// Who owns them, where that is not the owner of the database.
    pub owners: bool,
    /// Who may do what with them.
    pub privileges: bool,
    /// Which version an extension has; without it, it is the one that a server has at hand.
    pub versions: bool,
}

impl Default for DumpOptions {
    fn default() -> Self {
        Self { owners: true, privileges: true, versions: false }
    }
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
