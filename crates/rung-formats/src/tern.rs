//! tern: `NUMBER_name.sql`, numbered from 1 without a gap; what comes back is below
//! `---- create above / drop below ----`.
//!
//! Facts from its `migrate/migrate.go`: the dividing line is sought anywhere in the file, and
//! `---- tern: disable-tx ----` in each part; a file that brings nothing is refused. The database has one number, so that
//! nothing can be pending below it. A file is a template of Go's: `{{.name}}` and `{{template "file" .}}` are filled in,
//! any other is a program, and an error.

use std::collections::BTreeMap;

use rung_engine::{Body, Down, Hints, MigrationSet, Renumber, Version};
use rung_sql::{Diagnostic, Script, Span, Syntax, closest};

use crate::LoadOptions;
use crate::files::{File, Files};
use crate::format::{Format, Sign};
use crate::migration::{Outcome, Sorting, checked, consecutive, lines, migration, read_each};
use crate::pairs::numbered;

pub(crate) struct Tern;

const HINTS: &Hints = &Hints {
    no_transaction: Some("add the line `---- tern: disable-tx ----`"),
    down: Some("add the line `---- create above / drop below ----`, and below it what undoes the migration"),
    depends: None,
    renumber: Renumber::ByHand,
};

const DIVIDER: &str = "---- create above / drop below ----";
const OUTSIDE: &str = "---- tern: disable-tx ----";

impl Format for Tern {
    fn name(&self) -> &'static str {
        "tern"
    }

    fn recognise(&self, files: &Files) -> Option<Sign> {
        if let Some((name, line)) = files.marked(|line| matches!(line.trim_end(), DIVIDER | OUTSIDE)) {
            return Some(Sign::sure(format!("{name} has a line `{line}`")));
        }
        let file = files.at_top(".sql").find(|file| numbered(&file.name).is_some())?;
        Some(Sign::fits(
            format!("there is a file {}", file.name),
            files,
            &[("tern.conf", ""), ("go.mod", "jackc/tern")],
        ))
    }

    fn load(&self, files: &Files, options: &LoadOptions<'_>) -> Result<MigrationSet, Vec<Diagnostic>> {
        let mut items: BTreeMap<u64, &File> = BTreeMap::new();
        let (mut strays, mut errors) = (Vec::new(), Vec::new());
        for file in files.at_top(".sql") {
            match numbered(&file.name).as_ref().and_then(Version::number) {
                Some(number) => errors.extend(items.insert(number, file).map(|first| file.same_version(first))),
                None => strays.push(file.stray("its name has no number and `_` in front")),
            }
        }
        errors.extend(consecutive(&items));
        let items: Vec<_> = items.into_iter().collect();
        let mut data = data(files);
        data.extend(options.variables.clone());
        let syntax = options.dialect.syntax();
        read_each(&items, Sorting::ByVersion, strays, errors, |(number, file)| {
            read(*number, file, files, &data, syntax)
        })
    }
}

/// What `[data]` of a `tern.conf` nearby gives the templates; without what that has from templates of its own.
fn data(files: &Files) -> BTreeMap<String, String> {
    let text = files.nearby("tern.conf").and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    let own = text.lines().map(str::trim).skip_while(|line| *line != "[data]").skip(1);
    let own = own.take_while(|line| !line.starts_with('[')).filter(|line| !line.starts_with(['#', ';']));
    let pair = |line: &str| line.split_once('=').map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()));
    own.filter_map(pair).filter(|(_, value)| !value.contains("{{")).collect()
}

fn read(number: u64, file: &File, files: &Files, data: &BTreeMap<String, String>, syntax: &Syntax) -> Outcome {
    let source = file.source()?;
    let text = source.text();
    let (up, down) = match text.split_once(DIVIDER) {
        Some((up, down)) => (Span::new(0, up.len()), Some(Span::new(text.len() - down.len(), text.len()))),
        None => (Span::new(0, text.len()), None),
    };
    let script = |part: Span| included(Script::slice(source.clone(), part), files, DEPTH);
    let outside = |part: Span| {
        let part_lines = lines(&text[part.range()]);
        let mark = part_lines.into_iter().find(|(_, line)| *line == OUTSIDE);
        mark.map(|(span, _)| span.shifted(part.start))
    };
    let forth = script(up)?;
    if forth.is_blank(syntax) {
        let error = Diagnostic::error("no-up", "this brings nothing, which tern refuses").at(&source, up, "");
        return Err(vec![error.help(format!("write the migration above `{DIVIDER}`"))]);
    }
    let back = down.map(script).transpose()?.filter(|down| !down.text().trim().is_empty());
    let id = file.name.trim_end_matches(".sql");
    let mut migration = migration(id, Version::Number(number), forth.clone(), None, HINTS, syntax);
    if let Body::Sql(body) = &mut migration.body {
        body.up = filled(forth, data)?;
    }
    migration.down = back.map(|back| filled(back, data)).transpose()?.map(Down::Sql);
    migration.no_transaction = outside(up);
    migration.down_no_transaction = down.and_then(outside);
    checked(migration, Vec::new(), syntax)
}

/// How deep files may include files.
const DEPTH: usize = 8;

/// The places of `{{ ... }}`, and what is within.
fn templates(text: &str) -> impl Iterator<Item = (Span, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find("{{")?;
        let end = text[start..].find("}}").map_or(text.len(), |end| start + end);
        at = (end + 2).min(text.len());
        Some((Span::new(start, at), text[start + 2..end].trim()))
    })
}

/// The script with the files that it includes.
fn included(script: Script, files: &Files, depth: usize) -> Result<Script, Vec<Diagnostic>> {
    let path = |within: &str| {
        let path = within.strip_prefix("template")?.trim_start().strip_suffix('.')?.trim_end();
        Some(path.strip_prefix('"')?.strip_suffix('"')?.to_owned())
    };
    let mut edits = Vec::new();
    for (place, path) in templates(script.text()).filter_map(|(place, within)| Some((place, path(within)?))) {
        let Some(file) = files.get(&path).filter(|_| depth > 0) else {
            let error = Diagnostic::error("template", format!("there is no file {path} to include here"));
            let error = error.at(script.source(), script.source_span(place), "");
            return Err(vec![error.help("its path begins in the directory of the migrations")]);
        };
        let inner = included(Script::whole(file.source()?), files, depth - 1)?;
        edits.push((place, inner.text().to_owned()));
    }
    Ok(script.replaced(&edits))
}

/// The script with the values of its variables.
fn filled(script: Script, data: &BTreeMap<String, String>) -> Result<Script, Vec<Diagnostic>> {
    let is_name = |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let mut edits = Vec::new();
    let mut errors = Vec::new();
    for (place, within) in templates(script.text()) {
        let name = within.strip_prefix('.').filter(is_name);
        let value = name.and_then(|name| data.get(name));
        let (message, help) = match (name, value) {
            (_, Some(value)) => {
                edits.push((place, value.as_str()));
                continue;
            }
            (Some(name), None) => {
                let near = closest(name, data.keys().map(String::as_str));
                let help = near.map(|near| format!("did you mean {{{{.{near}}}}}?"));
                let give = || format!("give it one in rung.toml: [vars] {name} = \"...\"");
                (format!("the variable {name} has no value"), help.unwrap_or_else(give))
            }
            (None, None) => {
                let message = "this is a template of Go's that only tern itself can fill in".to_owned();
                (message, "write what it stands for".to_owned())
            }
        };
        let error = Diagnostic::error("template", message).at(script.source(), script.source_span(place), "");
        errors.push(error.help(help));
    }
    if errors.is_empty() { Ok(script.replaced(&edits)) } else { Err(errors) }
}
