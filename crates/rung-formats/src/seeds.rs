//! Seed files.

use std::path::Path;

use rung_engine::{Asks, Digest, Hints, ScriptPlan, Seed};
use rung_sql::{Diagnostic, read_file};

use crate::LoadOptions;
use crate::files::Files;

/// Reads every `.sql` file of a directory, by name, with the same variables and dialect sections as migrations.
///
/// # Errors
/// Everything that is wrong with any file; a directory that is not there.
pub fn load_seeds(dir: &Path, options: &LoadOptions<'_>) -> Result<Vec<Seed>, Vec<Diagnostic>> {
    let files = Files::list(&[dir.to_owned()]).map_err(|errors| {
        let of_seeds = |error: Diagnostic| {
            let message = error.message.replace("migrations directory", "seeds directory");
            Diagnostic::error(error.code, message).help("name it in rung.toml: [seeds] dir = \"seeds\"")
        };
        errors.into_iter().map(of_seeds).collect::<Vec<_>>()
    })?;
    let mut seeds = Vec::new();
    let mut errors = Vec::new();
    for file in files.at_top(".sql") {
        let read = || -> Result<Seed, Vec<Diagnostic>> {
            let source = file.source()?;
            let stem = file.name.trim_end_matches(".sql");
            let read = read_file(&source, stem, &options.reading())?;
            let asks = Asks { no_transaction: read.directives.no_transaction, how: Hints::NATIVE.no_transaction };
            let script = ScriptPlan::new(&read.up, asks, options.dialect)?;
            Ok(Seed { path: file.name.clone(), checksum: Digest(read.checksum), script })
        };
        match read() {
            Ok(seed) => seeds.push(seed),
            Err(found) => errors.extend(found),
        }
    }
    if errors.is_empty() { Ok(seeds) } else { Err(errors) }
}
