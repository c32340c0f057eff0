//! Supabase: `VERSION_name.sql` in `supabase/migrations`, and `supabase/roles.sql`, which comes before them all.
//!
//! Facts from its `pkg/migration/list.go`, `file.go` and `apply.go`: files are run by name, each in one transaction, with
//! all settings reset before it; versions are text; there is no way down. An `_init.sql` of before 2021-12-09 is not run.

use std::collections::HashMap;

use rung_engine::{Hints, MigrationSet, Renumber, Version};
use rung_sql::{Diagnostic, Script, Syntax};

use crate::LoadOptions;
use crate::files::{File, Files};
use crate::format::{Format, Sign};
use crate::migration::{Outcome, Sorting, checked, migration, read_each};

pub(crate) struct Supabase;

const HINTS: &Hints = &Hints { no_transaction: None, down: None, renumber: Renumber::ByHand };

impl Format for Supabase {
    fn name(&self) -> &'static str {
        "supabase"
    }

    fn recognise(&self, files: &Files) -> Option<Sign> {
        files.at_top(".sql").find(|file| version(&file.name).is_some())?;
        let config = files.beside("config.toml")?;
        let is_there = std::path::absolute(&config.path).is_ok_and(|path| path.ends_with("supabase/config.toml"));
        is_there.then(|| Sign::sure(format!("there is a file {}", config.path.display())))
    }

    fn load(&self, files: &Files, options: &LoadOptions<'_>) -> Result<MigrationSet, Vec<Diagnostic>> {
        let roles = files.beside("roles.sql");
        let mut items: Vec<(&File, Version)> = roles.iter().map(|file| (file, Version::Unnumbered)).collect();
        let (mut strays, mut errors) = (Vec::new(), Vec::new());
        let mut versions: HashMap<&str, &File> = HashMap::new();
        let first = files.at_top(".sql").next().map(|file| &file.name);
        for file in files.at_top(".sql") {
            match version(&file.name) {
                Some(version) if Some(&file.name) == first && is_old_init(version, &file.name) => {
                    strays.push(file.stray("Supabase passes over an `init` of before 2021-12-09"));
                }
                Some(version) => {
                    errors.extend(versions.insert(version, file).map(|first| file.same_version(first)));
                    items.push((file, Version::Text(version.into())));
                }
                None => strays.push(file.stray("its name is not VERSION_name.sql")),
            }
        }
        let syntax = options.dialect.syntax();
        read_each(&items, Sorting::AsGiven, strays, errors, |(file, version)| read(file, version.clone(), syntax))
    }
}

/// The version of `VERSION_name.sql`.
fn version(name: &str) -> Option<&str> {
    let (version, _) = name.split_once('_')?;
    (!version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit())).then_some(version)
}

fn is_old_init(version: &str, name: &str) -> bool {
    version.len() == 14 && version < "20211209000000" && name[version.len()..] == *"_init.sql"
}

fn read(file: &File, version: Version, syntax: &Syntax) -> Outcome {
    let up = Script::whole(file.source()?);
    let id = file.base().trim_end_matches(".sql");
    checked(migration(id, version, up, None, HINTS, syntax), Vec::new(), syntax)
}
