//! refinery: `V1__name.sql`, in order, and `U1__name.sql`, which may come late; folders are looked into.
//!
//! Facts from its `refinery_core/src/util.rs` and `traits/mod.rs`: a version is a whole number, though the pattern of
//! names allows `1.2`; V and U share their numbers.

use rung_engine::{Hints, MigrationSet, Order, Renumber, Version};
use rung_sql::Diagnostic;

use crate::LoadOptions;
use crate::files::Files;
use crate::format::{Format, Sign};
use crate::pairs::{self, Found, Part, Rules, Way};

pub(crate) struct Refinery;

const HINTS: &Hints = &Hints { no_transaction: None, down: None, depends: None, renumber: Renumber::ByHand };

impl Format for Refinery {
    fn name(&self) -> &'static str {
        "refinery"
    }

    fn recognise(&self, files: &Files) -> Option<Sign> {
        let fits =
            |base: &str| base.ends_with(".sql") && split(base).is_some_and(|version| version.parse::<i64>().is_ok());
        let file = files.iter().find(|file| fits(file.base()))?;
        Some(Sign::fits(
            format!("there is a file {}", file.name),
            files,
            &[("refinery.toml", ""), ("Cargo.toml", "refinery")],
        ))
    }

    fn load(&self, files: &Files, options: &LoadOptions<'_>) -> Result<MigrationSet, Vec<Diagnostic>> {
        let mut found = Found::default();
        for file in files.iter() {
            let Some((id, kind)) = file.base().rsplit_once('.') else { continue };
            match (kind, split(file.base())) {
                ("sql", Some(version)) => match Version::number_of(version) {
                    Some(version) => found.parts.push(Part { id, version, way: Way::Up, file }),
                    None => {
                        let error =
                            file.error("no-version", &format!("has a version that is no whole number: {version}"));
                        found.errors.push(error.help("give it a whole number"));
                    }
                },
                ("sql", None) => found.warnings.push(file.stray("its name is not V1__name.sql or U1__name.sql")),
                ("rs", Some(_)) => found.errors.push(
                    file.error("rust-migration", "is a migration in Rust, which only a program can run")
                        .help("write what it does as an SQL file of the same number"),
                ),
                _ => {}
            }
        }
        let order = |id: &str| if id.starts_with('U') { Order::Any } else { Order::Strict };
        pairs::load(found, files, &Rules { order, ..Rules::plain(HINTS, Order::Strict) }, options)
    }
}

/// The version of `V1__name.sql` or `U1__name.sql`.
fn split(base: &str) -> Option<&str> {
    let (version, name) = base.strip_prefix(['V', 'U'])?.split_once("__")?;
    let (name, _) = name.rsplit_once('.')?;
    let is_word = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_version = version.split_once('.').map_or(is_number(version), |(a, b)| is_number(a) && is_number(b));
    (is_word && is_version).then_some(version)
}
