//! PostgreSQL's SQL.

use std::time::Duration;

use rung_catalog::{Catalog, Column, ConstraintKind, Key, Kind, Object, Table};
use rung_engine::{Dialect, DumpOptions, FORMAT_VERSION, Paragraph, Timeouts};
use rung_sql::{Effect, Facts, Syntax, postgres_facts};

/// The dialect of PostgreSQL.
#[derive(Debug, Clone, Copy)]
pub struct PostgresDialect;

/// The one there is.
pub static POSTGRES: PostgresDialect = PostgresDialect;

const VARIABLES: &[(&str, &str)] = &[
    ("uuid", "uuid"),
    ("gen_uuid", "gen_random_uuid()"),
    ("timestamptz", "timestamptz"),
    ("now", "now()"),
    ("date", "date"),
    ("today", "current_date"),
    ("json", "jsonb"),
    ("bytes", "bytea"),
    ("bool", "boolean"),
    ("true", "true"),
    ("false", "false"),
    ("int", "integer"),
    ("bigint", "bigint"),
    ("double", "double precision"),
    ("decimal", "numeric"),
    ("text", "text"),
    ("identity", "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
];

impl Dialect for PostgresDialect {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn title(&self) -> &'static str {
        "PostgreSQL"
    }

    fn syntax(&self) -> &'static Syntax {
        &Syntax::POSTGRES
    }

    fn facts(&self, statement: &str) -> Facts {
        postgres_facts(statement)
    }

    fn variables(&self) -> &'static [(&'static str, &'static str)] {
        VARIABLES
    }

    fn quote_literal(&self, text: &str) -> String {
        // An E string means the same whatever standard_conforming_strings is set to.
        let text = text.replace('\0', "");
        if text.contains('\\') {
            format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
        } else {
            format!("'{}'", text.replace('\'', "''"))
        }
    }

    fn fills_null(&self) -> bool {
        false
    }

    fn numbers_rows(&self, _: &Table, _: &Column) -> bool {
        false
    }

    fn misfit(
        &self,
        schemas: (&Catalog, &Catalog),
        _: (&Table, &Table),
        columns: (&Column, &Column),
    ) -> Option<String> {
        crate::alter::misfit::misfit(schemas, columns)
    }

    fn converted(
        &self,
        schemas: (&Catalog, &Catalog),
        _: (&Table, &Table),
        columns: (&Column, &Column),
    ) -> Option<String> {
        crate::alter::misfit::converted(schemas, columns)
    }

    fn takes(&self, whole: &Object, by: &str, bound: &str) -> Option<String> {
        crate::alter::bound::takes(whole, by, bound)
    }

    fn excluded(&self, table: &Key, constraint: &ConstraintKind) -> Option<String> {
        crate::alter::bound::excluded(table, constraint)
    }

    fn quote_identifier(&self, name: &str) -> String {
        format!("\"{}\"", name.replace('"', "\"\""))
    }

    fn identifier(&self, name: &str) -> String {
        crate::name::quoted(name)
    }

    fn check(&self, object: &Object, effect: &Effect) -> Option<String> {
        let regclass = |key: &Key| format!("{}::pg_catalog.regclass", self.quote_literal(&self.object_name(key)));
        let key = &object.key;
        match (effect, key.kind) {
            (Effect::CreateIndex { concurrently: true, .. }, Kind::Index) => {
                let index = regclass(key);
                Some(format!("SELECT indisvalid FROM pg_catalog.pg_index WHERE indexrelid = {index}"))
            }
            (Effect::ValidateConstraint { name, .. }, Kind::Constraint) if *name == key.name => {
                let table = regclass(&Key::new(Kind::Table, key.schema.as_deref(), key.parent.as_deref()?));
                let name = self.quote_literal(name);
                Some(format!(
                    "SELECT convalidated FROM pg_catalog.pg_constraint WHERE conrelid = {table} AND conname = {name}"
                ))
            }
            _ => None,
        }
    }

    fn own_table(&self, schema: &str, table: &str) -> String {
        let is_plain = schema.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            && schema.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
        if is_plain { format!("{schema}.{table}") } else { format!("{}.{table}", self.quote_identifier(schema)) }
    }

    fn own_tables_ddl(&self, schema: &str) -> Vec<String> {
        let table = |name| self.own_table(schema, name);
        let quoted = self.quote_identifier(schema);
        vec![
            // A role may own the schema without the right to create one.
            format!(
                "DO $rung$ BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = {}) THEN \
                 CREATE SCHEMA {quoted}; END IF; END $rung$",
                self.quote_literal(schema)
            ),
            // Each of these tables has a key: where all tables are published, one without could not be updated.
            format!("CREATE TABLE IF NOT EXISTS {} (version integer NOT NULL PRIMARY KEY)", table("format")),
            format!(
                "INSERT INTO {0} (version) SELECT {FORMAT_VERSION} WHERE NOT EXISTS (SELECT FROM {0})",
                table("format")
            ),
            format!("UPDATE {0} SET version = {FORMAT_VERSION} WHERE version < {FORMAT_VERSION}", table("format")),
            format!(
                "CREATE TABLE IF NOT EXISTS {} (id text NOT NULL PRIMARY KEY, version bigint, name text NOT NULL, \
                 description text, migration_type text NOT NULL, up_sql text, down_sql text, \
                 depends_on text[] NOT NULL DEFAULT '{{}}', status text NOT NULL \
                 CHECK (status IN ('pending', 'running', 'completed', 'failed', 'rolled_back')), \
                 applied_at timestamptz NOT NULL, applied_by text NOT NULL, execution_time_ms bigint, \
                 checksum text NOT NULL, fingerprint text NOT NULL, source text NOT NULL, rung_version text NOT NULL, \
                 error_message text, sequence bigint NOT NULL)",
                table("schema_migrations")
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {} (id uuid NOT NULL PRIMARY KEY, migration_id text NOT NULL, \
                 direction text NOT NULL, executed_at timestamptz NOT NULL, status text NOT NULL, \
                 execution_time_ms bigint, error_message text, executed_by text NOT NULL, host text NOT NULL, \
                 statements_done integer)",
                table("migration_history")
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {} (migration_id text NOT NULL, direction text NOT NULL, \
                 statement_index integer NOT NULL, fingerprint text NOT NULL, state text NOT NULL, \
                 at timestamptz NOT NULL, PRIMARY KEY (migration_id, direction, statement_index))",
                table("statement_journal")
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {} (name text NOT NULL PRIMARY KEY, migration_id text NOT NULL, \
                 tagged_at timestamptz NOT NULL, tagged_by text NOT NULL)",
                table("tags")
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {} (path text NOT NULL PRIMARY KEY, checksum text NOT NULL, \
                 seeded_at timestamptz NOT NULL, seeded_by text NOT NULL)",
                table("seed_history")
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {} (tool text NOT NULL PRIMARY KEY, name text NOT NULL, \
                 since timestamptz NOT NULL, by text NOT NULL)",
                table("keep_writing")
            ),
            // The log is only ever added to.
            format!(
                "CREATE OR REPLACE FUNCTION {}() RETURNS trigger LANGUAGE plpgsql AS $rung$ BEGIN \
                 RAISE EXCEPTION 'the log is only added to'; END $rung$",
                table("only_added_to")
            ),
            // PostgreSQL 13 can't replace a trigger.
            format!(
                "DO $rung$ BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgname = 'only_added_to' \
                 AND tgrelid = {}::pg_catalog.regclass) THEN CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE OR \
                 TRUNCATE ON {} EXECUTE FUNCTION {}(); END IF; END $rung$",
                self.quote_literal(&table("migration_history")),
                table("migration_history"),
                table("only_added_to")
            ),
            // A view can't go stale.
            format!(
                "CREATE OR REPLACE VIEW {} AS SELECT 1 AS id, pg_catalog.max(version) AS version, \
                 (pg_catalog.array_agg(id ORDER BY sequence DESC))[1] AS last_migration, \
                 pg_catalog.array_agg(id ORDER BY sequence) AS applied_migrations, pg_catalog.max(applied_at) AS at \
                 FROM {} WHERE status = 'completed'",
                table("database_schema"),
                table("schema_migrations")
            ),
        ]
    }

    fn session_user(&self) -> &'static str {
        "session_user"
    }

    fn now(&self) -> &'static str {
        "pg_catalog.clock_timestamp()"
    }

    fn utc(&self, expression: &str) -> String {
        // By way of text, so that tools which keep times as text are read as well.
        format!(
            "pg_catalog.to_char(pg_catalog.timezone('UTC', ({expression})::text::timestamptz), \
             'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
        )
    }

    fn hex(&self, expression: &str) -> String {
        format!("pg_catalog.encode({expression}, 'hex')")
    }

    fn literal_of(&self, expression: &str) -> String {
        format!("pg_catalog.quote_nullable(({expression})::pg_catalog.text)")
    }

    fn bytes(&self, digits: &str) -> String {
        format!("pg_catalog.decode('{digits}', 'hex')")
    }

    fn elapsed_ms(&self) -> Option<&'static str> {
        Some(
            "(extract(epoch FROM pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) \
             pg_catalog.transaction_timestamp()) OPERATOR(pg_catalog.*) 1000)::bigint",
        )
    }

    fn text_list(&self, items: &[String]) -> String {
        if items.is_empty() {
            return "'{}'".to_owned();
        }
        let items: Vec<String> = items.iter().map(|item| self.quote_literal(item)).collect();
        format!("ARRAY[{}]", items.join(", "))
    }

    fn paragraphs(&self, catalog: &Catalog, options: &DumpOptions) -> Vec<Paragraph> {
        crate::render::paragraphs(catalog, options)
    }

    fn types(&self) -> &'static dyn rung_engine::Types {
        &crate::types::PostgresTypes
    }

    fn alteration(
        &self,
        from: &Catalog,
        to: &Catalog,
        options: &rung_engine::AlterOptions,
    ) -> Result<rung_engine::Alteration, Vec<rung_engine::Refusal>> {
        crate::alter::alteration(from, to, options)
    }

    fn dump_head(&self) -> &'static str {
        crate::render::HEAD
    }

    fn begin(&self, timeouts: &Timeouts) -> String {
        let mut sql = "BEGIN".to_owned();
        for (name, value) in [("lock_timeout", timeouts.lock), ("statement_timeout", timeouts.statement)] {
            if let Some(value) = value {
                sql.push_str(&format!("; SET LOCAL {name} = {}", milliseconds(value)));
            }
        }
        sql
    }
}

/// A timeout as the server takes it: at least 1 ms, since 0 is none; at most what fits its type.
pub(crate) fn milliseconds(value: Duration) -> u128 {
    if value.is_zero() { 0 } else { value.as_millis().clamp(1, i32::MAX as u128) }
}
