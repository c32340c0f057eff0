//! What a template is told: every word of docs/docs.md's list is a field here.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use rung::catalog::Catalog;
use rung::engine::{Body, Dialect, Down};
use rung::{Migration, StatusReport};
use serde::Serialize;

use super::relations::{Schema, schema};
use crate::draw::State;
use crate::lineage::{Lineage, Node, states};

/// The page.
#[derive(Serialize)]
pub(crate) struct Page<'a> {
    /// The database's product: `PostgreSQL`.
    product: &'static str,
    /// The tool whose format the files are in; none for rung's own.
    format: Option<&'static str>,
    /// The migrations directories.
    directories: Vec<String>,
    /// The environments, in the order of their names.
    environments: Vec<Environment<'a>>,
    /// The migrations, in the order of the run.
    migrations: Vec<MigrationOf<'a>>,
    /// The dependencies as a tree.
    tree: String,
    /// The same for Mermaid.
    graph: String,
    /// Where the drawing of the tables is, from the page; none where none is written.
    picture: Option<String>,
    /// What is in the database; none where it was not read.
    schema: Option<Schema<'a>>,
}

/// An environment.
#[derive(Serialize)]
struct Environment<'a> {
    name: &'a str,
    protected: bool,
    /// Whether it could be asked; what follows is there only then.
    reached: bool,
    product: Option<&'a str>,
    version: Option<&'a str>,
    applied: usize,
    pending: usize,
    /// The migration that was applied last, and when.
    newest: Option<&'a str>,
    newest_at: Option<&'a str>,
}

/// A migration.
#[derive(Serialize)]
struct MigrationOf<'a> {
    id: &'a str,
    name: &'a str,
    path: String,
    description: Option<&'a str>,
    /// `create_table`, ...
    r#type: Option<&'static str>,
    author: Option<&'a str>,
    date: Option<&'a str>,
    tags: &'a [String],
    /// The environments that it is for; empty for all.
    only: &'a [String],
    /// Whether it has no statements yet.
    planned: bool,
    /// What it needs, by id; `declared` where its file says so.
    depends_on: Vec<&'a str>,
    declared: bool,
    /// What its statements do.
    deeds: Vec<Deed<'a>>,
    /// Where it stands, by environment: those that were reached.
    status: BTreeMap<&'a str, Status<'a>>,
    rollback: Rollback<'a>,
}

#[derive(Serialize)]
struct Deed<'a> {
    /// `creates`, `adds`, `changes`, `renames`, `drops`, `inserts`, `updates`, `deletes`, `runs`.
    verb: &'static str,
    /// `table`, `column`, `index`, `rows`, ...
    /// `columns`, where it was done to several.
    kind: String,
    /// Its name; several where the same was done to each.
    names: Vec<&'a str>,
    /// What it is on or in: the table of a column.
    of: Option<&'a str>,
    /// Its columns or values, or its new name.
    with: &'a [String],
}

#[derive(Serialize)]
struct Status<'a> {
    /// `applied`, `pending`, `wrong`, or `elsewhere`: for other environments only.
    state: &'static str,
    at: Option<&'a str>,
}

#[derive(Serialize)]
struct Rollback<'a> {
    /// `section`, `comment`, `file`, `function`; none where nothing undoes it.
    from: Option<&'static str>,
    /// The file, where it is one of its own.
    file: Option<String>,
    /// What goes when it is undone, with all that was put there since.
    loses: Vec<Loss<'a>>,
    /// What does not come back when it is undone.
    gone: Vec<Loss<'a>>,
    sql: Option<String>,
}

#[derive(Serialize)]
struct Loss<'a> {
    /// `the rows of`, `the values of`, ...
    what: &'static str,
    of: &'a [String],
}

/// An environment that was asked, or could not be.
pub(crate) struct Stand {
    pub(crate) name: String,
    pub(crate) is_protected: bool,
    pub(crate) at: Option<At>,
}

/// What it answered.
pub(crate) struct At {
    pub(crate) report: StatusReport,
    pub(crate) product: &'static str,
    pub(crate) version: String,
}

/// What a page is made of.
pub(crate) struct Sources<'a> {
    pub(crate) lineage: &'a Lineage<'a>,
    pub(crate) dialect: &'static dyn Dialect,
    pub(crate) format: Option<&'static str>,
    pub(crate) dirs: &'a [PathBuf],
    pub(crate) environments: &'a [Stand],
    pub(crate) catalog: Option<&'a Catalog>,
    /// The graph for Mermaid.
    pub(crate) graph: String,
    /// Where the drawing of the tables is, from the page.
    pub(crate) picture: Option<String>,
}

/// Collects what a page tells.
pub(crate) fn page<'a>(sources: Sources<'a>) -> Page<'a> {
    let standing: Vec<(&'a str, &'a StatusReport, HashMap<&'a str, State>)> = sources
        .environments
        .iter()
        .filter_map(|of| of.at.as_ref().map(|at| (of.name.as_str(), &at.report, states(&at.report))))
        .collect();
    let shown = |path: &std::path::Path| path.display().to_string().replace('\\', "/");
    Page {
        product: sources.dialect.title(),
        format: sources.format,
        directories: sources.dirs.iter().map(|dir| shown(dir)).collect(),
        environments: sources.environments.iter().map(environment).collect(),
        migrations: sources.lineage.nodes.iter().map(|node| migration(node, sources.lineage, &standing)).collect(),
        tree: sources.lineage.tree(|_, node| node.migration.id.as_str().to_owned()),
        graph: sources.graph,
        picture: sources.picture,
        schema: sources.catalog.map(schema),
    }
}

fn environment(of: &Stand) -> Environment<'_> {
    let at = of.at.as_ref();
    let newest = at.and_then(|at| at.report.current());
    Environment {
        name: &of.name,
        protected: of.is_protected,
        reached: at.is_some(),
        product: at.map(|at| at.product),
        version: at.map(|at| at.version.as_str()),
        applied: at.map_or(0, |at| at.report.history.done().count()),
        pending: at.map_or(0, |at| at.report.pending.len()),
        newest: newest.map(|row| row.id.as_str()),
        newest_at: newest.map(|row| row.applied_at.as_str()),
    }
}

fn migration<'a>(
    node: &'a Node<'a>,
    lineage: &'a Lineage<'a>,
    standing: &[(&'a str, &'a StatusReport, HashMap<&'a str, State>)],
) -> MigrationOf<'a> {
    let migration = node.migration;
    let is_applied = |states: &HashMap<&str, State>| {
        matches!(states.get(migration.id.as_str()), Some(State::Applied | State::Wrong))
    };
    let status = standing.iter().map(|(name, report, states)| {
        let state = match states.get(migration.id.as_str()) {
            Some(State::Applied) => "applied",
            Some(State::Pending) => "pending",
            Some(State::Wrong) => "wrong",
            Some(State::Unknown) | None => "elsewhere",
        };
        let at =
            report.history.get(migration.id.as_str()).filter(|row| row.is_done()).map(|row| row.applied_at.as_str());
        (*name, Status { state, at })
    });
    // Columns that are added one after the other, and tables that are dropped, are told in one line.
    let is_alike = |a: &rung::lint::Deed, b: &rung::lint::Deed| {
        a.verb == b.verb && a.kind == b.kind && a.of == b.of && a.with.is_empty() && b.with.is_empty()
    };
    let deeds = node.outline.deeds.chunk_by(is_alike).map(|alike| Deed {
        verb: alike[0].verb.as_str(),
        kind: if alike.len() > 1 { plural(&alike[0].kind) } else { alike[0].kind.clone() },
        names: alike.iter().map(|deed| deed.name.as_str()).filter(|name| !name.is_empty()).collect(),
        of: alike[0].of.as_deref(),
        with: &alike[0].with,
    });
    MigrationOf {
        id: migration.id.as_str(),
        name: migration.id.name(),
        path: migration.source.path().display().to_string().replace('\\', "/"),
        description: migration.description.as_deref(),
        r#type: migration.declared_type.map(|of| of.as_str()),
        author: migration.author.as_deref(),
        date: migration.date.as_deref(),
        tags: &migration.tags,
        only: &migration.only,
        // What is recorded as applied is not planned any more.
        planned: is_planned(node) && !standing.iter().any(|(.., states)| is_applied(states)),
        depends_on: node.needs.iter().map(|need| lineage.nodes[*need].migration.id.as_str()).collect(),
        declared: node.is_declared,
        deeds: deeds.collect(),
        status: status.collect(),
        rollback: rollback(node),
    }
}

fn plural(kind: &str) -> String {
    match kind.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if kind.ends_with('s') => kind.to_owned(),
        None if kind.ends_with('x') => format!("{kind}es"),
        None => format!("{kind}s"),
    }
}

/// Whether a file is there, and nothing in it yet.
fn is_planned(node: &Node<'_>) -> bool {
    let Body::Sql(body) = &node.migration.body else { return false };
    node.outline.deeds.is_empty()
        && body.up.text().lines().all(|line| {
            let line = line.trim();
            line.is_empty() || line.starts_with("--")
        })
}

fn rollback<'a>(node: &'a Node<'a>) -> Rollback<'a> {
    let migration = node.migration;
    let (from, file) = match &migration.down {
        None => (None, None),
        Some(Down::Code(_)) => (Some("function"), None),
        Some(Down::Sql(script)) if script.source().path() != migration.source.path() => {
            (Some("file"), Some(script.source().path().display().to_string().replace('\\', "/")))
        }
        Some(Down::Sql(script)) => {
            (Some(if is_comment(migration, script.source_offset(0)) { "comment" } else { "section" }), None)
        }
    };
    let losses =
        |list: &'a [rung::lint::Loss]| list.iter().map(|loss| Loss { what: loss.what, of: &loss.of }).collect();
    let loses = if from.is_some() { losses(&node.outline.undone) } else { Vec::new() };
    Rollback {
        from,
        file,
        loses,
        gone: losses(&node.outline.gone),
        sql: migration.down_text().filter(|sql| !sql.is_empty()),
    }
}

/// Whether a place of the file is in a comment.
fn is_comment(migration: &Migration, at: usize) -> bool {
    let text = migration.source.text();
    let start = text[..at.min(text.len())].rfind('\n').map_or(0, |end| end + 1);
    text[start..].trim_start().starts_with("--")
}
