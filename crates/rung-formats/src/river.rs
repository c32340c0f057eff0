//! river: `NUMBER_name.up.sql` and `NUMBER_name.down.sql`, numbered from 1 without a gap, in a folder for each line of
//! migrations: `main`, and what others add.
//!
//! Facts from its `rivermigrate/river_migrate.go` and `rivershared/sqlctemplate`: every version has both ways; the line
//! `main` comes before any other; `/* TEMPLATE: schema */` is the schema that holds it all with a dot behind, or nothing,
//! within strings as well.

use std::collections::BTreeMap;

use rung_engine::{Hints, MigrationSet, Order, Renumber, Version};
use rung_sql::{Diagnostic, Script, Span};

use crate::LoadOptions;
use crate::files::{File, Files};
use crate::format::{Format, Sign};
use crate::migration::consecutive;
use crate::pairs::{self, Found, Part, Rules, Way, numbered};

pub(crate) struct River;

const HINTS: &Hints = &Hints {
    no_transaction: None,
    down: Some("write a file of the same number that ends in `.down.sql`"),
    depends: None,
    renumber: Renumber::ByHand,
};

const TEMPLATE: &str = "/* TEMPLATE";
const SCHEMA: &str = "/* TEMPLATE: schema */";
const MAIN: &str = "main";

impl Format for River {
    fn name(&self) -> &'static str {
        "river"
    }

    fn recognise(&self, files: &Files) -> Option<Sign> {
        if let Some((name, _)) = files.marked(|line| line.contains(SCHEMA)) {
            return Some(Sign::sure(format!("{name} has `{SCHEMA}`")));
        }
        let file = files.iter().find(|file| file.base() == "001_create_river_migration.up.sql")?;
        Some(Sign::sure(format!("there is a file {}", file.name)))
    }

    fn load(&self, files: &Files, options: &LoadOptions<'_>) -> Result<MigrationSet, Vec<Diagnostic>> {
        let mut found = Found::default();
        let mut lines: BTreeMap<&str, [BTreeMap<u64, &File>; 2]> = BTreeMap::new();
        for file in files.iter().filter(|file| file.name.ends_with(".sql")) {
            let (line, base) = file.name.split_once('/').unwrap_or(("", &file.name));
            let name = Way::split(base).and_then(|(id, way)| Some((id, numbered(base)?.number()?, way)));
            let Some((id, number, way)) = name.filter(|_| !base.contains('/')) else {
                found.warnings.push(file.stray("its name is not NUMBER_name.up.sql or NUMBER_name.down.sql"));
                continue;
            };
            lines.entry(line).or_default()[usize::from(way == Way::Down)].insert(number, file);
            let (id, version) = match line {
                "" | MAIN => (id, Version::Number(number)),
                _ => (&file.name[..line.len() + 1 + id.len()], Version::Text(format!("{line}/{number:03}").into())),
            };
            found.parts.push(Part { id, version, way, file });
        }
        for [ups, downs] in lines.values() {
            found.errors.extend(consecutive(ups));
            let lone = ups.iter().filter(|(number, _)| !downs.contains_key(number));
            found.errors.extend(lone.map(|(_, file)| {
                let what = "has no file that undoes it, which river refuses";
                file.error("no-down", what).help("write one of the same number that ends in `.down.sql`")
            }));
        }
        pairs::load(found, files, &Rules { fill: with_schema, ..Rules::plain(HINTS, Order::Strict) }, options)
    }
}

/// Puts the variable `schema` in.
fn with_schema(script: Script, options: &LoadOptions<'_>) -> Result<Script, Vec<Diagnostic>> {
    let schema = options.variables.get("schema");
    let schema = schema.map_or_else(String::new, |name| format!("\"{}\".", name.replace('"', "\"\"")));
    let mut edits = Vec::new();
    let mut errors = Vec::new();
    for (at, _) in script.text().match_indices(TEMPLATE) {
        if script.text()[at..].starts_with(SCHEMA) {
            edits.push((Span::new(at, at + SCHEMA.len()), schema.as_str()));
            continue;
        }
        let span = script.source_span(Span::new(at, at + TEMPLATE.len()));
        let error = Diagnostic::error("template", "river knows no such template").at(script.source(), span, "");
        errors.push(error.help(format!("the one there is in migrations is `{SCHEMA}`")));
    }
    if errors.is_empty() { Ok(script.replaced(&edits)) } else { Err(errors) }
}
