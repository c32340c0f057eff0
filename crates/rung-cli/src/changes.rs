//! Changes of files: texts written anew, files made and renamed, all of them or none.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::exit::Exit;
use crate::render::Failure;

/// What is written anew, what is made, and what is renamed after that.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) edits: Vec<Edit>,
    pub(crate) created: Vec<(PathBuf, String)>,
    pub(crate) renames: Vec<(PathBuf, PathBuf)>,
}

/// A text in the place of another.
#[derive(Debug)]
pub(crate) struct Edit {
    pub(crate) path: PathBuf,
    pub(crate) before: String,
    pub(crate) after: String,
}

impl Changes {
    /// Adds an edit, where it changes anything.
    pub(crate) fn edit(&mut self, path: PathBuf, before: String, after: String) {
        if before != after {
            self.edits.push(Edit { path, before, after });
        }
    }

    /// Whether there is nothing to do.
    pub(crate) fn is_empty(&self) -> bool {
        self.edits.is_empty() && self.created.is_empty() && self.renames.is_empty()
    }

    /// Files that keep their names and are written anew.
    pub(crate) fn edited(&self) -> impl Iterator<Item = String> {
        let is_moved = |path: &Path| self.renames.iter().any(|(from, _)| path.starts_with(from));
        self.edits.iter().filter(move |edit| !is_moved(&edit.path)).map(|edit| edit.path.display().to_string())
    }

    /// Does it all, or leaves everything as it was.
    ///
    /// # Errors
    /// A file that can't be written, made or renamed.
    pub(crate) fn carry_out(&self) -> Result<(), Failure> {
        let (mut edited, mut renamed, mut created) = (0, 0, 0);
        let result = self
            .edits
            .iter()
            .try_for_each(|edit| {
                replace(&edit.path, &edit.after).map_err(|error| (edit.path.as_path(), error))?;
                edited += 1;
                Ok(())
            })
            .and_then(|()| {
                self.renames.iter().try_for_each(|(from, to)| {
                    move_file(from, to).map_err(|error| (from.as_path(), error))?;
                    renamed += 1;
                    Ok(())
                })
            })
            .and_then(|()| {
                self.created.iter().try_for_each(|(path, text)| {
                    write_new(path, text).map_err(|error| (path.as_path(), error))?;
                    created += 1;
                    Ok(())
                })
            });
        let Err((path, error)) = result else { return Ok(()) };
        let made_back = self.created[..created].iter().try_for_each(|(path, _)| fs::remove_file(path));
        let renames_back = self.renames[..renamed].iter().rev().try_for_each(|(from, to)| move_file(to, from));
        let edits_back = self.edits[..edited].iter().rev().try_for_each(|edit| replace(&edit.path, &edit.before));
        let message = format!("{} can't be written: {error}", path.display());
        Err(match made_back.and(renames_back).and(edits_back) {
            Ok(()) => Failure::new(Exit::Failed, format!("{message}; everything is as it was"), "make it writable"),
            Err(_) => Failure::new(
                Exit::Failed,
                format!("{message}, and not all files could be put back"),
                "look at what your version control says has changed",
            ),
        })
    }
}

/// Writes a file that is not there yet, and the folder that it is in.
///
/// # Errors
/// It is there, or can't be written.
pub(crate) fn write_new(path: &Path, text: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
}

/// Gives a file another path, which may be on another file system.
fn move_file(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            // What was copied in part goes again.
            if let Err(error) = fs::copy(from, to).and_then(|_| fs::remove_file(from)) {
                let _ = fs::remove_file(to);
                return Err(error);
            }
            Ok(())
        }
        result => result,
    }
}

/// Writes a text through a file beside it, so that none is ever half written; what is there keeps its permissions.
///
/// # Errors
/// It can't be written. Nothing of it is left.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let replaced = fs::write(&beside, text)
        .and_then(|()| match fs::metadata(path) {
            Ok(about) => fs::set_permissions(&beside, about.permissions()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        })
        .and_then(|()| fs::rename(&beside, path));
    if replaced.is_err() {
        // It is in the way of nobody who can't remove it.
        let _ = fs::remove_file(&beside);
    }
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_takes_everything_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("003_a.sql");
        fs::write(&path, "before").unwrap();
        let edit = Edit { path: path.clone(), before: "before".to_owned(), after: "after".to_owned() };
        let renames = vec![
            (path.clone(), dir.path().join("008_a.sql")),
            (dir.path().join("not there"), dir.path().join("009_b.sql")),
        ];
        let changes = Changes { edits: vec![edit], renames, ..Changes::default() };
        let failure = changes.carry_out().unwrap_err();
        assert!(failure.findings[0].diagnostic.message.contains("everything is as it was"));
        let edit = Edit { path: path.clone(), before: "before".to_owned(), after: "after".to_owned() };
        let created = vec![(dir.path().join("004_b.sql"), String::new()), (path.clone(), String::new())];
        let changes = Changes { edits: vec![edit], created, ..Changes::default() };
        assert!(changes.carry_out().is_err());
        assert_eq!(fs::read_to_string(path).unwrap(), "before");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
