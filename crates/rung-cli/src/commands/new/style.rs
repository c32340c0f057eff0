//! How a project writes its migrations, from the newest one.

use std::fs;
use std::path::{Path, PathBuf};

use super::template::{Like, Template};

/// Where what undoes a migration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Style {
    /// In a `-- @down` section of the same file.
    #[default]
    Sections,
    /// In a `-- ROLLBACK:` comment.
    Comment,
    /// In `rollback-NNN.sql`.
    Rollback,
    /// In `NNN_name.down.sql` beside `NNN_name.sql`.
    Down,
    /// In `NNN_name.down.sql` beside `NNN_name.up.sql`.
    Pair,
    /// In `NNN_name/down.sql`.
    Folder,
}

/// The style of a migration, and what its header looks like; `None` where its file is no text.
pub(super) fn of(dirs: &[PathBuf], stem: &str) -> Option<(Style, Like)> {
    let number = stem.split('_').next()?;
    dirs.iter().find_map(|dir| {
        let read = |name: String| fs::read_to_string(dir.join(name)).ok();
        let is_there = |name: String| dir.join(name).is_file();
        if let Some(text) = read(format!("{stem}/up.sql")) {
            return Some((Style::Folder, Like::of(&text)));
        }
        if let Some(text) = read(format!("{stem}.up.sql")) {
            return Some((Style::Pair, Like::of(&text)));
        }
        let text = read(format!("{stem}.sql"))?;
        let style = if is_there(format!("{stem}.down.sql")) {
            Style::Down
        } else if is_there(format!("rollback-{number}.sql")) {
            Style::Rollback
        } else if has_comment(&text) {
            Style::Comment
        } else {
            Style::Sections
        };
        Some((style, Like::of(&text)))
    })
}

/// Whether a file has a `ROLLBACK:` comment with something behind it, and no sections.
fn has_comment(text: &str) -> bool {
    let lines = || text.lines().filter_map(|line| line.trim_start().strip_prefix("--")).map(str::trim);
    let sections = lines().any(|line| line.starts_with("@up") || line.starts_with("@down"));
    !sections && lines().any(|line| line.to_lowercase().starts_with("rollback:"))
}

impl Style {
    /// The files of a new migration.
    pub(super) fn files(self, dir: &Path, number: &str, id: &str, template: &Template<'_>) -> Vec<(PathBuf, String)> {
        let apart =
            |up: String, down: String| vec![(dir.join(up), template.up_only()), (dir.join(down), template.down_only())];
        match self {
            Self::Sections => vec![(dir.join(format!("{id}.sql")), template.sections())],
            Self::Comment => vec![(dir.join(format!("{id}.sql")), template.with_comment())],
            Self::Rollback => apart(format!("{id}.sql"), format!("rollback-{number}.sql")),
            Self::Down => apart(format!("{id}.sql"), format!("{id}.down.sql")),
            Self::Pair => apart(format!("{id}.up.sql"), format!("{id}.down.sql")),
            Self::Folder => apart(format!("{id}/up.sql"), format!("{id}/down.sql")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_migration_looks_like_the_newest() {
        let style = |files: &[(&str, &str)]| {
            let dir = tempfile::tempdir().unwrap();
            for (name, text) in files {
                let path = dir.path().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            of(&[dir.path().to_owned()], "001_a").map(|(style, _)| style)
        };
        assert_eq!(style(&[("001_a.sql", "-- @up\nSELECT 1;")]), Some(Style::Sections));
        assert_eq!(style(&[("001_a.sql", "SELECT 1;\n-- ROLLBACK: SELECT 2;")]), Some(Style::Comment));
        assert_eq!(style(&[("001_a.sql", ""), ("rollback-001.sql", "")]), Some(Style::Rollback));
        assert_eq!(style(&[("001_a.sql", ""), ("001_a.down.sql", "")]), Some(Style::Down));
        assert_eq!(style(&[("001_a.up.sql", ""), ("001_a.down.sql", "")]), Some(Style::Pair));
        assert_eq!(style(&[("001_a/up.sql", ""), ("001_a/down.sql", "")]), Some(Style::Folder));
        assert_eq!(style(&[]), None);
    }
}
