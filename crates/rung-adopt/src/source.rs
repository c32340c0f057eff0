//! Whose history is taken over: a tool's, or that of a table of one's own.

use rung_engine::{DbError, Driver, Keeper, MigrationSet, PlanError, PlanErrorKind, RunError, Table};
use rung_sql::{Diagnostic, closest};

use crate::account::{Account, Row};
use crate::tool::Tool;
use crate::tools::{HomeMade, TOOLS};

/// Whose history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// That of a tool, by its name.
    Tool(&'static str),
    /// A table of one's own, with the column that names the migrations.
    Table {
        /// The table, perhaps with its schema.
        table: String,
        /// The column.
        column: String,
    },
}

/// The names of all tools.
pub fn names() -> impl Iterator<Item = &'static str> {
    TOOLS.iter().map(|tool| tool.name())
}

/// The names of those whose tables can be written along.
pub const KEPT: [&str; 9] =
    ["dbmate", "goose", "golang-migrate", "sqlx", "diesel", "refinery", "flyway", "supabase", "prisma"];

impl Source {
    /// Reads `goose`, or `table:platform.schema_migrations(migration_name)`.
    ///
    /// # Errors
    /// What is wrong with it, and what may be meant.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(text) = text.strip_prefix("table:") {
            let split = text.strip_suffix(')').and_then(|text| text.split_once('('));
            return match split.map(|(table, column)| (table.trim(), column.trim())) {
                Some((table, column)) if !table.is_empty() && !column.is_empty() => {
                    Ok(Self::Table { table: table.to_owned(), column: column.to_owned() })
                }
                _ => Err("write the table and its column: table:NAME(COLUMN)".to_owned()),
            };
        }
        match names().find(|name| *name == text) {
            Some(name) => Ok(Self::Tool(name)),
            None => Err(closest(text, names()).map_or_else(
                || format!("the tools are {}, or table:NAME(COLUMN)", names().collect::<Vec<_>>().join(", ")),
                |near| format!("did you mean {near}?"),
            )),
        }
    }
}

/// A history that was found.
pub(crate) struct Found {
    pub(crate) reader: Reader,
    pub(crate) table: Table,
}

/// Who can read it.
pub(crate) enum Reader {
    Tool(&'static dyn Tool),
    HomeMade(HomeMade),
}

impl Found {
    /// The tool's name, or `table`.
    pub(crate) fn name(&self) -> &'static str {
        match &self.reader {
            Reader::Tool(tool) => tool.name(),
            Reader::HomeMade(_) => "table",
        }
    }

    /// Who is said to have applied something.
    pub(crate) fn whose(&self) -> &str {
        match &self.reader {
            Reader::Tool(tool) => tool.name(),
            Reader::HomeMade(_) => &self.table.qualified,
        }
    }

    pub(crate) fn tool(&self) -> Option<&'static dyn Tool> {
        match &self.reader {
            Reader::Tool(tool) => Some(*tool),
            Reader::HomeMade(_) => None,
        }
    }

    /// What writes it along.
    pub(crate) fn keeper(&self) -> Option<Box<dyn Keeper>> {
        self.tool().and_then(|tool| tool.keeper(&self.table))
    }

    /// Reads it.
    pub(crate) fn account(&self, driver: &mut dyn Driver, set: &MigrationSet) -> Result<Account, DbError> {
        let dialect = driver.dialect_of();
        let query = match &self.reader {
            Reader::Tool(tool) => tool.query(&self.table, dialect),
            Reader::HomeMade(table) => table.query(&self.table, dialect),
        };
        let rows: Vec<Row> = driver.query(&query)?;
        Ok(match &self.reader {
            Reader::Tool(tool) => tool.account(&rows, set, dialect),
            Reader::HomeMade(table) => table.account(&rows, set, &self.table),
        })
    }
}

/// Finds the history that is meant: the one that is named, else the only one that is there.
pub(crate) fn find(
    driver: &mut dyn Driver,
    source: Option<&Source>,
    table: Option<&str>,
    format: Option<&'static str>,
) -> Result<Found, RunError> {
    match source {
        Some(Source::Table { table, column }) => {
            let found = named(driver, table)?.ok_or_else(|| no_table(table))?;
            let reader = HomeMade::new(column, &found)?;
            Ok(Found { reader: Reader::HomeMade(reader), table: found })
        }
        Some(Source::Tool(name)) => {
            let tool = TOOLS.iter().copied().find(|tool| tool.name() == *name).expect("the name of a tool was checked");
            let names: Vec<&str> = table.map_or_else(|| tool.tables().to_vec(), |table| vec![table]);
            for name in &names {
                let Some(found) = named(driver, name)? else { continue };
                tool.is_its(&found).map_err(|why| not_its(tool, &found, &why))?;
                return Ok(Found { reader: Reader::Tool(tool), table: found });
            }
            let others = if table.is_none() { all_found(driver)? } else { Vec::new() };
            // A name that somebody gave is meant as it is.
            let elsewhere = if table.is_none() { elsewhere(driver, &[tool], Names::Alike)? } else { Vec::new() };
            Err(not_there(tool, &names, &elsewhere, &others).into())
        }
        None => only_found(driver, format),
    }
}

/// The table of a name, as people and tools write it.
pub(crate) fn named(driver: &mut dyn Driver, name: &str) -> Result<Option<Table>, DbError> {
    match name.split_once('.') {
        Some((schema, name)) => driver.table(Some(schema), name),
        None => driver.table(None, name),
    }
}

/// The tool whose history is the only one there; of several, that of the format.
///
/// # Errors
/// There is none, or there are several; the database.
pub fn only(driver: &mut dyn Driver, format: Option<&'static str>) -> Result<&'static str, RunError> {
    Ok(only_found(driver, format)?.name())
}

/// The tables of all tools that have a history here.
///
/// # Errors
/// The database.
pub fn histories(driver: &mut dyn Driver) -> Result<Vec<Table>, DbError> {
    Ok(all_found(driver)?.into_iter().map(|(_, table)| table).collect())
}

fn all_found(driver: &mut dyn Driver) -> Result<Vec<(&'static dyn Tool, Table)>, DbError> {
    let mut found: Vec<(&'static dyn Tool, Table)> = Vec::new();
    for tool in TOOLS {
        for name in tool.tables() {
            if let Some(table) = named(driver, name)?.filter(|table| tool.is_its(table).is_ok()) {
                found.push((*tool, table));
                break;
            }
        }
    }
    Ok(found)
}

/// What tables have to be called that are found where no tool has them by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    /// As a tool calls its own.
    Usual,
    /// Such that it may be one for migrations.
    Alike,
}

/// Tables with the columns of these tools' that the search path does not lead to, or that have another name than usual.
fn elsewhere(
    driver: &mut dyn Driver,
    tools: &[&'static dyn Tool],
    names: Names,
) -> Result<Vec<(&'static dyn Tool, Table)>, DbError> {
    const WORDS: [&str; 4] = ["migration", "version", "history", "changelog"];
    let own = driver.schema().to_owned();
    let tables = driver.every_table()?;
    let mut found = Vec::new();
    for tool in tools {
        let is_usual = |table: &Table| {
            tool.tables().iter().any(|name| name.rsplit('.').next().unwrap_or(name).eq_ignore_ascii_case(&table.name))
        };
        let fits = |table: &&Table| match names {
            Names::Usual => is_usual(table),
            Names::Alike => is_usual(table) || WORDS.iter().any(|word| table.name.to_lowercase().contains(word)),
        };
        let others = tables.iter().filter(|table| table.schema.is_empty() || table.schema != own);
        let mut its: Vec<&Table> = others.filter(fits).filter(|table| tool.is_its(table).is_ok()).collect();
        its.sort_by_key(|table| !is_usual(table));
        found.extend(its.into_iter().map(|table| (*tool, table.clone())));
    }
    Ok(found)
}

/// What to type to take over the history in a table.
fn command(tool: &dyn Tool, table: &Table) -> String {
    let path = table.path();
    let is_plain = path.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    let path = if is_plain { path } else { format!("\"{path}\"") };
    format!("there is {}: `rung adopt --from {} --table {path}`", table.qualified, tool.name())
}

fn only_found(driver: &mut dyn Driver, format: Option<&'static str>) -> Result<Found, RunError> {
    let mut found = all_found(driver)?;
    // Some tables are alike; what the files are then tells whose it is.
    if let Some(at) = found.iter().position(|(tool, _)| Some(tool.name()) == format) {
        found = vec![found.swap_remove(at)];
    }
    match found.len() {
        1 => {
            let (tool, table) = found.swap_remove(0);
            Ok(Found { reader: Reader::Tool(tool), table })
        }
        0 => {
            let elsewhere = elsewhere(driver, TOOLS, Names::Usual)?;
            let error = Diagnostic::error("no-history", "there is no table of any tool that rung knows");
            let named = elsewhere.iter().map(|(tool, table)| command(*tool, table));
            let error = named.fold(error, Diagnostic::help);
            let error = error
                .help("name the tool: `rung adopt --from TOOL`, with `--table NAME` where its table has another name")
                .help("or name a table of your own: `rung adopt --from \"table:NAME(COLUMN)\"`")
                .help("where nothing was recorded: `rung stamp ID` says how far the database is");
            Err(usage(error).into())
        }
        _ => {
            let names: Vec<&str> = found.iter().map(|(tool, _)| tool.name()).collect();
            let message = format!("there are histories of several tools here: {}", names.join(", "));
            let mut error = Diagnostic::error("several-histories", message);
            for (tool, table) in &found {
                error = error.note(format!("{}: the table {}", tool.name(), table.qualified));
            }
            Err(usage(error.help(format!("say which: `rung adopt --from {}`", names[0]))).into())
        }
    }
}

fn no_table(name: &str) -> PlanError {
    let error = Diagnostic::error("no-history", format!("there is no table {name}"));
    usage(error.help("write it with its schema: table:SCHEMA.NAME(COLUMN)"))
}

/// How many tables are proposed.
const PROPOSED: usize = 5;

fn not_there(
    tool: &dyn Tool,
    names: &[&str],
    elsewhere: &[(&'static dyn Tool, Table)],
    others: &[(&'static dyn Tool, Table)],
) -> PlanError {
    let names = names.join(" or ");
    let mut error = Diagnostic::error(
        "no-history",
        match elsewhere {
            [] => format!("there is no table {names}: {} has never run here", tool.name()),
            _ => format!("there is no table {names} where {} has it by itself", tool.name()),
        },
    );
    for (_, table) in elsewhere.iter().take(PROPOSED) {
        error = error.help(command(tool, table));
    }
    for (other, table) in others {
        error = error.help(format!("there is {}: `--from {}`", table.qualified, other.name()));
    }
    usage(match elsewhere {
        [] => error.help("where it has another name, or is in another schema, give it: `--table SCHEMA.NAME`"),
        _ => error,
    })
}

fn not_its(tool: &dyn Tool, table: &Table, why: &str) -> PlanError {
    let message = format!("the table {} is not {}'s: it {why}", table.qualified, tool.name());
    let error = Diagnostic::error("not-its-history", message).note(format!("its columns: {}", table.column_names()));
    let help = "name the tool that it is of, or read it as a table of your own: `--from \"table:NAME(COLUMN)\"`";
    usage(error.help(help))
}

pub(crate) fn usage(diagnostic: Diagnostic) -> PlanError {
    PlanError::new(PlanErrorKind::Usage, diagnostic)
}
