//! The dependency graph: what comes before what.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use rung_sql::{Diagnostic, Span, closest};

use crate::baseline;
use crate::model::{Migration, MigrationSet};
use crate::names::{Named, Names};
use crate::plan::{PlanError, PlanErrorKind};

/// The migrations of a set with their dependencies resolved.
#[derive(Debug)]
pub struct Graph {
    /// Positions in the set that each migration depends on.
    edges: Vec<Vec<usize>>,
    /// Positions in the order of running.
    order: Vec<usize>,
}

impl Graph {
    /// Resolves every dependency and sorts: dependencies first, ties by version and then id.
    ///
    /// # Errors
    /// All dependencies that no file has, all cycles, and what baselines say that can't be so, each with its place.
    pub fn new(set: &MigrationSet) -> Result<Self, Vec<PlanError>> {
        let migrations: Vec<&Arc<Migration>> = set.iter().collect();
        let names = Names::new(migrations.iter().map(|migration| &***migration));
        let mut errors = baseline::check(set);
        let mut edges = vec![Vec::new(); migrations.len()];
        // Where each of them is written.
        let mut places: Vec<Vec<Span>> = vec![Vec::new(); migrations.len()];
        for (at, migration) in migrations.iter().enumerate() {
            for dependency in migration.depends_on.iter().flatten() {
                match names.get(&dependency.value, migration) {
                    Named::One(found) => {
                        edges[at].push(found);
                        places[at].push(dependency.span);
                    }
                    Named::Nothing => errors.push(missing_dependency(migration, dependency, names.ids())),
                    Named::Several(ids) => errors.push(ambiguous_dependency(migration, dependency, ids)),
                }
            }
        }
        match sort(&migrations, &edges) {
            Ok(order) if errors.is_empty() => Ok(Self { edges, order }),
            Ok(_) => Err(errors),
            Err(cycles) => {
                errors.extend(cycles.iter().map(|cycle| cycle_error(&migrations, &edges, &places, cycle)));
                Err(errors)
            }
        }
    }

    /// Positions in the set, in the order of running.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// Positions that the migration at `at` depends on directly.
    pub fn dependencies(&self, at: usize) -> &[usize] {
        &self.edges[at]
    }
}

fn missing_dependency<'a>(
    migration: &Migration,
    dependency: &rung_sql::Spanned<String>,
    ids: impl Iterator<Item = &'a str>,
) -> PlanError {
    let mut diagnostic = Diagnostic::error(
        "missing-dependency",
        format!("{} depends on {}, which no file has", migration.id, dependency.value),
    )
    .at(&migration.source, dependency.span, "no such migration");
    if let Some(near) = closest(&dependency.value, ids) {
        diagnostic = diagnostic.help(format!("did you mean {near}?"));
    } else {
        let place = migration.hints.dependencies();
        diagnostic = diagnostic.help(format!("add the file, or take the name out of {place}"));
    }
    PlanError::new(PlanErrorKind::Files, diagnostic)
}

fn ambiguous_dependency(migration: &Migration, dependency: &rung_sql::Spanned<String>, ids: Vec<&str>) -> PlanError {
    let message = format!("{} depends on {}, which may be {}", migration.id, dependency.value, ids.join(" or "));
    let diagnostic = Diagnostic::error("ambiguous-dependency", message).at(&migration.source, dependency.span, "");
    PlanError::new(PlanErrorKind::Files, diagnostic.help("write the whole id"))
}

/// Kahn's algorithm with a heap, so that of all that may run next the lowest version does.
fn sort(migrations: &[&Arc<Migration>], edges: &[Vec<usize>]) -> Result<Vec<usize>, Vec<Vec<usize>>> {
    let mut waiting: Vec<usize> = edges.iter().map(Vec::len).collect();
    let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); migrations.len()];
    for (at, before) in edges.iter().enumerate() {
        for before in before {
            dependents[*before].push(at);
        }
    }
    // Positions in a set are already in the order of version and id.
    let mut ready: BinaryHeap<Reverse<usize>> =
        (0..migrations.len()).filter(|at| waiting[*at] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(migrations.len());
    while let Some(Reverse(at)) = ready.pop() {
        order.push(at);
        for dependent in &dependents[at] {
            waiting[*dependent] -= 1;
            if waiting[*dependent] == 0 {
                ready.push(Reverse(*dependent));
            }
        }
    }
    if order.len() == migrations.len() { Ok(order) } else { Err(cycles(edges, &waiting)) }
}

/// One cycle out of every knot that the sort left over.
fn cycles(edges: &[Vec<usize>], waiting: &[usize]) -> Vec<Vec<usize>> {
    let mut found: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut seen = vec![false; edges.len()];
    for start in (0..edges.len()).filter(|at| waiting[*at] > 0) {
        // Every node left over depends on another left over: following any such edge must come round.
        let mut path = Vec::new();
        let mut at = start;
        while !seen[at] {
            seen[at] = true;
            path.push(at);
            match edges[at].iter().copied().find(|next| waiting[*next] > 0) {
                Some(next) => at = next,
                None => break,
            }
        }
        if let Some(from) = path.iter().position(|seen| *seen == at) {
            let cycle = path.split_off(from);
            found.entry(*cycle.iter().min().unwrap_or(&at)).or_insert(cycle);
        }
    }
    found.into_values().collect()
}

fn cycle_error(
    migrations: &[&Arc<Migration>],
    edges: &[Vec<usize>],
    places: &[Vec<Span>],
    cycle: &[usize],
) -> PlanError {
    let start = cycle.iter().position(|at| Some(at) == cycle.iter().min()).unwrap_or(0);
    let mut path: Vec<usize> = cycle.iter().cycle().skip(start).take(cycle.len()).copied().collect();
    path.push(path[0]);
    let shown: Vec<&str> = path.iter().map(|at| migrations[*at].id.as_str()).collect();
    let message = match shown.as_slice() {
        [itself, _] => format!("{itself} depends on itself"),
        _ => format!("the dependencies go round in a circle: {}", shown.join(" -> ")),
    };
    let mut diagnostic = Diagnostic::error("cycle", message);
    for pair in path.windows(2) {
        let migration = migrations[pair[0]];
        let mut written = edges[pair[0]].iter().zip(&places[pair[0]]);
        if let Some((_, span)) = written.find(|(edge, _)| **edge == pair[1]) {
            let label = format!("{} needs {}", migration.id, migrations[pair[1]].id);
            diagnostic = diagnostic.at(&migration.source, *span, label);
        }
    }
    let place = migrations[path[0]].hints.dependencies();
    let help = match shown.len() {
        2 => format!("take it out of its own {place}"),
        _ => format!("take one of these out of its {place}"),
    };
    PlanError::new(PlanErrorKind::Files, diagnostic.help(help))
}
