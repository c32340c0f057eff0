//! SQLite's SQL.

use rung_catalog::{Catalog, Column, Table};
use rung_engine::{AlterOptions, Alteration, Dialect, DumpOptions, FORMAT_VERSION, Paragraph, Refusal, Timeouts};
use rung_sql::{Facts, Syntax, sqlite_facts};

/// The dialect of SQLite.
#[derive(Debug, Clone, Copy)]
pub struct SqliteDialect;

/// The one there is.
pub static SQLITE: SqliteDialect = SqliteDialect;

/// RFC 4122 version 4, from random bytes.
const GEN_UUID: &str = "(lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) \
     || '-' || substr('89AB', 1 + (abs(random()) % 4), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))))";

const VARIABLES: &[(&str, &str)] = &[
    ("uuid", "TEXT"),
    ("gen_uuid", GEN_UUID),
    ("timestamptz", "TEXT"),
    ("now", "(strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))"),
    ("date", "TEXT"),
    ("today", "(date('now'))"),
    ("json", "TEXT"),
    ("bytes", "BLOB"),
    ("bool", "BOOLEAN"),
    ("true", "1"),
    ("false", "0"),
    ("int", "INTEGER"),
    ("bigint", "INTEGER"),
    ("double", "REAL"),
    ("decimal", "NUMERIC"),
    ("text", "TEXT"),
    ("identity", "INTEGER PRIMARY KEY AUTOINCREMENT"),
];

impl Dialect for SqliteDialect {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    fn title(&self) -> &'static str {
        "SQLite"
    }

    fn syntax(&self) -> &'static Syntax {
        &Syntax::SQLITE
    }

    fn facts(&self, statement: &str) -> Facts {
        sqlite_facts(statement)
    }

    fn variables(&self) -> &'static [(&'static str, &'static str)] {
        VARIABLES
    }

    fn quote_literal(&self, text: &str) -> String {
        // SQLite's parser ends a statement at a NUL; nothing that rung writes has one but by accident.
        format!("'{}'", text.replace('\'', "''").replace('\0', ""))
    }

    fn fills_null(&self) -> bool {
        true
    }

    fn numbers_rows(&self, table: &Table, column: &Column) -> bool {
        crate::alter::numbers_rows(table, column)
    }

    fn misfit(&self, _: (&Catalog, &Catalog), tables: (&Table, &Table), columns: (&Column, &Column)) -> Option<String> {
        crate::alter::misfit(tables, columns)
    }

    fn quote_identifier(&self, name: &str) -> String {
        format!("\"{}\"", name.replace('"', "\"\""))
    }

    fn identifier(&self, name: &str) -> String {
        crate::alter::name(name)
    }

    fn keeps_writers_out(&self) -> bool {
        true
    }

    fn own_table(&self, schema: &str, table: &str) -> String {
        let name = format!("{schema}_{table}");
        let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if is_plain { name } else { self.quote_identifier(&name) }
    }

    fn own_tables_ddl(&self, schema: &str) -> Vec<String> {
        let table = |name| self.own_table(schema, name);
        let guard = |event: &str| {
            format!(
                "CREATE TRIGGER IF NOT EXISTS {} BEFORE {event} ON {} BEGIN \
                 SELECT raise(ABORT, 'migration_history is append-only'); END",
                self.quote_identifier(&format!("{schema}_migration_history_no_{}", event.to_ascii_lowercase())),
                table("migration_history")
            )
        };
        vec![
            format!("CREATE TABLE IF NOT EXISTS {} (version INTEGER NOT NULL)", table("format")),
            format!(
                "INSERT INTO {0} (version) SELECT {FORMAT_VERSION} WHERE NOT EXISTS (SELECT 1 FROM {0})",
                table("format")
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {} (id TEXT NOT NULL PRIMARY KEY, version INTEGER, name TEXT NOT NULL, \
                 description TEXT, migration_type TEXT NOT NULL, depends_on TEXT NOT NULL, \
                 status TEXT NOT NULL CHECK (status IN ('pending', 'running', 'completed', 'failed', 'rolled_back')), \
                 applied_at TEXT NOT NULL, applied_by TEXT NOT NULL, execution_time_ms INTEGER, checksum TEXT NOT NULL, \
                 fingerprint TEXT NOT NULL, source TEXT NOT NULL, rung_version TEXT NOT NULL, error_message TEXT, \
                 sequence INTEGER NOT NULL, up_sql TEXT, down_sql TEXT)",
                // The scripts stand last: what is before them is read without turning their pages.
                table("schema_migrations")
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {} (id TEXT NOT NULL PRIMARY KEY, migration_id TEXT NOT NULL, \
                 direction TEXT NOT NULL, executed_at TEXT NOT NULL, status TEXT NOT NULL, execution_time_ms INTEGER, \
                 error_message TEXT, executed_by TEXT NOT NULL, host TEXT NOT NULL, statements_done INTEGER) WITHOUT ROWID",
                table("migration_history")
            ),
            guard("UPDATE"),
            guard("DELETE"),
            format!(
                "CREATE TABLE IF NOT EXISTS {} (migration_id TEXT NOT NULL, direction TEXT NOT NULL, \
                 statement_index INTEGER NOT NULL, fingerprint TEXT NOT NULL, state TEXT NOT NULL, at TEXT NOT NULL, \
                 PRIMARY KEY (migration_id, direction, statement_index))",
                table("statement_journal")
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {} (name TEXT NOT NULL PRIMARY KEY, migration_id TEXT NOT NULL, \
                 tagged_at TEXT NOT NULL, tagged_by TEXT NOT NULL)",
                table("tags")
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {} (path TEXT NOT NULL PRIMARY KEY, checksum TEXT NOT NULL, \
                 seeded_at TEXT NOT NULL, seeded_by TEXT NOT NULL)",
                table("seed_history")
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {} (tool TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, \
                 since TEXT NOT NULL, by TEXT NOT NULL)",
                table("keep_writing")
            ),
            // A view can't go stale.
            format!(
                "CREATE VIEW IF NOT EXISTS {0} AS SELECT 1 AS id, max(version) AS version, \
                 (SELECT id FROM {1} WHERE status = 'completed' ORDER BY sequence DESC LIMIT 1) AS last_migration, \
                 json_group_array(id) AS applied_migrations, max(applied_at) AS at \
                 FROM (SELECT * FROM {1} WHERE status = 'completed' ORDER BY sequence)",
                table("database_schema"),
                table("schema_migrations")
            ),
        ]
    }

    fn session_user(&self) -> &'static str {
        "''"
    }

    fn now(&self) -> &'static str {
        "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
    }

    fn utc(&self, expression: &str) -> String {
        // Numbers are seconds since 1970, or milliseconds where they are too large for that.
        const FORM: &str = "'%Y-%m-%dT%H:%M:%fZ'";
        format!(
            "CASE WHEN typeof({expression}) NOT IN ('integer', 'real') THEN strftime({FORM}, {expression}) \
             WHEN {expression} > 100000000000 THEN strftime({FORM}, {expression} / 1000.0, 'unixepoch') \
             ELSE strftime({FORM}, {expression}, 'unixepoch') END"
        )
    }

    fn hex(&self, expression: &str) -> String {
        format!("lower(hex({expression}))")
    }

    fn literal_of(&self, expression: &str) -> String {
        format!("quote({expression})")
    }

    fn bytes(&self, digits: &str) -> String {
        format!("x'{digits}'")
    }

    fn elapsed_ms(&self) -> Option<&'static str> {
        None
    }

    fn text_list(&self, items: &[String]) -> String {
        let items: Vec<String> = items.iter().map(|item| json_string(item)).collect();
        self.quote_literal(&format!("[{}]", items.join(",")))
    }

    fn paragraphs(&self, catalog: &Catalog, _options: &DumpOptions) -> Vec<Paragraph> {
        crate::render::paragraphs(catalog)
    }

    fn types(&self) -> &'static dyn rung_engine::Types {
        &crate::types::SqliteTypes
    }

    fn dump_head(&self) -> &'static str {
        ""
    }

    fn alteration(&self, from: &Catalog, to: &Catalog, options: &AlterOptions) -> Result<Alteration, Vec<Refusal>> {
        crate::alter::alteration(from, to, options)
    }

    fn begin(&self, _timeouts: &Timeouts) -> String {
        "BEGIN IMMEDIATE".to_owned()
    }
}

fn json_string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
