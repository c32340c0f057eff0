//! `rung adopt --check-downs`: every way down is gone, on a scratch database, and what it leaves is compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use rung::catalog::{Body, Catalog, Difference, Object, differences};
use rung::engine::{Driver, MigrationSet, ScratchDatabase};
use rung::{Goal, History, Migration, PlanOptions, RunOptions};

use crate::args::Arguments;
use crate::config::Project;
use crate::exit::Exit;
use crate::json;
use crate::render::{BAD, DIM, Failure, Names, OK, Terminal, count};
use crate::workbench::Workbench;

/// What became of one way down.
enum Found {
    /// The schema is what it was before, and goes up again to what it was after.
    Exact,
    Missing,
    /// What differs from before.
    Differs(Vec<String>),
    /// What the database said.
    Fails(String),
    /// It went down, and not up again.
    NotAgain(String),
}

pub(crate) fn check(arguments: &Arguments, dev_url: Option<&str>, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::resolve(arguments)?;
    let dialect = rung::dialect_of(&project.url)?;
    let set = project.builder()?.load(dialect).map_err(rung::Error::Files)?;
    for warning in &set.warnings {
        terminal.note(crate::render::render(warning));
    }
    let bench = Workbench::new(&project, dialect, dev_url, None)?;
    let set = bench.with_setup(&set)?;
    let setups = bench.setups();
    let nothing = History::default();
    let planned = rung::engine::plan(&set, &nothing, &Goal::Latest, &planning(&project), dialect);
    let order: Vec<String> = planned.map_err(rung::RunError::Plan)?.steps.into_iter().map(|step| step.id).collect();
    let mut walk = Walk { project: &project, bench, set: &set, order: &order, at: None, spare: None };
    let mut found = Vec::new();
    for (place, id) in order.iter().enumerate().skip(setups) {
        let step = walk.step(place);
        if step.is_err() && !terminal.is_json() {
            terminal.show(lines(&found, terminal.columns()));
        }
        found.push((id.as_str(), step?));
    }
    let wrong = found.iter().filter(|(_, found)| !matches!(found, Found::Exact | Found::Missing)).count();
    if terminal.is_json() {
        let migrations = found.iter().map(|(id, found)| as_json(id, found)).collect();
        terminal.json(&json::Downs { version: json::VERSION, ok: wrong == 0, migrations });
    } else {
        terminal.show(lines(&found, terminal.columns()));
        let missing = found.iter().filter(|(_, found)| matches!(found, Found::Missing)).count();
        let exact = found.len() - wrong - missing;
        terminal.say(format!(
            "{}: {exact} undone exactly, {wrong} not, {missing} without a way down",
            count(found.len(), "migration")
        ));
    }
    Ok(if wrong == 0 { Exit::Done } else { Exit::Failed })
}

fn planning(project: &Project) -> PlanOptions {
    PlanOptions { order: Some(rung::Order::Any), environment: project.name.clone(), ..PlanOptions::default() }
}

/// Going up, and down and up again at every migration.
struct Walk<'a> {
    project: &'a Project,
    bench: Workbench<'a>,
    set: &'a MigrationSet,
    order: &'a [String],
    /// A database that has all before a place; `None` where it is nobody knows what.
    at: Option<At>,
    /// A database that nothing is undone in, and how many it has: what is made anew is copied from it.
    spare: Option<(ScratchDatabase, usize)>,
}

/// A database, and what is in it.
struct At {
    /// What is asked for the schema, where a connection of its own is quicker at that.
    inspector: Option<Box<dyn Driver>>,
    database: ScratchDatabase,
    schema: Catalog,
    rows: Rows,
}

impl At {
    fn of(mut database: ScratchDatabase) -> Result<Self, Failure> {
        let mut inspector = database.driver.inspector()?;
        let schema = inspect(&mut inspector, &mut database)?;
        let rows = rows(&mut *database.driver, &schema)?;
        Ok(Self { inspector, database, schema, rows })
    }
}

fn inspect(inspector: &mut Option<Box<dyn Driver>>, database: &mut ScratchDatabase) -> Result<Catalog, rung::DbError> {
    inspector.as_mut().map_or_else(|| database.driver.inspect(), |inspector| inspector.inspect())
}

/// The rows of each table that has any, sorted, by the table's name.
type Rows = BTreeMap<String, Vec<Vec<Option<String>>>>;

impl Walk<'_> {
    fn step(&mut self, place: usize) -> Result<Found, Failure> {
        let id = &self.order[place];
        let At { mut inspector, mut database, schema: before, rows } = match self.at.take() {
            Some(at) => at,
            None => At::of(self.with_all_before(place)?)?,
        };
        if self.run(&mut database, Goal::UpOnly(vec![id.clone()])).is_err() {
            // A role that is lacking is made where migrations are replayed; what fails there fails for good.
            drop((inspector, database));
            database = self.bench.replay_only(&self.first(place + 1)?)?;
            inspector = database.driver.inspector()?;
        }
        let after = inspect(&mut inspector, &mut database)?;
        let filled = self::rows(&mut *database.driver, &after)?;
        if self.set.get(id).is_none_or(|migration| migration.down.is_none()) {
            self.at = Some(At { inspector, database, schema: after, rows: filled });
            return Ok(Found::Missing);
        }
        if let Err(error) = self.run(&mut database, Goal::DownOnly(vec![id.clone()])) {
            return Ok(Found::Fails(said(&error)));
        }
        let differs = shown(&before, &inspect(&mut inspector, &mut database)?);
        if !differs.is_empty() {
            return Ok(Found::Differs(differs));
        }
        let others = other_rows(&rows, &self::rows(&mut *database.driver, &before)?);
        if let Err(error) = self.run(&mut database, Goal::UpOnly(vec![id.clone()])) {
            return Ok(Found::NotAgain(said(&error)));
        }
        let differs = shown(&after, &inspect(&mut inspector, &mut database)?);
        if !differs.is_empty() {
            return Ok(Found::NotAgain(differs.join(", ")));
        }
        let filled = self::rows(&mut *database.driver, &after)?;
        self.at = Some(At { inspector, database, schema: after, rows: filled });
        Ok(if others.is_empty() { Found::Exact } else { Found::Differs(others) })
    }

    /// A database that has all before a place.
    fn with_all_before(&mut self, place: usize) -> Result<ScratchDatabase, Failure> {
        let further = self.spare.take().and_then(|(mut spare, has)| {
            let missing = self.order[has..place].to_vec();
            let goes = missing.is_empty() || self.run(&mut spare, Goal::UpOnly(missing)).is_ok();
            goes.then_some(spare)
        });
        let mut spare = match further {
            Some(spare) => spare,
            None => self.bench.replay_only(&self.first(place)?)?,
        };
        let copy = self.bench.scratch()?.copy(&mut spare)?;
        self.spare = Some((spare, place));
        Ok(copy)
    }

    /// The first so many migrations.
    fn first(&self, count: usize) -> Result<MigrationSet, Failure> {
        let all: Vec<Migration> = self.order[..count]
            .iter()
            .filter_map(|id| self.set.get(id))
            .map(|migration| (**migration).clone())
            .collect();
        Ok(MigrationSet::ordered(all, Vec::new()).map_err(rung::Error::Files)?)
    }

    fn run(&self, database: &mut ScratchDatabase, goal: Goal) -> Result<(), rung::RunError> {
        let dialect = database.driver.dialect_of();
        let options = planning(self.project);
        let planner = |history: &History| rung::engine::plan(self.set, history, &goal, &options, dialect);
        let running = RunOptions {
            script_environment: vec![("DATABASE_URL".to_owned(), database.url.clone())],
            ..RunOptions::default()
        };
        rung::engine::run(&mut *database.driver, None, &planner, &mut |_, _| Ok(true), &running, &mut |_| {})?;
        Ok(())
    }
}

/// The first line of what went wrong.
fn said(error: &rung::RunError) -> String {
    let text = match error {
        rung::RunError::Step { failure, .. } => match &failure.failure {
            rung::engine::Failure::Database(error) => error.message.clone(),
            rung::engine::Failure::Check { .. } => "a check of it is not as it should be".to_owned(),
            rung::engine::Failure::Code(error) => error.to_string(),
        },
        other => other.to_string(),
    };
    text.lines().next().unwrap_or_default().to_owned()
}

/// The rows that a migration may have put somewhere, or changed. Columns go by their names: they may come back in another
/// order.
fn rows(driver: &mut dyn Driver, schema: &Catalog) -> Result<Rows, rung::DbError> {
    /// How many tables are asked about at once.
    const AT_ONCE: usize = 100;
    let dialect = driver.dialect_of();
    let table = |object: &Object| match &object.body {
        Body::Table(table) if table.partition_by.is_none() && table.access_method.is_none() => {
            let name: Vec<String> =
                object.key.schema.iter().chain([&object.key.name]).map(|name| dialect.identifier(name)).collect();
            let mut columns: Vec<String> =
                table.columns.iter().map(|column| dialect.identifier(&column.name)).collect();
            columns.sort_unstable();
            Some((name.join("."), columns.join(", ")))
        }
        _ => None,
    };
    let tables: Vec<(String, String)> = schema.iter().filter_map(table).collect();
    let mut found = Rows::new();
    for some in tables.chunks(AT_ONCE) {
        let has = |(name, _): &(String, String)| format!("CASE WHEN EXISTS (SELECT 1 FROM {name}) THEN 1 ELSE 0 END");
        let asked = some.iter().map(has).collect::<Vec<_>>().join(", ");
        let answer = driver.query(&format!("SELECT {asked}"))?.into_iter().next().unwrap_or_default();
        for ((name, columns), has) in some.iter().zip(answer) {
            if has.as_deref() == Some("1") {
                let mut rows = driver.query(&format!("SELECT {columns} FROM {name}"))?;
                rows.sort_unstable();
                found.insert(name.clone(), rows);
            }
        }
    }
    Ok(found)
}

/// The tables that do not have the rows that they had.
fn other_rows(wanted: &Rows, there: &Rows) -> Vec<String> {
    let names: BTreeSet<&String> = wanted.keys().chain(there.keys()).collect();
    let rows = |rows: &Rows, name: &str| rows.get(name).map_or(0, Vec::len);
    let other = |name: &&String| wanted.get(*name) != there.get(*name);
    let line = |name: &String| match (rows(wanted, name), rows(there, name)) {
        (before, now) if before == now => format!("not as before: rows of {name}"),
        (before, now) => format!("not as before: {name} had {}, and has {now}", count(before, "row")),
    };
    names.into_iter().filter(other).map(line).collect()
}

/// What a schema has that it should not have, or has otherwise.
fn shown(wanted: &Catalog, there: &Catalog) -> Vec<String> {
    let line = |difference: &Difference<'_>| match difference {
        Difference::New(object) => format!("left behind: {}", object.key),
        Difference::Gone(object) => format!("not there again: {}", object.key),
        Difference::Changed { from, to } => format!("not as before: {}{}", from.key, parts(from, to)),
    };
    differences(wanted, there).iter().map(line).collect()
}

/// The parts of an object in which it differs.
fn parts(from: &Object, to: &Object) -> String {
    let mut parts = Vec::new();
    if let (Body::Table(one), Body::Table(two)) = (&from.body, &to.body) {
        for column in &one.columns {
            match two.columns.iter().find(|other| other.name == column.name) {
                None => parts.push(format!("column {} is gone", column.name)),
                Some(other) if !column.same(other) => parts.push(format!("column {}", column.name)),
                Some(_) => {}
            }
        }
        let is_new = |name: &str| one.columns.iter().all(|column| column.name != name);
        let new = two.columns.iter().filter(|column| is_new(&column.name));
        parts.extend(new.map(|column| format!("column {} is left", column.name)));
    }
    let others = [
        ("owner", from.owner != to.owner),
        ("comment", from.comment != to.comment),
        ("grants", !from.grants.same(&to.grants)),
    ];
    parts.extend(others.iter().filter(|(_, differs)| *differs).map(|(name, _)| (*name).to_owned()));
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

fn lines(found: &[(&str, Found)], columns: Option<usize>) -> String {
    let names = Names::new(found.iter().map(|(id, _)| *id), columns, 44);
    let mut text = String::new();
    for (id, found) in found {
        let (style, sign, remark) = match found {
            Found::Exact => (OK, "✓", String::new()),
            Found::Missing => (DIM, "·", "no way down".to_owned()),
            Found::Differs(what) => (BAD, "≠", what.join("; ")),
            Found::Fails(why) => (BAD, "✗", format!("fails: {why}")),
            Found::NotAgain(why) => (BAD, "✗", format!("goes down, and not up again: {why}")),
        };
        let _ = write!(text, "  {style}{sign}{style:#} ");
        names.write(&mut text, id);
        match remark.is_empty() {
            true => text.truncate(text.trim_end().len()),
            false => drop(write!(text, "  {style}{remark}{style:#}")),
        }
        text.push('\n');
    }
    text
}

fn as_json<'a>(id: &'a str, found: &'a Found) -> json::DownChecked<'a> {
    let (state, differences, message): (_, &[String], _) = match found {
        Found::Exact => ("exact", &[], None),
        Found::Missing => ("missing", &[], None),
        Found::Differs(what) => ("differs", what, None),
        Found::Fails(why) => ("fails", &[], Some(why.as_str())),
        Found::NotAgain(why) => ("not_again", &[], Some(why.as_str())),
    };
    json::DownChecked { id, state, differences, message }
}
