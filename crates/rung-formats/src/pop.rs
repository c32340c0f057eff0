//! pop, and Ory's popx: `VERSION_name.up.sql` and `VERSION_name.down.sql`, perhaps for one kind of database
//! (`VERSION_name.postgres.up.sql`) or outside of a transaction (`VERSION_name.autocommit.up.sql`).
//!
//! Facts from pop's `migrator.go`, `match.go` and `file_migrator.go` and popx's `match.go` and `migration_info.go`:
//! folders are looked into; versions are compared as text; a file for this database stands in for one that is for all;
//! whatever has not been applied is; files are templates of Go's, and so are not SQL where they have a `{{`.

use std::collections::HashSet;

use rung_engine::{Hints, MigrationSet, Order, Renumber, Version};
use rung_sql::{Diagnostic, Span};

use crate::LoadOptions;
use crate::files::{File, Files};
use crate::format::{Format, Sign};
use crate::pairs::{self, Found, Part, Rules, Way, without_templates};

pub(crate) struct Pop;

const HINTS: &Hints = &Hints {
    no_transaction: Some("let its name end in `.autocommit.up.sql` (or `.autocommit.down.sql`)"),
    down: Some("write a file of the same version that ends in `.down.sql`"),
    depends: None,
    renumber: Renumber::ByHand,
};

/// What a file's name may call a database, and what rung does; nothing for those that it does not know.
const DATABASES: [(&str, &str); 11] = [
    ("postgres", "postgres"),
    ("postgresql", "postgres"),
    ("pg", "postgres"),
    ("pgx", "postgres"),
    ("sqlite3", "sqlite"),
    ("sqlite", "sqlite"),
    ("mysql", ""),
    ("mariadb", ""),
    ("cockroach", ""),
    ("cockroachdb", ""),
    ("crdb", ""),
];

const AUTOCOMMIT: &str = ".autocommit";

impl Format for Pop {
    fn name(&self) -> &'static str {
        "pop"
    }

    fn recognise(&self, files: &Files) -> Option<Sign> {
        let names = || files.iter().filter_map(|file| Some((file, Name::of(file.base())?)));
        if let Some((file, _)) = names().find(|(file, name)| name.is_fizz || file.base().contains(".autocommit.")) {
            return Some(Sign::sure(format!("there is a file {}", file.name)));
        }
        let (file, _) = names().next()?;
        let mentions = [("database.yml", "dialect"), ("go.mod", "gobuffalo/pop"), ("go.mod", "ory/pop")];
        let sign = Sign::fits(format!("there is a file {}", file.name), files, &mentions);
        // Nobody else has an ending for each kind of database.
        let of_one = names().find(|(_, name)| matches!(name.database, Some(database) if DATABASES.iter().any(|(known, _)| *known == database)));
        Some(of_one.map_or(sign, |(file, _)| Sign::sure(format!("there is a file {}", file.name))))
    }

    fn load(&self, files: &Files, options: &LoadOptions<'_>) -> Result<MigrationSet, Vec<Diagnostic>> {
        let mut found = Found::default();
        let names: Vec<(&File, Name<'_>)> =
            files.iter().filter_map(|file| Some((file, Name::of(file.base())?))).collect();
        let here = options.dialect.name();
        let of_here: HashSet<(&str, Way)> = names
            .iter()
            .filter(|(_, name)| name.known_as() == Some(here))
            .map(|(_, name)| (name.version, name.way))
            .collect();
        for (file, name) in &names {
            if name.is_fizz {
                let what = "is written in fizz, which only pop can run";
                found.errors.push(
                    file.error("fizz-migration", what)
                        .help("`soda generate sql` makes an SQL file; write the SQL there"),
                );
                continue;
            }
            match (name.database, name.known_as()) {
                (Some(database), None) => {
                    found.warnings.push(file.stray(&format!("pop knows no database {database}")));
                    continue;
                }
                (Some(_), Some(other)) if other != here => continue,
                (None, _) if of_here.contains(&(name.version, name.way)) => continue,
                _ => {}
            }
            let version = Version::Text(name.version.into());
            found.parts.push(Part { id: name.id, version, way: name.way, file });
        }
        // A way back that is for all belongs to a way forth that is for another database.
        let ups: HashSet<&str> = found.parts.iter().filter(|part| part.way == Way::Up).map(|part| part.id).collect();
        let elsewhere: HashSet<&str> = names
            .iter()
            .filter(|(_, name)| name.way == Way::Up && !ups.contains(name.id))
            .map(|(_, name)| name.id)
            .collect();
        found.parts.retain(|part| part.way == Way::Up || !elsewhere.contains(part.id));
        let strays = files.iter().filter(|file| file.name.ends_with(".sql") && Name::of(file.base()).is_none());
        found
            .warnings
            .extend(strays.map(|file| file.stray("its name is not VERSION_name.up.sql or VERSION_name.down.sql")));
        let outside = |file: &File, _: &str, _: &Files| {
            Ok(file.base().contains(&format!("{AUTOCOMMIT}.")).then(|| Span::new(0, 0)))
        };
        let rules = Rules { outside, fill: without_templates, ..Rules::plain(HINTS, Order::Any) };
        pairs::load(found, files, &rules, options)
    }
}

/// What `VERSION_name[.database][.autocommit].up.sql` says.
struct Name<'a> {
    version: &'a str,
    id: &'a str,
    database: Option<&'a str>,
    way: Way,
    is_fizz: bool,
}

impl<'a> Name<'a> {
    fn of(base: &'a str) -> Option<Self> {
        let (rest, kind) = base.rsplit_once('.')?;
        let (rest, way) = rest.rsplit_once('.')?;
        let way = match way {
            "up" => Way::Up,
            "down" => Way::Down,
            _ => return None,
        };
        let rest = rest.strip_suffix(AUTOCOMMIT).unwrap_or(rest);
        let (id, database) = rest.split_once('.').map_or((rest, None), |(id, database)| (id, Some(database)));
        let (version, name) = id.split_once('_')?;
        let is_version = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
        let is_word = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let fits = is_version && !name.is_empty() && database.is_none_or(is_word) && matches!(kind, "sql" | "fizz");
        fits.then_some(Self { version, id, database, way, is_fizz: kind == "fizz" })
    }

    /// What rung calls its database; empty for one that only pop knows, `None` where it has none or an unknown one.
    fn known_as(&self) -> Option<&'static str> {
        let database = self.database?;
        DATABASES.iter().find(|(name, _)| *name == database).map(|(_, ours)| *ours)
    }
}
