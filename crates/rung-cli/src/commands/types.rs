//! `rung types`.

use rung::types::{Language, Options, Source, generate};

use super::origin::Read;
use super::output::Destination;
use crate::args::{Arguments, From, Types};
use crate::config::Project;
use crate::exit::Exit;
use crate::render::{Failure, Terminal};

pub(crate) fn types(arguments: &Arguments, types: &Types, terminal: &Terminal) -> Result<Exit, Failure> {
    if terminal.is_json() {
        return Err(Failure::usage("types prints source text, and --json asks for JSON", "leave one of them out"));
    }
    let from = types.origin.from.as_ref().unwrap_or(&From::Live);
    // What migrations make needs no environment.
    let project = match from {
        From::Live => Project::resolve(arguments)?,
        From::Migrations | From::Side(_) => Project::offline(arguments)?,
    };
    let config = &project.files.config.types;
    // A file of rung.toml is one of its language.
    let configured = config.lang.map(|lang| lang.0).unwrap_or(Language::TypeScript);
    let language = types.lang.unwrap_or(configured);
    let kept = config.output.as_ref().filter(|_| language == configured).map(|file| project.files.path(file));
    let file = types.to.output.clone().or(kept);
    let to = Destination::of(file.as_deref(), types.to.check)?;

    let Read { catalog, lineage, dialect, title } = Read::of(arguments, &project, from, &types.origin)?;
    let mut map = config.map.clone();
    map.extend(types.map.iter().cloned());
    let options = Options {
        schemas: given(&types.schema, &config.schemas),
        default_schema: types.default_schema.clone().or_else(|| config.default_schema.clone()),
        map,
        derive: given(&types.derive, &config.derive),
        derive_enums: given(&types.derive_enums, &config.derive_enums),
    };
    let source = Source { catalog: &catalog, lineage: &lineage, types: dialect.types() };
    if !options.finds_any(source) {
        let asked = options.schemas.join(", ");
        return Err(Failure::usage(format!("no schema is called {asked}"), "`rung inspect` shows what there is"));
    }
    let text = generate(source, language, &options);
    let command = match (&types.to.output, &file) {
        (Some(file), _) => format!("rung types --lang {} -o {}", language.as_str(), file.display()),
        _ => "rung types".to_owned(),
    };
    to.take(&text, &title, &command, terminal)
}

/// What was typed, else what rung.toml says.
fn given(typed: &[String], configured: &[String]) -> Vec<String> {
    if typed.is_empty() { configured } else { typed }.to_vec()
}
