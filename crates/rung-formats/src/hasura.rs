//! Hasura: a folder `VERSION_name` with `up.sql` and `down.sql`, within one for each database.
//!
//! Facts from its `cli/migrate/source/file/file.go` and `cli/migrate/migrate.go`: files beside the folders, as version 1
//! of its configuration had them, count as well; empty ones do not; whatever has not been applied is. A file whose first
//! line is `-- hasura:no-transaction` is run outside of one.

use std::collections::BTreeSet;

use rung_engine::{Hints, MigrationSet, Order, Renumber, Version};
use rung_sql::{Diagnostic, Span};

use crate::LoadOptions;
use crate::files::{File, Files};
use crate::format::{Format, Sign};
use crate::pairs::{self, Found, Part, Rules, Way, numbered};

pub(crate) struct Hasura;

const HINTS: &Hints = &Hints {
    no_transaction: Some("begin the file with the line `-- hasura:no-transaction`"),
    down: Some("write a down.sql beside it"),
    depends: None,
    renumber: Renumber::ByHand,
};

const OUTSIDE: &str = "-- hasura:no-transaction";

impl Format for Hasura {
    fn name(&self) -> &'static str {
        "hasura"
    }

    fn recognise(&self, files: &Files) -> Option<Sign> {
        if let Some((name, line)) = files.marked(|line| line.trim() == OUTSIDE) {
            return Some(Sign::sure(format!("{name} has a line `{line}`")));
        }
        // No other tool has migrations of its metadata.
        if let Some(file) = files.iter().find(|file| split(&file.name).is_some_and(|name| name.kind == "yaml")) {
            return Some(Sign::sure(format!("there is a file {}", file.name)));
        }
        let file = files.iter().find(|file| split(&file.name).is_some_and(|name| name.kind == "sql"))?;
        let why = format!("there is a file {}", file.name);
        Some(Sign::fits(why, files, &[("config.yaml", "metadata_directory")]))
    }

    fn load(&self, files: &Files, options: &LoadOptions<'_>) -> Result<MigrationSet, Vec<Diagnostic>> {
        let mut found = Found::default();
        let names: Vec<(&File, Name<'_>)> = files.iter().filter_map(|file| Some((file, split(&file.name)?))).collect();
        let databases: BTreeSet<&str> = names.iter().map(|(_, name)| name.database).collect();
        if databases.len() > 1 {
            return Err(vec![several(&names, &databases)]);
        }
        for (file, name) in names {
            // Hasura passes over empty files: its console makes them.
            let is_empty = || file.read().is_ok_and(|bytes| bytes.is_empty());
            match name.kind {
                "sql" if name.way == Way::Down && is_empty() => {}
                "sql" => found.parts.push(Part { id: name.id, version: name.version, way: name.way, file }),
                "yaml" if is_empty() || file.read().is_ok_and(|bytes| bytes.trim_ascii() == b"[]") => {}
                "yaml" if file.read().is_ok_and(|bytes| bytes.windows(7).any(|word| word == b"run_sql")) => {
                    found.errors.push(
                        file.error("metadata-migration", "runs SQL among what it changes of Hasura's metadata").help(
                            "write its `run_sql` as an SQL file of the same version, and let Hasura have the rest",
                        ),
                    );
                }
                "yaml" => found.warnings.push(
                    file.warning("metadata-migration", "changes only Hasura's metadata, which is left to Hasura"),
                ),
                _ => {}
            }
        }
        let known = |file: &&File| file.name.ends_with(".sql") && split(&file.name).is_none();
        let strays = files.iter().filter(known).map(|file| file.stray("Hasura reads VERSION_name/up.sql and down.sql"));
        found.warnings.extend(strays);
        let outside = |_: &_, text: &str, _: &_| {
            let first = text.lines().next().unwrap_or_default();
            Ok((first.trim() == OUTSIDE).then(|| Span::new(0, first.len())))
        };
        pairs::load(found, files, &Rules { outside, ..Rules::plain(HINTS, Order::Any) }, options)
    }
}

/// What the path of a file says.
struct Name<'a> {
    /// The folder of its database; empty where the directory is that.
    database: &'a str,
    id: &'a str,
    version: Version,
    way: Way,
    kind: &'a str,
}

/// Reads `[DATABASE/]VERSION_name/up.sql`, and `VERSION_name.up.sql` of old.
fn split(path: &str) -> Option<Name<'_>> {
    let parts: Vec<&str> = path.split('/').collect();
    let (database, id, file) = match parts.as_slice() {
        [file] => {
            let (id, _) = file.rsplit_once('.')?.0.rsplit_once('.')?;
            ("", id, &file[id.len() + 1..])
        }
        [folder, file] => ("", *folder, *file),
        [database, folder, file] => (*database, *folder, *file),
        _ => return None,
    };
    let (way, kind) = file.split_once('.')?;
    let way = match way {
        "up" => Way::Up,
        "down" => Way::Down,
        _ => return None,
    };
    Some(Name { database, id, version: numbered(id)?, way, kind })
}

fn several(names: &[(&File, Name<'_>)], databases: &BTreeSet<&str>) -> Diagnostic {
    let list: Vec<&str> = databases.iter().map(|name| if name.is_empty() { "." } else { name }).collect();
    let message = format!("these are the migrations of {} databases: {}", list.len(), list.join(", "));
    let example =
        names.iter().find(|(_, name)| !name.database.is_empty()).and_then(|(file, _)| file.path.ancestors().nth(2));
    let example = example.map_or_else(String::new, |path| path.display().to_string());
    Diagnostic::error("several-databases", message).help(format!("name the one of this database: `--dir {example}`"))
}
