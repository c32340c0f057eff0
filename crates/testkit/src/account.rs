//! The account that servers run under: PostgreSQL refuses to run as root.

use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, Result};
use crate::install::Install;

/// Who runs servers: the invoker, or `postgres` or `nobody` where that is root.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    /// The user id of this process.
    pub(crate) invoker: u32,
    /// The user id that servers run under.
    pub(crate) uid: u32,
    gid: u32,
    name: String,
}

impl Account {
    pub(crate) fn for_servers() -> Result<Account> {
        let own = fs::metadata("/proc/self").map_err(Error::cannot("find out the user id"))?;
        let (uid, gid) = (own.uid(), own.gid());
        if uid != 0 {
            return Ok(Account { invoker: uid, uid, gid, name: env::var("USER").unwrap_or_default() });
        }
        let users = fs::read_to_string("/etc/passwd").map_err(Error::cannot("read /etc/passwd"))?;
        let lookup = |wanted: &str| {
            users.lines().find_map(|line| {
                let mut fields = line.split(':');
                let name = fields.next().filter(|name| *name == wanted)?;
                let uid = fields.nth(1)?.parse().ok()?;
                Some(Account { invoker: 0, uid, gid: fields.next()?.parse().ok()?, name: name.to_owned() })
            })
        };
        lookup("postgres")
            .or_else(|| lookup("nobody"))
            .ok_or_else(|| Error::new("PostgreSQL does not run as root, and there is no user postgres or nobody"))
    }

    /// A command under this account, with none of the invoker's PG variables, in a directory that it may be in.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        without_pg_variables(&mut command).env("LC_ALL", "C").env("USER", &self.name).current_dir("/");
        if self.uid != self.invoker {
            command.uid(self.uid).gid(self.gid).env("HOME", "/");
        }
        command
    }

    /// Creates a directory of this account; one that is there is left as it is.
    pub(crate) fn create_dir(&self, path: &Path, mode: u32) -> Result<()> {
        let what = || format!("create {}", path.display());
        match fs::create_dir(path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
            Err(error) => return Err(Error::cannot(what())(error)),
        }
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(Error::cannot(what()))?;
        self.own(path)
    }

    /// Writes a file of this account.
    pub(crate) fn write(&self, path: &Path, text: &str) -> Result<()> {
        fs::write(path, text).map_err(Error::cannot(format!("write {}", path.display())))?;
        self.own(path)
    }

    pub(crate) fn own(&self, path: &Path) -> Result<()> {
        if self.uid == self.invoker {
            return Ok(());
        }
        chown(path, Some(self.uid), Some(self.gid)).map_err(Error::cannot(format!("give {} away", path.display())))
    }

    /// The installation itself, or a copy below `base` where this account cannot reach it: a downloaded server in a
    /// checkout below /root.
    pub(crate) fn within_reach(&self, install: &Install, base: &Path) -> Result<Install> {
        let bin = fs::canonicalize(&install.bin).map_err(Error::cannot(format!("find {}", install.bin.display())))?;
        let reachable = |dir: &Path| fs::metadata(dir).is_ok_and(|meta| meta.mode() & 0o001 != 0);
        if self.uid == self.invoker || bin.ancestors().all(reachable) {
            return Ok(install.clone());
        }
        let root = bin.parent().ok_or_else(|| Error::new("an installation has a parent directory"))?;
        let mut hasher = DefaultHasher::new();
        bin.hash(&mut hasher);
        let copy = base.join(format!("install-{}-{:08x}", install.major, hasher.finish() as u32));
        if !copy.is_dir() {
            let partial = PathBuf::from(format!("{}.{}", copy.display(), std::process::id()));
            let status = Command::new("cp").arg("-r").arg(root).arg(&partial).status();
            if !status.map_err(Error::cannot("run cp"))?.success() {
                return Err(Error::new(format!("cannot copy {} to {}", root.display(), partial.display())));
            }
            // Another process may have been faster, with the same content.
            if fs::rename(&partial, &copy).is_err() {
                let _ = fs::remove_dir_all(&partial);
            }
        }
        Ok(Install { bin: copy.join("bin"), ..install.clone() })
    }
}

/// Takes away every `PG*` variable, which libpq and rung would follow.
pub(crate) fn without_pg_variables(command: &mut Command) -> &mut Command {
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    command
}
