//! What a new migration has in it where it is to lead from one schema to another.

use std::path::PathBuf;

use rung::engine::DumpOptions;
use rung::sql::MigrationType;

use super::template::Written;
use crate::args::{Arguments, Way};
use crate::commands::diff::{Compared, compare};
use crate::commands::schema;
use crate::config::Project;
use crate::diff::Back;
use crate::json;
use crate::render::{Failure, Terminal};
use crate::side::Side;

/// What leads from one to the other.
pub(super) struct Difference {
    pub(super) kind: MigrationType,
    pub(super) written: Written,
}

/// Compares what `sides` name, or what there is to compare where they name nothing. `None`, and that is said, where
/// there is nothing to write.
///
/// # Errors
/// One can't be read; there is no way from one to the other that can be told and proved.
pub(super) fn difference(
    sides: &[String],
    way: &Way,
    arguments: &Arguments,
    terminal: &Terminal,
) -> Result<Option<Difference>, Failure> {
    let from = sides.first().map_or(Ok(Side::Project), |from| Side::parse(from))?;
    let to = match sides.get(1) {
        Some(to) => Side::parse(to)?,
        None => Side::File(wanted(arguments)?),
    };
    let Compared { titles: [from, to], answer } =
        compare(&[from, to], way, DumpOptions::default(), Back::Wanted, arguments, terminal)?;
    let Some((answer, _)) = answer else {
        if terminal.is_json() {
            terminal.json(&json::Created { version: json::VERSION, id: "", files: Vec::new() });
        }
        terminal.say(format!("nothing to write: {from} and {to} do not differ"));
        return Ok(None);
    };
    let (directives, up, down) = (answer.directives(), answer.up(), answer.down().unwrap_or_default());
    let written = Written { directives, up, verify: answer.checks.verify, down };
    Ok(Some(Difference { kind: answer.kind, written }))
}

/// The file with the schema as it is to be.
fn wanted(arguments: &Arguments) -> Result<PathBuf, Failure> {
    let files = Project::offline(arguments)?.files;
    let path = files.config.dump.as_deref().map_or_else(|| PathBuf::from(schema::FILE), |file| files.path(file));
    if path.is_file() {
        return Ok(path);
    }
    let message = format!("there is no {} with the schema as it is to be", path.display());
    Err(Failure::usage(message, "write one (`rung dump -o schema.sql` for a start), or name both: --from-diff FROM TO"))
}
