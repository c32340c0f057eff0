//! Seed files.

use std::path::Path;
use std::sync::Arc;

use rung_engine::{Digest, ScriptPlan, Seed};
use rung_sql::{Diagnostic, SourceFile, read_file};

use crate::{LoadOptions, files};

/// Reads every `.sql` file of a directory, by name, with the same variables and dialect sections as migrations.
///
/// # Errors
/// Everything that is wrong with any file; a directory that is not there.
pub fn load_seeds(dir: &Path, options: &LoadOptions<'_>) -> Result<Vec<Seed>, Vec<Diagnostic>> {
    let files = files::list(dir).map_err(|error| {
        let message = error.message.replace("migrations directory", "seeds directory");
        vec![Diagnostic::error(error.code, message).help("name it in rung.toml: [seeds] dir = \"seeds\"")]
    })?;
    let mut seeds = Vec::new();
    let mut errors = Vec::new();
    for file in files.iter().filter(|file| file.name.ends_with(".sql")) {
        let read = || -> Result<Seed, Vec<Diagnostic>> {
            let bytes = file.read().map_err(|error| {
                vec![Diagnostic::error("unreadable", format!("{} can't be read: {error}", file.path.display()))]
            })?;
            let source = Arc::new(SourceFile::from_bytes(&file.path, bytes).map_err(|error| vec![*error])?);
            let stem = file.name.trim_end_matches(".sql");
            let read = read_file(&source, stem, &options.reading())?;
            let script = ScriptPlan::new(&read.up, read.directives.no_transaction, options.dialect)?;
            Ok(Seed { path: file.name.clone(), checksum: Digest(read.checksum), script })
        };
        match read() {
            Ok(seed) => seeds.push(seed),
            Err(found) => errors.extend(found),
        }
    }
    if errors.is_empty() { Ok(seeds) } else { Err(errors) }
}
