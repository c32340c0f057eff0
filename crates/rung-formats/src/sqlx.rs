//! sqlx: `VERSION_name.sql`, or `VERSION_name.up.sql` and `VERSION_name.down.sql`.
//!
//! Facts from its `sqlx-core/src/migrate/source.rs` and `config/migrate.rs`: a file whose first bytes are
//! `-- no-transaction` is run outside of one; a name with `_` whose version is no integer is an error; whatever has not been
//! applied is; characters that `sqlx.toml` says to ignore are no part of a checksum.

use rung_engine::{Hints, MigrationSet, Order, Renumber};
use rung_sql::{Diagnostic, SourceFile, Span};
use sha2::{Digest as _, Sha384};
use toml_edit::Document;

use crate::LoadOptions;
use crate::files::Files;
use crate::format::{Format, Sign};
use crate::pairs::{self, Found, Part, Rules, Way, numbered};

pub(crate) struct Sqlx;

const HINTS: &Hints = &Hints {
    no_transaction: Some("begin the file with the line `-- no-transaction`"),
    down: Some("write a file of the same number that ends in `.down.sql`, and let this one end in `.up.sql`"),
    depends: None,
    renumber: Renumber::ByHand,
};

const MARK: &str = "-- no-transaction";

impl Format for Sqlx {
    fn name(&self) -> &'static str {
        "sqlx"
    }

    fn recognise(&self, files: &Files) -> Option<Sign> {
        let file = files.at_top(".sql").find(|file| numbered(&file.name).is_some())?;
        let why = format!("there is a file {}", file.name);
        Some(Sign::fits(why, files, &[(".sqlx", ""), ("sqlx.toml", ""), ("Cargo.toml", "sqlx")]))
    }

    fn load(&self, files: &Files, options: &LoadOptions<'_>) -> Result<MigrationSet, Vec<Diagnostic>> {
        let mut found = Found::default();
        for file in files.at_top(".sql") {
            let (id, way) = Way::split(&file.name).unwrap_or((file.name.trim_end_matches(".sql"), Way::Up));
            match numbered(&file.name) {
                Some(version) => found.parts.push(Part { id, version, way, file }),
                None if file.name.contains('_') => {
                    let error = file.error("no-version", "has no whole number before its first `_`");
                    found.errors.push(error.help("name it e.g. 20240131120000_users.sql, or move it elsewhere"));
                }
                None => found.warnings.push(file.stray("its name has no `_`")),
            }
        }
        let outside = |_: &_, text: &str, _: &_| Ok(text.starts_with(MARK).then(|| Span::new(0, MARK.len())));
        let ignored = ignored(files)?;
        let mut rules = Rules { outside, ..Rules::plain(HINTS, Order::Any) };
        if !ignored.is_empty() {
            rules.checksum = Some(Box::new(move |source: &SourceFile| {
                let text = String::from_utf8_lossy(&source.bytes()).replace(ignored.as_slice(), "");
                Sha384::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
            }));
        }
        pairs::load(found, files, &rules, options)
    }
}

/// `ignored-chars` of the `sqlx.toml` nearby: what is no part of a checksum.
fn ignored(files: &Files) -> Result<Vec<char>, Vec<Diagnostic>> {
    let Some(path) = files.nearby("sqlx.toml") else { return Ok(Vec::new()) };
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let document = Document::parse(text.as_str()).map_err(|wrong| {
        let message = format!("{} can't be read: {}", path.display(), wrong.message().trim());
        vec![Diagnostic::error("sqlx-config", message).help("mend it; rung reads `ignored-chars` of it")]
    })?;
    let listed = document.get("migrate").and_then(|migrate| migrate.get("ignored-chars")?.as_array());
    let texts = listed.into_iter().flatten().filter_map(|value| value.as_str());
    Ok(texts.flat_map(str::chars).collect())
}
