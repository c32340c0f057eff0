//! `rung env`.

use std::collections::BTreeSet;

use crate::args::{Arguments, EnvArguments};
use crate::config::{Files, Project, no_environment, redacted, url_of};
use crate::exit::Exit;
use crate::json;
use crate::render::{DIM, Failure, Names, OK, Terminal, WARN, paint};

pub(crate) fn env(arguments: &Arguments, options: &EnvArguments, terminal: &Terminal) -> Result<Exit, Failure> {
    match options.name.as_deref() {
        None | Some("list") => list(arguments, terminal),
        Some(name) => show(arguments, name, terminal),
    }
}

fn list(arguments: &Arguments, terminal: &Terminal) -> Result<Exit, Failure> {
    let files = Files::find(arguments)?;
    if files.source.is_none() {
        return Err(Failure::usage("there is no rung.toml here or above", "make one with `rung init`"));
    }
    // A command that could not choose would say so; the list is shown all the same.
    let current = Project::resolve(arguments).ok().and_then(|project| project.name);
    let environments: Vec<json::Environment<'_>> = files
        .config
        .env
        .iter()
        .map(|(name, env)| json::Environment {
            name,
            // As it is written: what its variables stand for is nobody's business here.
            url: env.url.as_ref().map_or_else(|| "${DATABASE_URL}".to_owned(), |url| redacted(url.get_ref())),
            protected: env.protected,
            current: current.as_ref() == Some(name),
        })
        .collect();
    let names = Names::new(files.config.env.keys().map(String::as_str), terminal.columns(), 40);
    for env in &environments {
        let mark = if env.current { paint(OK, "*") } else { " ".to_owned() };
        let protected = if env.protected { paint(WARN, "   protected") } else { String::new() };
        terminal.show(format!("{mark} {}  {}{protected}", names.cell(env.name), env.url));
    }
    if terminal.is_json() {
        terminal.json(&json::Environments { version: json::VERSION, environments });
    } else if environments.is_empty() {
        terminal.note("rung.toml has no environments; write e.g. [env.dev] with a url");
    }
    Ok(Exit::Done)
}

/// One environment as a command would use it, without connecting.
fn show(arguments: &Arguments, name: &str, terminal: &Terminal) -> Result<Exit, Failure> {
    let files = Files::find(arguments)?;
    let Some((name, env)) = files.config.env.get_key_value(name) else {
        return Err(no_environment(&files, name));
    };
    let url = redacted(&url_of(&files, Some(name), env)?);
    if terminal.is_json() {
        let environments = vec![json::Environment { name, url, protected: env.protected, current: true }];
        terminal.json(&json::Environments { version: json::VERSION, environments });
        return Ok(Exit::Done);
    }
    let config = &files.config;
    let dirs: Vec<&str> = match env.dirs.is_empty() {
        false => env.dirs.iter().map(String::as_str).collect(),
        true => config.dir.iter().chain(&config.dirs).map(String::as_str).collect(),
    };
    let dirs = if dirs.is_empty() { "migrations".to_owned() } else { dirs.join(", ") };
    let schema = env.schema.as_deref().or(config.history.schema.as_deref()).unwrap_or("rung");
    let variables: BTreeSet<&str> = env.vars.keys().chain(config.vars.keys()).map(String::as_str).collect();
    let mut rows = vec![("url", url), ("protected", if env.protected { "yes" } else { "no" }.to_owned())];
    rows.extend([("migrations", dirs), ("history", schema.to_owned())]);
    if !variables.is_empty() {
        rows.push(("variables", variables.into_iter().collect::<Vec<_>>().join(", ")));
    }
    for (key, value) in rows {
        terminal.show(format!("{}  {value}", paint(DIM, format!("{key:<10}"))));
    }
    Ok(Exit::Done)
}
