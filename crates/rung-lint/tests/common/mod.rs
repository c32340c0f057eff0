//! Linting texts.

#![allow(clippy::allow_attributes, dead_code, reason = "each test takes what it needs of it")]

use std::collections::BTreeMap;
use std::path::Path;

use rung_engine::{Dialect, MigrationSet};
use rung_formats::{Choice, HeldFile, LoadOptions, Names, load_held};
use rung_lint::{Options, Report, Schema, Standing, Subject, language, lint};

/// A dialect by its name.
pub(crate) fn dialect(name: &str) -> &'static dyn Dialect {
    let dialects: [&'static dyn Dialect; 2] = [&rung_postgres::POSTGRES, &rung_sqlite::SQLITE];
    *dialects.iter().find(|dialect| dialect.name() == name).expect("a dialect of ours")
}

pub(crate) fn load(files: &[(&str, &str)], dialect: &'static dyn Dialect) -> MigrationSet {
    let nothing = BTreeMap::new();
    let format = Choice::parse("native").expect("rung's own format");
    let names = Names::default();
    let options = LoadOptions { format, dialect, variables: &nothing, environment: &nothing, names: &names };
    let held = |(name, text): &(&str, &str)| (name.to_string().into(), text.as_bytes().to_vec().into());
    let files: Vec<HeldFile> = files.iter().map(held).collect();
    load_held(Path::new(""), &files, &options).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// Lints the last of some files, the others being applied.
pub(crate) fn lint_last(files: &[(&str, &str)], dialect_name: &str, options: &Options) -> Report {
    lint_after(files.len() - 1, files, dialect_name, options)
}

/// Lints what comes after so many files that are applied.
pub(crate) fn lint_after(applied: usize, files: &[(&str, &str)], dialect_name: &str, options: &Options) -> Report {
    let dialect = dialect(dialect_name);
    let set = load(files, dialect);
    let subjects: Vec<Subject<'_>> = set
        .iter()
        .enumerate()
        .map(|(at, migration)| {
            let lint = at >= applied;
            Subject { migration, standing: if lint { Standing::Pending } else { Standing::Applied }, lint }
        })
        .collect();
    let language = language(dialect_name).expect("a language of ours");
    lint(&subjects, dialect, options, Schema::new(language.search_path))
}

/// Lints files that are all applied.
pub(crate) fn lint_all(files: &[(&str, &str)], dialect_name: &str, options: &Options) -> Report {
    let dialect = dialect(dialect_name);
    let set = load(files, dialect);
    let subject = |migration| Subject { migration, standing: Standing::Applied, lint: true };
    let subjects: Vec<Subject<'_>> = set.iter().map(|migration| subject(&**migration)).collect();
    lint(&subjects, dialect, options, Schema::new(language(dialect_name).expect("a language of ours").search_path))
}
