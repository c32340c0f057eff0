//! What differs between the databases for a linter, as data.

use rung_ddl::{Parsed, parse_postgres, parse_sqlite};
use rung_sql::Syntax;

use crate::impact::{ImpactOf, postgres_impact, sqlite_impact};

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
    /// Where names without a schema are looked for; empty where there are no schemas.
    pub search_path: &'static [&'static str],
}

static LANGUAGES: [Language; 2] = [
    Language {
        name: "postgres",
        syntax: &Syntax::POSTGRES,
        parse: parse_postgres,
        impact: postgres_impact,
        search_path: &["public"],
    },
    Language { name: "sqlite", syntax: &Syntax::SQLITE, parse: parse_sqlite, impact: sqlite_impact, search_path: &[] },
];

/// The language of a dialect; `None` where there is no linter for it.
pub fn language(name: &str) -> Option<&'static Language> {
    LANGUAGES.iter().find(|language| language.name == name)
}
