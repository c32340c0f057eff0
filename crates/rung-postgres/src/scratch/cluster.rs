//! A cluster as `initdb` makes it, kept for the next time: making one takes several times as long as copying it.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io;
use std::os::unix::fs::{DirBuilderExt, chown};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread;

use super::binaries::Binaries;
use super::identity;

/// The place of a cluster in a directory of ours.
pub(super) struct Kept {
    home: PathBuf,
    name: String,
    major: u32,
}

impl Kept {
    /// Where the cluster is kept that these programs make with these arguments.
    pub(super) fn of(cache: &Path, binaries: &Binaries, arguments: &[&str]) -> Self {
        let mut hasher = DefaultHasher::new();
        identity::programs(binaries).hash(&mut hasher);
        arguments.hash(&mut hasher);
        let name = format!("postgres-{}-{:016x}", binaries.major, hasher.finish());
        Self { home: cache.to_owned(), name, major: binaries.major }
    }

    fn path(&self) -> PathBuf {
        self.home.join(&self.name)
    }

    /// Copies it to where there is nothing yet, for `owner`; false where none is kept, or it can't be copied.
    pub(super) fn copy_to(&self, data: &Path, owner: Option<(u32, u32)>) -> bool {
        let copied = copy(&self.path(), data, owner);
        if copied.is_err() {
            let _ = fs::remove_dir_all(data);
        }
        copied.is_ok()
    }

    /// Keeps a cluster, in place of the older ones of its major. Where that fails, the next one is made anew.
    pub(super) fn keep(&self, made: &Path) {
        let _ = self.try_keep(made);
    }

    fn try_keep(&self, made: &Path) -> io::Result<()> {
        fs::DirBuilder::new().mode(0o700).recursive(true).create(&self.home)?;
        for entry in fs::read_dir(&self.home)?.filter_map(Result::ok) {
            if entry.file_name().to_string_lossy().starts_with(&format!("postgres-{}-", self.major)) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        // Whole, or not at all, whoever else does the same.
        let part = self.home.join(format!(".{}-{}", self.name, std::process::id()));
        let kept = copy(made, &part, None).and_then(|()| fs::rename(&part, self.path()));
        if kept.is_err() {
            fs::remove_dir_all(&part)?;
        }
        kept
    }

    /// Forgets of it: it is of no use.
    pub(super) fn forget(&self) {
        let _ = fs::remove_dir_all(self.path());
    }
}

/// A directory of files and directories, readable by nobody else. Those within it are copied at the same time: each of a
/// cluster's databases is hundreds of files.
fn copy(from: &Path, to: &Path, owner: Option<(u32, u32)>) -> io::Result<()> {
    let own = |path: &Path| owner.map_or(Ok(()), |(uid, gid)| chown(path, Some(uid), Some(gid)));
    fs::DirBuilder::new().mode(0o700).create(to)?;
    own(to)?;
    thread::scope(|threads| {
        let mut within = Vec::new();
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            let target = to.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                within.push(threads.spawn(move || copy(&entry.path(), &target, owner)));
            } else {
                fs::copy(entry.path(), &target)?;
                own(&target)?;
            }
        }
        within.into_iter().try_for_each(|copied| copied.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })
}
