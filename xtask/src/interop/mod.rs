//! `cargo xtask interop`: other tools write a database, rung takes it over and goes on, and the tool sees nothing pending.
//!
//! A tool is a file in `tools/`: how it is had, what it is run with, and a small project. It is what keeps the readers of
//! history tables in rung-adopt true.

mod install;
mod project;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use testkit::{Error, PASSWORD, Program, Result, Run, Server, SqliteDb, TestDb, USER};

use crate::servers::{self, Scope};
use install::Installed;
use project::{Project, Stage};

const HELP: &str = "\
cargo xtask interop [TOOL...] [--available] [--list]

  TOOL          only these
  --available   a tool that can't be had is named, and is no failure
  --list        what there is
";

pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let projects = project::all()?;
    let (mut names, mut available) = (Vec::new(), false);
    for arg in args {
        match arg.as_str() {
            "--available" => available = true,
            "--list" | "--help" => {
                println!("{HELP}");
                projects.iter().for_each(|project| println!("  {:<20}{}", project.name, project.databases.join(", ")));
                return Ok(ExitCode::SUCCESS);
            }
            name if projects.iter().any(|project| project.name == name) => names.push(name),
            other => return Err(Error::new(format!("no tool {other}; try `cargo xtask interop --list`"))),
        }
    }
    let installs = servers::ensure(Scope::Usual)?;
    let newest = installs.last().ok_or_else(|| Error::new("no PostgreSQL; try `cargo xtask servers`"))?;
    let server = Server::shared(newest)?;
    let mut failures = 0;
    for project in projects.iter().filter(|project| names.is_empty() || names.contains(&project.name)) {
        let installed = match install::have(project) {
            Ok(installed) => installed,
            Err(why) => {
                println!("{} {}: can't be had: {why}", if available { "-" } else { "✗" }, project.name);
                failures += usize::from(!available);
                continue;
            }
        };
        for database in &project.databases {
            match on_one(project, database, &installed, &server) {
                Ok(said) => println!("✓ {} on {database}: {said}", project.name),
                Err(why) => {
                    println!("✗ {} on {database}: {why}", project.name);
                    failures += 1;
                }
            }
        }
    }
    server.retire();
    Ok(if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A database for one tool, and what is asked of it.
enum Database<'server> {
    Postgres(TestDb<'server>),
    Sqlite(SqliteDb),
}

impl Database<'_> {
    fn url(&self) -> String {
        match self {
            Database::Postgres(db) => db.url(),
            Database::Sqlite(db) => format!("sqlite:{}", db.path().display()),
        }
    }

    fn query(&self, sql: &str) -> Result<String> {
        let rows = match self {
            Database::Postgres(db) => db.try_query(sql),
            Database::Sqlite(db) => db.try_query(sql),
        };
        rows.map_err(|error| Error::new(format!("{sql}: {error}")))
    }

    /// What a command of a tool has to fill in.
    fn fill(&self, text: &str, installed: &Installed, dir: &Path) -> String {
        let text = text.replace("{TOOLS}", &installed.dir.display().to_string());
        let text = text.replace("{DIR}", &dir.display().to_string());
        let text = text.replace("{USER}", USER).replace("{PASSWORD}", PASSWORD);
        match self {
            Database::Postgres(db) => {
                let port = db.server().port().to_string();
                text.replace("{URL}", &db.url()).replace("{PORT}", &port).replace("{DB}", db.name())
            }
            Database::Sqlite(db) => {
                text.replace("{URL}", &self.url()).replace("{DB}", &db.path().display().to_string())
            }
        }
    }
}

/// The whole way, on one kind of database. Returns what was seen.
fn on_one(project: &Project, database: &str, installed: &Installed, server: &Server) -> Result<String> {
    let database = match database {
        "postgres" => Database::Postgres(TestDb::on(server)),
        _ => Database::Sqlite(SqliteDb::new()),
    };
    let kind = if matches!(database, Database::Postgres(_)) { "postgres" } else { "sqlite" };
    let temporary = tempfile::tempdir().map_err(Error::cannot("make a directory"))?;
    let case = Case { project, kind, database, installed, dir: temporary.path() };
    case.write(Stage::First)?;
    if let Database::Sqlite(db) = &case.database {
        // Several tools open only a file that is there.
        std::fs::write(db.path(), "").map_err(Error::cannot("make a database"))?;
    }
    case.tool("first")?;
    let count = case.adopts_all("after the tool", &[])?;
    if !project.keeps {
        case.rung(&["adopt", "--from", project.name])?;
        case.write(Stage::Later)?;
        case.applies_one()?;
        return Ok(format!("adopted {count}, applied 1"));
    }
    case.rung(&["adopt", "--from", project.name, "--keep-writing"])?;
    case.write(Stage::Later)?;
    case.applies_one()?;
    case.sees_nothing_pending("what rung applied")?;
    if !project.undoes {
        return Ok(format!("adopted {count}, applied 1, and it sees nothing pending"));
    }
    case.rung(&["down"])?;
    case.tool("the one that rung undid")?;
    case.adopts_all("what it applied after rung had undone it", &[])?;
    case.rung(&["adopt", "--from", project.name])?;
    case.sees_nothing_pending("what it applied itself")?;
    Ok(format!("adopted {count}, applied 1 and it saw nothing pending, undid 1 and it applied that, adopted 1"))
}

struct Case<'a> {
    project: &'a Project,
    kind: &'a str,
    database: Database<'a>,
    installed: &'a Installed,
    dir: &'a Path,
}

impl Case<'_> {
    fn write(&self, stage: Stage) -> Result<()> {
        for (path, text) in self.project.files(stage, self.kind) {
            let path = self.dir.join(path);
            let parent = path.parent().ok_or_else(|| Error::new("a file lies in a directory"))?;
            std::fs::create_dir_all(parent).map_err(Error::cannot("make a directory"))?;
            let text = self.database.fill(text, self.installed, self.dir);
            std::fs::write(&path, text).map_err(Error::cannot(format!("write {}", path.display())))?;
        }
        self.project.preparation(self.kind).try_for_each(|command| self.command(command, command))
    }

    /// Runs the tool.
    fn tool(&self, what: &str) -> Result<()> {
        let what = format!("{} applies {what}", self.project.name);
        self.project.commands(self.kind).try_for_each(|command| self.command(command, &what))
    }

    /// Runs a command, perhaps with `> FILE` at its end.
    fn command(&self, command: &str, what: &str) -> Result<()> {
        let (command, file) =
            command.split_once(" > ").map_or((command, None), |(command, file)| (command, Some(file)));
        let mut words = command.split(' ').map(|word| self.database.fill(word, self.installed, self.dir));
        let program = words.next().unwrap_or_default();
        let mut run = Program::new(self.installed.program(&program)).args(words).dir(self.dir);
        run = run.limit(Duration::from_secs(120)).env("PATH", &self.installed.path);
        for (name, value) in self.project.environment(self.kind) {
            run = run.env(name, self.database.fill(value, self.installed, self.dir));
        }
        let run = check(run.run(), what)?;
        let written = file.map_or(Ok(()), |file| std::fs::write(self.dir.join(file), &run.stdout));
        written.map_err(Error::cannot("write what a command prints"))
    }

    fn rung(&self, args: &[&str]) -> Result<Run> {
        let dir = self.dir.join(self.project.dir);
        let program = Program::rung().arg("--url").arg(self.database.url()).arg("--dir").arg(dir);
        let program = program.args(["--format", self.project.name, "--yes"]).args(args).dir(self.dir);
        check(program.run(), &format!("rung {}", args.join(" ")))
    }

    /// Looks at what would be adopted: all that there is, and whatever has a checksum is verified.
    fn adopts_all(&self, when: &str, more: &[&str]) -> Result<usize> {
        let seen = self.rung(&[&["adopt", "--from", self.project.name, "--dry-run"], more].concat())?;
        let lines = || seen.stdout.lines().filter(|line| line.starts_with("  "));
        let applied: Vec<&str> = lines().filter(|line| line.starts_with("  ✓")).collect();
        let is_verified = |line: &&&str| line.contains("checksum verified") || line.contains("recorded already");
        let verified = applied.iter().filter(is_verified).count();
        let wrong = lines().count() != applied.len() || applied.is_empty();
        if wrong || (self.project.checks && verified < applied.len()) {
            return Err(Error::new(format!("{when}, rung adopt says\n{}{}", seen.stdout, seen.stderr)));
        }
        Ok(applied.len())
    }

    fn applies_one(&self) -> Result<()> {
        let seen = self.rung(&["up"])?;
        match seen.stdout.contains("applied 1 migration") {
            true => Ok(()),
            false => Err(Error::new(format!("rung up was to apply one migration, and says\n{}", seen.stdout))),
        }
    }

    /// The tool is run once more: what was applied can't be applied twice, and it writes nothing to its table.
    fn sees_nothing_pending(&self, what: &str) -> Result<()> {
        let rows = format!("SELECT * FROM {} ORDER BY 1", self.project.table);
        let before = self.database.query(&rows)?;
        self.tool(&format!("nothing, after {what}"))?;
        let after = self.database.query(&rows)?;
        match before == after {
            true => Ok(()),
            false => Err(Error::new(format!("{what}: its table changed from\n{before}to\n{after}"))),
        }
    }
}

fn check(run: Run, what: &str) -> Result<Run> {
    match run.code {
        Some(0) => Ok(run),
        _ => Err(Error::new(format!("{what}, and fails\n{}{}", run.stdout, run.stderr))),
    }
}
