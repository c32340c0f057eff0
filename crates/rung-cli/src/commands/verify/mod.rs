//! `rung verify`: the live schema against what the applied migrations make.

mod fix;
mod report;

use std::collections::BTreeSet;
use std::sync::Arc;

use rung::catalog::{Catalog, Kind};
use rung::engine::{
    DriftKind, DriftOptions, Drifts, DumpOptions, Ignore, MigrationSet, Provenance, ServerFacts, drift,
};
use rung::sql::SourceFile;
use rung::{Migrator, Status};

use super::status::heading;
use super::warn;
use crate::args::{Arguments, Verify};
use crate::config::Project;
use crate::exit::Exit;
use crate::known::Made;
use crate::render::{Failure, OK, Terminal, count, paint};
use crate::workbench::{Workbench, both};
use report::Report;

/// What `verify` found out.
pub(super) struct Verified {
    pub(super) drifts: Drifts,
    /// Where the objects that have come apart come from, in their order.
    pub(super) provenance: Provenance,
    /// How many migrations are applied.
    pub(super) applied: usize,
    /// Those that were taken from the history.
    pub(super) from_history: Vec<String>,
    /// Objects that inspection can't describe, and that are therefore not compared.
    pub(super) unknown: Vec<String>,
    /// What counts besides the objects themselves.
    pub(super) compared: DumpOptions,
    pub(super) facts: ServerFacts,
    /// The version that what is written has to suit: the older one of the database and of where it is tried.
    pub(super) version: u32,
}

pub(crate) fn verify(arguments: &Arguments, asked: &Verify, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::resolve(arguments)?;
    let mut migrator = project.look()?;
    warn(&migrator, terminal);
    let bench = Workbench::new(
        &project,
        migrator.driver().dialect_of(),
        asked.way.dev_url.as_deref(),
        Some(migrator.driver().facts().version_number),
    )?
    .forgetful(asked.way.no_cache);
    let verified = examine(&project, asked, &mut migrator, &bench)?;
    let title = migrator.driver().dialect_of().title();
    let mut report = Report::of(&project, &verified, title);
    terminal.show(format!(
        "{}      {} applied",
        heading(project.name.as_deref(), &verified.facts, title),
        count(verified.applied, "migration")
    ));
    terminal.show(report.text());
    let exit = if verified.drifts.found.is_empty() {
        terminal.say(format!("{} the database is what its migrations make it", paint(OK, "✓")));
        Exit::Done
    } else if let Some(side) = asked.fix {
        let path = fix::write(&project, &mut migrator, &bench, &verified, (side, asked), arguments, terminal)?;
        report.wrote = path.map(|path| path.display().to_string());
        Exit::Done
    } else {
        terminal.say(report.summary());
        Exit::Drift
    };
    if terminal.is_json() {
        terminal.json(&report);
    }
    Ok(exit)
}

/// Replays what is applied, and compares.
fn examine(
    project: &Project,
    asked: &Verify,
    migrator: &mut Migrator,
    bench: &Workbench<'_>,
) -> Result<Verified, Failure> {
    let history = migrator.status()?.history;
    if let Some(row) = history.iter().find(|row| matches!(row.status, Status::Running | Status::Failed)) {
        let message = format!("{} is applied part of the way: what the schema should be is not known", row.id);
        return Err(Failure::new(Exit::Failed, message, "`rung up` goes on with it; then verify"));
    }
    let set = migrator.set().clone();
    let applied = rung::applied_set(&set, &history, migrator.driver())?;
    let facts = migrator.driver().facts().clone();
    let owner = migrator.driver().provenance(&[])?.database_owner;
    let made = || match applied.from_history.is_empty() {
        true => bench.made(&applied.set),
        // The history has statements with the values of variables in them, which are nothing to be kept elsewhere.
        false => Ok(Made::on(bench.replay(&applied.set)?)?),
    };
    let (Made { catalog: expected, facts: scratch }, actual) = both(made, || Ok(migrator.driver().inspect()?))?;
    let mut ignore = project.ignored()?;
    ignore.extend(asked.ignore.iter().cloned());
    let config = &project.files.config.verify;
    let mut options = DriftOptions {
        ignore,
        compared: DumpOptions {
            owners: config.owners.unwrap_or(true),
            privileges: config.privileges.unwrap_or(true),
            versions: false,
        },
        database_owner: owner,
        users: (scratch.user.clone(), facts.user.clone()),
        given: given(project, bench)?,
    };
    let dialect = bench.dialect;
    let mut drifts = drift(expected.clone(), actual.clone(), dialect, &options);
    if drifts.found.iter().any(|found| found.key.kind == Kind::Table && found.kind == DriftKind::Extra) {
        let histories = rung::adopt::histories(migrator.driver())?;
        options.ignore.extend(histories.iter().map(|table| Ignore::Named(Some(Kind::Table), table.path())));
        drifts = drift(expected.clone(), actual.clone(), dialect, &options);
    }
    let major = |facts: &ServerFacts| facts.version.split('.').next().map(str::to_owned);
    if !drifts.found.is_empty() && major(&scratch) != major(&facts) {
        let actual = spoken(bench, &actual, &facts, &scratch)?;
        drifts = drift(expected, actual, dialect, &options);
    }
    let keys: Vec<_> = drifts.found.iter().map(|found| Arc::clone(&found.key)).collect();
    let provenance = migrator.driver().provenance(&keys)?;
    let known = &drifts.expected.unknown;
    let unknown = drifts
        .actual
        .unknown
        .iter()
        .filter(|it| !known.contains(it))
        .map(|it| format!("{} ({})", it.what, it.why))
        .collect();
    Ok(Verified {
        drifts,
        provenance,
        applied: applied.set.len(),
        from_history: applied.from_history,
        unknown,
        compared: options.compared,
        version: facts.version_number.min(scratch.version_number),
        facts,
    })
}

/// The schema as another version of the server puts it: two versions write one and the same expression in two ways.
fn spoken(
    bench: &Workbench<'_>,
    actual: &Catalog,
    live: &ServerFacts,
    scratch: &ServerFacts,
) -> Result<Catalog, Failure> {
    let text = bench.dialect.dump(actual, &DumpOptions::default());
    let source = Arc::new(SourceFile::new("the schema of the database", &text));
    let mut database = bench.script(&source).map_err(|failure| {
        let title = bench.dialect.title();
        failure.saying(format!(
            "The database is {title} {} and the scratch server {}, which does not take its schema: they can't be compared.",
            live.version, scratch.version
        ))
    })?;
    Ok(database.driver.inspect()?)
}

/// What was there before the migrations, by the project's own account.
fn given(project: &Project, bench: &Workbench<'_>) -> Result<BTreeSet<Arc<rung::catalog::Key>>, Failure> {
    if project.files.config.scratch.setup.is_empty() {
        return Ok(BTreeSet::new());
    }
    let Made { catalog, .. } = bench.made(&MigrationSet::default())?;
    Ok(catalog.iter().map(|object| Arc::clone(&object.key)).collect())
}
