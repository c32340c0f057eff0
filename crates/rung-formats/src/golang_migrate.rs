//! golang-migrate: `VERSION_name.up.sql` and `VERSION_name.down.sql`, each sent whole, or in
//! pieces with `x-multi-statement`, without which one that has `CREATE INDEX CONCURRENTLY` beside others can't be run.
//!
//! Facts from its `source/parse.go`, `migrate.go` and `database/postgres/postgres.go`: an ending may be any, and a
//! version that has only a way down is counted. It passes in silence over what is pending below the newest applied
//! migration, and over what has no way down; both are refused here, as in rung's own format.

use rung_engine::{Hints, MigrationSet, Order, Renumber, Version};
use rung_sql::Diagnostic;

use crate::LoadOptions;
use crate::files::Files;
use crate::format::{Format, Sign};
use crate::pairs::{self, Found, LoneDown, Mixed, Part, Rules, Way, numbered};

pub(crate) struct GolangMigrate;

const HINTS: &Hints = &Hints {
    no_transaction: None,
    down: Some("write a file of the same number that ends in `.down.sql`"),
    depends: None,
    renumber: Renumber::ByHand,
};

impl Format for GolangMigrate {
    fn name(&self) -> &'static str {
        "golang-migrate"
    }

    fn recognise(&self, files: &Files) -> Option<Sign> {
        let file = files.at_top(".sql").find(|file| split(&file.name).is_some())?;
        Some(Sign::fits(format!("there is a file {}", file.name), files, &[("go.mod", "golang-migrate/migrate")]))
    }

    fn load(&self, files: &Files, options: &LoadOptions<'_>) -> Result<MigrationSet, Vec<Diagnostic>> {
        let mut found = Found::default();
        for file in files.iter().filter(|file| file.is_at_top()) {
            match split(&file.name) {
                Some((id, version, way)) => found.parts.push(Part { id, version, way, file }),
                None if file.name.ends_with(".sql") => {
                    found.warnings.push(file.stray("its name is not NUMBER_name.up.sql or NUMBER_name.down.sql"));
                }
                None => {}
            }
        }
        let rules = Rules { lone_down: LoneDown::Counts, mixed: Mixed::OneByOne, ..Rules::plain(HINTS, Order::Strict) };
        pairs::load(found, files, &rules, options)
    }
}

/// The id, the version and the way of a name such as `1_x.up.sql`. Of several ways in a name, the last counts.
fn split(name: &str) -> Option<(&str, Version, Way)> {
    let version = numbered(name)?;
    let ways = [(".up.", Way::Up), (".down.", Way::Down)];
    let (at, way) =
        ways.into_iter().filter_map(|(mark, way)| Some((name.rfind(mark)?, way))).max_by_key(|(at, _)| *at)?;
    Some((&name[..at], version, way))
}
