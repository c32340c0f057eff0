//! Files of a migrations directory, on disk or embedded.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rung_sql::Diagnostic;

/// A file, before it is read.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// Its name; `NNN_name/down.sql` for a file one folder down.
    pub(crate) name: String,
    /// Its path, as it is shown.
    pub(crate) path: PathBuf,
    pub(crate) content: Content,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Content {
    OnDisk,
    Embedded(&'static [u8]),
}

/// Bytes that the first read asks for.
const FIRST_READ: usize = 16 << 10;

impl File {
    /// The bytes. Most files are small: one read brings them, and says by coming short that it was all.
    pub(crate) fn read(&self) -> io::Result<Vec<u8>> {
        match self.content {
            Content::OnDisk => {
                let mut file = fs::File::open(&self.path)?;
                let mut first = [0; FIRST_READ];
                let length = file.read(&mut first)?;
                let mut bytes = first[..length].to_vec();
                if length == FIRST_READ {
                    file.read_to_end(&mut bytes)?;
                }
                Ok(bytes)
            }
            Content::Embedded(bytes) => Ok(bytes.to_vec()),
        }
    }
}

/// The files of a directory, and of the folders in it that are named as migrations are.
pub(crate) fn list(dir: &Path) -> Result<Vec<File>, Box<Diagnostic>> {
    let problem = |error: io::Error| {
        let message = match error.kind() {
            io::ErrorKind::NotFound => format!("there is no migrations directory {}", dir.display()),
            _ => format!("the migrations directory {} can't be read: {error}", dir.display()),
        };
        let help = "name it with --dir, or make one with `rung init`";
        Box::new(Diagnostic::error("no-directory", message).help(help))
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).map_err(problem)? {
        let entry = entry.map_err(problem)?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let path = dir.join(&name);
        let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir() || kind.is_symlink() && path.is_dir());
        if !is_dir {
            files.push(File { name, path, content: Content::OnDisk });
        } else if name.starts_with(|c: char| c.is_ascii_digit()) {
            for inner in fs::read_dir(&path).map_err(problem)? {
                let inner = inner.map_err(problem)?;
                if let Ok(inner) = inner.file_name().into_string() {
                    let path = path.join(&inner);
                    files.push(File { name: format!("{name}/{inner}"), path, content: Content::OnDisk });
                }
            }
        }
    }
    files.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

pub(crate) fn embedded(files: &'static [(&'static str, &'static [u8])]) -> Vec<File> {
    files
        .iter()
        .map(|(name, bytes)| File {
            name: (*name).to_owned(),
            path: PathBuf::from(name),
            content: Content::Embedded(bytes),
        })
        .collect()
}
