//! `rung squash`: many applied migrations become one, which is proved to make the same.

mod data;
mod files;

use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::sync::Arc;

use rung::catalog::{Catalog, Key};
use rung::engine::{
    Body, Dialect, DriftOptions, DumpOptions, Goal, Graph, MigrationSet, PlanErrors, PlanOptions, Runs,
    ScratchDatabase, Target, Testimony, compare, drift, is_stood_in_for, plan,
};
use rung::sql::{Diagnostic, MigrationType, Replaced, SourceFile};
use rung::{History, Migration, Migrator, formats};
use serde::Serialize;

use self::data::{Kept, Rows};
use super::new::snake_case;
use crate::args::{Arguments, Squash};
use crate::config::Project;
use crate::exit::Exit;
use crate::json;
use crate::render::{DIM, Failure, OK, Terminal, WARN, count, paint};
use crate::workbench::{Workbench, alone};

/// `squash --json`.
#[derive(Debug, Serialize)]
struct Squashed<'a> {
    version: u32,
    /// The baseline.
    id: &'a str,
    file: String,
    /// The migrations that it stands for.
    squashed: Vec<&'a str>,
    /// Where their files are.
    archive: String,
    /// Tables whose rows are not in the baseline.
    left_behind: Vec<String>,
    /// Statements of the old ones that are about rows, each with its place.
    statements: Vec<String>,
}

/// Who says that it is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Witness {
    /// rung alone.
    None,
    /// Another reader of schemas too.
    Heard,
}

/// What a dump of a baseline says: whoever runs it owns what it makes.
const COMPARED: DumpOptions = DumpOptions { owners: false, privileges: true, versions: false };

pub(crate) fn squash(arguments: &Arguments, asked: &Squash, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::resolve(arguments)?;
    let (set, history) = project.migrations(asked.offline)?;
    let dialect = rung::dialect_of(&project.url)?;
    let chosen = choose(&set, &history, asked)?;
    let name = snake_case(&asked.name);
    if name.is_empty() {
        return Err(Failure::usage(format!("{:?} is no name", asked.name), "give one in words: --name baseline"));
    }
    let id = format!("{}_{name}", number(&chosen));
    if set.get(&id).is_some() {
        return Err(Failure::usage(format!("there is a migration {id} already"), "give another one with --name"));
    }
    let bench = Workbench::new(&project, dialect, asked.dev_url.as_deref(), None)?;
    let given = given(&project, &bench)?;
    let (old, mut database) = replay(&bench, &set, &chosen)?;
    let rows = Rows::read(&old, &mut *database.driver, &given)?;
    let (taken, left) = rows.choose(&asked.with_data, asked.without_data, &chosen, dialect)?;
    let left_keys: Vec<Arc<Key>> = left.iter().map(|(key, _)| Arc::clone(key)).collect();
    let kept = Kept::read(&taken, &left_keys, &old, &mut *database.driver, dialect)?;
    let text = text(&id, &chosen, &own(&old, &given)?, &kept, dialect);
    if asked.dry_run {
        terminal.data(&text);
        return Ok(Exit::Done);
    }
    let known = if asked.offline { None } else { Some(&history) };
    check(&project, &staying(&set, &chosen, &id, &text, dialect)?, known, dialect)?;
    let witness = prove(&bench, &text, &old, database, (&taken, &left_keys), &kept, dialect)?;
    let archive = files::archive(&project, asked.archive.as_deref())?;
    let (path, moved) = files::write(&chosen, &id, &text, &archive)?;
    if terminal.is_json() {
        terminal.json(&Squashed {
            version: json::VERSION,
            id: &id,
            file: path.display().to_string(),
            squashed: chosen.iter().map(|migration| migration.id.as_str()).collect(),
            archive: archive.display().to_string(),
            left_behind: left.iter().map(|(table, _)| table.path()).collect(),
            statements: data::statements(&chosen, dialect),
        });
    }
    say(&chosen, &path, &archive, moved, (old.len(), witness), terminal);
    for (table, rows) in &left {
        terminal.note(format!("{}: left behind: {} of {}", paint(WARN, "warning"), count(*rows, "row"), table.path()));
    }
    for what in data::statements(&chosen, dialect) {
        terminal.note(format!("{}: {what}", paint(DIM, "note")));
    }
    Ok(Exit::Done)
}

fn say(
    chosen: &[Arc<Migration>],
    path: &Path,
    archive: &Path,
    moved: usize,
    (objects, witness): (usize, Witness),
    terminal: &Terminal,
) {
    let by = match witness {
        Witness::Heard => "as rung reads them and as somebody else does",
        Witness::None => "as rung reads them; nobody else was there to be asked",
    };
    terminal.say(format!(
        "{} squashed {} into {}: {} the same, {by}",
        paint(OK, "✓"),
        count(chosen.len(), "migration"),
        path.display(),
        count(objects, "object"),
    ));
    terminal.say(format!("{} moved {} to {}", paint(OK, "✓"), count(moved, "file"), archive.display()));
    terminal.say(format!(
        "next: commit both. A database that has all of them has nothing to do, one that has none runs the baseline alone, and \
         one that has a part goes on with `rung up --dir {} --dir {}`",
        path.parent().unwrap_or(path).display(),
        archive.display()
    ));
}

/// The migrations that are squashed.
///
/// # Errors
/// There are fewer than two; one that can't be; a database that has a part of them, or has run other files than these.
fn choose(set: &MigrationSet, history: &History, asked: &Squash) -> Result<Vec<Arc<Migration>>, Failure> {
    if let Some(format) = set.format {
        let message = format!("squash writes a file of rung's own format; these are {format}'s");
        return Err(Failure::usage(message, "squash them with that tool"));
    }
    let end = match &asked.to {
        None => set.len(),
        Some(text) => match Target::parse(text, set, history, &[]) {
            Ok(Target::Id(id)) => set.position(&id).map_or(0, |at| at + 1),
            Ok(Target::Head) => set.len(),
            Ok(_) => return Err(Failure::usage(format!("{text} names no migration"), "name one by its id or number")),
            Err(error) => return Err(Failure::of(Exit::Usage, vec![error.diagnostic])),
        },
    };
    // What runs again stays: it runs after the baseline.
    let is_chosen = |at: usize, migration: &Migration| at < end && !migration.runs.again();
    let all: Vec<&Arc<Migration>> = set.iter().collect();
    let places: Vec<usize> = (0..all.len()).filter(|at| is_chosen(*at, all[*at])).collect();
    let chosen: Vec<Arc<Migration>> = places.iter().map(|at| Arc::clone(all[*at])).collect();
    if chosen.len() < 2 {
        return Err(Failure::usage("there are not two migrations to squash", "see `rung status`"));
    }
    let mut wrong = Vec::new();
    let graph = Graph::new(set).map_err(|errors| rung::Error::from(PlanErrors(errors)))?;
    for at in places {
        for needed in graph.dependencies(at).iter().filter(|needed| !is_chosen(**needed, all[**needed])) {
            let message = format!("{} depends on {}, which would not be squashed with it", all[at].id, all[*needed].id);
            wrong.push(
                Diagnostic::error("dependency", message)
                    .help("squash up to the one before it, or more of them: --to ID"),
            );
        }
    }
    for migration in &chosen {
        let of = |code, message: String| Diagnostic::error(code, message);
        if !migration.only.is_empty() {
            let message = format!("{} is for {} alone", migration.id, migration.only.join(", "));
            wrong.push(of("only", message).help("squash up to the one before it: --to ID"));
        }
        if matches!(migration.body, Body::Code(_)) {
            let message = format!("{} is a function of a program", migration.id);
            wrong.push(of("code", message).help("squash up to the one before it: --to ID"));
        }
        if migration.runs == Runs::Checkpoint && migration.replaces.is_empty() {
            let message = format!("{} stands for whatever was before it", migration.id);
            wrong.push(of("checkpoint", message).help("say what, with `-- @replaces ID ...` in it"));
        }
    }
    let standing: Vec<&str> = chosen.iter().filter(|it| is_applied(it, history)).map(|it| it.id.as_str()).collect();
    if let Some(first) = chosen.iter().find(|it| !is_applied(it, history)).filter(|_| !standing.is_empty()) {
        let message = format!(
            "the database has {} of the {} that are to be squashed, and not {}",
            standing.len(),
            chosen.len(),
            first.id
        );
        wrong.push(
            Diagnostic::error("part", message)
                .help("apply the others first: `rung up`")
                .help("or squash what is applied: --to ID; or ask no database: --offline"),
        );
    }
    // A baseline of other files than those that the database has run would stand for what is not there.
    wrong.extend(compare(set, history).iter().filter_map(|found| Some(found.error()?.diagnostic)));
    if wrong.is_empty() { Ok(chosen) } else { Err(Failure::of(Exit::Failed, wrong).saying("Nothing was written.")) }
}

fn is_applied(migration: &Migration, history: &History) -> bool {
    history.is_done(migration.id.as_str()) || is_stood_in_for(migration, history)
}

/// The number of the last of them, as it is written.
fn number(chosen: &[Arc<Migration>]) -> &str {
    let last = chosen.last().map_or("", |migration| migration.id.as_str());
    last.split('_').next().unwrap_or(last)
}

/// What there is before any migration, by the project's own account.
fn given(project: &Project, bench: &Workbench<'_>) -> Result<Catalog, Failure> {
    if project.files.config.scratch.setup.is_empty() {
        return Ok(Catalog::new());
    }
    Ok(bench.replay(&MigrationSet::default())?.driver.inspect()?)
}

/// Those of the chosen that no other of them stands for: what runs on a new database.
fn running(chosen: &[Arc<Migration>]) -> Vec<Arc<Migration>> {
    let replaced: HashSet<&str> =
        chosen.iter().flat_map(|migration| &migration.replaces).map(|replaced| replaced.id.as_str()).collect();
    chosen.iter().filter(|migration| !replaced.contains(migration.id.as_str())).cloned().collect()
}

/// What the old ones make.
fn replay(
    bench: &Workbench<'_>,
    set: &MigrationSet,
    chosen: &[Arc<Migration>],
) -> Result<(Catalog, ScratchDatabase), Failure> {
    let graph = Graph::new(set).map_err(|errors| rung::Error::from(PlanErrors(errors)))?;
    let mut places = vec![0; set.len()];
    graph.order().iter().enumerate().for_each(|(place, at)| places[*at] = place);
    let mut running = running(chosen);
    running.sort_by_key(|migration| set.position(migration.id.as_str()).map(|at| places[at]));
    let mut database = bench.replay(&alone(&running)?)?;
    Ok((database.driver.inspect()?, database))
}

/// The migrations once the baseline is in the place of the chosen ones.
///
/// # Errors
/// The baseline can't be read.
fn staying(
    set: &MigrationSet,
    chosen: &[Arc<Migration>],
    id: &str,
    text: &str,
    dialect: &'static dyn Dialect,
) -> Result<MigrationSet, Failure> {
    let files = [(format!("{id}.sql").into(), text.as_bytes().to_vec().into())];
    let builder = Migrator::from_files("", files).format(formats::Choice::Named("rung"));
    let baseline = builder.load(dialect).map_err(rung::Error::Files)?;
    let stays = |migration: &&Arc<Migration>| !chosen.iter().any(|it| it.id == migration.id);
    let all = set.iter().filter(stays).chain(baseline.iter()).map(|migration| (**migration).clone());
    Ok(MigrationSet::new(all.collect(), Vec::new()).map_err(rung::Error::Files)?)
}

/// Whether `rung up` takes the files that would be left: on a new database, and on this one.
///
/// # Errors
/// It does not.
fn check(
    project: &Project,
    set: &MigrationSet,
    history: Option<&History>,
    dialect: &dyn Dialect,
) -> Result<(), Failure> {
    let planning = PlanOptions { environment: project.name.clone(), order: project.order(), ..PlanOptions::default() };
    let nothing = History::default();
    for history in [Some(&nothing), history].into_iter().flatten() {
        if let Err(PlanErrors(errors)) = plan(set, history, &Goal::Latest, &planning, dialect) {
            let found = errors.into_iter().map(|error| error.diagnostic).collect();
            return Err(
                Failure::of(Exit::Failed, found).saying("So it would be once they are squashed. Nothing was written.")
            );
        }
    }
    Ok(())
}

/// What the migrations made of it.
///
/// # Errors
/// They changed what was there before them, which a baseline can't say.
fn own(old: &Catalog, given: &Catalog) -> Result<Catalog, Failure> {
    let changed: Vec<String> = given
        .iter()
        .filter(|object| old.get(&object.key).is_none_or(|now| !now.same(object)))
        .map(|object| object.key.to_string())
        .collect();
    if !changed.is_empty() {
        let message = format!("the migrations change what was there before them: {}", changed.join(", "));
        return Err(Failure::new(Exit::Failed, message, "leave the one that does out: --to ID"));
    }
    let mut own = old.clone();
    own.retain(|object| given.get(&object.key).is_none());
    Ok(own)
}

/// The file.
fn text(id: &str, chosen: &[Arc<Migration>], schema: &Catalog, kept: &Kept, dialect: &dyn Dialect) -> String {
    let (first, last) = (&chosen[0].id, &chosen[chosen.len() - 1].id);
    let kind = MigrationType::CustomSql.as_str();
    let mut text = format!(
        "-- Migration: {id}\n-- Description: All from {first} to {last}, squashed by `rung squash`\n-- Type: {kind}\n"
    );
    let replaces: Vec<Replaced> = running(chosen).iter().flat_map(|migration| replaced_by(migration)).collect();
    for part in replaces.chunks(3) {
        let words: Vec<String> =
            part.iter().map(|it| if it.is_baseline { format!("baseline {}", it.id) } else { it.id.clone() }).collect();
        text.push_str(&format!("-- @replaces {}\n", words.join(" ")));
    }
    format!("{text}\n-- @up\n{}{}", dialect.dump(schema, &COMPARED), kept.text())
}

/// A migration, behind those that it stands for itself.
fn replaced_by(migration: &Migration) -> Vec<Replaced> {
    let own = Replaced { id: migration.id.to_string(), is_baseline: !migration.replaces.is_empty() };
    migration.replaces.iter().cloned().chain([own]).collect()
}

/// Runs the baseline on an empty database, and looks whether the same came out: as rung reads it, as somebody else does, and
/// in the rows that were to come along. Says who else was asked.
fn prove(
    bench: &Workbench<'_>,
    text: &str,
    old: &Catalog,
    mut before: ScratchDatabase,
    (taken, left): (&BTreeSet<Arc<Key>>, &[Arc<Key>]),
    kept: &Kept,
    dialect: &dyn Dialect,
) -> Result<Witness, Failure> {
    let up = text.split_once("-- @up\n").map_or(text, |(_, up)| up);
    let mut after = bench.script(&Arc::new(SourceFile::new("the baseline", up)))?;
    let new = after.driver.inspect()?;
    let options = DriftOptions { compared: COMPARED, ..DriftOptions::default() };
    let mut differs: Vec<String> =
        drift(old.clone(), new.clone(), dialect, &options).found.iter().map(|found| found.key.to_string()).collect();
    let again = Kept::read(taken, left, &new, &mut *after.driver, dialect)?;
    differs.extend(kept.differs(&again));
    let scratch = bench.scratch()?;
    let (one, other) = (scratch.witness(&mut before)?, scratch.witness(&mut after)?);
    let (one, other) = (one.map(Testimony::hear).transpose()?, other.map(Testimony::hear).transpose()?);
    let heard = one.is_some() && other.is_some();
    if let (Some(one), Some(other)) = (one, other) {
        differs.extend(one.iter().filter(|line| !other.contains(line)).map(|line| format!("there is not: {line}")));
        differs.extend(other.iter().filter(|line| !one.contains(line)).map(|line| format!("there is: {line}")));
    }
    if !differs.is_empty() {
        let mut found = Diagnostic::error("unproved", "the baseline does not make what the migrations make");
        found.notes = differs;
        return Err(
            Failure::of(Exit::Failed, vec![found]).saying("It was tried on a scratch database; nothing was written.")
        );
    }
    Ok(if heard { Witness::Heard } else { Witness::None })
}
