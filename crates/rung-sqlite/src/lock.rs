//! The deployer's lock: an exclusive lock of the operating system on a file beside the database. The system takes it
//! back from a process that dies, and the holder removes the file as it goes.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use rung_engine::{Continue, DbError, DbErrorKind, LockHolder};

/// The lock, held.
#[derive(Debug)]
pub(crate) struct FileLock {
    file: File,
    path: PathBuf,
}

/// Where a database's lock file is: beside the file itself, by whatever link it was reached.
fn beside(database: &Path, name: &str) -> PathBuf {
    let mut path = database.to_owned();
    // A link may lead to a file that is not there yet, so that `canonicalize` alone would not do. The bound is Linux's.
    for _ in 0..40 {
        let Ok(target) = std::fs::read_link(&path) else { break };
        path = path.parent().unwrap_or(Path::new("")).join(target);
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = path.file_name().unwrap_or_default().to_owned();
    file.push("-");
    file.push(name);
    directory.canonicalize().unwrap_or_else(|_| directory.to_owned()).join(file)
}

impl FileLock {
    /// Waits for the lock of that name on a database; see `Driver::acquire_lock`.
    pub(crate) fn acquire(
        database: &Path,
        name: &str,
        host: &str,
        wait: Duration,
        waiting: &mut dyn FnMut(&LockHolder, Duration) -> Continue,
    ) -> Result<Self, DbError> {
        let path = beside(database, name);
        let began = Instant::now();
        let mut told: Option<Instant> = None;
        let mut pause = Duration::from_millis(5);
        loop {
            if let Some(lock) = Self::attempt(&path, host)? {
                return Ok(lock);
            }
            let waited = began.elapsed();
            if waited >= wait {
                return Err(not_obtained(&holder(&path)));
            }
            if waited > Duration::from_millis(500) && told.is_none_or(|at| at.elapsed() >= Duration::from_secs(1)) {
                told = Some(Instant::now());
                if waiting(&holder(&path), waited) == Continue::No {
                    return Err(DbError::new(DbErrorKind::Canceled, "asked to stop while waiting for the lock"));
                }
            }
            std::thread::sleep(pause.min(wait.saturating_sub(waited)));
            pause = (pause * 2).min(Duration::from_millis(100));
        }
    }

    fn attempt(path: &Path, host: &str) -> Result<Option<Self>, DbError> {
        let problem = |error: std::io::Error| {
            let kind = match error.kind() {
                std::io::ErrorKind::ReadOnlyFilesystem => DbErrorKind::ReadOnly,
                std::io::ErrorKind::PermissionDenied => DbErrorKind::Permission,
                std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => DbErrorKind::DiskFull,
                _ => DbErrorKind::NoSuchDatabase,
            };
            DbError::new(kind, format!("the lock file {} can't be written: {error}", path.display()))
                .with_hint("rung keeps it beside the database while it works: make the directory writable")
        };
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(problem)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(problem(error)),
        }
        // The last holder may have removed the file between our opening and our locking it.
        if !is_still_there(&file, path) {
            return Ok(None);
        }
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let host = if host.is_empty() { "this machine" } else { host };
        let note = format!("{since}\npid {} on {host}\n", std::process::id());
        // Who has the lock is a courtesy; that we have it does not hang on the note.
        let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(note.as_bytes()));
        Ok(Some(Self { file, path: path.to_owned() }))
    }
}

fn not_obtained(holder: &LockHolder) -> DbError {
    let since = holder.since.map_or_else(String::new, |since| format!(", for {} s", since.as_secs()));
    DbError::new(DbErrorKind::Locked, format!("another rung is at work: {}{since}", holder.who))
        .with_hint("wait for it, or give it more time with --lock-wait")
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // Removed while it is locked, so that nobody can lock a file that is about to go.
        let _ = std::fs::remove_file(&self.path);
        let _ = self.file.unlock();
    }
}

#[cfg(unix)]
fn is_still_there(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(ours), Ok(there)) => ours.dev() == there.dev() && ours.ino() == there.ino(),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_still_there(_file: &File, _path: &Path) -> bool {
    // An open file can't be removed here.
    true
}

fn holder(path: &Path) -> LockHolder {
    let mut note = String::new();
    let _ = File::open(path).and_then(|mut file| file.read_to_string(&mut note));
    let mut lines = note.lines();
    let since = lines.next().and_then(|line| line.parse().ok()).map(|secs| {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(secs);
        SystemTime::now().duration_since(at).unwrap_or_default()
    });
    LockHolder { who: lines.next().unwrap_or("another process").to_owned(), since, pid: None }
}
