//! `rung inspect` and `rung dump`, and the schema file that `up --dump` keeps.

use std::path::Path;

use rung::Driver;
use rung::catalog::{Catalog, Filter};
use rung::engine::{Dialect, DumpOptions};

use super::output::{Destination, keep};
use super::{not_json, status::heading};
use crate::args::{Arguments, Dump, Inspect, SchemaFormat, Selection};
use crate::config::Project;
use crate::exit::Exit;
use crate::json::Database;
use crate::render::{Failure, Terminal, WARN, paint};
use crate::schema;
use crate::side::{Schema, Side, common_dialect};
use crate::workbench::Workbench;

/// Where the schema is kept where nobody says where.
pub(super) const FILE: &str = "schema.sql";

/// The first line of a schema file.
const MARK: &str = "-- The schema, as `rung dump` writes it. It changes with the migrations, and not here.\n";

pub(crate) fn inspect(arguments: &Arguments, inspect: &Inspect, terminal: &Terminal) -> Result<Exit, Failure> {
    let format = match (terminal.is_json(), inspect.shown()) {
        (false, format) => format,
        (true, SchemaFormat::Tree | SchemaFormat::Json) => SchemaFormat::Json,
        (true, _) => return Err(Failure::usage("--format and --json ask for two things", "leave one of them out")),
    };
    let (Schema { catalog, name, facts, .. }, dialect) = selected(arguments, &inspect.selection, terminal)?;
    match format {
        SchemaFormat::Tree => {
            terminal.show(heading(name.as_deref(), &facts, dialect.title()));
            terminal.show(schema::tree(&catalog));
        }
        SchemaFormat::Sql => terminal.data(&dialect.dump(&catalog, &inspect.selection.options())),
        SchemaFormat::Json => {
            let database = Database::of(dialect.title(), &facts);
            terminal.json(&schema::Json::of(&catalog, database, dialect, &inspect.selection.options()));
        }
        SchemaFormat::Mermaid => terminal.data(&schema::mermaid(&catalog, true)),
        SchemaFormat::Dot => terminal.data(&schema::dot(&catalog)),
        SchemaFormat::Svg => terminal.data(&crate::draw::tables(&catalog)),
        SchemaFormat::Markdown => terminal.data(&schema::markdown(&catalog)),
    }
    Ok(Exit::Done)
}

pub(crate) fn dump(arguments: &Arguments, dump: &Dump, terminal: &Terminal) -> Result<Exit, Failure> {
    not_json(terminal, "dump")?;
    let (schema, dialect) = selected(arguments, &dump.selection, terminal)?;
    let (catalog, title) = (&schema.catalog, schema.title());
    let text = text(catalog, dialect, &dump.selection.options());
    for unknown in &catalog.unknown {
        terminal.note(format!("{} not in the dump: {} ({})", paint(WARN, "warning:"), unknown.what, unknown.why));
    }
    let to = Destination::of(dump.output.as_deref(), dump.check)?;
    let command = dump.output.as_ref().map(|file| format!("rung dump -o {}", file.display())).unwrap_or_default();
    to.take(&text, &format!("{title} has"), &command, terminal)
}

/// Writes the schema to its file after a run that changed it.
pub(super) fn keep_current(driver: &mut dyn Driver, file: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let catalog = driver.inspect().map_err(rung::Error::from)?;
    let text = text(&catalog, driver.dialect_of(), &DumpOptions::default());
    keep(file, &text, terminal)
}

fn text(catalog: &Catalog, dialect: &dyn Dialect, options: &DumpOptions) -> String {
    format!("{MARK}{}{}", if dialect.dump_head().is_empty() { "\n" } else { "" }, dialect.dump(catalog, options))
}

/// The schema that was asked for, cut down to what was selected.
fn selected(
    arguments: &Arguments,
    selection: &Selection,
    terminal: &Terminal,
) -> Result<(Schema, &'static dyn Dialect), Failure> {
    let (mut schema, dialect) = match &selection.of {
        None => {
            let project = Project::resolve(arguments)?;
            let dialect = rung::dialect_of(&project.url).map_err(rung::Error::from)?;
            (Schema::of(&project)?, dialect)
        }
        Some(side) => {
            let (side, project) = (Side::parse(side)?, Project::offline(arguments)?);
            let dialect = common_dialect(&[&side], arguments, &project, selection.dev_url.as_deref())?;
            let bench = Workbench::new(&project, dialect, selection.dev_url.as_deref(), None)?;
            let schema = side.read(arguments, &project, &bench)?;
            side.doubt(&schema, &bench).iter().for_each(|doubt| terminal.warn(doubt));
            (schema, dialect)
        }
    };
    let filter =
        Filter { schemas: selection.schema.clone(), kinds: selection.kind.clone(), names: selection.names.clone() };
    filter.apply(&mut schema.catalog);
    if schema.catalog.is_empty() && !filter.is_all() {
        return Err(Failure::usage(
            "nothing in the schema is so called",
            "`rung inspect` without names shows what there is",
        ));
    }
    Ok((schema, dialect))
}
