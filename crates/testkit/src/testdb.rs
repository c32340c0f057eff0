//! A fresh PostgreSQL database.

use postgres::SimpleQueryMessage;

use crate::process::moment;
use crate::server::{self, Server};

/// A database of its own for a test, empty as `template0`; dropped with the value, whoever is still connected.
#[derive(Debug)]
pub struct TestDb<'server> {
    server: &'server Server,
    name: String,
}

impl TestDb<'static> {
    /// A fresh database on the newest of the chosen servers.
    ///
    /// # Panics
    /// Where there is no server.
    #[must_use]
    #[track_caller]
    #[expect(clippy::new_without_default, reason = "a database is not a default value")]
    pub fn new() -> Self {
        TestDb::on(server::postgres())
    }
}

impl<'server> TestDb<'server> {
    /// A fresh database on this server.
    ///
    /// # Panics
    /// Where the server does not answer.
    #[must_use]
    #[track_caller]
    pub fn on(server: &'server Server) -> Self {
        // Copying files asks for a checkpoint, which costs nothing without fsync; logging every page does not.
        let strategy = if server.major() >= 15 { "STRATEGY file_copy" } else { "" };
        let mut admin = server.client("postgres");
        let name = format!("t_{}_{:x}", std::process::id(), moment());
        let sql = format!("CREATE DATABASE {name} TEMPLATE template0 {strategy}");
        admin.batch_execute(&sql).unwrap_or_else(|error| panic!("{sql}: {}", message_of(&error)));
        TestDb { server, name }
    }

    /// The server it is on.
    #[must_use]
    pub fn server(&self) -> &'server Server {
        self.server
    }

    /// Its name, which needs no quoting.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its URL over TCP, with the password.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url(&self.name)
    }

    /// Its URL over the Unix socket.
    #[must_use]
    pub fn socket_url(&self) -> String {
        self.server.socket_url(&self.name)
    }

    /// Its URL over TCP with another port: that of a proxy or a pooler in front of the server.
    #[must_use]
    pub fn url_at(&self, port: u16) -> String {
        format!("postgres://{}:{}@127.0.0.1:{port}/{}", server::USER, server::PASSWORD, self.name)
    }

    /// A session on it as the superuser.
    ///
    /// # Panics
    /// Where the server is gone.
    #[must_use]
    #[track_caller]
    pub fn client(&self) -> postgres::Client {
        self.server.client(&self.name)
    }

    /// Runs SQL in a session of its own and returns the rows of all statements as `psql -At` does: a line each, the
    /// columns separated by `|`, null as nothing.
    ///
    /// # Panics
    /// Where the SQL fails.
    #[track_caller]
    pub fn query(&self, sql: &str) -> String {
        self.try_query(sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// As [`TestDb::query`].
    ///
    /// # Errors
    /// The server's message where the SQL fails.
    pub fn try_query(&self, sql: &str) -> Result<String, String> {
        query(&mut self.client(), sql)
    }

    /// The whole schema as text, to be compared: every object that is not the system's or rung's own, in an order that
    /// depends on names alone, with its definition as PostgreSQL prints it, owners and grants included.
    ///
    /// The order of columns in a table counts; that in which objects were made does not. Where two majors print a
    /// definition differently, so does this.
    #[must_use]
    #[track_caller]
    pub fn dump(&self) -> String {
        self.try_query(include_str!("schema.sql")).unwrap_or_else(|error| panic!("cannot dump {}: {error}", self.name))
    }
}

impl Drop for TestDb<'_> {
    fn drop(&mut self) {
        // A private server may have been killed by its test, and takes its databases along.
        if let Ok(mut admin) = self.server.try_client("postgres") {
            let _ = admin.batch_execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        }
    }
}

/// Runs SQL in a session and returns the rows as [`TestDb::query`] does.
///
/// # Errors
/// The server's message where the SQL fails.
pub(crate) fn query(client: &mut postgres::Client, sql: &str) -> Result<String, String> {
    let messages = client.simple_query(sql).map_err(|error| message_of(&error))?;
    let mut lines = String::new();
    for message in messages {
        if let SimpleQueryMessage::Row(row) = message {
            let columns: Vec<&str> = (0..row.len()).map(|column| row.get(column).unwrap_or_default()).collect();
            lines.push_str(&columns.join("|"));
            lines.push('\n');
        }
    }
    Ok(lines)
}

fn message_of(error: &postgres::Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), |error| error.message().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::for_each_major;

    #[test]
    fn a_database_is_fresh_and_goes_away() {
        for_each_major(|server| {
            let db = TestDb::on(server);
            let name = db.name().to_owned();
            db.query("CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, NULL), (2, 'x')");
            assert_eq!(db.query("SELECT * FROM t ORDER BY a"), "1|\n2|x\n");
            assert_eq!(db.try_query("SELECT nope").unwrap_err(), "column \"nope\" does not exist");
            let version = db.query("SHOW server_version_num");
            assert_eq!(version.trim().parse::<u32>().unwrap() / 10000, server.major());
            let _left_open = db.client();
            drop(db);
            let mut admin = server.client("postgres");
            let found = query(&mut admin, &format!("SELECT 1 FROM pg_database WHERE datname = '{name}'"));
            assert_eq!(found.unwrap(), "");
        });
    }

    #[test]
    fn tcp_needs_the_password_and_the_socket_does_not() {
        let db = TestDb::new();
        let connect = |url: &str| postgres::Client::connect(url, postgres::NoTls);
        assert!(connect(&db.url()).is_ok());
        assert!(connect(&db.socket_url()).is_ok());
        assert!(connect(&db.url().replace(server::PASSWORD, "wrong")).is_err());
    }

    #[test]
    fn a_dump_shows_every_kind_of_object_and_no_order_of_making() {
        for_each_major(|server| {
            let db = TestDb::on(server);
            assert_eq!(db.dump(), "", "an empty database");
            db.query(include_str!("schema_sample.sql"));
            let dump = db.dump();
            for expected in [
                "table public.t\n",
                "  column a integer not null",
                "  column total numeric(10,2) default 0",
                "index public.t_upper: CREATE INDEX t_upper ON public.t USING btree (upper(b))",
                "constraint t_pkey on public.t: PRIMARY KEY (a)",
                "constraint t_total_check on public.t: CHECK",
                "view public.v:",
                "materialized view public.mv:",
                "function public.f(integer):",
                "trigger t_touch on public.t: CREATE TRIGGER t_touch BEFORE UPDATE",
                "policy mine on public.t:",
                "enum public.mood: sad, ok, happy",
                "domain public.posint: integer",
                "sequence public.counter:",
                "comment on table t: what it is for",
                "comment on table column t.b: the name",
                "row security on public.t: on",
                "schema app",
                "composite type app.pair\n",
                "rule watch on public.t:",
                "grant on table t: PUBLIC SELECT",
                "text search dictionary app.simple_dict",
            ] {
                assert!(dump.contains(expected), "no `{expected}` in\n{dump}");
            }
            let other = TestDb::on(server);
            other.query("CREATE TABLE z (a int); CREATE TABLE y (a int)");
            let same = TestDb::on(server);
            same.query(
                "CREATE TABLE y (a int); CREATE TABLE z (a int); CREATE SCHEMA rung; CREATE TABLE rung.x (a int)",
            );
            assert_eq!(other.dump(), same.dump());
            same.query("COMMENT ON TABLE z IS 'no'");
            assert_ne!(other.dump(), same.dump());
        });
    }
}
