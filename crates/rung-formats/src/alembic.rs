//! Alembic: a graph of revisions in Python, read without running them. What a revision does is taken from what
//! `alembic upgrade head --sql` and `alembic downgrade head:base --sql` print, in files beside it, or from its
//! `op.execute("...")` lines where it has no others.
//!
//! Facts from its `script/base.py`, `script/revision.py` and `runtime/migration.py`: revisions are in one folder, and in
//! those within it only where `alembic.ini` says so.

mod graph;
mod printed;

use std::collections::BTreeMap;
use std::sync::Arc;

use rung_engine::{Dialect, Hints, MigrationSet, Order, Renumber, Version};
use rung_sql::{Diagnostic, SourceFile, Span, Spanned};

use crate::LoadOptions;
use crate::files::{File, Files};
use crate::format::{Format, Sign};
use crate::migration::{Outcome, Sorting, checked, journalled_where_needed, lines, migration, read_each};
use crate::python::{self, Body};
use graph::{resolve, sort};
use printed::Printed;

pub(crate) struct Alembic;

const HINTS: &Hints = &Hints {
    no_transaction: Some("put it into `with op.get_context().autocommit_block():`"),
    down: Some(
        "write its `downgrade()`, then `alembic downgrade head:base --sql > downgrade.sql` beside the revisions",
    ),
    depends: Some("`down_revision` or `depends_on`"),
    renumber: Renumber::ByHand,
};

/// SQLAlchemy takes `:name` for a parameter, and `\:` for a colon.
const COLONS: [(&str, &str); 2] = [("\\\\:", ":"), ("\\:", ":")];

const PRINTED: &str = "let Alembic print them beside the revisions: `alembic upgrade head --sql > upgrade.sql` and `alembic downgrade head:base --sql > downgrade.sql`; rung reads what belongs to each revision";

impl Format for Alembic {
    fn name(&self) -> &'static str {
        "alembic"
    }

    fn recognise(&self, files: &Files) -> Option<Sign> {
        let python = files.iter().filter(|file| file.name.ends_with(".py")).take(16);
        let is_revision =
            |file: &&File| file.source().is_ok_and(|source| python::assigned(source.text(), "down_revision").is_some());
        let file = python.into_iter().find(is_revision)?;
        Some(Sign::sure(format!("{} has a down_revision", file.name)))
    }

    fn load(&self, files: &Files, options: &LoadOptions<'_>) -> Result<MigrationSet, Vec<Diagnostic>> {
        let (mut revisions, mut warnings, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        let is_looked_into = folders(files);
        for file in files.iter().filter(|file| file.name.ends_with(".py")) {
            match Revision::read(file) {
                Ok(Some(_)) if !is_looked_into(file) => {
                    let why = "Alembic looks into this folder only with `recursive_version_locations = true`";
                    warnings.push(file.stray(why));
                }
                Ok(revision) => revisions.extend(revision),
                Err(_) if !is_looked_into(file) => {}
                Err(found) => errors.extend(found),
            }
        }
        let printed = Printed::read(files, options.dialect)?;
        let order = sort(&revisions).map_err(|found| errors.extend(found)).unwrap_or_default();
        let items: Vec<&Revision> = order.iter().map(|at| &revisions[*at]).collect();
        let ids: BTreeMap<&str, &Revision> =
            revisions.iter().map(|revision| (revision.id.as_str(), revision)).collect();
        read_each(&items, Sorting::AsGiven, warnings, errors, |revision| {
            revision.migration(&ids, &printed, options.dialect)
        })
    }
}

/// Whether revisions are looked for where a file is: in the directory itself or its `versions`, as far as either has any,
/// and in all folders where `alembic.ini` says so.
fn folders(files: &Files) -> impl Fn(&File) -> bool {
    let ini = files.nearby("alembic.ini").and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    let is_set = |(_, line): (Span, &str)| {
        let value = line.strip_prefix("recursive_version_locations")?.trim_start().strip_prefix('=')?;
        Some(value.trim().eq_ignore_ascii_case("true"))
    };
    let is_recursive = lines(&ini).find_map(is_set).unwrap_or(false);
    let folder = |file: &File| file.name.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let has_some = |file: &&File| file.name.ends_with(".py") && matches!(Revision::read(file), Ok(Some(_)));
    let usual = |name: &str| files.iter().filter(|file| folder(file) == name).any(|file| has_some(&file));
    let only = ["", "versions"].into_iter().find(|name| usual(name)).filter(|_| !is_recursive);
    move |file| only.is_none_or(|only| folder(file) == only)
}

/// A revision.
struct Revision {
    source: Arc<SourceFile>,
    id: String,
    /// Where its id is set.
    span: Span,
    /// What it follows and what it depends on besides, as it is written.
    follows: Vec<String>,
    needs: Vec<String>,
    after_span: Span,
    labels: Vec<String>,
}

impl Revision {
    fn read(file: &File) -> Result<Option<Self>, Vec<Diagnostic>> {
        let source = file.source()?;
        let text = source.text();
        let value = |name: &str| python::assigned(text, name);
        let (Some((id, span)), Some((down, after_span))) = (value("revision"), value("down_revision")) else {
            let is_meant = text.lines().any(|line| line.starts_with("down_revision"));
            if !is_meant {
                return Ok(None);
            }
            let error = file.error("alembic", "has a revision or down_revision that is no literal");
            return Err(vec![error.help("write the ids as texts in quotes")]);
        };
        let Some(id) = id.first() else { return Ok(None) };
        let own = |name: &str| {
            value(name).map_or_else(Vec::new, |(values, _)| values.into_iter().map(str::to_owned).collect())
        };
        let follows = down.into_iter().map(str::to_owned).collect();
        let (id, needs, labels) = ((*id).to_owned(), own("depends_on"), own("branch_labels"));
        Ok(Some(Self { id, span, follows, needs, after_span, labels, source }))
    }

    fn migration(&self, ids: &BTreeMap<&str, &Self>, printed: &Printed, dialect: &'static dyn Dialect) -> Outcome {
        let syntax = dialect.syntax();
        let text = self.source.text();
        let code = |place: Span, what: &str| {
            let line = text[place.start..].lines().next().unwrap_or_default().trim_end_matches(['(', ' ']);
            let message = format!("the {what} of {} is a program: {line}", self.id);
            vec![Diagnostic::error("alembic-code", message).at(&self.source, place, "").help(PRINTED)]
        };
        let (mut outside, mut down_outside) = (None, None);
        let literal = |name: &str, outside: &mut Option<Span>| match python::function(text, name) {
            None => Ok(None),
            Some(Body::Sql { statements, outside: block }) => {
                *outside = block;
                Ok(Some(python::script(&self.source, &statements, &COLONS)))
            }
            Some(Body::Code(place)) => Err(code(place, name)),
        };
        let taken = |part: &printed::Part, outside: &mut Option<Span>| {
            *outside = part.outside;
            part.script.clone()
        };
        let up = match printed.up.get(&self.id) {
            Some(part) => taken(part, &mut outside),
            None => literal("upgrade", &mut outside)?.unwrap_or_else(|| python::script(&self.source, &[], &COLONS)),
        };
        let down = match printed.down.get(&self.id) {
            Some(part) => Some(taken(part, &mut down_outside)),
            // Whoever has printed the way up only has no way down.
            None if printed.up.contains_key(&self.id) => literal("downgrade", &mut down_outside).unwrap_or(None),
            None => literal("downgrade", &mut down_outside)?,
        };
        let mut migration = migration(&self.id, Version::Unnumbered, up, down, HINTS, syntax);
        migration.order = Order::Any;
        migration.description = python::doc(text).map(str::to_owned);
        migration.tags.clone_from(&self.labels);
        (migration.no_transaction, migration.down_no_transaction) = (outside, down_outside);
        let after = self.follows.iter().chain(&self.needs);
        let needs = after.filter_map(|name| resolve(name, ids.values().copied()));
        migration.depends_on = Some(needs.map(|id| Spanned { value: id.id.clone(), span: Span::new(0, 0) }).collect());
        journalled_where_needed(&mut migration, dialect);
        checked(migration, Vec::new(), syntax)
    }
}
