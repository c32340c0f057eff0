//! A tool and a small project of it, read from a file of its own.
//!
//! First come lines of a key and a value, then files, each below a line `-- PATH --`. `[postgres]` or `[sqlite]` before
//! either is for that database only; `later:` before a path is for what rung applies after it has taken over.

use testkit::{Error, Result};

/// Every tool.
const FILES: &[(&str, &str)] = &[
    ("alembic", include_str!("tools/alembic.txt")),
    ("atlas", include_str!("tools/atlas.txt")),
    ("dbmate", include_str!("tools/dbmate.txt")),
    ("diesel", include_str!("tools/diesel.txt")),
    ("drizzle", include_str!("tools/drizzle.txt")),
    ("flyway", include_str!("tools/flyway.txt")),
    ("golang-migrate", include_str!("tools/golang-migrate.txt")),
    ("goose", include_str!("tools/goose.txt")),
    ("graphile-migrate", include_str!("tools/graphile-migrate.txt")),
    ("liquibase", include_str!("tools/liquibase.txt")),
    ("node-pg-migrate", include_str!("tools/node-pg-migrate.txt")),
    ("postgres-migrations", include_str!("tools/postgres-migrations.txt")),
    ("prisma", include_str!("tools/prisma.txt")),
    ("refinery", include_str!("tools/refinery.txt")),
    ("sqitch", include_str!("tools/sqitch.txt")),
    ("sqlx", include_str!("tools/sqlx.txt")),
    ("supabase", include_str!("tools/supabase.txt")),
    ("tern", include_str!("tools/tern.txt")),
    ("yoyo", include_str!("tools/yoyo.txt")),
];

/// When a file is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// From the beginning.
    First,
    /// After rung has taken over.
    Later,
}

/// What is guarded by a database, or for all of them.
struct For<T> {
    database: Option<&'static str>,
    what: T,
}

impl<T> For<T> {
    fn is(&self, kind: &str) -> bool {
        self.database.is_none_or(|database| database == kind)
    }
}

/// A tool, and what it is tried with.
pub(super) struct Project {
    /// As `rung adopt --from` calls it.
    pub(super) name: &'static str,
    /// `npm dbmate@2.35.0`, ...: what must be there.
    pub(super) needs: Vec<&'static str>,
    pub(super) databases: Vec<&'static str>,
    /// Where its migrations are.
    pub(super) dir: &'static str,
    /// Its history table.
    pub(super) table: &'static str,
    /// Whether rung writes its table along.
    pub(super) keeps: bool,
    /// Whether the last migration can be undone.
    pub(super) undoes: bool,
    /// Whether it keeps checksums.
    pub(super) checks: bool,
    commands: Vec<For<&'static str>>,
    /// What is run for rung, whenever files were added.
    preparation: Vec<For<&'static str>>,
    environment: Vec<For<(&'static str, &'static str)>>,
    files: Vec<For<(Stage, &'static str, String)>>,
}

/// All of them.
pub(super) fn all() -> Result<Vec<Project>> {
    FILES.iter().map(|(name, text)| read(name, text)).collect()
}

fn read(name: &'static str, text: &'static str) -> Result<Project> {
    let mut project = Project {
        name,
        needs: Vec::new(),
        databases: vec!["postgres", "sqlite"],
        dir: "migrations",
        table: "",
        keeps: false,
        undoes: false,
        checks: false,
        commands: Vec::new(),
        preparation: Vec::new(),
        environment: Vec::new(),
        files: Vec::new(),
    };
    for line in text.lines() {
        let wrong = || Error::new(format!("tools/{name}.txt: {line}"));
        if let Some(path) = line.strip_prefix("-- ").and_then(|line| line.strip_suffix(" --")) {
            let (database, path) = guarded(path);
            let (stage, path) = path.strip_prefix("later: ").map_or((Stage::First, path), |path| (Stage::Later, path));
            project.files.push(For { database, what: (stage, path, String::new()) });
            continue;
        }
        if let Some(file) = project.files.last_mut() {
            file.what.2.push_str(line);
            file.what.2.push('\n');
            continue;
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (database, line) = guarded(line);
        let (key, value) = line.split_once(' ').unwrap_or((line, ""));
        match key {
            "needs" => project.needs.push(value),
            "on" => project.databases = value.split(' ').collect(),
            "dir" => project.dir = value,
            "table" => project.table = value,
            "keeps" => project.keeps = true,
            "undoes" => project.undoes = true,
            "checks" => project.checks = true,
            "prepare" => project.preparation.push(For { database, what: value }),
            "run" => project.commands.push(For { database, what: value }),
            "env" => project.environment.push(For { database, what: value.split_once('=').ok_or_else(wrong)? }),
            _ => return Err(wrong()),
        }
    }
    Ok(project)
}

fn guarded(text: &'static str) -> (Option<&'static str>, &'static str) {
    let guard = ["postgres", "sqlite"].into_iter().find_map(|kind| {
        let rest = text.strip_prefix('[')?.strip_prefix(kind)?.strip_prefix("] ")?;
        Some((Some(kind), rest))
    });
    guard.unwrap_or((None, text))
}

impl Project {
    pub(super) fn commands(&self, kind: &str) -> impl Iterator<Item = &'static str> {
        self.commands.iter().filter(move |command| command.is(kind)).map(|command| command.what)
    }

    pub(super) fn preparation(&self, kind: &str) -> impl Iterator<Item = &'static str> {
        self.preparation.iter().filter(move |command| command.is(kind)).map(|command| command.what)
    }

    pub(super) fn environment(&self, kind: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.environment.iter().filter(move |variable| variable.is(kind)).map(|variable| variable.what)
    }

    pub(super) fn files(&self, stage: Stage, kind: &str) -> impl Iterator<Item = (&str, &str)> {
        let files = self.files.iter().filter(move |file| file.is(kind) && file.what.0 == stage);
        files.map(|file| (file.what.1, file.what.2.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_says_how_it_is_had_and_run() {
        for project in all().unwrap() {
            assert!(!project.needs.is_empty(), "{}", project.name);
            for kind in &project.databases {
                assert!(project.commands(kind).count() > 0, "{} on {kind}", project.name);
                for stage in [Stage::First, Stage::Later] {
                    assert!(project.files(stage, kind).count() > 0, "{} on {kind}: {stage:?}", project.name);
                }
            }
        }
    }
}
