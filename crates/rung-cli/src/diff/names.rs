//! What is another name: said in a file or by an option, found, or asked for.

use std::sync::Arc;

use rung::catalog::{Ambiguity, Catalog, Key, Likeness, Rename, likeness};
use rung::engine::{Dialect, rename_of, renames_of_file};
use rung::sql::{Diagnostic, SourceFile};

use crate::args::{Arguments, Way};
use crate::exit::Exit;
use crate::prompt::{Answer, ask};
use crate::render::{Failure, Terminal, render};

/// Two schemas, and the files that made them where those may have directives.
pub(super) struct Schemas<'a> {
    pub(super) from: &'a Catalog,
    pub(super) to: &'a Catalog,
    pub(super) from_file: Option<&'a Arc<SourceFile>>,
    pub(super) to_file: Option<&'a Arc<SourceFile>>,
}

/// Decides what has another name in the second schema.
///
/// # Errors
/// A directive or an option that means nothing; several that are alike, and nobody to be asked.
pub(super) fn decide(
    schemas: &Schemas<'_>,
    way: &Way,
    dialect: &dyn Dialect,
    arguments: &Arguments,
    terminal: &Terminal,
) -> Result<Vec<Rename>, Failure> {
    let Schemas { from, to, .. } = schemas;
    let mut renames = directives(schemas, dialect, terminal)?;
    let wrong = |found: Diagnostic| Failure::of(Exit::Usage, vec![found]);
    for said in way.rename.iter().filter(|said| *said != "none") {
        renames.push(rename_of(said, dialect.syntax(), from, to, &renames, &way.rename).map_err(wrong)?);
    }
    tables_first(&mut renames);
    if way.rename.iter().any(|said| said == "none") {
        return Ok(renames);
    }
    let quote = |name: &str| dialect.identifier(name);
    let Likeness { sure, open } = likeness(from, to, &renames, &quote);
    // What belongs to something goes along with it.
    let is_part = |rename: &&Rename| matches!(rename, Rename::Object { from, .. } if from.parent.is_some());
    for rename in sure.iter().filter(|rename| !is_part(rename)) {
        terminal.note(format!("{rename}, as nothing but the name differs; `--rename none` if it is another"));
    }
    renames.extend(sure);
    let mut unclear = Vec::new();
    for ambiguity in open {
        match choose(&ambiguity, arguments, terminal) {
            Some(chosen) => renames.extend(chosen),
            None => unclear.push(refusal(&ambiguity, &quote)),
        }
    }
    if !unclear.is_empty() {
        let mut failure = Failure::of(Exit::Failed, unclear);
        failure.next.push("or `--rename none`: what is gone is dropped, and what is new is made".to_owned());
        return Err(failure);
    }
    tables_first(&mut renames);
    Ok(renames)
}

/// A column's table is that of the second schema, which must have its name by then.
fn tables_first(renames: &mut Vec<Rename>) {
    renames.sort_by_key(|rename| matches!(rename, Rename::Column { .. }));
    let mut seen: Vec<Rename> = Vec::new();
    renames.retain(|rename| {
        let is_new = !seen.contains(rename);
        seen.push(rename.clone());
        is_new
    });
}

fn directives(schemas: &Schemas<'_>, dialect: &dyn Dialect, terminal: &Terminal) -> Result<Vec<Rename>, Failure> {
    let Schemas { from, to, from_file, to_file } = schemas;
    let mut renames = Vec::new();
    let wrong = |found: Vec<Diagnostic>| Failure::of(Exit::Failed, found);
    if let Some(file) = to_file {
        let said = renames_of_file(file, dialect.syntax(), from, to).map_err(wrong)?;
        said.warnings.iter().for_each(|warning| terminal.note(render(warning)));
        renames.extend(said.renames);
    }
    // What the first schema was called before may be what the second is called.
    if let Some(file) = from_file {
        let said = renames_of_file(file, dialect.syntax(), to, from).map_err(wrong)?;
        renames.extend(inverse(&said.renames));
    }
    Ok(renames)
}

/// The way back.
pub(super) fn inverse(renames: &[Rename]) -> Vec<Rename> {
    let before = |table: &Arc<Key>| {
        let renamed = renames.iter().find_map(|rename| match rename {
            Rename::Object { from, to } if to == table => Some(from),
            _ => None,
        });
        Arc::clone(renamed.unwrap_or(table))
    };
    let back = |rename: &Rename| match rename {
        Rename::Object { from, to } => Rename::Object { from: Arc::clone(to), to: Arc::clone(from) },
        Rename::Column { table, from, to } => {
            Rename::Column { table: before(table), from: to.clone(), to: from.clone() }
        }
    };
    renames.iter().map(back).collect()
}

/// What the user takes for another name, of several that may be; `None` where nobody is there. `--yes` is no answer to
/// which of them.
fn choose(ambiguity: &Ambiguity, arguments: &Arguments, terminal: &Terminal) -> Option<Vec<Rename>> {
    if arguments.global.yes {
        return None;
    }
    let mut chosen: Vec<Rename> = Vec::new();
    for candidate in &ambiguity.candidates {
        if chosen.iter().any(|it| excludes(it, candidate)) {
            continue;
        }
        match ask(terminal, &format!("is it so that {candidate}?")) {
            Answer::Yes => chosen.push(candidate.clone()),
            Answer::No => {}
            Answer::None => return None,
        }
    }
    Some(chosen)
}

/// Whether two can't both be so.
fn excludes(one: &Rename, other: &Rename) -> bool {
    match (one, other) {
        (Rename::Object { from, to }, Rename::Object { from: other, to: another }) => from == other || to == another,
        (Rename::Column { table, from, to }, Rename::Column { table: of, from: other, to: another }) => {
            table == of && (from == other || to == another)
        }
        _ => false,
    }
}

fn refusal(ambiguity: &Ambiguity, quote: &dyn Fn(&str) -> String) -> Diagnostic {
    let mut found = Diagnostic::error("ambiguous-rename", "this may be another name, or a drop and something new");
    for candidate in &ambiguity.candidates {
        found = found.note(format!("it may be that {candidate}"));
    }
    match ambiguity.candidates.first() {
        Some(first) => {
            let (option, old) = spelled(first, quote);
            found.help(format!("say which: --rename {option}, or `-- @renamed-from {old}` in the file"))
        }
        None => found,
    }
}

/// A rename as an option, and the old name as a directive has it.
fn spelled(rename: &Rename, quote: &dyn Fn(&str) -> String) -> (String, String) {
    match rename {
        Rename::Object { from, to } => (format!("{}={}", from.path(), to.path()), from.path()),
        Rename::Column { table, from, to } => (format!("{}.{}={}", table.path(), quote(from), quote(to)), quote(from)),
    }
}
