//! The ways to name a place in the order: `005`, `005_add_teams`, a tag, `+2`, `-1`, `head`, `0`.

use rung_sql::{Diagnostic, closest};

use crate::history::History;
use crate::model::MigrationSet;
use crate::plan::{PlanError, PlanErrorKind};
use crate::record::Tag;
use crate::version::Version;

/// A place in the order, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The newest migration there is.
    Head,
    /// Before the first migration.
    Zero,
    /// So many further than now.
    Forward(usize),
    /// So many back from now.
    Back(usize),
    /// A migration.
    Id(String),
}

impl Target {
    /// Reads what was typed: `head`, `latest`; `0`, `base`, `zero`; `+2`; `-1`; an id, with or without `.sql`; a
    /// version, with or without zeros; a tag; the unambiguous beginning of an id.
    ///
    /// # Errors
    /// Nothing has this name, or more than one migration has; with "did you mean".
    pub fn parse(text: &str, set: &MigrationSet, history: &History, tags: &[Tag]) -> Result<Self, PlanError> {
        match text {
            "head" | "heads" | "latest" | "@head" => return Ok(Self::Head),
            "base" | "zero" => return Ok(Self::Zero),
            _ => {}
        }
        if let Some(count) = text.strip_prefix('+').and_then(|count| count.parse().ok()) {
            return Ok(Self::Forward(count));
        }
        if let Some(count) = text.strip_prefix('-').and_then(|count| count.parse().ok()) {
            return Ok(Self::Back(count));
        }
        let wanted = text.strip_suffix(".sql").unwrap_or(text);
        if set.get(wanted).is_some() || history.get(wanted).is_some() {
            return Ok(Self::Id(wanted.to_owned()));
        }
        if let Some(tag) = tags.iter().find(|tag| tag.name == wanted) {
            return Ok(Self::Id(tag.migration_id.clone()));
        }
        let digits = !wanted.is_empty() && wanted.bytes().all(|b| b.is_ascii_digit());
        if digits && wanted.bytes().all(|b| b == b'0') {
            return Ok(Self::Zero);
        }
        let mut ids: Vec<&str> =
            set.iter().map(|m| m.id.as_str()).chain(history.iter().map(|r| r.id.as_str())).collect();
        ids.sort_unstable();
        ids.dedup();
        let is_typed = |id: &str| match set.get(id) {
            Some(migration) => migration.version.is_typed(wanted),
            None => Version::of(id).is_some_and(|version| version.is_typed(wanted)),
        };
        let mut same_version: Vec<&str> = ids.iter().copied().filter(|id| is_typed(id)).collect();
        if same_version.len() > 1 {
            // A baseline has the number of the last that it stands for: where that is applied, that one is meant.
            let is_stood_for = |id: &&str| {
                let replaces = set.get(id).map(|migration| migration.replaces.as_slice()).unwrap_or_default();
                !history.is_done(id) && replaces.iter().any(|replaced| history.is_done(&replaced.id))
            };
            same_version.retain(|id| !is_stood_for(id));
        }
        let candidates = if !same_version.is_empty() {
            same_version
        } else if wanted.is_empty() {
            Vec::new()
        } else {
            ids.iter().copied().filter(|id| id.starts_with(wanted)).collect()
        };
        match candidates.as_slice() {
            [only] => return Ok(Self::Id((*only).to_owned())),
            [] => {}
            several => {
                let diagnostic =
                    Diagnostic::error("ambiguous-target", format!("{text} may be any of {}", several.join(", ")))
                        .help("write the whole id");
                return Err(PlanError::new(PlanErrorKind::Usage, diagnostic));
            }
        }
        let mut diagnostic =
            Diagnostic::error("unknown-target", format!("no migration, version or tag is called {text}"));
        let without_number = ids.iter().find(|id| id.split_once('_').is_some_and(|(_, name)| name == wanted));
        let names = ids.iter().copied().chain(tags.iter().map(|tag| tag.name.as_str()));
        diagnostic = match without_number.copied().or_else(|| closest(wanted, names)) {
            Some(near) => diagnostic.help(format!("did you mean {near}?")),
            None => diagnostic.help("see `rung status` for the ids there are"),
        };
        Err(PlanError::new(PlanErrorKind::Usage, diagnostic))
    }
}
