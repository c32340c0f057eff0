//! Supabase: `VERSION_name.sql` in `supabase/migrations`; `supabase/roles.sql`, which comes before them all; seed files.
//!
//! Facts from its `pkg/migration/list.go`, `file.go`, `apply.go` and `seed.go`, and `pkg/config`: files are run by name,
//! each in one transaction, with all settings reset before it; versions are text; there is no way down. An `_init.sql` of
//! before 2021-12-09 is not run. Roles are not recorded there: here they run first, and again when they have changed.
//! Seed files are `seed.sql`, or those of the patterns `sql_paths` of `[db.seed]` in `config.toml`, in their order.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use rung_engine::{Hints, MigrationSet, Renumber, Runs, Version};
use rung_sql::{Diagnostic, Script, Span, Syntax};
use toml_edit::Document;

use crate::LoadOptions;
use crate::files::{File, Files};
use crate::format::{Format, Sign};
use crate::migration::{Outcome, Sorting, checked, migration, read_each};

pub(crate) struct Supabase;

const HINTS: &Hints = &Hints { no_transaction: None, down: None, depends: None, renumber: Renumber::ByHand };

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
        let seeds = match files.beside("config.toml").map(|config| seeds(&config, &mut strays)) {
            Some(Err(found)) => {
                errors.extend(found);
                None
            }
            Some(Ok(seeds)) => Some(seeds),
            None => None,
        };
        let mut set =
            read_each(&items, Sorting::AsGiven, strays, errors, |(file, version)| read(file, version.clone(), syntax))?;
        set.seeds = seeds;
        Ok(set)
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
    let mut migration = migration(id, version, up, None, HINTS, syntax);
    if migration.version == Version::Unnumbered {
        migration.runs = Runs::WhenChanged;
    }
    checked(migration, Vec::new(), syntax)
}

/// The seed files that a `config.toml` asks for, by name and path.
fn seeds(config: &File, warnings: &mut Vec<Diagnostic>) -> Result<Vec<(String, PathBuf)>, Vec<Diagnostic>> {
    let source = config.source()?;
    let at = |span: Option<Range<usize>>| span.map_or(Span::default(), |span| Span::new(span.start, span.end));
    let wrong = |message: &str, span, help: &str| {
        vec![Diagnostic::error("supabase-config", message).at(&source, at(span), "").help(help)]
    };
    let document = Document::parse(source.text())
        .map_err(|error| wrong(error.message().trim(), error.span(), "mend it, or move it elsewhere"))?;
    let seed = document.get("db").and_then(|db| db.get("seed"));
    let setting = |name: &str| seed.and_then(|seed| seed.get(name));
    if setting("enabled").is_some_and(|enabled| enabled.as_bool() == Some(false)) {
        return Ok(Vec::new());
    }
    let dir = config.path.parent().unwrap_or(Path::new(""));
    let Some(paths) = setting("sql_paths") else { return Ok(glob(dir, "seed.sql")) };
    let list =
        || paths.as_array().ok_or_else(|| wrong("sql_paths is a list of texts", paths.span(), "write it as one"));
    let mut found: Vec<(String, PathBuf)> = Vec::new();
    for path in list()? {
        let Some(pattern) = path.as_str().filter(|pattern| !pattern.contains(['[', '\\'])) else {
            let help = "name the files, with `*` and `?` for what may be any";
            return Err(wrong("this is no path that rung understands", path.span(), help));
        };
        let files = glob(dir, pattern);
        if files.is_empty() {
            let warning = Diagnostic::warning("no-seed", "there is no such seed file");
            warnings.push(warning.at(&source, at(path.span()), ""));
        }
        let new: Vec<_> = files.into_iter().filter(|file| !found.contains(file)).collect();
        found.extend(new);
    }
    Ok(found)
}

/// The files of a pattern, by name.
fn glob(dir: &Path, pattern: &str) -> Vec<(String, PathBuf)> {
    let mut found = vec![(String::new(), dir.to_owned())];
    for part in pattern.split('/').filter(|part| !matches!(*part, "" | ".")) {
        let below = |(name, path): (String, PathBuf)| {
            let mut entries: Vec<String> = if part.contains(['*', '?']) {
                let entries = std::fs::read_dir(&path).into_iter().flatten().flatten();
                entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
            } else {
                vec![part.to_owned()]
            };
            entries.retain(|entry| matches(part.as_bytes(), entry.as_bytes()) && path.join(entry).exists());
            entries.sort_unstable();
            let join = if name.is_empty() { "" } else { "/" };
            let full = move |entry: String| (format!("{name}{join}{entry}"), path.join(entry));
            entries.into_iter().map(full).collect::<Vec<_>>()
        };
        found = found.into_iter().flat_map(below).collect();
    }
    found.retain(|(_, path)| path.is_file());
    found
}

/// Whether a name is of a pattern: `*` is any text, `?` any character.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            matches(rest, name) || name.split_first().is_some_and(|(_, name)| matches(pattern, name))
        }
        (Some((b'?', rest)), Some((_, name))) => matches(rest, name),
        (Some((a, rest)), Some((b, name))) => a == b && matches(rest, name),
        _ => false,
    }
}
