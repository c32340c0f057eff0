//! What stands in a new migration file.

use std::fmt::Write as _;

use rung::sql::MigrationType;

/// What to write a new migration from.
pub(super) struct Template<'a> {
    pub(super) id: &'a str,
    /// The name as it was typed.
    pub(super) words: &'a str,
    pub(super) kind: Option<MigrationType>,
    pub(super) depends_on: &'a [String],
    pub(super) like: &'a Like,
    /// What stands in it, where that is known.
    pub(super) written: Option<&'a Written>,
}

/// What stands in a new migration.
pub(super) struct Written {
    /// Lines such as `-- @no-transaction`.
    pub(super) directives: &'static str,
    pub(super) up: String,
    /// Queries with one true value each; empty where there is nothing to ask.
    pub(super) verify: String,
    /// Empty where there is no way back.
    pub(super) down: String,
}

/// What the headers of a project look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Like {
    /// Whether a header names the migration.
    id: bool,
    /// `Description` or `Purpose`.
    description: &'static str,
    /// `Depends on`, `Dependencies` or `Requires`.
    depends_on: &'static str,
}

impl Default for Like {
    fn default() -> Self {
        Self { id: true, description: "Description", depends_on: "Depends on" }
    }
}

impl Like {
    /// The header of a file.
    pub(super) fn of(text: &str) -> Self {
        let keys: Vec<String> = text
            .lines()
            .take(40)
            .filter_map(|line| line.trim_start().strip_prefix("--")?.split_once(':'))
            .map(|(key, _)| key.trim().to_lowercase())
            .collect();
        let has = |key: &str| keys.iter().any(|known| known == key);
        if keys.is_empty() {
            return Self::default();
        }
        Self {
            id: has("migration"),
            description: if has("purpose") { "Purpose" } else { "Description" },
            depends_on: match (has("dependencies"), has("requires")) {
                (true, _) => "Dependencies",
                (_, true) => "Requires",
                _ => "Depends on",
            },
        }
    }
}

impl Template<'_> {
    fn header(&self) -> String {
        let mut text = String::new();
        let name = self.id.split_once('_').map_or(self.id, |(_, name)| name);
        let description = if self.words.contains(' ') { self.words.to_owned() } else { name.replace('_', " ") };
        // Writing to a String does not fail.
        if self.like.id {
            let _ = writeln!(text, "-- Migration: {}", self.id);
        }
        let _ = writeln!(text, "-- {}: {}", self.like.description, capitalised(&description));
        if let Some(kind) = self.kind {
            let _ = writeln!(text, "-- Type: {kind}");
        }
        if !self.depends_on.is_empty() {
            let _ = writeln!(text, "-- {}: [{}]", self.like.depends_on, self.depends_on.join(", "));
        }
        text.push_str(self.written.map_or("", |written| written.directives));
        text
    }

    /// What it does: SQL where the name says enough, else an example to write over.
    fn up(&self) -> String {
        if let Some(written) = self.written {
            return written.up.clone();
        }
        let table = self.table();
        match self.kind {
            Some(MigrationType::CreateTable) => format!(
                "CREATE TABLE {table} (\n    id ${{identity}},\n    created_at ${{timestamptz}} NOT NULL DEFAULT ${{now}}\n);\n"
            ),
            Some(MigrationType::AlterTable) => "-- ALTER TABLE ... ADD COLUMN ...;\n".to_owned(),
            Some(MigrationType::DropTable) => "-- DROP TABLE ...;\n".to_owned(),
            Some(MigrationType::CreateIndex) => "-- CREATE INDEX ... ON ... (...);\n".to_owned(),
            Some(MigrationType::DropIndex) => "-- DROP INDEX ...;\n".to_owned(),
            Some(MigrationType::InsertData) => "-- INSERT INTO ... VALUES (...);\n".to_owned(),
            Some(MigrationType::UpdateData) => "-- UPDATE ... SET ... WHERE ...;\n".to_owned(),
            Some(MigrationType::DeleteData) => "-- DELETE FROM ... WHERE ...;\n".to_owned(),
            Some(MigrationType::CustomSql) | None => String::new(),
        }
    }

    /// Checks: of rows that are changed, as that is what a schema can't show to be right; of what is worth a look.
    fn verify(&self) -> String {
        if let Some(written) = self.written {
            return if written.verify.is_empty() { String::new() } else { format!("-- @verify\n{}\n", written.verify) };
        }
        match self.kind {
            Some(MigrationType::InsertData | MigrationType::UpdateData | MigrationType::DeleteData) => {
                "-- @verify\n-- SELECT count(*) = 0 FROM ... WHERE ...;\n\n".to_owned()
            }
            _ => String::new(),
        }
    }

    /// What undoes it; empty where the name does not say.
    fn down(&self) -> String {
        if let Some(written) = self.written {
            return written.down.clone();
        }
        match self.kind {
            Some(MigrationType::CreateTable) => format!("DROP TABLE {};\n", self.table()),
            _ => String::new(),
        }
    }

    /// All in one file, in sections.
    pub(super) fn sections(&self) -> String {
        format!("{}\n-- @up\n{}\n{}-- @down\n{}", self.header(), self.up(), self.verify(), self.down())
    }

    /// All in one file, with the way back in a comment.
    pub(super) fn with_comment(&self) -> String {
        let mut text = format!("{}\n{}\n-- ROLLBACK:\n", self.header(), self.up());
        for line in self.down().lines() {
            let _ = writeln!(text, "-- {line}");
        }
        text
    }

    /// The way there alone.
    pub(super) fn up_only(&self) -> String {
        format!("{}\n{}", self.header(), self.up())
    }

    /// The way back alone.
    pub(super) fn down_only(&self) -> String {
        format!("-- Undoes {}\n\n{}", self.id, self.down())
    }

    /// The table that a name speaks of: `create_users_table` is about `users`.
    fn table(&self) -> &str {
        let name = self.id.split_once('_').map_or(self.id, |(_, name)| name);
        let name = name.strip_prefix("create_").unwrap_or(name);
        name.strip_suffix("_table").unwrap_or(name)
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rung::Migrator;

    use super::*;

    fn template<'a>(id: &'a str, kind: Option<MigrationType>, like: &'a Like) -> Template<'a> {
        Template { id, words: "create_users", kind, depends_on: &[], like, written: None }
    }

    #[test]
    fn a_new_table_can_be_applied_and_undone_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let like = Like::default();
        let text = template("001_create_users", Some(MigrationType::CreateTable), &like).sections();
        fs::write(dir.path().join("001_create_users.sql"), text).unwrap();
        let mut migrator = Migrator::from_dir(dir.path()).connect("sqlite::memory:").unwrap();
        assert_eq!(migrator.up().unwrap().steps.len(), 1);
        assert_eq!(migrator.down(1).unwrap().steps.len(), 1);
    }

    #[test]
    fn every_type_in_every_style_can_be_read() {
        let like = Like::default();
        let kinds = MigrationType::ALL.into_iter().map(Some).chain([None]);
        for (at, kind) in kinds.enumerate() {
            let dir = tempfile::tempdir().unwrap();
            let id = format!("{:03}_create_users", at + 1);
            let template = template(&id, kind, &like);
            for text in [template.sections(), template.with_comment(), template.up_only()] {
                fs::write(dir.path().join(format!("{id}.sql")), text).unwrap();
                let migrator = Migrator::from_dir(dir.path()).connect("sqlite::memory:").unwrap();
                assert_eq!(migrator.set().iter().next().unwrap().declared_type, kind);
            }
        }
    }

    #[test]
    fn a_way_back_that_is_not_written_yet_is_none() {
        let like = Like::default();
        let dir = tempfile::tempdir().unwrap();
        for style in [Template::sections, Template::with_comment] {
            let text = style(&template("001_cleanup", Some(MigrationType::CustomSql), &like));
            fs::write(dir.path().join("001_cleanup.sql"), text).unwrap();
            let mut migrator = Migrator::from_dir(dir.path()).connect("sqlite::memory:").unwrap();
            migrator.up().unwrap();
            assert!(migrator.down(1).is_err());
        }
    }

    #[test]
    fn the_header_is_like_those_there_are() {
        let like = Like::of("-- Purpose: x\n-- Dependencies: [001_a]\n");
        let depends_on = ["001_a".to_owned()];
        let template = Template { depends_on: &depends_on, words: "add a thing", ..template("002_b", None, &like) };
        assert_eq!(template.header(), "-- Purpose: Add a thing\n-- Dependencies: [001_a]\n");
    }
}
