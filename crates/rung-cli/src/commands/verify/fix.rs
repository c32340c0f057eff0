//! The migration that mends drift, on either side.

use std::path::PathBuf;

use rung::catalog::{Body, Catalog};
use rung::engine::{Dialect, Pieces, ServerFacts, Timeouts};
use rung::{Migrator, Resolution};

use super::Verified;
use crate::args::{Arguments, FixSide, Verify};
use crate::commands::{new, settle};
use crate::config::Project;
use crate::diff::{Answer, Back, End, Question, answer};
use crate::render::{Failure, OK, Terminal, paint};
use crate::side::Schema;
use crate::workbench::Workbench;

/// Writes it, and says where; where it says what the database has, it is recorded as applied there. `None` where what
/// differs is nothing that a statement could mend.
///
/// # Errors
/// There is no way from one to the other that can be told and proved; a file can't be written.
pub(super) fn write(
    project: &Project,
    migrator: &mut Migrator,
    bench: &Workbench<'_>,
    verified: &Verified,
    (side, asked): (FixSide, &Verify),
    arguments: &Arguments,
    terminal: &Terminal,
) -> Result<Option<PathBuf>, Failure> {
    if side == FixSide::Files {
        nothing_pending(migrator)?;
    }
    let drifts = &verified.drifts;
    let end = |catalog: &Catalog, place: &str| {
        // What is not compared has been told already.
        let mut catalog = catalog.clone();
        catalog.unknown.clear();
        if side == FixSide::Files {
            // No migration makes what a build that failed has left.
            catalog.retain(|object| {
                !matches!(&object.body, Body::Index(index) if !index.valid && !index.on_only)
                    || drifts.expected.get(&object.key).is_some()
            });
        }
        let facts = ServerFacts { place: place.to_owned(), ..verified.facts.clone() };
        End { schema: Schema { catalog, name: None, facts, files: None }, file: None }
    };
    let live = end(&drifts.actual, &verified.facts.place);
    let said = end(&drifts.expected, "the migrations");
    let (from, to, usual) = match side {
        FixSide::Database => (live, said, "undo_drift"),
        FixSide::Files => (said, live, "record_drift"),
    };
    let dialect = migrator.driver().dialect_of();
    let question = Question {
        from,
        to,
        dialect,
        version: Some(verified.version),
        way: &asked.way,
        compared: verified.compared,
        // A script is run once, on one database.
        back: if side == FixSide::Files { Back::Wanted } else { Back::Unwanted },
    };
    let Some((answer, _)) = answer(question, arguments, terminal, bench)? else {
        if side == FixSide::Files {
            terminal.say("nothing to write: what differs is nothing that a migration could make");
            terminal.say("next: mend the database: `rung verify --fix database`");
        }
        return Ok(None);
    };
    let name = asked.name.as_deref().unwrap_or(usual);
    let path = match side {
        FixSide::Database => script(name, &by_hand(&answer, dialect))?,
        FixSide::Files => {
            settle::approve(project, migrator, terminal, "Record what it has as a migration that is applied")?;
            let up = format!("{}{}", answer.directives(), answer.statements());
            let applied: Vec<String> = migrator.status()?.history.iter().map(|row| row.id.clone()).collect();
            new::write(&project.dirs, &applied, name, up.trim_end(), answer.down().unwrap_or_default().trim_end())?
        }
    };
    terminal.say(format!("{} wrote {}", paint(OK, "✓"), path.display()));
    match side {
        FixSide::Database => {
            for loss in answer.up.losses() {
                terminal.note(format!("it drops {loss}"));
            }
            terminal.say("next: look at it, then run it on this database, e.g. with psql or sqlite3");
        }
        FixSide::Files => {
            // It is read anew, with the others.
            let mut migrator = project.connect()?;
            let id = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            migrator.resolve(&id, Resolution::Done)?;
            terminal.say(format!("{} {id} is recorded as applied: the database has it already", paint(OK, "✓")));
        }
    }
    Ok(Some(path))
}

/// The record is applied, and the newest: whatever is pending would lie below it.
///
/// # Errors
/// Something is pending.
fn nothing_pending(migrator: &mut Migrator) -> Result<(), Failure> {
    let pending = migrator.status()?.pending;
    let is_numbered = |id: &&String| migrator.set().get(id).is_some_and(|migration| !migration.runs.again());
    match pending.iter().find(is_numbered) {
        None => Ok(()),
        Some(first) => Err(Failure::usage(
            format!("{first} is pending, and would lie below the migration that records what the database has"),
            "apply it first: `rung up`; then `rung verify --fix files`",
        )),
    }
}

/// The way there as a script of its own, all or nothing as far as that can be.
fn by_hand(answer: &Answer, dialect: &dyn Dialect) -> String {
    let up = answer.statements();
    match answer.pieces {
        Pieces::One => format!("{};\n{up}COMMIT;\n", dialect.begin(&Timeouts::default())),
        Pieces::Several => up,
    }
}

/// Writes the statements that bring a database back, to be run there alone: other databases have nothing to be undone, so it
/// is no migration.
fn script(name: &str, sql: &str) -> Result<PathBuf, Failure> {
    let path = PathBuf::from(format!("{name}.sql"));
    let file = std::fs::OpenOptions::new().write(true).create_new(true).open(&path);
    file.and_then(|mut file| std::io::Write::write_all(&mut file, sql.as_bytes())).map_err(|error| {
        Failure::usage(format!("{} can't be made: {error}", path.display()), "give another name with --name")
    })?;
    Ok(path)
}
