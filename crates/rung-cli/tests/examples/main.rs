//! The projects in `examples/`, through the real binary and as their users would: up, each migration redone, down to
//! nothing, up again, on every database that they are for. What each of them promises is in the module of its name.
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail as its tests may")]

mod documents;
mod hopsworks;
mod iops;
mod madenai;
mod platform;
mod user_profiles;

use std::path::PathBuf;

use serde_json::Value;
use testkit::{Program, Run, Server, SqliteDb, TestDb};

enum Database {
    Postgres(TestDb<'static>),
    Sqlite(SqliteDb),
}

/// One of the projects, on a database of its own.
struct Project {
    name: &'static str,
    environment: Option<&'static str>,
    database: Database,
}

impl Project {
    fn postgres(name: &'static str, server: &'static Server) -> Self {
        Project { name, environment: None, database: Database::Postgres(TestDb::on(server)) }
    }

    fn sqlite(name: &'static str) -> Self {
        Project { name, environment: None, database: Database::Sqlite(SqliteDb::new()) }
    }

    fn dir(&self) -> PathBuf {
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples")).join(self.name)
    }

    fn command(&self, words: &str) -> Program {
        let url = match &self.database {
            Database::Postgres(db) => db.url(),
            Database::Sqlite(db) => db.url(),
        };
        let environment = self.environment.map(|name| ["--env", name]);
        let program = Program::rung().arg("--config").arg(self.dir().join("rung.toml")).args(["--url", &url]);
        program.args(environment.into_iter().flatten()).args(words.split_whitespace())
    }

    /// Runs rung with these words as its arguments, to success.
    #[track_caller]
    fn rung(&self, words: &str) -> Run {
        self.command(words).run().succeeds()
    }

    #[track_caller]
    fn json(&self, words: &str) -> Value {
        let run = self.rung(&format!("{words} --json"));
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{run}"))
    }

    #[track_caller]
    fn applied(&self) -> Vec<String> {
        self.migrations(|state| state == "applied")
    }

    /// Those that were never applied, and those that were undone.
    #[track_caller]
    fn pending(&self) -> Vec<String> {
        self.migrations(|state| state != "applied")
    }

    #[track_caller]
    fn migrations(&self, choose: impl Fn(&str) -> bool) -> Vec<String> {
        let status = self.json("status");
        let migrations = status["migrations"].as_array().unwrap().iter();
        migrations
            .filter(|found| choose(found["state"].as_str().unwrap()))
            .map(|found| found["id"].as_str().unwrap().to_owned())
            .collect()
    }

    #[track_caller]
    fn try_query(&self, sql: &str) -> Result<String, String> {
        match &self.database {
            Database::Postgres(db) => db.try_query(sql),
            Database::Sqlite(db) => db.try_query(sql),
        }
    }

    #[track_caller]
    fn query(&self, sql: &str) -> String {
        self.try_query(sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// Checks that the query gives one true value, as PostgreSQL or SQLite prints it.
    #[track_caller]
    fn holds(&self, sql: &str) {
        let answer = self.query(sql);
        assert!(["t\n", "1\n"].contains(&answer.as_str()), "{sql}: {answer}");
    }

    #[track_caller]
    fn dump(&self) -> String {
        match &self.database {
            Database::Postgres(db) => db.dump(),
            // Names that were renamed have quotes, which those that were not have not.
            Database::Sqlite(db) => db.dump().replace('"', ""),
        }
    }

    /// The names of the project's own tables or views (`kind`) in the default schema, in order, rung's left out.
    #[track_caller]
    fn relations(&self, kind: &str) -> Vec<String> {
        let sql = match (&self.database, kind) {
            (Database::Postgres(_), "view") => "SELECT viewname FROM pg_views WHERE schemaname = 'public'",
            (Database::Postgres(_), _) => "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
            (Database::Sqlite(_), "view") => {
                "SELECT name FROM sqlite_schema WHERE type = 'view' AND name NOT LIKE 'rung%'"
            }
            (Database::Sqlite(_), _) => {
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'rung%' AND name NOT LIKE 'sqlite%'"
            }
        };
        sorted(self.query(sql).lines().map(str::to_owned).collect())
    }

    /// The columns of a table (`schema.table` where it is in another than the default schema), in order of name.
    #[track_caller]
    fn columns(&self, table: &str) -> Vec<String> {
        let sql = match &self.database {
            Database::Postgres(_) => {
                format!(
                    "SELECT attname FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped"
                )
            }
            Database::Sqlite(_) => format!("SELECT name FROM pragma_table_info('{table}')"),
        };
        sorted(self.query(&sql).lines().map(str::to_owned).collect())
    }

    /// Checks that the table has at least these columns.
    #[track_caller]
    fn has_columns(&self, table: &str, expected: &str) {
        let columns = self.columns(table);
        for column in expected.split_whitespace() {
            assert!(columns.iter().any(|found| found == column), "no {column} in {table}: {columns:?}");
        }
    }

    /// Checks that an index begins with these columns: one of a constraint, or of its own.
    #[track_caller]
    fn has_index(&self, table: &str, columns: &str) {
        let sql = match &self.database {
            Database::Postgres(_) => format!(
                "SELECT string_agg(a.attname, ', ' ORDER BY k.place) FROM pg_index i
                 CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY k (attnum, place)
                 JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                 WHERE i.indrelid = '{table}'::regclass AND i.indisvalid GROUP BY i.indexrelid"
            ),
            Database::Sqlite(_) => format!(
                "SELECT (SELECT group_concat(c.name, ', ') FROM pragma_index_info(i.name) c)
                 FROM pragma_index_list('{table}') i"
            ),
        };
        let found = self.query(&sql);
        let begins = |index: &str| index == columns || index.starts_with(&format!("{columns}, "));
        assert!(found.lines().any(begins), "no index on {table} ({columns}):\n{found}");
    }

    /// Checks that a foreign key of this kind is there.
    #[track_caller]
    fn has_foreign_key(&self, table: &str, column: &str, target: &str, on_delete: &str) {
        let sql = match &self.database {
            Database::Postgres(_) => format!(
                "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = '{table}'::regclass AND contype = 'f'"
            ),
            Database::Sqlite(_) => format!(
                "SELECT 'FOREIGN KEY (' || \"from\" || ') REFERENCES ' || \"table\" || '(' || \"to\" || ') ON DELETE ' || on_delete
                 FROM pragma_foreign_key_list('{table}')"
            ),
        };
        let expected = format!("FOREIGN KEY ({column}) REFERENCES {target} ON DELETE {on_delete}");
        let found = self.query(&sql);
        assert!(found.lines().any(|line| line == expected), "no {expected} in {table}:\n{found}");
    }

    /// A life: up one by one, each migration redone at once; down to nothing; up again in one run; down one by one. At each
    /// place the schema is the same, whichever way led there, and `nothing` where all is undone.
    #[track_caller]
    fn lives(&self, nothing: &str) {
        let migrations = self.pending();
        assert!(migrations.len() > 3, "{migrations:?}");
        let mut dumps = Vec::new();
        for id in &migrations {
            self.rung(&format!("up +1 {}", self.yes()));
            dumps.push(self.dump());
            let redo = self.json(&format!("redo {}", self.yes()));
            assert_eq!(ids_of(&redo), [id, id], "{redo}");
            self.looks_like(&dumps[dumps.len() - 1], &format!("{id} after `redo`"));
        }
        self.is_as_its_files_say(&migrations);

        let down = self.json(&format!("down 0 {}", self.yes()));
        assert!(ids_of(&down).into_iter().eq(migrations.iter().rev()), "{down}");
        self.looks_like(nothing, "after `down 0`");
        assert_eq!(self.pending(), migrations);

        self.rung(&format!("up {}", self.yes()));
        self.is_as_its_files_say(&migrations);
        for (at, id) in migrations.iter().enumerate().rev() {
            self.looks_like(&dumps[at], &format!("before {id} is undone"));
            self.rung(&format!("down {}", self.yes()));
        }
        self.looks_like(nothing, "after the last `down`");
    }

    /// Checks that the schema is this one, and shows the objects that differ.
    #[track_caller]
    fn looks_like(&self, expected: &str, when: &str) {
        let found = self.dump();
        let without = |these: &str, those: &str| -> Vec<String> {
            these.lines().filter(|line| !those.lines().any(|other| other == *line)).map(str::to_owned).collect()
        };
        let (more, less) = (without(&found, expected), without(expected, &found));
        assert!(found == expected, "{} {when}\nmore: {more:#?}\nless: {less:#?}", self.name);
    }

    /// All of these are applied, in this order, and neither the history nor another `up` finds anything amiss.
    #[track_caller]
    fn is_as_its_files_say(&self, migrations: &[String]) {
        let status = self.json("status --exit-code");
        assert_eq!((&status["applied"], &status["pending"]), (&migrations.len().into(), &0.into()), "{status}");
        assert_eq!(status["differences"], Value::Array(Vec::new()));
        assert_eq!(self.applied(), migrations);
        self.rung("check");
        assert_eq!(self.json(&format!("up {}", self.yes()))["steps"], Value::Array(Vec::new()));
    }

    /// Seeds run once, are not run again until they change, and may be run again: the second time changes no row of these
    /// tables.
    #[track_caller]
    fn has_seeds_that_may_run_again(&self, tables: &str) {
        let rows = || -> Vec<String> {
            tables.split_whitespace().map(|table| self.query(&format!("SELECT * FROM {table} ORDER BY 1"))).collect()
        };
        assert_eq!(self.json("seed")["steps"].as_array().unwrap().len(), 1);
        let first = rows();
        assert!(first.iter().all(|rows| !rows.is_empty()), "{first:?}");
        assert_eq!(self.json("seed")["steps"], Value::Array(Vec::new()));
        assert_eq!(self.json("seed --all")["steps"].as_array().unwrap().len(), 1);
        assert_eq!(rows(), first);
    }

    fn yes(&self) -> &'static str {
        if self.environment == Some("production") { "--yes" } else { "" }
    }
}

/// The ids in the `steps` of a report.
fn ids_of(report: &Value) -> Vec<&str> {
    report["steps"].as_array().unwrap().iter().map(|step| step["id"].as_str().unwrap()).collect()
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

/// The words of a text, in order.
fn words(text: &str) -> Vec<String> {
    sorted(text.split_whitespace().map(str::to_owned).collect())
}
