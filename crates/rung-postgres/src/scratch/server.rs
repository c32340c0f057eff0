//! A temporary server, on a socket of its own.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rung_engine::{DbError, DbErrorKind};

use super::binaries::Binaries;
use super::cluster::Kept;

/// The server's superuser, as [`CLUSTER`] has it.
const USER: &str = "rung";

/// A slow machine takes some seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// How clusters are made. Small, as they are copied.
const CLUSTER: [&str; 6] =
    ["--no-sync", "--locale=C", "--encoding=UTF8", "--auth=trust", "--wal-segsize=1", "--username=rung"];

/// At the first line that it reads, makes the cluster where there is none, and runs the server until standard input ends,
/// which it does however the process that has the other end does; that may be before the first line. Nothing of it is worth an orderly end. A server that has just been started does not hear the
/// first signal: a shell starts it with SIGQUIT ignored.
const KEEPER: &str = r#"home=$1
programs=$2
cluster=$3
shift 3
if read -r _; then
    {
        if [ ! -d "$home/data" ]; then
            "$programs/initdb" $cluster --pgdata="$home/made" && cp -R -p "$home/made" "$home/data"
        fi && exec "$programs/postgres" -D "$home/data" -k "$home" "$@"
    } </dev/null >"$home/log" 2>&1 &
    server=$!
    read -r _
    while kill -QUIT "$server" 2>/dev/null; do sleep 0.02; done
fi
rm -rf "$home"
"#;

/// Nothing on it is worth the wait for a disk.
const SETTINGS: [&str; 9] = [
    "listen_addresses=",
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "wal_level=logical",
    "max_wal_senders=4",
    "max_wal_size=4GB",
    "max_locks_per_transaction=1024",
    "timezone=UTC",
];

/// A running server; it ends, and leaves nothing behind, when the value is dropped or the process dies.
pub(super) struct Server {
    home: PathBuf,
    keeper: Child,
    /// The keeper waits for its end.
    leash: Option<ChildStdin>,
}

impl Server {
    /// Makes and starts one; from a cluster in the cache, where there is one.
    ///
    /// # Errors
    /// A program fails; with what it said.
    pub(super) fn start(binaries: &Binaries, directory: &Path, cache: Option<&Path>) -> Result<Self, DbError> {
        let account = Account::find()?;
        let kept = cache.map(|cache| Kept::of(cache, binaries, &CLUSTER));
        if let Some(kept) = &kept {
            let mut server = Self::prepare(binaries, directory, &account)?;
            if kept.copy_to(&server.home.join("data"), account.other) {
                match server.launch(binaries.major) {
                    Ok(()) => return Ok(server),
                    // It was made for a machine that is no more.
                    Err(_) => kept.forget(),
                }
            }
        }
        let mut server = Self::prepare(binaries, directory, &account)?;
        server.launch(binaries.major)?;
        if let Some(kept) = &kept {
            kept.keep(&server.home.join("made"));
        }
        Ok(server)
    }

    /// A directory, and who removes it whenever we end: before there is anything in it.
    fn prepare(binaries: &Binaries, directory: &Path, account: &Account) -> Result<Self, DbError> {
        let home = make_home(directory, account)?;
        let mut command = account.command(Path::new("/bin/sh"), &home);
        command.args(["-c", KEEPER, "keeper"]).arg(&home).arg(&binaries.directory).arg(CLUSTER.join(" "));
        for setting in SETTINGS {
            command.arg("-c").arg(setting);
        }
        // A group of its own: Ctrl-C is for rung to answer.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut keeper = command.spawn().map_err(|error| {
            let _ = fs::remove_dir_all(&home);
            failed(format!("sh can't be run: {error}"))
        })?;
        let leash = keeper.stdin.take();
        Ok(Self { home, keeper, leash })
    }

    /// Has the server run, and waits until it does.
    fn launch(&mut self, major: u32) -> Result<(), DbError> {
        let told = self.leash.as_mut().map_or(Ok(()), |leash| leash.write_all(b"\n"));
        told.map_err(|error| failed(format!("sh does not run: {error}")))?;
        let began = Instant::now();
        let status = self.home.join("data/postmaster.pid");
        loop {
            // Its eighth line says how far it is (PostgreSQL 10 and later, src/include/utils/pidfile.h).
            let said = fs::read_to_string(&status).unwrap_or_default();
            if said.lines().nth(7).is_some_and(|line| line.trim() == "ready") {
                return Ok(());
            }
            let log = fs::read_to_string(self.home.join("log")).unwrap_or_default();
            let failed_to = log.contains("initdb: error:") || log.contains("FATAL:") && said.is_empty();
            let is_over = failed_to || began.elapsed() > PATIENCE;
            if is_over {
                let from = log.lines().count().saturating_sub(8);
                let tail = log.lines().skip(from).collect::<Vec<_>>().join("\n  ");
                return Err(failed(format!("PostgreSQL {major} did not start:\n  {tail}")));
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// How to connect to a database.
    pub(super) fn url(&self, database: &str) -> String {
        let home: String = self.home.to_string_lossy().replace('%', "%25").replace(' ', "%20").replace('&', "%26");
        format!("postgres://{USER}@/{database}?host={home}")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.leash = None;
        let _ = self.keeper.wait();
        // Another account than ours may empty the directory, and not always remove it.
        let _ = fs::remove_dir_all(&self.home);
    }
}

/// Whom the server runs as: PostgreSQL refuses to be root.
struct Account {
    other: Option<(u32, u32)>,
}

impl Account {
    fn find() -> Result<Self, DbError> {
        let probe = fs::metadata("/proc/self").map(|own| own.uid());
        let is_root = match probe {
            Ok(uid) => uid == 0,
            // Without /proc, `id` knows.
            Err(_) => Command::new("id").arg("-u").output().is_ok_and(|said| said.stdout.trim_ascii() == b"0"),
        };
        if !is_root {
            return Ok(Self { other: None });
        }
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let of = |wanted: &str| {
            let line = users.lines().find(|line| line.split(':').next() == Some(wanted))?;
            let mut ids = line.split(':').skip(2).map(str::parse);
            Some((ids.next()?.ok()?, ids.next()?.ok()?))
        };
        let other = of("postgres").or_else(|| of("nobody")).ok_or_else(|| {
            failed("PostgreSQL does not run as root, and there is no user postgres or nobody")
                .with_hint("run rung as another user, or name a server with --dev-url")
        })?;
        Ok(Self { other: Some(other) })
    }

    fn command(&self, program: &Path, home: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("LC_ALL", "C").env("PATH", "/usr/bin:/bin").env("HOME", home).current_dir(home);
        if let Some((uid, gid)) = self.other {
            command.uid(uid).gid(gid);
        }
        command
    }
}

fn make_home(directory: &Path, account: &Account) -> Result<PathBuf, DbError> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let directory = fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    // Short: the path of a socket has some hundred characters at most.
    let home = directory.join(format!("rung-pg-{}-{count}", std::process::id()));
    let wrong = |error: std::io::Error| failed(format!("{} can't be made: {error}", home.display()));
    // Another process of this number may have been killed together with its keeper.
    let _ = fs::remove_dir_all(&home);
    fs::DirBuilder::new().mode(0o700).create(&home).map_err(wrong)?;
    if let Some((uid, gid)) = account.other {
        chown(&home, Some(uid), Some(gid)).map_err(wrong)?;
    }
    Ok(home)
}

fn failed(message: impl Into<String>) -> DbError {
    DbError::new(DbErrorKind::Io, message)
}
