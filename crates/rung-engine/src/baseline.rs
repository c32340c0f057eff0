//! What is wrong with what baselines say that they stand for.

use std::collections::{HashMap, HashSet};

use rung_sql::{Diagnostic, Span};

use crate::due::stands_for;
use crate::model::{Migration, MigrationSet, Runs};
use crate::plan::{PlanError, PlanErrorKind};

/// All of it, by the order of the files.
pub(crate) fn check(set: &MigrationSet) -> Vec<PlanError> {
    let baselines: Vec<&Migration> =
        set.iter().map(|migration| &**migration).filter(|migration| !migration.replaces.is_empty()).collect();
    let mut found: Vec<Diagnostic> = baselines.iter().flat_map(|baseline| alone(set, baseline)).collect();
    found.extend(together(&baselines));
    found.into_iter().map(|diagnostic| PlanError::new(PlanErrorKind::Files, diagnostic)).collect()
}

fn error(code: &'static str, baseline: &Migration, id: &str, message: String) -> Diagnostic {
    Diagnostic::error(code, message).at(&baseline.source, place(baseline, id), "")
}

/// What a baseline says that can't be so.
fn alone(set: &MigrationSet, baseline: &Migration) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut before: HashSet<&str> = HashSet::new();
    for replaced in &baseline.replaces {
        let id = replaced.id.as_str();
        let file = set.get(id).map(|migration| &**migration);
        if id == baseline.id.as_str() {
            let message = format!("{id} stands for itself");
            found.push(error("replaces-itself", baseline, id, message).help("take it out of its own `@replaces`"));
        } else if before.contains(id) {
            let message = format!("{} stands for {id} twice", baseline.id);
            found.push(error("replaced-twice", baseline, id, message).help("name it once in `@replaces`"));
        } else if let Some(file) = file.filter(|file| (file.runs == Runs::Checkpoint) != replaced.is_baseline) {
            let (message, help) = match file.runs {
                Runs::Checkpoint => (format!("{id} is a baseline"), format!("write `baseline {id}` in `@replaces`")),
                _ => (format!("{id} is no baseline"), format!("write `{id}` in `@replaces`")),
            };
            found.push(error("replaces-baseline", baseline, id, message).help(help));
        } else if replaced.is_baseline {
            // Whoever has what it stands for and not it itself would otherwise be taken to have nothing.
            let lacks = file.and_then(|file| file.replaces.iter().find(|its| !before.contains(its.id.as_str())));
            let message = match lacks {
                Some(lacks) => format!("{} stands for {id}, and not for {} before it", baseline.id, lacks.id),
                None if before.is_empty() => format!("{} stands for {id}, and for nothing before it", baseline.id),
                None => String::new(),
            };
            if !message.is_empty() {
                let help = "name all that it stands for before it in `@replaces`";
                found.push(error("replaces-baseline", baseline, id, message).help(help));
            }
        }
        before.insert(id);
    }
    found
}

/// Baselines that stand for the same, where neither stands for the other: a database would run one of them alone.
fn together(baselines: &[&Migration]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut pairs: HashSet<(usize, usize)> = HashSet::new();
    let mut by_id: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, second) in baselines.iter().enumerate() {
        for id in second.replaces.iter().map(|replaced| replaced.id.as_str()) {
            let others = by_id.entry(id).or_default();
            for other in others.iter().filter(|other| **other != at) {
                let first = baselines[*other];
                let meet = first.only.is_empty()
                    || second.only.is_empty()
                    || first.only.iter().any(|environment| second.only.contains(environment));
                let is_one = stands_for(first, second.id.as_str()) || stands_for(second, first.id.as_str());
                if meet && !is_one && pairs.insert((*other, at)) {
                    let message = format!("{} and {} both stand for {id}", first.id, second.id);
                    let diagnostic = error("replaced-twice", second, id, message)
                        .at(&first.source, place(first, id), "")
                        .help("keep one of them, with the files of what only the other stands for; then squash anew")
                        .help(format!(
                            "or let the later one make all that both do, and say so: `-- @replaces ... baseline {}`",
                            first.id
                        ));
                    found.push(diagnostic);
                }
            }
            others.push(at);
        }
    }
    found
}

/// Where a baseline names an id; the last time, where it does so more than once.
fn place(baseline: &Migration, id: &str) -> Span {
    let text = baseline.source.text();
    let mut start = 0;
    let mut found = Span::new(0, 0);
    for line in text.split_inclusive('\n') {
        if let Some((directive, names)) = line.split_once("@replaces").filter(|(before, _)| before.trim() == "--") {
            let mut at = start + directive.len() + "@replaces".len();
            for word in names.split_inclusive([',', ' ', '\n', '\r', '\t']) {
                let name = word.trim_end_matches([',', ' ', '\n', '\r', '\t']);
                if name == id {
                    found = Span::new(at, at + name.len());
                }
                at += word.len();
            }
        }
        start += line.len();
    }
    found
}
