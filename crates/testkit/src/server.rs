//! PostgreSQL servers for tests: shared by all tests of a run, or private to one that wants to break it.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::account::Account;
use crate::error::{Error, Result};
use crate::install::{self, Install};
use crate::process::{count_working_in, moment, send_signal, wait_until};

/// The superuser of every test server.
pub const USER: &str = "tester";
/// Its password, which TCP connections need. It must never turn up in anything that rung prints.
pub const PASSWORD: &str = "open-sesame-7";

const KEEPER: &str = include_str!("keeper.sh");
const START_LIMIT: Duration = Duration::from_secs(60);
const SETTINGS: &[(&str, &str)] = &[
    ("max_connections", "300"),
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("listen_addresses", "127.0.0.1"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    // Inside the data directory, where a killed server leaves nothing behind.
    ("dynamic_shared_memory_type", "mmap"),
    // Several servers run at once; a large test database is some megabytes.
    ("shared_buffers", "64MB"),
];

/// A running PostgreSQL server.
///
/// It runs until the last process that uses it has let go, or has died, and is removed then: a small keeper process
/// sees to that. Shared servers wait some seconds for another user first.
#[derive(Debug)]
pub struct Server {
    install: Install,
    home: PathBuf,
    port: u16,
    env: Vec<(String, String)>,
    /// A shared lock on the home's `users` file, held while this value lives.
    _using: File,
}

/// Where and how a private server runs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place<'a> {
    /// An existing directory for its data; in memory where there is room otherwise.
    pub dir: Option<&'a Path>,
    /// Environment variables for the server.
    pub env: &'a [(&'a str, &'a str)],
}

/// How a private server is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Sessions are ended, and what was committed is on disk (SIGINT).
    Fast,
    /// As in a crash of the server, but orderly enough to end every process (SIGQUIT).
    Immediate,
    /// kill -9 of the postmaster.
    Kill,
}

/// The newest of the chosen servers ([`crate::install::chosen`]), started on first use.
///
/// # Panics
/// Where there is none, or it cannot be started.
#[must_use]
#[track_caller]
pub fn postgres() -> &'static Server {
    servers().last().copied().expect("the choice is never empty")
}

/// All chosen servers, oldest first, started on first use.
///
/// # Panics
/// Where there is none, or one cannot be started.
#[must_use]
#[track_caller]
pub fn servers() -> Vec<&'static Server> {
    let chosen = install::chosen().unwrap_or_else(|error| panic!("{error}"));
    chosen.iter().map(server_for).collect()
}

/// The shared server of an installation, started on first use.
///
/// # Panics
/// Where it cannot be started.
#[must_use]
#[track_caller]
pub fn server_for(install: &Install) -> &'static Server {
    static STARTED: OnceLock<Mutex<BTreeMap<PathBuf, &'static Server>>> = OnceLock::new();
    let mut started = STARTED.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    started
        .entry(install.bin.clone())
        .or_insert_with(|| Box::leak(Box::new(Server::shared(install).unwrap_or_else(|error| panic!("{error}")))))
}

/// Runs a test on every chosen major, oldest first; a panic is passed on with the major in front.
///
/// # Panics
/// When the test does, or where a server is missing.
#[track_caller]
pub fn for_each_major(test: impl Fn(&'static Server)) {
    for server in servers() {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| test(server)));
        if let Err(panic) = outcome {
            let message = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("a panic without a message");
            panic!("on PostgreSQL {}: {message}", server.major());
        }
    }
}

impl Server {
    /// The server of this installation that all tests of this machine's user share; started if it does not run.
    ///
    /// # Errors
    /// Where it cannot be started; the message has the end of its log.
    pub fn shared(install: &Install) -> Result<Server> {
        let account = Account::for_servers()?;
        let base = base_dir(&account)?;
        let mut hasher = DefaultHasher::new();
        (&install.bin, SETTINGS, KEEPER).hash(&mut hasher);
        let key = format!("{}-{:08x}", install.major, hasher.finish() as u32);

        // One process starts it, the others wait here and join.
        let starting = open_lock(&base.join(format!("{key}.lock")))?;
        starting.lock().map_err(Error::cannot("lock the start of a server"))?;
        let current = base.join(format!("{key}.current"));
        if let Ok(home) = fs::read_to_string(&current)
            && let Some(server) = Server::join(install, Path::new(home.trim()))
        {
            return Ok(server);
        }
        let server = Server::start(install, &account, &base, 10, &[], &[])?;
        fs::write(&current, server.home.display().to_string()).map_err(Error::cannot("note a server"))?;
        Ok(server)
    }

    /// A server of one's own, to stop, to kill and to configure: `settings` go into postgresql.conf after the usual
    /// ones (`fsync=off` among them). It is stopped and removed when the value is dropped, or the process dies.
    ///
    /// # Errors
    /// Where it cannot be started; the message has the end of its log.
    pub fn private(install: &Install, settings: &[(&str, &str)]) -> Result<Server> {
        Server::private_in(install, &Place::default(), settings)
    }

    /// As [`Server::private`], in an unusual place.
    ///
    /// # Errors
    /// Where it cannot be started; the message has the end of its log.
    pub fn private_in(install: &Install, place: &Place<'_>, settings: &[(&str, &str)]) -> Result<Server> {
        let account = Account::for_servers()?;
        let base = match place.dir {
            Some(dir) => dir.join("pg"),
            None => base_dir(&account)?,
        };
        account.create_dir(&base, 0o755)?;
        Server::start(install, &account, &base, 0, settings, place.env)
    }

    /// 13 to 18.
    #[must_use]
    pub fn major(&self) -> u32 {
        self.install.major
    }

    /// Its port, on 127.0.0.1 and of the Unix socket.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The directory of its Unix socket.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        &self.home
    }

    /// The URL of a database over TCP, with the password.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }

    /// The URL of a database over the Unix socket, where no password is asked for.
    #[must_use]
    pub fn socket_url(&self, database: &str) -> String {
        format!("postgres://{USER}@/{database}?host={}&port={}", self.home.display(), self.port)
    }

    /// A session on a database, over the Unix socket.
    ///
    /// # Panics
    /// Where the server or the database is gone.
    #[must_use]
    #[track_caller]
    pub fn client(&self, database: &str) -> postgres::Client {
        self.try_client(database).unwrap_or_else(|error| panic!("cannot connect to {database}: {error}"))
    }

    pub(crate) fn try_client(&self, database: &str) -> std::result::Result<postgres::Client, postgres::Error> {
        let mut config = postgres::Config::new();
        config.user(USER).host_path(&self.home).port(self.port).dbname(database).application_name("testkit");
        config.connect(postgres::NoTls)
    }

    /// What the server has logged.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.home.join("log")).unwrap_or_default()
    }

    /// Stops the server, and waits until its sessions are gone. Meant for private servers.
    ///
    /// # Panics
    /// Where it does not run, or does not stop.
    #[track_caller]
    pub fn stop(&self, how: Stop) {
        let pid = self.postmaster_pid().expect("the server runs");
        let signal = match how {
            Stop::Fast => "INT",
            Stop::Immediate => "QUIT",
            Stop::Kill => "KILL",
        };
        send_signal(pid, signal).unwrap_or_else(|error| panic!("{error}"));
        // The shared memory of a killed server is in use until its last process has noticed.
        let data = self.home.join("data");
        assert!(wait_until(START_LIMIT, || count_working_in(&data) == 0), "the server did not stop");
    }

    /// Starts a stopped server again, on the same data and port.
    ///
    /// # Errors
    /// Where it does not start; the message has the end of its log.
    pub fn restart(&self) -> Result<()> {
        let account = Account::for_servers()?;
        let _ = fs::remove_file(self.home.join("data/postmaster.pid"));
        self.run(&account, 0)
    }

    /// Lets go of a shared server and asks for its end: it stops as soon as nobody uses it, without the usual grace.
    /// Waits a moment for that, and leaves it to the keeper if others are at it.
    pub fn retire(self) {
        let home = self.home.clone();
        let _ = fs::write(home.join("quit"), "");
        drop(self);
        wait_until(Duration::from_secs(3), || !home.exists());
    }

    fn join(install: &Install, home: &Path) -> Option<Server> {
        let using = File::open(home.join("users")).ok()?;
        // Waits while a keeper is at removing it; the look at the socket tells.
        using.lock_shared().ok()?;
        let port = fs::read_to_string(home.join("port")).ok()?.trim().parse().ok()?;
        UnixStream::connect(home.join(format!(".s.PGSQL.{port}"))).ok()?;
        Some(Server { install: install.clone(), home: home.to_owned(), port, env: Vec::new(), _using: using })
    }

    fn start(
        install: &Install,
        account: &Account,
        base: &Path,
        grace: u32,
        settings: &[(&str, &str)],
        env: &[(&str, &str)],
    ) -> Result<Server> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let home = base.join(format!("{}-{}-{count}-{:x}", install.major, std::process::id(), moment()));
        account.create_dir(&home, 0o755)?;
        account.write(&home.join("users"), "")?;
        let using = File::open(home.join("users")).map_err(Error::cannot("open a new file"))?;
        using.lock_shared().map_err(Error::cannot("lock a new file"))?;
        let install = account.within_reach(install, base)?;
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut server = Server { install, home, port: 0, env, _using: using };
        server.init(account).and_then(|()| server.launch(account, grace, settings)).inspect_err(|_| {
            let _ = fs::write(server.home.join("quit"), "");
            let _ = fs::remove_dir_all(&server.home);
        })?;
        Ok(server)
    }

    fn init(&self, account: &Account) -> Result<()> {
        let password = self.home.join("password");
        account.write(&password, PASSWORD)?;
        let output = account
            .command(&self.install.bin.join("initdb"))
            .args(["--no-sync", "--locale=C", "--encoding=UTF8", "--auth-local=trust", "--auth-host=scram-sha-256"])
            .arg(format!("--username={USER}"))
            .arg(format!("--pwfile={}", password.display()))
            .arg(format!("--pgdata={}", self.home.join("data").display()))
            .output()
            .map_err(Error::cannot("run initdb"))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(Error::new(format!("initdb of PostgreSQL {} failed: {}", self.install.major, said.trim())))
    }

    fn launch(&mut self, account: &Account, grace: u32, settings: &[(&str, &str)]) -> Result<()> {
        let mut attempt = 1;
        loop {
            self.port = free_port()?;
            account.write(&self.home.join("port"), &self.port.to_string())?;
            self.configure(settings)?;
            match self.run(account, grace) {
                // Between the choice of a port and its use, another process may take it.
                Err(error) if attempt < 5 && error.to_string().contains("could not bind") => attempt += 1,
                done => return done,
            }
        }
    }

    fn configure(&self, settings: &[(&str, &str)]) -> Result<()> {
        let path = self.home.join("data/postgresql.auto.conf");
        let mut text = format!("port = {}\nunix_socket_directories = '{}'\n", self.port, self.home.display());
        for (name, value) in SETTINGS.iter().chain(settings) {
            text.push_str(&format!("{name} = '{value}'\n"));
        }
        let mut file = OpenOptions::new().write(true).truncate(true).open(&path).map_err(Error::cannot("configure"))?;
        file.write_all(text.as_bytes()).map_err(Error::cannot("configure a server"))
    }

    fn run(&self, account: &Account, grace: u32) -> Result<()> {
        let logged_before = self.log().len();
        self.spawn_keeper(account, grace)?;
        let pid_file = self.home.join("data/postmaster.pid");
        let ready =
            || fs::read_to_string(&pid_file).is_ok_and(|text| text.lines().nth(7).is_some_and(|s| s.trim() == "ready"));
        let start = Instant::now();
        while !ready() {
            let log = self.log().split_off(logged_before);
            let failed = log.contains("FATAL:") && self.postmaster_pid().is_none();
            if failed || start.elapsed() > START_LIMIT {
                let tail: Vec<&str> = log.lines().rev().take(8).collect();
                let tail = tail.into_iter().rev().collect::<Vec<_>>().join("\n  ");
                return Err(Error::new(format!("PostgreSQL {} did not start:\n  {tail}", self.install.major)));
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    fn spawn_keeper(&self, account: &Account, grace: u32) -> Result<()> {
        let mut keeper = account
            .command(Path::new("sh"))
            .args(["-c", KEEPER, "keeper"])
            .arg(&self.home)
            .arg(grace.to_string())
            .arg(self.install.bin.join("postgres"))
            .arg("-D")
            .arg(self.home.join("data"))
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.home)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Its own group: Ctrl-C at the test run must not reach it, nor the end of a test's group.
            .process_group(0)
            .spawn()
            .map_err(Error::cannot("run sh"))?;
        // Reaped in the background, so that a long test process collects no zombies.
        thread::spawn(move || keeper.wait());
        Ok(())
    }

    fn postmaster_pid(&self) -> Option<u32> {
        fs::read_to_string(self.home.join("data/postmaster.pid")).ok()?.lines().next()?.trim().parse().ok()
    }
}

/// Where servers live: in memory where there is room, below the temporary directory otherwise; the path is short, for
/// the sake of the Unix sockets in it.
fn base_dir(account: &Account) -> Result<PathBuf> {
    let roomy = Command::new("df")
        .args(["--output=avail", "-k", "/dev/shm"])
        .stderr(Stdio::null())
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok()?.lines().nth(1)?.trim().parse::<u64>().ok())
        .is_some_and(|kilobytes| kilobytes > 2_000_000);
    let parent = if roomy { "/dev/shm" } else { "/tmp" };
    let base = Path::new(parent).join(format!("rung-{}", account.invoker));
    account.create_dir(&base, 0o755)?;
    let owner = fs::metadata(&base).map_err(Error::cannot("look at the servers' directory"))?.uid();
    if owner != account.uid {
        return Err(Error::new(format!("{} belongs to another user; remove it", base.display())));
    }
    Ok(base)
}

fn open_lock(path: &Path) -> Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(Error::cannot("open a lock file"))
}

pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(Error::cannot("find a free port"))?;
    Ok(listener.local_addr().map_err(Error::cannot("find a free port"))?.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testdb::query;

    fn install() -> Install {
        install::chosen().unwrap().pop().unwrap()
    }

    #[test]
    fn shared_servers_are_one() {
        let install = install();
        let one = Server::shared(&install).unwrap();
        let other = Server::shared(&install).unwrap();
        assert_eq!(one.port(), other.port());
        assert_eq!(one.port(), server_for(&install).port());
    }

    #[test]
    fn a_private_server_survives_its_kill_and_goes_with_its_value() {
        for how in [Stop::Fast, Stop::Immediate, Stop::Kill] {
            let server = Server::private(&install(), &[("work_mem", "5MB")]).unwrap();
            let home = server.home.clone();
            let mut client = server.client("postgres");
            assert_eq!(query(&mut client, "CREATE TABLE t (); SHOW work_mem").unwrap(), "5MB\n");
            server.stop(how);
            assert!(query(&mut client, "SELECT 1").is_err());
            server.restart().unwrap();
            assert_eq!(query(&mut server.client("postgres"), "SELECT count(*) FROM t").unwrap(), "0\n");
            drop(server);
            assert!(wait_until(Duration::from_secs(15), || !home.exists()), "{} is left", home.display());
        }
    }

    #[test]
    fn a_server_that_cannot_start_says_why() {
        let error = Server::private(&install(), &[("work_mem", "none")]).unwrap_err().to_string();
        assert!(error.contains("did not start") && error.contains("work_mem"), "{error}");
    }
}
