//! Alembic: a graph of revisions in Python, read without running them. What a revision does is taken from what
//! `alembic upgrade head --sql` and `alembic downgrade head:base --sql` print, in files beside it, or from its
//! `op.execute("...")` lines where it has no others.
//!
//! Facts from its `script/base.py`, `script/revision.py` and `runtime/migration.py`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rung_engine::{Dialect, Hints, MigrationSet, Order, Renumber, Version};
use rung_sql::{Diagnostic, Script, SourceFile, Span, Spanned, Statement, TransactionControl, split};

use crate::LoadOptions;
use crate::files::{File, Files};
use crate::format::{Format, Sign};
use crate::migration::{Outcome, Sorting, checked, journalled_where_needed, lines, migration, read_each};
use crate::python::{self, Body};

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
        let (mut revisions, mut errors) = (Vec::new(), Vec::new());
        for file in files.iter().filter(|file| file.name.ends_with(".py")) {
            match Revision::read(file) {
                Ok(revision) => revisions.extend(revision),
                Err(found) => errors.extend(found),
            }
        }
        let printed = Printed::read(files, options.dialect)?;
        let order = sort(&revisions).map_err(|found| errors.extend(found)).unwrap_or_default();
        let items: Vec<&Revision> = order.iter().map(|at| &revisions[*at]).collect();
        let ids: BTreeMap<&str, &Revision> =
            revisions.iter().map(|revision| (revision.id.as_str(), revision)).collect();
        read_each(&items, Sorting::AsGiven, Vec::new(), errors, |revision| {
            revision.migration(&ids, &printed, options.dialect)
        })
    }
}

/// A revision.
struct Revision {
    source: Arc<SourceFile>,
    id: String,
    /// Where its id is set.
    span: Span,
    /// What it follows and what it depends on besides, as it is written.
    after: Vec<String>,
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
        let after = down.into_iter().map(str::to_owned).chain(own("depends_on")).collect();
        let (id, labels) = ((*id).to_owned(), own("branch_labels"));
        Ok(Some(Self { id, span, after, after_span, labels, source }))
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
        let up = match printed.up.get(&self.id) {
            Some(script) => script.clone(),
            None => literal("upgrade", &mut outside)?.unwrap_or_else(|| python::script(&self.source, &[], &COLONS)),
        };
        let down = match printed.down.get(&self.id) {
            Some(script) => Some(script.clone()),
            // Whoever has printed the way up only has no way down.
            None if printed.up.contains_key(&self.id) => literal("downgrade", &mut down_outside).unwrap_or(None),
            None => literal("downgrade", &mut down_outside)?,
        };
        let mut migration = migration(&self.id, Version::Unnumbered, up, down, HINTS, syntax);
        migration.order = Order::Any;
        migration.description = python::doc(text).map(str::to_owned);
        migration.tags.clone_from(&self.labels);
        (migration.no_transaction, migration.down_no_transaction) = (outside, down_outside);
        let needs = self.after.iter().filter_map(|name| resolve(name, ids.values().copied()));
        migration.depends_on = Some(needs.map(|id| Spanned { value: id.id.clone(), span: Span::new(0, 0) }).collect());
        journalled_where_needed(&mut migration, dialect);
        checked(migration, Vec::new(), syntax)
    }
}

/// The revision that a name means: its id, a label, or the beginning of one id.
fn resolve<'a>(name: &str, revisions: impl Iterator<Item = &'a Revision> + Clone) -> Option<&'a Revision> {
    let exact =
        revisions.clone().find(|revision| revision.id == name || revision.labels.iter().any(|label| label == name));
    exact.or_else(|| {
        let mut begins = revisions.filter(|revision| revision.id.starts_with(name));
        begins.next().filter(|_| begins.next().is_none())
    })
}

/// The order of revisions: those first that others follow.
fn sort(revisions: &[Revision]) -> Result<Vec<usize>, Vec<Diagnostic>> {
    let mut errors = Vec::new();
    let mut seen: BTreeMap<&str, &Revision> = BTreeMap::new();
    for revision in revisions {
        if let Some(twin) = seen.insert(&revision.id, revision) {
            let message = format!("two files have the revision {}", revision.id);
            let error = Diagnostic::error("alembic", message).at(&revision.source, revision.span, "here");
            errors.push(error.at(&twin.source, twin.span, "and here").help("give one of them another id"));
        }
    }
    let place = |id: &str| revisions.iter().position(|revision| revision.id == id);
    let mut edges: Vec<Vec<usize>> = Vec::new();
    let mut followed = BTreeSet::new();
    for revision in revisions {
        let mut own = Vec::new();
        for name in &revision.after {
            match resolve(name, revisions.iter()).and_then(|found| place(&found.id)) {
                Some(at) => {
                    own.push(at);
                    followed.insert(at);
                }
                None => {
                    let message = format!("{} follows {name}, which no file has", revision.id);
                    let error = Diagnostic::error("alembic", message).at(&revision.source, revision.after_span, "");
                    errors.push(error.help("put the file back, or write the id of one that is there"));
                }
            }
        }
        edges.push(own);
    }
    let heads: Vec<&Revision> =
        (0..revisions.len()).filter(|at| !followed.contains(at)).map(|at| &revisions[at]).collect();
    if heads.len() > 1 && errors.is_empty() {
        let names: Vec<&str> = heads.iter().map(|head| head.id.as_str()).collect();
        let mut error =
            Diagnostic::error("alembic-heads", format!("there are {} heads: {}", heads.len(), names.join(", ")));
        for head in &heads {
            error = error.at(&head.source, head.span, "nothing follows this one");
        }
        errors.push(error.help(format!("join them: `alembic merge -m \"merge\" {}`", names.join(" "))));
    }
    let mut order: Vec<usize> = Vec::new();
    let mut done = vec![false; revisions.len()];
    while let Some(next) = (0..revisions.len()).find(|at| !done[*at] && edges[*at].iter().all(|before| done[*before])) {
        done[next] = true;
        order.push(next);
    }
    if let (Some(left), true) = (done.iter().position(|done| !done), errors.is_empty()) {
        let revision = &revisions[left];
        let error = Diagnostic::error("alembic", format!("{} comes after itself", revision.id));
        errors.push(error.at(&revision.source, revision.after_span, "").help("write what it really follows"));
    }
    if errors.is_empty() { Ok(order) } else { Err(errors) }
}

/// What Alembic printed for each revision.
#[derive(Default)]
struct Printed {
    up: BTreeMap<String, Script>,
    down: BTreeMap<String, Script>,
}

impl Printed {
    fn read(files: &Files, dialect: &'static dyn Dialect) -> Result<Self, Vec<Diagnostic>> {
        let mut printed = Self::default();
        for file in files.iter().filter(|file| file.name.ends_with(".sql")) {
            let source = file.source()?;
            let text = source.text();
            // Steps: whether up, the revision, and where its statements begin; and where the next step's do.
            let mut steps: Vec<(bool, &str, usize)> = Vec::new();
            let mut ends = Vec::new();
            for (span, line) in lines(text) {
                let Some(step) = line.strip_prefix("-- Running ") else { continue };
                let Some((way, (from, to))) =
                    step.split_once(' ').and_then(|(way, rest)| Some((way, rest.split_once("->")?)))
                else {
                    continue;
                };
                let is_up = way == "upgrade";
                let revision = if is_up { to } else { from };
                steps.push((is_up, revision.trim(), span.end));
                ends.push(span.start);
            }
            ends.push(text.len());
            for ((is_up, revision, start), end) in steps.into_iter().zip(ends.into_iter().skip(1)) {
                let script = statements(&Script::slice(source.clone(), Span::new(start, end)), dialect);
                let into = if is_up { &mut printed.up } else { &mut printed.down };
                into.insert(revision.to_owned(), script);
            }
        }
        Ok(printed)
    }
}

/// What was printed without what Alembic adds: its transactions, and its own table.
fn statements(script: &Script, dialect: &'static dyn Dialect) -> Script {
    let (all, _) = split(script.text(), dialect.syntax());
    let is_added = |statement: &&Statement| {
        let text = &script.text()[statement.span.range()];
        let first = text.split_whitespace().take(3).collect::<Vec<_>>().join(" ").to_uppercase();
        let own = [
            "INSERT INTO ALEMBIC_VERSION",
            "UPDATE ALEMBIC_VERSION",
            "DELETE FROM ALEMBIC_VERSION",
            "CREATE TABLE ALEMBIC_VERSION",
        ];
        let control = dialect.facts(text).transaction;
        matches!(control, Some(TransactionControl::Begin | TransactionControl::Commit))
            || own.iter().any(|own| first.starts_with(own))
    };
    let edits: Vec<(Span, &str)> = all.iter().filter(is_added).map(|statement| (statement.span, "")).collect();
    script.replaced(&edits)
}
