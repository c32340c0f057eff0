//! What differs between the databases for a linter, as data.

use rung_ddl::{Parsed, parse_postgres, parse_sqlite};
use rung_sql::Syntax;

use crate::impact::{ImpactOf, postgres_impact, sqlite_impact};
use crate::{Impact, Schema, Server};

/// A database's SQL, as the linter knows it.
#[derive(Debug)]
pub struct Language {
    /// The dialect's name, as `Dialect::name` has it.
    pub name: &'static str,
    /// Its lexical rules.
    pub syntax: &'static Syntax,
    /// Reads a statement.
    pub parse: fn(&str) -> Parsed,
    /// What a statement does to others.
    pub(crate) impact: ImpactOf,
    /// What a major version is multiplied by in `ServerFacts::version_number`.
    pub major: u32,
    /// Asks a live database how much its tables hold: schema, name, rows, bytes, bytes of indexes. Empty where that can't be
    /// asked cheaply.
    pub statistics: &'static str,
    /// Where names without a schema are looked for; empty where there are no schemas.
    pub search_path: &'static [&'static str],
}

impl Language {
    /// What a statement does to others, with the schema as it stands before it.
    pub fn impact_of(&self, text: &str, schema: &Schema, server: Server) -> Impact {
        (self.impact)(&(self.parse)(text), text, schema, server)
    }
}

static LANGUAGES: [Language; 2] = [
    Language {
        name: "postgres",
        syntax: &Syntax::POSTGRES,
        parse: parse_postgres,
        impact: postgres_impact,
        major: 10_000,
        // From the catalog alone: to ask for a size would wait for whoever locks the table. What nobody has analyzed yet
        // has no pages there; rows that were counted stand in for them, with 100 bytes each.
        statistics: "SELECT n.nspname, c.relname, greatest(c.reltuples::bigint, s.n_live_tup, 0), \
                     greatest((c.relpages + coalesce(t.relpages, 0))::bigint * b.size, s.n_live_tup * 100), \
                     coalesce((SELECT sum(i.relpages) FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid \
                     WHERE x.indrelid = c.oid), 0)::bigint * b.size \
                     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                     JOIN pg_stat_all_tables s ON s.relid = c.oid LEFT JOIN pg_class t ON t.oid = c.reltoastrelid, \
                     (SELECT current_setting('block_size')::bigint AS size) b \
                     WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'pg_toast', 'information_schema')",
        search_path: &["public"],
    },
    Language {
        name: "sqlite",
        syntax: &Syntax::SQLITE,
        parse: parse_sqlite,
        impact: sqlite_impact,
        major: 1_000_000,
        statistics: "",
        search_path: &[],
    },
];

/// The language of a dialect; `None` where there is no linter for it.
pub fn language(name: &str) -> Option<&'static Language> {
    LANGUAGES.iter().find(|language| language.name == name)
}
