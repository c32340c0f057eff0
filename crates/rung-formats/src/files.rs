//! Files of migrations directories, on disk or embedded.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rung_sql::{Diagnostic, SourceFile};

use crate::Unsaved;

/// A file, before it is read.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// Its path in the directory, divided by `/`.
    pub(crate) name: String,
    /// Its path, as it is shown.
    pub(crate) path: PathBuf,
    pub(crate) content: Content,
}

#[derive(Debug, Clone)]
pub(crate) enum Content {
    OnDisk,
    Held(Cow<'static, [u8]>),
}

/// A file in memory: its path below the directory, and its content.
pub type HeldFile = (Cow<'static, str>, Cow<'static, [u8]>);

/// Bytes that the first read asks for: more than most migrations have, and little to clear for each.
const FIRST_READ: usize = 4 << 10;

/// Bytes of a file that are looked into to recognise a format.
const LOOKED_INTO: usize = 16 << 10;

/// How deep directories are looked into; a link that leads back up ends there.
const DEPTH: usize = 6;

/// How many files at either end of a list are looked into to recognise a format.
const SAMPLE: usize = 4;

impl File {
    /// The bytes. Most files are small: one read brings them, and says by coming short that it was all.
    pub(crate) fn read(&self) -> io::Result<Vec<u8>> {
        match &self.content {
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
            Content::Held(bytes) => Ok(bytes.to_vec()),
        }
    }

    /// The file with what somebody has not saved yet.
    pub(crate) fn with(mut self, unsaved: &Unsaved) -> Self {
        // To follow links costs something, and hardly any file is open.
        let is_named = unsaved.keys().any(|path| path.file_name() == self.path.file_name());
        let path = is_named.then(|| self.path.canonicalize().ok()).flatten();
        if let Some(text) = path.and_then(|path| unsaved.get(&path)) {
            self.content = Content::Held(text.as_bytes().to_vec().into());
        }
        self
    }

    /// The text.
    ///
    /// # Errors
    /// It can't be read, or is not UTF-8.
    pub(crate) fn source(&self) -> Result<Arc<SourceFile>, Vec<Diagnostic>> {
        let bytes = self.read().map_err(|error| {
            vec![Diagnostic::error("unreadable", format!("{} can't be read: {error}", self.path.display()))]
        })?;
        SourceFile::from_bytes(&self.path, bytes).map(Arc::new).map_err(|error| vec![*error])
    }

    /// Its name without the folders it is in.
    pub(crate) fn base(&self) -> &str {
        self.name.rsplit_once('/').map_or(&self.name, |(_, base)| base)
    }

    /// Whether it is in the directory itself, and in no folder of it.
    pub(crate) fn is_at_top(&self) -> bool {
        !self.name.contains('/')
    }

    /// A warning that it is not run.
    pub(crate) fn stray(&self, why: &str) -> Diagnostic {
        Diagnostic::warning("stray-file", format!("{} is not a migration: {why}", self.path.display()))
    }

    /// An error about it and one that has its version.
    pub(crate) fn same_version(&self, other: &Self) -> Diagnostic {
        let message = format!("{} has the version of {}", self.path.display(), other.path.display());
        Diagnostic::error("duplicate-version", message).help("rename or delete one of them")
    }

    /// A warning about it as a whole.
    pub(crate) fn warning(&self, code: &'static str, what: &str) -> Diagnostic {
        Diagnostic::warning(code, format!("{} {what}", self.path.display()))
    }

    /// An error about it as a whole.
    pub(crate) fn error(&self, code: &'static str, what: &str) -> Diagnostic {
        Diagnostic::error(code, format!("{} {what}", self.path.display()))
    }
}

/// The files of one or several directories, folders and all, by name. What begins with a dot is left out.
#[derive(Debug, Default)]
pub(crate) struct Files {
    list: Vec<File>,
    dirs: Vec<PathBuf>,
    samples: OnceLock<Vec<Sample>>,
}

/// The beginning of a file, by which its format may be recognised.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) text: String,
}

impl Files {
    /// The files of directories.
    ///
    /// # Errors
    /// Each directory that is not there or can't be read.
    pub(crate) fn list(dirs: &[PathBuf]) -> Result<Self, Vec<Diagnostic>> {
        let mut list = Vec::new();
        let mut errors = Vec::new();
        for dir in dirs {
            let found = collect(dir, "", DEPTH, &mut list);
            errors.extend(found.err().map(|error| unreadable(dir, &error)));
        }
        list.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        if errors.is_empty() { Ok(Self { list, dirs: dirs.to_vec(), ..Self::default() }) } else { Err(errors) }
    }

    /// The files with what somebody has not saved yet, those that were never saved among them.
    pub(crate) fn with(mut self, unsaved: &Unsaved) -> Self {
        if unsaved.is_empty() {
            return self;
        }
        self.list = self.list.into_iter().map(|file| file.with(unsaved)).collect();
        let dirs: Vec<(&PathBuf, PathBuf)> =
            self.dirs.iter().filter_map(|dir| Some((dir, dir.canonicalize().ok()?))).collect();
        let new = unsaved.iter().filter(|(path, _)| !path.exists()).filter_map(|(path, text)| {
            let (dir, rest) = dirs.iter().find_map(|(dir, full)| Some((dir, path.strip_prefix(full).ok()?)))?;
            let parts: Option<Vec<&str>> = rest.iter().map(|part| part.to_str()).collect();
            let parts =
                parts.filter(|parts| parts.len() <= DEPTH + 1 && !parts.iter().any(|part| part.starts_with('.')))?;
            let content = Content::Held(text.as_bytes().to_vec().into());
            Some(File { name: parts.join("/"), path: dir.join(rest), content })
        });
        self.list.extend(new);
        self.list.sort_by(|a, b| a.name.cmp(&b.name));
        self
    }

    /// Files that are in memory; they are shown as if they were in `root`.
    pub(crate) fn held(root: &Path, files: &[HeldFile]) -> Self {
        let file = |(name, bytes): &HeldFile| File {
            name: name.to_string(),
            path: root.join(&**name),
            content: Content::Held(bytes.clone()),
        };
        let mut list: Vec<File> = files.iter().map(file).collect();
        list.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Self { list, ..Self::default() }
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, File> {
        self.list.iter()
    }

    /// Those in the directories themselves whose names end in `ending`.
    pub(crate) fn at_top<'a>(&'a self, ending: &'a str) -> impl Iterator<Item = &'a File> {
        self.iter().filter(move |file| file.is_at_top() && file.name.ends_with(ending))
    }

    /// The file of a name, where there is one.
    pub(crate) fn get(&self, name: &str) -> Option<&File> {
        self.list.binary_search_by(|file| file.name.as_str().cmp(name)).ok().map(|at| &self.list[at])
    }

    /// The first and the last few `.sql` files. A directory is of one format: these tell which.
    pub(crate) fn samples(&self) -> &[Sample] {
        self.samples.get_or_init(|| {
            let sql: Vec<&File> = self.iter().filter(|file| file.name.ends_with(".sql")).collect();
            let last = sql.len().saturating_sub(SAMPLE).max(SAMPLE.min(sql.len()));
            let sample = |file: &&File| {
                let bytes = file.read().ok()?;
                let text = String::from_utf8_lossy(&bytes[..bytes.len().min(LOOKED_INTO)]).into_owned();
                Some(Sample { name: file.name.clone(), text })
            };
            sql[..SAMPLE.min(sql.len())].iter().chain(&sql[last..]).filter_map(sample).collect()
        })
    }

    /// The first sample that has a line for which `is_mark` holds, and that line.
    pub(crate) fn marked(&self, is_mark: impl Fn(&str) -> bool) -> Option<(&str, &str)> {
        let line = |sample: &'_ Sample| -> Option<(usize, usize)> {
            let line = sample.text.lines().find(|line| is_mark(line))?;
            let at = line.as_ptr().addr() - sample.text.as_ptr().addr();
            Some((at, at + line.len()))
        };
        self.samples().iter().find_map(|sample| {
            let (start, end) = line(sample)?;
            Some((sample.name.as_str(), sample.text[start..end].trim()))
        })
    }

    /// Whether there are samples, and each has a line for which `is_mark` holds.
    pub(crate) fn is_marked_throughout(&self, is_mark: impl Fn(&str) -> bool) -> bool {
        !self.samples().is_empty() && self.samples().iter().all(|sample| sample.text.lines().any(&is_mark))
    }

    /// The folders with SQL files in them, however deep, each before those within it.
    pub(crate) fn folders(&self) -> BTreeSet<&str> {
        let sql = self.iter().filter(|file| file.name.ends_with(".sql"));
        sql.flat_map(|file| file.name.match_indices('/').map(|(at, _)| &file.name[..at])).collect()
    }

    /// The files of a folder, as those of a directory; and where that is.
    pub(crate) fn within(&self, folder: &str) -> Option<(PathBuf, Self)> {
        let inside = |file: &File| {
            let name = file.name.strip_prefix(folder)?.strip_prefix('/')?.to_owned();
            Some(File { name, path: file.path.clone(), content: file.content.clone() })
        };
        let list: Vec<File> = self.iter().filter_map(inside).collect();
        let first = list.first()?;
        let place = first.path.ancestors().nth(first.name.split('/').count())?.to_owned();
        Some((place.clone(), Self { list, dirs: vec![place], ..Self::default() }))
    }

    /// The file of a name in the folder that the directory is in.
    pub(crate) fn beside(&self, name: &str) -> Option<File> {
        let dir = self.dirs.first()?;
        // `migrations` is in the folder that a path of one part does not name.
        let path = match dir.parent() {
            Some(parent) if dir.file_name().is_some() => parent.join(name),
            _ => std::path::absolute(dir).ok()?.parent()?.join(name),
        };
        path.is_file().then(|| File { name: name.to_owned(), path, content: Content::OnDisk })
    }

    /// The name that a path has here, be there a file or not; `None` where it is not below the first directory.
    pub(crate) fn name_of(&self, path: &Path) -> Option<String> {
        let dir = std::path::absolute(self.dirs.first()?).ok()?;
        let path = std::path::absolute(path).ok()?;
        Some(path.strip_prefix(dir).ok()?.to_str()?.to_owned())
    }

    /// The nearest file or folder of a name, beside the directories or in one above, within the repository.
    pub(crate) fn nearby(&self, name: &str) -> Option<PathBuf> {
        let dir = std::path::absolute(self.dirs.first()?).ok()?;
        let mut is_inside = true;
        dir.ancestors().take(DEPTH + 1).find_map(|dir| {
            let path = dir.join(name);
            let found = (is_inside && path.exists()).then_some(path);
            is_inside &= !dir.join(".git").exists();
            found
        })
    }
}

fn unreadable(dir: &Path, error: &io::Error) -> Diagnostic {
    let message = match error.kind() {
        io::ErrorKind::NotFound => format!("there is no migrations directory {}", dir.display()),
        _ => format!("the migrations directory {} can't be read: {error}", dir.display()),
    };
    Diagnostic::error("no-directory", message).help("name it with --dir, or make one with `rung init`")
}

fn collect(dir: &Path, prefix: &str, depth: usize, list: &mut Vec<File>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let Ok(base) = entry.file_name().into_string() else { continue };
        if base.starts_with('.') {
            continue;
        }
        let path = dir.join(&base);
        let name = format!("{prefix}{base}");
        if !entry.file_type().is_ok_and(|kind| kind.is_dir() || kind.is_symlink() && path.is_dir()) {
            list.push(File { name, path, content: Content::OnDisk });
        } else if depth > 0 {
            collect(&path, &format!("{name}/"), depth - 1, list)?;
        }
    }
    Ok(())
}
