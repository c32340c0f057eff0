//! The files: the baseline is written, then the old ones go.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rung::Migration;
use rung::engine::{Body, Down};

use crate::changes::Changes;
use crate::config::Project;
use crate::exit::Exit;
use crate::render::Failure;

/// Where the old files go.
///
/// # Errors
/// The migrations have several directories, and nothing says where.
pub(super) fn archive(project: &Project, asked: Option<&Path>) -> Result<PathBuf, Failure> {
    match (asked, project.dirs.as_slice()) {
        (Some(asked), _) => Ok(asked.to_owned()),
        (None, [dir]) => {
            let name = dir.file_name().unwrap_or_default().to_string_lossy();
            Ok(dir.with_file_name(format!("{name}-squashed")))
        }
        (None, _) => {
            Err(Failure::usage("the migrations have several directories", "say where the old files go: --archive DIR"))
        }
    }
}

/// Writes the baseline beside the last of the old ones and moves those. Says where it is, and how many files were moved.
///
/// # Errors
/// A file can't be written or moved; everything is put back.
pub(super) fn write(
    chosen: &[Arc<Migration>],
    id: &str,
    text: &str,
    archive: &Path,
) -> Result<(PathBuf, usize), Failure> {
    let last = chosen.last().map(|migration| migration.source.path().to_owned()).unwrap_or_default();
    let path = last.with_file_name(format!("{id}.sql"));
    let renames: Vec<(PathBuf, PathBuf)> =
        files(chosen).into_iter().map(|file| (file.clone(), place(archive, &file))).collect();
    if let Some((_, taken)) = renames.iter().find(|(_, place)| place.exists()) {
        let message = format!("{} is there already", taken.display());
        return Err(Failure::usage(message, "name another directory with --archive"));
    }
    let moved = renames.len();
    let was_there = archive.exists();
    fs::create_dir_all(archive).map_err(|error| {
        let message = format!("{} can't be made: {error}", archive.display());
        Failure::new(Exit::Failed, message, "name another directory with --archive; nothing was changed")
    })?;
    let changes = Changes { created: vec![(path.clone(), text.to_owned())], renames, ..Changes::default() };
    if let Err(failure) = changes.carry_out() {
        if !was_there {
            // It is empty: what was in it is back where it was.
            let _ = fs::remove_dir(archive);
        }
        return Err(failure);
    }
    Ok((path, moved))
}

fn place(archive: &Path, file: &Path) -> PathBuf {
    archive.join(file.file_name().unwrap_or_default())
}

/// Every file of the migrations: the ways back too, and checks that are files of their own.
fn files(chosen: &[Arc<Migration>]) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    for migration in chosen {
        files.insert(migration.source.path().to_owned());
        if let Some(Down::Sql(script)) = &migration.down {
            files.insert(script.source().path().to_owned());
        }
        match &migration.body {
            Body::Sql(body) => {
                files.extend(body.verify.iter().map(|verify| verify.script.source().path().to_owned()));
            }
            Body::Command(path) => _ = files.insert(path.clone()),
            Body::Code(_) => {}
        }
    }
    files
}
