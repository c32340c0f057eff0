//! The migration that mends drift, on either side.

use std::path::PathBuf;
use std::sync::Arc;

use rung::catalog::Catalog;
use rung::engine::{AlterOptions, Alteration, Dialect, DumpOptions, Locking, Pieces, Refusal};
use rung::sql::{Diagnostic, SourceFile};
use rung::{Migrator, Resolution};

use super::Verified;
use crate::args::FixSide;
use crate::commands::{new, settle};
use crate::config::Project;
use crate::exit::Exit;
use crate::render::{Failure, OK, Terminal, paint};
use crate::workbench::Workbench;

/// Writes it, and says where; where it says what the database has, it is recorded as applied there.
pub(super) fn write(
    project: &Project,
    migrator: &mut Migrator,
    bench: &Workbench<'_>,
    verified: &Verified,
    side: FixSide,
    name: Option<&str>,
    terminal: &Terminal,
) -> Result<PathBuf, Failure> {
    let drifts = &verified.drifts;
    let (from, to, usual) = match side {
        FixSide::Database => (&drifts.actual, &drifts.expected, "undo_drift"),
        FixSide::Files => (&drifts.expected, &drifts.actual, "record_drift"),
    };
    let options = AlterOptions {
        renames: Vec::new(),
        locking: Locking::Online,
        version: Some(verified.facts.version_number),
        compared: verified.compared,
    };
    let dialect = migrator.driver().dialect_of();
    let up = dialect.alteration(from, to, &options).map_err(|refused| refusal(&refused))?;
    let down = dialect.alteration(to, from, &options);
    prove(bench, dialect, from, to, &up)?;
    let is_one = up.is_one_transaction() && down.iter().all(Alteration::is_one_transaction);
    let pieces = if is_one { Pieces::One } else { Pieces::Several };
    let down = match &down {
        Ok(down) => down.section(dialect, pieces),
        Err(refused) => refused.iter().map(|it| format!("-- {it}\n")).collect(),
    };
    if side == FixSide::Files {
        settle::approve(project, migrator, terminal, "Record what it has as a migration that is applied")?;
    }
    let head = match pieces {
        Pieces::One => "",
        Pieces::Several => "-- @no-transaction\n",
    };
    let up_text = up.section(dialect, pieces);
    let name = name.unwrap_or(usual);
    let path = match side {
        FixSide::Files => new::write(&project.dirs, name, &format!("{head}{}", up_text.trim_end()), down.trim_end())?,
        FixSide::Database => script(name, &up_text)?,
    };
    terminal.say(format!("{} wrote {}", paint(OK, "✓"), path.display()));
    let losses: Vec<&str> = up.steps.iter().filter_map(|step| step.loses.as_deref()).collect();
    match side {
        FixSide::Database => {
            for loss in losses {
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
    Ok(path)
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

/// Makes the one schema on a scratch database, alters it, and looks whether the other came out.
fn prove(
    bench: &Workbench<'_>,
    dialect: &dyn Dialect,
    from: &Catalog,
    to: &Catalog,
    alteration: &Alteration,
) -> Result<(), Failure> {
    let compared = DumpOptions { owners: false, privileges: true };
    let sql = format!("{}\n{}", dialect.dump(from, &compared), alteration.section(dialect, Pieces::One));
    let source = Arc::new(SourceFile::new("the migration that mends it", &sql));
    let mut database = bench.script(&source)?;
    let came = database.driver.inspect()?;
    let options = rung::engine::DriftOptions { compared, ..Default::default() };
    let left = rung::engine::drift(to.clone(), came, dialect, &options).found;
    if left.is_empty() {
        return Ok(());
    }
    let left: Vec<String> = left.iter().map(|drift| drift.key.to_string()).collect();
    let message = format!("the migration that rung made does not lead there: {} would still differ", left.join(", "));
    Err(Failure::new(Exit::Failed, message, "write it by hand: `rung new mend_drift`").saying("Nothing was written."))
}

/// What keeps a migration from being written, object by object.
fn refusal(refused: &[Refusal]) -> Failure {
    let findings = refused.iter().map(|it| Diagnostic::error("refused", it.to_string()).help(it.instead.clone()));
    Failure::of(Exit::Failed, findings.collect()).saying("Nothing was written.")
}
