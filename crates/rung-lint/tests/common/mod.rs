//! Linting texts.

#![allow(clippy::allow_attributes, dead_code, reason = "each test takes what it needs of it")]

use std::collections::BTreeMap;

use rung_engine::{Dialect, MigrationSet};
use rung_formats::{Choice, LoadOptions, load_embedded};
use rung_lint::{Options, Report, Schema, Standing, Subject, language, lint};

/// A dialect by its name.
pub(crate) fn dialect(name: &str) -> &'static dyn Dialect {
    let dialects: [&'static dyn Dialect; 2] = [&rung_postgres::POSTGRES, &rung_sqlite::SQLITE];
    *dialects.iter().find(|dialect| dialect.name() == name).expect("a dialect of ours")
}

fn load(files: &[(&str, &str)], dialect: &'static dyn Dialect) -> MigrationSet {
    let nothing = BTreeMap::new();
    let format = Choice::parse("native").expect("rung's own format");
    let options = LoadOptions { format, dialect, variables: &nothing, environment: &nothing };
    // What is embedded in a program lives as long as it does.
    let leak = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
    let files: Vec<(&'static str, &'static [u8])> =
        files.iter().map(|(name, text)| (leak(name), leak(text).as_bytes())).collect();
    load_embedded(Box::leak(files.into_boxed_slice()), &options).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// Lints the last of some files, the others being applied.
pub(crate) fn lint_last(files: &[(&str, &str)], dialect_name: &str, options: &Options) -> Report {
    let dialect = dialect(dialect_name);
    let set = load(files, dialect);
    let subjects: Vec<Subject<'_>> = set
        .iter()
        .enumerate()
        .map(|(at, migration)| {
            let last = at + 1 == set.len();
            Subject { migration, standing: if last { Standing::Pending } else { Standing::Applied }, lint: last }
        })
        .collect();
    let language = language(dialect_name).expect("a language of ours");
    lint(&subjects, dialect, options, Schema::new(language.search_path))
}
