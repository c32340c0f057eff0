//! Seed files.

use std::path::{Path, PathBuf};

use rung_engine::{Asks, Digest, Hints, ScriptPlan, Seed};
use rung_sql::{Diagnostic, Script, checksum, read_file};

use crate::LoadOptions;
use crate::files::{Content, File, Files};

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
    all(files.at_top(".sql").map(|file| {
        let source = file.source()?;
        let stem = file.name.trim_end_matches(".sql");
        let read = read_file(&source, stem, &options.reading())?;
        let asks = Asks { no_transaction: read.directives.no_transaction, how: Hints::NATIVE.no_transaction };
        let script = ScriptPlan::new(&read.up, asks, options.dialect)?;
        Ok(Seed { path: file.name.clone(), checksum: Digest(read.checksum), script })
    }))
}

/// Reads the seed files that a tool has of its own ([`rung_engine::MigrationSet::seeds`]), each as it is.
///
/// # Errors
/// As [`load_seeds`].
pub fn load_own_seeds(files: &[(String, PathBuf)], options: &LoadOptions<'_>) -> Result<Vec<Seed>, Vec<Diagnostic>> {
    all(files.iter().map(|(name, path)| {
        let file = File { name: name.clone(), path: path.clone(), content: Content::OnDisk };
        let script = Script::whole(file.source()?);
        let checksum = Digest(checksum(script.text()));
        let script = ScriptPlan::new(&script, Asks::default(), options.dialect)?;
        Ok(Seed { path: file.name, checksum, script })
    }))
}

/// All seeds, or all that is wrong with any.
fn all(read: impl Iterator<Item = Result<Seed, Vec<Diagnostic>>>) -> Result<Vec<Seed>, Vec<Diagnostic>> {
    let mut seeds = Vec::new();
    let mut errors = Vec::new();
    for seed in read {
        match seed {
            Ok(seed) => seeds.push(seed),
            Err(found) => errors.extend(found),
        }
    }
    if errors.is_empty() { Ok(seeds) } else { Err(errors) }
}
