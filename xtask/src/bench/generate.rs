//! Migrations by the thousand.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use testkit::{Error, Result};

/// What a generated migration does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A table, an index and a comment: the work of PostgreSQL's that a benchmark is to be measured against.
    Postgres,
    /// A table and an index.
    Sqlite,
    /// One row in a table that the first one makes: where only the number of migrations counts.
    Row,
}

/// The same migrations in the layouts of several tools, in a temporary directory.
pub(crate) struct Generated {
    dir: TempDir,
    count: usize,
    shape: Shape,
}

impl Generated {
    pub(crate) fn new(count: usize, shape: Shape) -> Result<Self> {
        let dir = tempfile::tempdir().map_err(Error::cannot("make a temporary directory"))?;
        let generated = Generated { dir, count, shape };
        for number in 1..=count {
            write(&generated.migrations().join(file_name(number)), &sql(number, shape))?;
        }
        Ok(generated)
    }

    /// A place for other files.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A directory of plain SQL files, as rung and sqlx read them.
    pub(crate) fn migrations(&self) -> PathBuf {
        self.dir.path().join("migrations")
    }

    /// One script for psql or the sqlite3 shell with a transaction for each file, after `preamble`.
    pub(crate) fn script(&self, preamble: &str) -> Result<PathBuf> {
        let mut script = preamble.to_owned();
        for number in 1..=self.count {
            script.push_str(&format!("BEGIN;\n{}COMMIT;\n", sql(number, self.shape)));
        }
        let path = self.dir.path().join("all.sql");
        write(&path, &script)?;
        Ok(path)
    }

    /// The text of each file.
    pub(crate) fn texts(&self) -> Vec<String> {
        (1..=self.count).map(|number| sql(number, self.shape)).collect()
    }

    /// A directory as dbmate reads it.
    pub(crate) fn dbmate(&self) -> Result<PathBuf> {
        let dir = self.dir.path().join("dbmate");
        for number in 1..=self.count {
            let text = format!("-- migrate:up\n{}\n-- migrate:down\n", sql(number, self.shape));
            write(&dir.join(file_name(number)), &text)?;
        }
        Ok(dir)
    }

    /// A directory as diesel reads it.
    pub(crate) fn diesel(&self) -> Result<PathBuf> {
        let dir = self.dir.path().join("diesel");
        for number in 1..=self.count {
            let migration = dir.join(format!("{number:05}_t"));
            write(&migration.join("up.sql"), &sql(number, self.shape))?;
            write(&migration.join("down.sql"), "")?;
        }
        Ok(dir)
    }
}

fn file_name(number: usize) -> String {
    format!("{number:05}_create_t{number}.sql")
}

fn sql(number: usize, shape: Shape) -> String {
    let table = format!(
        "CREATE TABLE t{number} (id bigint PRIMARY KEY, name text NOT NULL, created_at timestamp NOT NULL, total integer);\n\
         CREATE INDEX t{number}_name ON t{number} (name);\n"
    );
    match shape {
        Shape::Postgres => format!("{table}COMMENT ON TABLE t{number} IS 'table number {number}';\n"),
        Shape::Sqlite => table,
        Shape::Row if number == 1 => "CREATE TABLE t1 (number integer NOT NULL);\n".to_owned(),
        Shape::Row => format!("INSERT INTO t1 VALUES ({number});\n"),
    }
}

pub(super) fn write(path: &Path, text: &str) -> Result<()> {
    let done = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, text));
    done.map_err(Error::cannot(format!("write {}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_layouts_do_the_same() {
        let generated = Generated::new(3, Shape::Sqlite).unwrap();
        let db = testkit::SqliteDb::new();
        for text in generated.texts() {
            db.query(&text);
        }
        let scripted = testkit::SqliteDb::new();
        scripted.query(&fs::read_to_string(generated.script("").unwrap()).unwrap());
        assert_eq!(db.dump(), scripted.dump());
        assert_eq!(db.dump().lines().count(), 6, "three tables with an index each:\n{}", db.dump());
        let files = |dir: PathBuf| fs::read_dir(dir).unwrap().count();
        assert_eq!(files(generated.migrations()), 3);
        assert_eq!(files(generated.dbmate().unwrap()), 3);
        assert_eq!(files(generated.diesel().unwrap()), 3);
    }
}
