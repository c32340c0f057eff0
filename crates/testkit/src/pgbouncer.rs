//! A transaction pooler in front of a database.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::account::Account;
use crate::error::Error;
use crate::install;
use crate::process::wait_until;
use crate::server::{PASSWORD, USER, free_port};
use crate::{Result, TestDb};

/// pgbouncer in transaction mode in front of one database; it ends with the value, or with the process.
///
/// Server sessions change hands after each transaction, going round all that there are. Start-up `options` and session
/// state are what such a pooler makes of them: refused, and shared.
#[derive(Debug)]
pub struct Pgbouncer {
    port: u16,
    url: String,
    process: Child,
    dir: TempDir,
}

impl Pgbouncer {
    /// Starts one with at most `pool_size` server sessions.
    ///
    /// # Panics
    /// Where the machine has no pgbouncer, or it does not start; the message has its log.
    #[must_use]
    #[track_caller]
    pub fn new(db: &TestDb<'_>, pool_size: u32) -> Self {
        Pgbouncer::start(db, pool_size).unwrap_or_else(|error| panic!("{error}"))
    }

    fn start(db: &TestDb<'_>, pool_size: u32) -> Result<Self> {
        let missing = || Error::new("no pgbouncer on this machine; try `cargo xtask servers`");
        let program = install::on_path("pgbouncer").next().ok_or_else(missing)?;
        let account = Account::for_servers()?;
        let dir = tempfile::tempdir().map_err(Error::cannot("make a temporary directory"))?;
        account.own(dir.path())?;
        let port = free_port()?;
        let (name, server_port, at) = (db.name(), db.server().port(), dir.path().display());
        let users = dir.path().join("users.txt");
        account.write(&users, &format!("\"{USER}\" \"{PASSWORD}\"\n"))?;
        let config = dir.path().join("pgbouncer.ini");
        account.write(
            &config,
            &format!(
                "[databases]\n\
                 {name} = host=127.0.0.1 port={server_port} dbname={name}\n\
                 [pgbouncer]\n\
                 listen_addr = 127.0.0.1\n\
                 listen_port = {port}\n\
                 unix_socket_dir =\n\
                 auth_type = scram-sha-256\n\
                 auth_file = {at}/users.txt\n\
                 admin_users = {USER}\n\
                 pool_mode = transaction\n\
                 default_pool_size = {pool_size}\n\
                 max_client_conn = 200\n\
                 server_round_robin = 1\n\
                 logfile = {at}/log\n"
            ),
        )?;
        let process = account
            .command(Path::new("sh"))
            // Standard input ends when this process does, kill -9 included.
            .args(["-c", "\"$@\" </dev/null & read -r _; kill -KILL $!; wait", "sh"])
            .arg(&program)
            .arg(&config)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(Error::cannot("run pgbouncer"))?;
        let bouncer = Pgbouncer { port, url: db.url_at(port), process, dir };
        if !wait_until(Duration::from_secs(10), || TcpStream::connect(("127.0.0.1", port)).is_ok()) {
            return Err(Error::new(format!("pgbouncer did not start:\n{}", bouncer.log())));
        }
        Ok(bouncer)
    }

    /// Its port, on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of the database through it, with the password.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.dir.path().join("log")
    }
}

impl Drop for Pgbouncer {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testdb::query;

    fn client(bouncer: &Pgbouncer) -> postgres::Client {
        postgres::Client::connect(bouncer.url(), postgres::NoTls).unwrap()
    }

    #[test]
    fn server_sessions_change_hands_after_each_transaction() {
        let db = TestDb::new();
        let bouncer = Pgbouncer::new(&db, 2);
        let (mut one, mut other) = (client(&bouncer), client(&bouncer));
        let pid = |client: &mut postgres::Client| query(client, "SELECT pg_backend_pid()").unwrap();

        // A transaction keeps its server session, and others are given to whoever comes.
        query(&mut one, "BEGIN").unwrap();
        let first = pid(&mut one);
        let second = pid(&mut other);
        assert_ne!(first, second);
        query(&mut one, "COMMIT").unwrap();
        let seen: std::collections::BTreeSet<String> = (0..4).map(|_| pid(&mut other)).collect();
        assert_eq!(seen, [first, second].into_iter().collect(), "{}", bouncer.log());

        // What a session holds stays behind: with one server session, a lock of one client is had by another.
        let narrow = Pgbouncer::new(&db, 1);
        let (mut one, mut other) = (client(&narrow), client(&narrow));
        assert_eq!(query(&mut one, "SELECT pg_try_advisory_lock(1)").unwrap(), "t\n");
        assert_eq!(query(&mut other, "SELECT pg_try_advisory_lock(1)").unwrap(), "t\n");
    }

    #[test]
    fn start_up_options_are_refused_and_passwords_are_checked() {
        let db = TestDb::new();
        let bouncer = Pgbouncer::new(&db, 1);
        let connect = |url: &str| postgres::Client::connect(url, postgres::NoTls);
        assert!(connect(&format!("{}?options=-csearch_path%3Dx", bouncer.url())).is_err());
        assert!(connect(&bouncer.url().replace(PASSWORD, "wrong")).is_err());
        assert!(connect(bouncer.url()).is_ok());
    }
}
