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
    /// Asks a live database how much its tables hold and how they are used: schema, name, rows, bytes, bytes of indexes, reads,
    /// rows written, and the seconds since these are counted. Empty where that can't be asked cheaply.
    pub statistics: &'static str,
    /// The words that can't be a name without quotes, in order.
    pub reserved: &'static [&'static str],
    /// Where names without a schema are looked for; empty where there are no schemas.
    pub search_path: &'static [&'static str],
}

impl Language {
    /// What a statement does to others, with the schema as it stands before it.
    pub fn impact_of(&self, text: &str, schema: &Schema, server: Server) -> Impact {
        (self.impact)(&(self.parse)(text), text, schema, server)
    }
}

/// `pg_get_keywords()` of categories R and T, of all majors.
const POSTGRES_RESERVED: &[&str] = &[
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "binary",
    "both",
    "case",
    "cast",
    "check",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "false",
    "fetch",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "group",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "intersect",
    "into",
    "is",
    "isnull",
    "join",
    "lateral",
    "leading",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "natural",
    "not",
    "notnull",
    "null",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "outer",
    "overlaps",
    "placing",
    "primary",
    "references",
    "returning",
    "right",
    "select",
    "session_user",
    "similar",
    "some",
    "symmetric",
    "system_user",
    "table",
    "tablesample",
    "then",
    "to",
    "trailing",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
];

/// Keywords that SQLite does not fall back from to a name (`parse.y`, `%fallback ID`).
const SQLITE_RESERVED: &[&str] = &[
    "add",
    "all",
    "alter",
    "and",
    "as",
    "autoincrement",
    "between",
    "case",
    "check",
    "collate",
    "commit",
    "constraint",
    "create",
    "default",
    "deferrable",
    "delete",
    "distinct",
    "drop",
    "else",
    "escape",
    "except",
    "exists",
    "foreign",
    "from",
    "group",
    "having",
    "in",
    "index",
    "insert",
    "intersect",
    "into",
    "is",
    "isnull",
    "join",
    "limit",
    "not",
    "notnull",
    "null",
    "on",
    "or",
    "order",
    "primary",
    "references",
    "select",
    "set",
    "table",
    "then",
    "to",
    "transaction",
    "union",
    "unique",
    "update",
    "using",
    "values",
    "when",
    "where",
];

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
                     WHERE x.indrelid = c.oid), 0)::bigint * b.size, \
                     coalesce(s.seq_scan, 0) + coalesce(s.idx_scan, 0), s.n_tup_ins + s.n_tup_upd + s.n_tup_del, \
                     (SELECT extract(epoch FROM clock_timestamp() - d.stats_reset)::bigint FROM pg_stat_database d \
                     WHERE d.datname = current_database()) \
                     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                     JOIN pg_stat_all_tables s ON s.relid = c.oid LEFT JOIN pg_class t ON t.oid = c.reltoastrelid, \
                     (SELECT current_setting('block_size')::bigint AS size) b \
                     WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'pg_toast', 'information_schema')",
        reserved: POSTGRES_RESERVED,
        search_path: &["public"],
    },
    Language {
        name: "sqlite",
        syntax: &Syntax::SQLITE,
        parse: parse_sqlite,
        impact: sqlite_impact,
        major: 1_000_000,
        statistics: "",
        reserved: SQLITE_RESERVED,
        search_path: &[],
    },
];

/// The language of a dialect; `None` where there is no linter for it.
pub fn language(name: &str) -> Option<&'static Language> {
    LANGUAGES.iter().find(|language| language.name == name)
}
