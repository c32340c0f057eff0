//! `rung convert`.

use std::fs;
use std::path::{Path, PathBuf};

use rung::MigrationSet;
use rung::engine::Dialect;
use rung::formats::{Choice, Conversion};
use rung::sql::Diagnostic;

use crate::args::{Arguments, Convert};
use crate::config::Project;
use crate::exit::Exit;
use crate::json;
use crate::render::{Failure, NEXT, OK, Terminal, count, paint, render};

pub(crate) fn convert(arguments: &Arguments, options: &Convert, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::resolve(arguments)?;
    let dialect = rung::dialect_of(&project.url)?;
    let [from] = project.dirs.as_slice() else {
        return Err(Failure::usage(
            "several directories can't become one",
            "name one of them: `rung convert --dir DIR`",
        ));
    };
    let set = project.builder()?.load(dialect).map_err(rung::Error::Files)?;
    let Some(format) = set.format else {
        let message = format!("{} is in rung's own format already", from.display());
        return Err(Failure::usage(message, "where it is not, say what it is: `--format FORMAT`"));
    };
    let to = options.output.clone().unwrap_or_else(|| beside(from));
    if to.exists() {
        let message = format!("{} is there already, and nothing is overwritten", to.display());
        return Err(Failure::usage(message, "name another: `rung convert -o DIR`"));
    }
    let failed = |findings| Failure::of(Exit::Failed, findings).saying("Nothing was written.");
    let conversion = rung::formats::convert(&set, dialect).map_err(failed)?;
    write(&project, &set, &conversion, dialect, &to)?;
    for warning in &conversion.warnings {
        terminal.note(render(warning));
    }
    if terminal.is_json() {
        let ids = conversion.ids.iter().map(|(former, id)| json::ConvertedMigration { id, former }).collect();
        terminal.json(&json::Converted { version: json::VERSION, format, directory: &to, migrations: ids });
        return Ok(Exit::Done);
    }
    for (old, new) in &conversion.ids {
        let was = if old == new { String::new() } else { format!("  was {old}") };
        terminal.show(format!("  {} {new}{was}", paint(OK, "✓")));
    }
    let migrations = count(conversion.ids.len(), "migration");
    terminal.say(format!(
        "wrote {migrations} of {format} to {}: statements, ways down, checks and order are what they were",
        to.display()
    ));
    let shown = to.display();
    terminal.say(format!(
        "{}: write `dir = \"{shown}\"` in rung.toml; `rung up` lets each history follow",
        paint(NEXT, "next")
    ));
    Ok(Exit::Done)
}

fn beside(from: &Path) -> PathBuf {
    let name = from.file_name().map_or_else(|| "migrations".into(), |name| name.to_string_lossy().into_owned());
    from.with_file_name(format!("{name}-rung"))
}

/// Writes the files beside their place, reads them again, and moves them there when they say what they should.
fn write(
    project: &Project,
    set: &MigrationSet,
    conversion: &Conversion,
    dialect: &'static dyn Dialect,
    to: &Path,
) -> Result<(), Failure> {
    let cannot = |error: std::io::Error| {
        Failure::usage(format!("{} can't be written: {error}", to.display()), "name another: `rung convert -o DIR`")
    };
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(cannot)?;
    let aside = tempfile::Builder::new().prefix(".rung-convert-").tempdir_in(parent).map_err(cannot)?;
    for (name, text) in &conversion.files {
        fs::write(aside.path().join(name), text).map_err(cannot)?;
    }
    let failed = |findings: Vec<Diagnostic>| Failure::of(Exit::Failed, findings).saying("Nothing was written.");
    let again = |format| -> Result<MigrationSet, Failure> {
        let builder = project.builder_of([aside.path().to_owned()])?.format(format);
        builder.load(dialect).map_err(|found| Failure::from(rung::Error::Files(found)).saying("Nothing was written."))
    };
    let written = again(Choice::Named("native"))?;
    let differences = rung::formats::differences(set, &written, &conversion.ids, dialect);
    if !differences.is_empty() {
        return Err(failed(differences));
    }
    if let Some(other) = again(Choice::Unsaid)?.format {
        let message = format!("the new files have marks of {other}, and would be read as its own");
        return Err(failed(vec![
            Diagnostic::error("convert", message).help("take those comments out, then convert again"),
        ]));
    }
    let kept = aside.keep();
    fs::rename(&kept, to).map_err(|error| {
        // What was written is nobody's.
        let _ = fs::remove_dir_all(&kept);
        cannot(error)
    })
}
