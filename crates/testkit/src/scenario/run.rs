//! Running a scenario on a database, and holding what came against what was expected.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempDir;

use super::parse::{Action, Scenario, Step, Stream};
use super::target::{Target, all_hold};
use crate::normalise::{Normaliser, lines_match};
use crate::server::{self, PASSWORD, USER};
use crate::{Program, SqliteDb, TestDb};

/// What a step did: normalised lines, and the exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Observed {
    pub(crate) output: Vec<String>,
    pub(crate) error: Vec<String>,
    pub(crate) exit: i32,
}

impl Observed {
    pub(crate) fn lines(&self, stream: Stream) -> Vec<&str> {
        let lines = if stream == Stream::Output { &self.output } else { &self.error };
        lines.iter().map(String::as_str).collect()
    }
}

/// Runs all steps, whatever comes of each; nothing for a step whose guards do not hold.
pub(crate) fn run(scenario: &Scenario, target: &Target, rung: Option<&Path>) -> Vec<Option<Observed>> {
    let surroundings = Surroundings::new(scenario, target, rung);
    let applies = |step: &Step| all_hold(&step.guards, target);
    scenario.steps().map(|step| applies(step).then(|| surroundings.perform(step))).collect()
}

/// What is not as expected, ready to be shown; nothing where all is.
pub(crate) fn complaint(
    path: &Path,
    scenario: &Scenario,
    target: &Target,
    observed: &[Option<Observed>],
) -> Option<String> {
    let mut complaint: Vec<String> = Vec::new();
    for (step, observed) in scenario.steps().zip(observed) {
        let Some(observed) = observed else { continue };
        if is_as_expected(step, target, observed) {
            continue;
        }
        let what = match &step.action {
            Action::Command(command) => format!("$ {command}"),
            Action::Sql(sql) => format!("sql {sql}"),
            Action::Write { path, .. } => format!("write {path}"),
        };
        complaint.push(format!("{}:{}: on {target}: {what}", path.display(), step.line));
        if step.exit != observed.exit {
            complaint.push(format!("  exit {} instead of {}", observed.exit, step.exit));
        }
        for (stream, name, mark) in [(Stream::Output, "standard output", '>'), (Stream::Error, "standard error", '!')] {
            let (expected, actual) = (expected(step, target, stream), observed.lines(stream));
            let matches = lines_match(&expected, &actual);
            // All that there is helps with a wrong exit, too.
            if matches && (step.exit == observed.exit || actual.is_empty()) {
                continue;
            }
            if !matches {
                complaint.push(format!("  expected on {name}:"));
                complaint.extend(expected.iter().map(|line| format!("    {mark} {line}")));
            }
            complaint.push(format!("  came on {name}:"));
            complaint.extend(actual.iter().map(|line| format!("    {mark} {line}")));
        }
    }
    if complaint.is_empty() {
        return None;
    }
    complaint.push("if that is right: RUNG_BLESS=1 cargo test --test scenarios".to_owned());
    Some(complaint.join("\n"))
}

pub(crate) fn is_as_expected(step: &Step, target: &Target, observed: &Observed) -> bool {
    let matches = |stream| lines_match(&expected(step, target, stream), &observed.lines(stream));
    step.exit == observed.exit && matches(Stream::Output) && matches(Stream::Error)
}

pub(crate) fn expected<'step>(step: &'step Step, target: &Target, stream: Stream) -> Vec<&'step str> {
    let lines = step.expected.iter().filter(|line| line.stream == stream && all_hold(&line.guards, target));
    lines.map(|line| line.text.as_str()).collect()
}

/// A fresh directory and a fresh database.
struct Surroundings {
    dir: TempDir,
    database: Database,
    path: String,
    normaliser: Normaliser,
}

enum Database {
    Sqlite(SqliteDb),
    Postgres(TestDb<'static>),
}

impl Surroundings {
    fn new(scenario: &Scenario, target: &Target, rung: Option<&Path>) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        for file in scenario.files.iter().filter(|file| all_hold(&file.guards, target)) {
            write(dir.path(), &file.path, &file.text);
        }
        let database = match target {
            Target::Sqlite => Database::Sqlite(SqliteDb::new()),
            Target::Postgres(install) => Database::Postgres(TestDb::on(server::server_for(install))),
        };
        let mut normaliser = Normaliser::new().literal(dir.path().display().to_string(), "$DIR");
        normaliser = match &database {
            Database::Sqlite(db) => normaliser
                .literal(db.url(), "$DATABASE_URL")
                .literal(db.path().display().to_string(), "$DB_PATH")
                .literal(db.dir().display().to_string(), "$DB_DIR"),
            Database::Postgres(db) => normaliser
                .literal(db.url(), "$DATABASE_URL")
                .literal(format!("127.0.0.1:{}", db.server().port()), "$DB_HOST")
                .literal(db.name(), "$DB_NAME")
                .literal(db.server().socket_dir().display().to_string(), "$DB_SOCKET_DIR")
                .literal(format!("port={}", db.server().port()), "port=$DB_PORT")
                .literal(format!("port {}", db.server().port()), "port $DB_PORT"),
        };
        let mut path = std::env::var("PATH").unwrap_or_default();
        if let Some(dir) = rung.and_then(Path::parent) {
            path = format!("{}:{path}", dir.display());
        }
        // So that rung finds one where the guards say that there is one.
        if let Target::Postgres(install) = target
            && let Some(dump) = crate::install::pg_dump(install.major)
            && let Some(dir) = dump.parent()
        {
            path = format!("{path}:{}", dir.display());
        }
        Surroundings { dir, database, path, normaliser }
    }

    fn perform(&self, step: &Step) -> Observed {
        match &step.action {
            Action::Write { path, text } => {
                write(self.dir.path(), path, text);
                Observed { output: Vec::new(), error: Vec::new(), exit: 0 }
            }
            Action::Sql(sql) => {
                let done = match &self.database {
                    Database::Sqlite(db) => db.try_query(sql),
                    Database::Postgres(db) => db.try_query(sql),
                };
                let (output, error) = done.map_or_else(|error| (String::new(), error), |rows| (rows, String::new()));
                Observed { output: self.lines(&output), error: self.lines(&error), exit: 0 }
            }
            Action::Command(command) => {
                let mut shell = Program::new("sh").args(["-c", command]).dir(self.dir.path()).env("PATH", &self.path);
                for (name, value) in self.variables() {
                    shell = shell.env(name, value);
                }
                let run = shell.run();
                let leak = run.stdout.contains(PASSWORD) || run.stderr.contains(PASSWORD);
                assert!(!leak, "line {}: the password of the database was printed:\n{run}", step.line);
                // As a shell has it.
                let exit = run.code.or(run.signal.map(|signal| 128 + signal)).unwrap_or_default();
                Observed { output: self.lines(&run.stdout), error: self.lines(&run.stderr), exit }
            }
        }
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        match &self.database {
            Database::Sqlite(db) => vec![
                ("DIALECT", "sqlite".to_owned()),
                ("DATABASE_URL", db.url()),
                ("DB_PATH", db.path().display().to_string()),
            ],
            Database::Postgres(db) => vec![
                ("DIALECT", "postgres".to_owned()),
                ("DATABASE_URL", db.url()),
                ("DB_NAME", db.name().to_owned()),
                ("DB_USER", USER.to_owned()),
                ("DB_PASSWORD", PASSWORD.to_owned()),
                ("DB_PORT", db.server().port().to_string()),
                ("DB_SOCKET_DIR", db.server().socket_dir().display().to_string()),
            ],
        }
    }

    fn lines(&self, text: &str) -> Vec<String> {
        self.normaliser.apply(text).lines().map(str::to_owned).collect()
    }
}

fn write(dir: &Path, path: &str, text: &str) {
    let file = dir.join(path);
    let parent = file.parent().expect("a file lies in a directory");
    fs::create_dir_all(parent).and_then(|()| fs::write(&file, text)).unwrap_or_else(|error| panic!("{path}: {error}"));
    if text.starts_with("#!") {
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
}
