//! Which change sets run here: contexts, labels, kinds of databases.

use std::collections::BTreeSet;

use rung_sql::Diagnostic;

use super::changeset::{ChangeSet, Property};
use super::expression;
use crate::LoadOptions;
use crate::files::Files;
use crate::migration::lines;

/// Where a change set runs.
pub(super) enum Place {
    /// Here. What it would have been chosen by, where nothing is chosen.
    Here(Vec<String>),
    /// Not where these contexts and labels are chosen: its own.
    Elsewhere(Vec<String>),
    /// On another kind of database, or never.
    Nowhere,
}

impl Place {
    pub(super) fn unchosen(&self) -> Vec<String> {
        if let Self::Here(names) = self { names.clone() } else { Vec::new() }
    }
}

/// What is chosen of contexts and labels.
#[derive(Default)]
pub(super) struct Chosen {
    contexts: Option<BTreeSet<String>>,
    labels: Option<String>,
    pub(super) parameters: Vec<Property>,
}

impl Chosen {
    /// By the variables of the process, or by `liquibase.properties`.
    pub(super) fn read(files: &Files, options: &LoadOptions<'_>) -> Self {
        let path = files.nearby("liquibase.properties");
        let text = path.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
        let mut chosen = Self::default();
        let (mut contexts, mut labels) = (None, None);
        for (_, line) in lines(&text) {
            let Some((key, value)) = line.split_once(['=', ':']).filter(|_| !line.trim_start().starts_with('#')) else {
                continue;
            };
            let value = value.trim().to_owned();
            match key.trim().trim_start_matches("liquibase.").trim_start_matches("command.") {
                "contexts" | "contextFilter" | "context-filter" => contexts = Some(value),
                "labelFilter" | "label-filter" | "labels" => labels = Some(value),
                key => chosen.parameters.extend(key.strip_prefix("parameter.").map(|name| Property {
                    name: name.to_owned(),
                    value,
                    ..Property::default()
                })),
            }
        }
        let variable = |names: &[&str]| names.iter().find_map(|name| options.environment.get(*name)).cloned();
        contexts = variable(&["LIQUIBASE_COMMAND_CONTEXTS", "LIQUIBASE_COMMAND_CONTEXT_FILTER"]).or(contexts);
        labels = variable(&["LIQUIBASE_COMMAND_LABEL_FILTER"]).or(labels);
        let names = |text: String| text.split(',').map(|name| name.trim().to_lowercase()).collect::<BTreeSet<_>>();
        chosen.contexts = contexts.filter(|text| !text.is_empty()).map(names);
        chosen.labels = labels.filter(|text| !text.is_empty());
        chosen
    }

    /// Whether what is for some contexts holds where these are chosen.
    pub(super) fn has(&self, context: &str) -> bool {
        let chosen = self.contexts.as_ref().filter(|_| !context.is_empty());
        chosen.is_none_or(|chosen| expression::holds(context, chosen).unwrap_or(false))
    }

    pub(super) fn place(
        &self,
        changeset: &ChangeSet,
        contexts: &[String],
        labels: &[String],
        dialect: &str,
    ) -> Result<Place, Box<Diagnostic>> {
        let value = |key: &str| changeset.attributes.get(key).map(|(value, _)| value.as_str());
        if value("ignore") == Some("true") || !is_for(value("dbms").unwrap_or_default(), dialect) {
            return Ok(Place::Nowhere);
        }
        let own = value("contextfilter").or(value("context")).map(str::to_owned);
        let contexts: Vec<String> = contexts.iter().cloned().chain(own).collect();
        let labels: Vec<String> = labels.iter().cloned().chain(value("labels").map(str::to_owned)).collect();
        let wrong = |message: String| {
            let error = Diagnostic::error("liquibase", message).at(&changeset.source, changeset.span, "");
            Box::new(error.help("write it with `and`, `or`, `!` and parentheses"))
        };
        let mut runs = true;
        let mut names = Vec::new();
        for expression in &contexts {
            match &self.contexts {
                Some(chosen) => runs &= expression::holds(expression, chosen).map_err(wrong)?,
                None => {
                    // `@name` asks for it to be chosen.
                    runs &= !expression.contains('@');
                    names.push(expression.clone());
                }
            }
        }
        match &self.labels {
            Some(filter) if !labels.is_empty() => {
                let all = labels.iter().flat_map(|labels| labels.split(',')).map(|name| name.trim().to_lowercase());
                runs &= expression::holds(filter, &all.collect()).map_err(wrong)?;
            }
            Some(_) => {}
            None => names.extend(labels.clone()),
        }
        Ok(if runs { Place::Here(names) } else { Place::Elsewhere(contexts.into_iter().chain(labels).collect()) })
    }
}

/// Whether `dbms` names this kind of database: `postgresql, !sqlite`; empty is all.
pub(super) fn is_for(dbms: &str, dialect: &str) -> bool {
    let names: Vec<&str> = dbms.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    let is_ours = |name: &str| name == "all" || name.starts_with(dialect);
    if names.iter().any(|name| name.strip_prefix('!').is_some_and(is_ours)) {
        return false;
    }
    let mut wanted = names.iter().filter(|name| !name.starts_with('!')).peekable();
    wanted.peek().is_none() || wanted.any(|name| is_ours(name))
}
