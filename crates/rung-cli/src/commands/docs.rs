//! `rung docs`.

use std::fs;
use std::path::Path;

use super::graph::{Known, mermaid};
use super::origin::Read;
use super::output::{Destination, keep};
use crate::args::{Arguments, DocsArguments, From};
use crate::config::Project;
use crate::document::{self, At, Sources, Stand};
use crate::draw;
use crate::exit::Exit;
use crate::lineage::{Lineage, states};
use crate::render::{Failure, Terminal, render};

pub(crate) fn docs(arguments: &Arguments, options: &DocsArguments, terminal: &Terminal) -> Result<Exit, Failure> {
    if options.print_template {
        terminal.data(document::TEMPLATE);
        return Ok(Exit::Done);
    }
    let project = Project::offline(arguments)?;
    let config = &project.files.config.docs;
    let is_offline = options.offline || config.offline;
    let kept = config.output.as_ref().map(|file| project.files.path(file));
    let file = options.to.output.clone().or(kept);
    let diagram = options.diagram.clone().or_else(|| config.diagram.as_ref().map(|file| project.files.path(file)));
    let to = Destination::of(file.as_deref(), options.to.check)?;
    let template = match (&options.template, &config.template) {
        (Some(path), _) => Some(path.clone()),
        (None, Some(path)) => Some(project.files.path(path)),
        (None, None) => None,
    };
    let text = template.as_deref().map(read_template).transpose()?;

    let known = Known::of(&project, true)?;
    for warning in &known.set.warnings {
        terminal.note(render(warning));
    }
    let environments = if is_offline { Vec::new() } else { ask(arguments, &project, terminal)? };
    let schema = schema(arguments, &project, options, is_offline, terminal)?;
    if let Some(other) = schema.as_ref().filter(|read| read.dialect.name() != known.dialect.name()) {
        let message = format!(
            "the migrations are for {}, and this schema is of {}",
            known.dialect.title(),
            other.dialect.title()
        );
        return Err(Failure::usage(message, "name one of the same kind of database with --from"));
    }
    let catalog = schema.map(|read| read.catalog);
    let lineage = Lineage::of(&known.set, known.dialect)?;
    let own = environments.iter().find(|of| project.name.as_ref() == Some(&of.name)).and_then(|of| of.at.as_ref());
    let states = own.map(|at| states(&at.report)).unwrap_or_default();
    let page = document::page(Sources {
        lineage: &lineage,
        dialect: known.dialect,
        format: known.set.format,
        dirs: &project.dirs,
        environments: &environments,
        catalog: catalog.as_ref(),
        graph: mermaid(&lineage, &states),
        picture: diagram.as_ref().map(|diagram| from_page(file.as_deref(), diagram)),
    });
    if terminal.is_json() {
        terminal.json(&page);
        return Ok(Exit::Done);
    }
    let text = document::render(&page, template.as_deref().zip(text))?;
    let command = match &options.to.output {
        Some(file) => format!("rung docs -o {}", file.display()),
        None => "rung docs".to_owned(),
    };
    let done = to.take(&text, "`rung docs` writes", &command, terminal)?;
    match (diagram, catalog) {
        (Some(file), Some(catalog)) => {
            let drawing = draw::tables(&catalog);
            if options.to.check {
                let checked = Destination::Against(&file).take(&drawing, "`rung docs` draws", &command, terminal)?;
                return Ok(if matches!(done, Exit::Done) { checked } else { done });
            }
            keep(&file, &drawing, terminal)?;
        }
        (Some(file), None) => {
            let why = format!("{} was not written: no schema was read", file.display());
            return Err(Failure::usage(why, "name a database that can be reached, or `--from migrations`"));
        }
        (None, _) => {}
    }
    Ok(done)
}

/// The way from the page to a file, as a link has it.
fn from_page(page: Option<&Path>, file: &Path) -> String {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let file = absolute(file);
    let dir = absolute(page.unwrap_or(Path::new("page")));
    let (mut from, mut to) = (dir.parent().unwrap_or(&dir).components().peekable(), file.components().peekable());
    while from.peek().is_some() && from.peek() == to.peek() {
        from.next();
        to.next();
    }
    let up = from.map(|_| "..".to_owned());
    let down = to.map(|part| part.as_os_str().to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<_>>().join("/")
}

fn read_template(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| {
        let next = "check the path; `rung docs --print-template > FILE` writes one to start from";
        Failure::usage(format!("the template {} can't be read: {error}", path.display()), next)
    })
}

/// Asks every environment where it stands; or the one database that was named.
fn ask(arguments: &Arguments, project: &Project, terminal: &Terminal) -> Result<Vec<Stand>, Failure> {
    let named = &project.files.config.docs.environments;
    let all: Vec<String> = match arguments.global.url.is_some() || project.files.config.env.is_empty() {
        true => Vec::new(),
        false if named.is_empty() => project.files.config.env.keys().cloned().collect(),
        false => named.clone(),
    };
    let mut found = Vec::new();
    for name in all {
        let other = match Project::of_environment(arguments, &name) {
            Ok(other) => other,
            // One that was asked for by name must be there; of the others, one may lack a variable here.
            Err(error) if named.contains(&name) && !project.files.config.env.contains_key(&name) => return Err(error),
            Err(error) => {
                let why = error.into_diagnostics().first().map(|it| it.message.clone()).unwrap_or_default();
                terminal.note(format!("{name} was not asked: {why}"));
                let is_protected = project.files.config.env.get(&name).is_some_and(|env| env.protected);
                found.push(Stand { name, is_protected, at: None });
                continue;
            }
        };
        found.push(stand(&other, name, terminal)?);
    }
    if found.is_empty() && !project.url.is_empty() {
        let name = project.name.clone().unwrap_or_else(|| "database".to_owned());
        found.push(stand(project, name, terminal)?);
    }
    Ok(found)
}

fn stand(project: &Project, name: String, terminal: &Terminal) -> Result<Stand, Failure> {
    let known = Known::of(project, false)?;
    if let Some(why) = &known.silent {
        terminal.note(format!("{name} was not reached: {why}"));
    }
    let at = known.standing.map(|standing| At {
        report: standing.report,
        product: known.dialect.title(),
        version: standing.facts.version,
    });
    Ok(Stand { name, is_protected: project.protection.is_some(), at })
}

/// The schema; none where the database can't be reached and nobody insists.
fn schema(
    arguments: &Arguments,
    project: &Project,
    options: &DocsArguments,
    is_offline: bool,
    terminal: &Terminal,
) -> Result<Option<Read>, Failure> {
    let from = match &options.origin.from {
        Some(from) => from,
        None if is_offline => &From::Migrations,
        None if project.url.is_empty() => return Ok(None),
        None => &From::Live,
    };
    match Read::of(arguments, project, from, &options.origin) {
        Ok(read) => Ok(Some(read)),
        Err(failure) if options.origin.from.is_none() && *from == From::Live => {
            let why = failure.into_diagnostics().first().map(|found| found.message.clone()).unwrap_or_default();
            terminal.note(format!("the schema was not read: {why}"));
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}
