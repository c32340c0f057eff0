//! Readers of migration directories: from files to a [`rung_engine::MigrationSet`].

mod files;
mod native;
mod seeds;

use std::collections::BTreeMap;
use std::path::PathBuf;

use rung_engine::{Dialect, MigrationSet};
use rung_sql::{Diagnostic, Reading, Variables};

pub use native::bare_migration;
pub use seeds::load_seeds;

/// How to read migrations.
#[derive(Clone, Copy)]
pub struct LoadOptions<'a> {
    /// The dialect of the database that they are for.
    pub dialect: &'static dyn Dialect,
    /// The project's own variables.
    pub variables: &'a BTreeMap<String, String>,
}

impl<'a> LoadOptions<'a> {
    fn reading(&self) -> Reading<'a> {
        Reading {
            dialect: self.dialect.name(),
            syntax: self.dialect.syntax(),
            variables: Variables { builtin: self.dialect.variables(), own: self.variables },
        }
    }
}

/// Reads the migrations of some directories, in rung's own format.
///
/// # Errors
/// Everything that is wrong with any file, by file and place; a directory that is not there.
pub fn load(dirs: &[PathBuf], options: &LoadOptions<'_>) -> Result<MigrationSet, Vec<Diagnostic>> {
    let mut files = Vec::new();
    let mut errors = Vec::new();
    for dir in dirs {
        match files::list(dir) {
            Ok(found) => files.extend(found),
            Err(error) => errors.push(*error),
        }
    }
    if errors.is_empty() { native::load(files, options) } else { Err(errors) }
}

/// Reads migrations that were embedded in a program: paths relative to the directory, and contents.
///
/// # Errors
/// As [`load`].
pub fn load_embedded(
    files: &'static [(&'static str, &'static [u8])],
    options: &LoadOptions<'_>,
) -> Result<MigrationSet, Vec<Diagnostic>> {
    native::load(files::embedded(files), options)
}
