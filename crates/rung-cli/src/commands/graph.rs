//! `rung graph`.

use std::collections::HashMap;
use std::fmt::Write as _;

use rung::MigrationSet;
use rung::engine::Dialect;

use super::output::Destination;
use super::status::heading;
use crate::args::{Arguments, GraphArguments, GraphFormat};
use crate::config::Project;
use crate::draw::{self, Box, State};
use crate::exit::Exit;
use crate::json;
use crate::lineage::{Lineage, states};
use crate::render::{BAD, DIM, Failure, OK, Terminal, count, paint, render};

/// What is known of a project: its files, and where they stand where a database could be asked.
pub(super) struct Known {
    pub(super) set: MigrationSet,
    pub(super) dialect: &'static dyn Dialect,
    pub(super) standing: Option<Standing>,
    /// Why there is none, where somebody should know.
    pub(super) silent: Option<String>,
}

/// What a database says of the files.
pub(super) struct Standing {
    pub(super) report: rung::StatusReport,
    pub(super) heading: String,
    pub(super) facts: rung::engine::ServerFacts,
}

impl Known {
    /// Reads the files and asks the database, if it can be reached.
    ///
    /// # Errors
    /// What is wrong with the files.
    pub(super) fn of(project: &Project, is_offline: bool) -> Result<Self, Failure> {
        let dialect = project.dialect()?;
        let mut silent = None;
        if !is_offline && !project.url.is_empty() {
            let hasty = project.builder()?.connecting(|connecting| *connecting = project.hastily());
            match hasty.connect(&project.url).and_then(|mut migrator| Ok((migrator.status()?, migrator))) {
                Ok((report, mut migrator)) => {
                    let driver = migrator.driver();
                    let (dialect, facts) = (driver.dialect_of(), driver.facts().clone());
                    let heading = heading(project.name.as_deref(), &facts, dialect.title());
                    let standing = Some(Standing { report, heading, facts });
                    return Ok(Self { set: migrator.into_set(), dialect, standing, silent });
                }
                Err(rung::Error::Database(error)) => silent = Some(error.message),
                Err(error) => return Err(error.into()),
            }
        }
        let set = project.builder()?.load(dialect).map_err(rung::Error::Files)?;
        Ok(Self { set, dialect, standing: None, silent })
    }
}

pub(crate) fn graph(arguments: &Arguments, options: &GraphArguments, terminal: &Terminal) -> Result<Exit, Failure> {
    let format = options.shown();
    if terminal.is_json() && format != GraphFormat::Tree {
        return Err(Failure::usage("--format and --json ask for two things", "leave one of them out"));
    }
    let to = Destination::of(options.to.output.as_deref(), options.to.check)?;
    let project = Project::offline(arguments)?;
    let known = Known::of(&project, options.offline)?;
    for warning in &known.set.warnings {
        terminal.note(render(warning));
    }
    if let Some(why) = &known.silent {
        let name = project.name.as_deref().unwrap_or("the database");
        terminal.note(format!("{name} was not reached, so nothing is marked as applied: {why}"));
    }
    let lineage = Lineage::of(&known.set, known.dialect)?;
    let states = known.standing.as_ref().map(|standing| states(&standing.report)).unwrap_or_default();
    let state = |id: &str| states.get(id).copied().unwrap_or(State::Unknown);
    if terminal.is_json() {
        terminal.json(&as_json(&project, &known, &lineage, &state));
        return Ok(Exit::Done);
    }
    let text = match format {
        GraphFormat::Tree => tree(&known, &lineage, &state, matches!(to, Destination::Screen)),
        GraphFormat::Dot => dot(&lineage, &state),
        GraphFormat::Mermaid => mermaid(&lineage, &states),
        GraphFormat::Svg => svg(&lineage, &state),
    };
    let command = options.to.output.as_ref().map(|file| {
        let format = if format == GraphFormat::Tree { String::new() } else { format!(" --format {}", format.as_str()) };
        format!("rung graph{format} -o {}", file.display())
    });
    to.take(&text, "`rung graph` draws", &command.unwrap_or_default(), terminal)
}

fn tree(known: &Known, lineage: &Lineage<'_>, state: &impl Fn(&str) -> State, is_screen: bool) -> String {
    let mut text = String::new();
    if let Some(Standing { report, heading, .. }) = known.standing.as_ref().filter(|_| is_screen) {
        let (done, pending) = (report.history.done().count(), report.pending.len());
        let _ = writeln!(text, "{heading}      {done} applied · {pending} pending");
    }
    text.push_str(&lineage.tree(|_, node| {
        let id = node.migration.id.as_str();
        match state(id) {
            State::Unknown => id.to_owned(),
            State::Applied => format!("{} {id}", paint(OK, "✓")),
            State::Pending => format!("{} {id}", paint(DIM, "·")),
            State::Wrong => format!("{} {id}", paint(BAD, "≠")),
        }
    }));
    let found = lineage.nodes.iter().filter(|node| !node.is_declared && !node.needs.is_empty()).count();
    if found > 0 && is_screen {
        let what = format!("{} placed by what the SQL uses: no `Depends on` says it", count(found, "migration"));
        let _ = writeln!(text, "{}", paint(DIM, what));
    }
    text
}

/// Lines from each migration to those that need it, and whether a file says so.
fn lines(lineage: &Lineage<'_>) -> Vec<(usize, usize, bool)> {
    let nodes = lineage.nodes.iter().enumerate();
    nodes.flat_map(|(at, node)| node.direct.iter().map(move |need| (*need, at, node.is_declared))).collect()
}

fn svg(lineage: &Lineage<'_>, state: &impl Fn(&str) -> State) -> String {
    let boxes: Vec<Box<'_>> = lineage
        .nodes
        .iter()
        .map(|node| {
            let about = node.migration.description.clone().unwrap_or_default();
            Box { id: node.migration.id.as_str(), about, state: state(node.migration.id.as_str()) }
        })
        .collect();
    draw::graph(&boxes, &lines(lineage))
}

/// For Graphviz (<https://graphviz.org/doc/info/lang.html>).
fn dot(lineage: &Lineage<'_>, state: &impl Fn(&str) -> State) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let mut text = String::from(
        "digraph migrations {\n    node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"sans-serif\"];\n",
    );
    for node in &lineage.nodes {
        let id = node.migration.id.as_str();
        let look = match state(id) {
            State::Unknown => "",
            State::Applied => " [fillcolor=\"#dafbe1\"]",
            State::Pending => " [style=\"rounded,dashed\"]",
            State::Wrong => " [fillcolor=\"#ffebe9\"]",
        };
        let _ = writeln!(text, "    {}{look};", quoted(id));
    }
    for (from, to, is_declared) in lines(lineage) {
        let id = |at: usize| quoted(lineage.nodes[at].migration.id.as_str());
        let look = if is_declared { "" } else { " [style=dashed]" };
        let _ = writeln!(text, "    {} -> {}{look};", id(from), id(to));
    }
    text.push_str("}\n");
    text
}

/// For Mermaid (<https://mermaid.js.org/syntax/flowchart.html>).
pub(super) fn mermaid(lineage: &Lineage<'_>, states: &HashMap<&str, State>) -> String {
    // `#` begins an entity there, and a label in quotes may hold anything else.
    let label = |text: &str| text.replace('#', "#35;").replace('"', "#quot;").replace('`', "#96;");
    let mut text = String::from("flowchart TD\n");
    let mut classes: HashMap<&'static str, Vec<String>> = HashMap::new();
    for (at, node) in lineage.nodes.iter().enumerate() {
        let id = node.migration.id.as_str();
        let _ = writeln!(text, "    m{at}[\"{}\"]", label(id));
        let class = match states.get(id) {
            Some(State::Applied) => "applied",
            Some(State::Pending) => "pending",
            Some(State::Wrong) => "wrong",
            Some(State::Unknown) | None => continue,
        };
        classes.entry(class).or_default().push(format!("m{at}"));
    }
    for (from, to, is_declared) in lines(lineage) {
        let _ = writeln!(text, "    m{from} {} m{to}", if is_declared { "-->" } else { "-.->" });
    }
    for (class, look) in [
        ("applied", "fill:#dafbe1,stroke:#1a7f37,color:#1f2328"),
        ("pending", "stroke-dasharray:4 3"),
        ("wrong", "fill:#ffebe9,stroke:#cf222e,color:#1f2328"),
    ] {
        if let Some(nodes) = classes.get(class) {
            let _ = writeln!(text, "    classDef {class} {look}\n    class {} {class}", nodes.join(","));
        }
    }
    text
}

fn as_json<'a>(
    project: &'a Project,
    known: &'a Known,
    lineage: &'a Lineage<'_>,
    state: &impl Fn(&str) -> State,
) -> json::GraphOfMigrations<'a> {
    let id = |at: &usize| lineage.nodes[*at].migration.id.as_str();
    json::GraphOfMigrations {
        version: json::VERSION,
        environment: project.name.as_deref(),
        database: known.standing.as_ref().map(|standing| json::Database::of(known.dialect.title(), &standing.facts)),
        migrations: lineage
            .nodes
            .iter()
            .map(|node| json::GraphNode {
                id: node.migration.id.as_str(),
                description: node.migration.description.as_deref(),
                state: match state(node.migration.id.as_str()) {
                    State::Unknown => None,
                    State::Applied => Some("applied"),
                    State::Pending => Some("pending"),
                    State::Wrong => Some("wrong"),
                },
                depends_on: node.needs.iter().map(id).collect(),
                direct: node.direct.iter().map(id).collect(),
                declared: node.is_declared,
            })
            .collect(),
    }
}
