//! The order of revisions, as `_topological_sort` of Alembic's `script/revision.py` makes it: a branch is walked down to where
//! another one needs it, the revision of the first file's name first.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use rung_sql::Diagnostic;

use super::Revision;

/// The revision that a name means: its id, a label, or the beginning of one id.
pub(super) fn resolve<'a>(name: &str, revisions: impl Iterator<Item = &'a Revision> + Clone) -> Option<&'a Revision> {
    let exact =
        revisions.clone().find(|revision| revision.id == name || revision.labels.iter().any(|label| label == name));
    exact.or_else(|| {
        let mut begins = revisions.filter(|revision| revision.id.starts_with(name));
        begins.next().filter(|_| begins.next().is_none())
    })
}

/// The order in which Alembic goes from nothing to the head.
///
/// # Errors
/// Two revisions of one id, one that follows what no file has, several heads, a circle.
pub(super) fn sort(revisions: &[Revision]) -> Result<Vec<usize>, Vec<Diagnostic>> {
    let mut errors = Vec::new();
    let mut seen: BTreeMap<&str, &Revision> = BTreeMap::new();
    for revision in revisions {
        if let Some(twin) = seen.insert(&revision.id, revision) {
            let message = format!("two files have the revision {}", revision.id);
            let error = Diagnostic::error("alembic", message).at(&revision.source, revision.span, "here");
            errors.push(error.at(&twin.source, twin.span, "and here").help("give one of them another id"));
        }
    }
    let place = |id: &str| revisions.iter().position(|revision| revision.id == id);
    let mut graph = Graph::default();
    for revision in revisions {
        let mut found = |names: &[String]| -> Vec<usize> {
            let at = |name: &String| {
                let at = resolve(name, revisions.iter()).and_then(|found| place(&found.id));
                if at.is_none() {
                    let message = format!("{} follows {name}, which no file has", revision.id);
                    let error = Diagnostic::error("alembic", message).at(&revision.source, revision.after_span, "");
                    errors.push(error.help("put the file back, or write the id of one that is there"));
                }
                at
            };
            names.iter().filter_map(at).collect()
        };
        graph.follows.push(found(&revision.follows));
        graph.needs.push(found(&revision.needs));
    }
    let followed: BTreeSet<usize> = graph.follows.iter().chain(&graph.needs).flatten().copied().collect();
    let heads: Vec<&Revision> =
        (0..revisions.len()).filter(|at| !followed.contains(at)).map(|at| &revisions[at]).collect();
    if heads.len() > 1 && errors.is_empty() {
        let names: Vec<&str> = heads.iter().map(|head| head.id.as_str()).collect();
        let mut error =
            Diagnostic::error("alembic-heads", format!("there are {} heads: {}", heads.len(), names.join(", ")));
        for head in &heads {
            error = error.at(&head.source, head.span, "nothing follows this one");
        }
        errors.push(error.help(format!("join them: `alembic merge -m \"merge\" {}`", names.join(" "))));
    }
    if let (Some(at), true) = (graph.circle(), errors.is_empty()) {
        let revision = &revisions[at];
        let error = Diagnostic::error("alembic", format!("{} comes after itself", revision.id));
        errors.push(error.at(&revision.source, revision.after_span, "").help("write what it really follows"));
    }
    if errors.is_empty() { Ok(graph.order()) } else { Err(errors) }
}

/// What revisions come after, each by its place.
#[derive(Default)]
struct Graph {
    /// Its `down_revision`.
    follows: Vec<Vec<usize>>,
    /// Its `depends_on`.
    needs: Vec<Vec<usize>>,
}

impl Graph {
    /// What is directly before a revision: of what it depends on, only what none before it depends on as well.
    fn before(&self, at: usize) -> Vec<usize> {
        let mut all = self.follows[at].clone();
        all.extend(self.own_needs(at));
        let mut seen = HashSet::new();
        all.retain(|before| seen.insert(*before));
        all
    }

    fn own_needs(&self, at: usize) -> Vec<usize> {
        let mut own = self.needs[at].clone();
        if own.is_empty() {
            return own;
        }
        let below = closure(at, |at| self.follows[at].clone());
        own.retain(|need| !below.iter().any(|before| *before != at && self.needs[*before].contains(need)));
        own
    }

    /// A revision that comes after itself, where there is one.
    fn circle(&self) -> Option<usize> {
        let mut done = vec![false; self.follows.len()];
        let before = |at: usize| self.follows[at].iter().chain(&self.needs[at]);
        while let Some(next) = (0..done.len()).find(|at| !done[*at] && before(*at).all(|before| done[*before])) {
            done[next] = true;
        }
        done.iter().position(|done| !done)
    }

    /// From the first to run to the last. Without a circle.
    fn order(&self) -> Vec<usize> {
        let before: Vec<Vec<usize>> = (0..self.follows.len()).map(|at| self.before(at)).collect();
        let ancestors = |at: usize| closure(at, |at| before[at].clone());
        let followed: HashSet<usize> = self.follows.iter().flatten().copied().collect();
        let mut heads: Vec<usize> = (0..before.len()).filter(|at| !followed.contains(at)).collect();
        let mut below: Vec<HashSet<usize>> = heads.iter().map(|head| ancestors(*head)).collect();
        let mut left = vec![true; before.len()];
        let mut last_first = Vec::with_capacity(before.len());
        let mut at = 0;
        while let Some(&candidate) = heads.get(at) {
            // What another branch needs is gone down to from there.
            if let Some(other) = (0..heads.len()).find(|other| *other != at && below[*other].contains(&candidate)) {
                at = other;
                continue;
            }
            if std::mem::replace(&mut left[candidate], false) {
                last_first.push(candidate);
            }
            let next: Vec<usize> =
                before[candidate].iter().copied().filter(|next| left[*next] && !heads.contains(next)).collect();
            let Some((first, others)) = next.split_first() else {
                heads.remove(at);
                below.remove(at);
                at = at.saturating_sub(1);
                continue;
            };
            heads[at] = *first;
            if before[candidate].len() == 1 && self.follows[candidate].len() == 1 {
                below[at].remove(&candidate);
            } else {
                below[at] = ancestors(*first);
                heads.extend(others);
                below.extend(others.iter().map(|head| ancestors(*head)));
            }
        }
        last_first.reverse();
        last_first
    }
}

/// A revision and all that it comes after.
fn closure(at: usize, before: impl Fn(usize) -> Vec<usize>) -> HashSet<usize> {
    let (mut found, mut open) = (HashSet::new(), vec![at]);
    while let Some(at) = open.pop() {
        if found.insert(at) {
            open.extend(before(at));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each revision with what it follows and what it depends on, and the order that Alembic's own `RevisionMap` gave.
    #[test]
    fn branches_are_walked_as_alembic_walks_them() {
        type Case<'a> = (&'a [(&'a [usize], &'a [usize])], Vec<usize>);
        let cases: &[Case<'_>] = &[
            (&[(&[1], &[]), (&[], &[]), (&[1], &[]), (&[2, 0, 4], &[1]), (&[], &[])], vec![1, 4, 0, 2, 3]),
            (&[(&[], &[]), (&[0], &[3]), (&[3, 1], &[]), (&[], &[])], vec![3, 0, 1, 2]),
            (
                &[(&[], &[]), (&[], &[]), (&[0], &[]), (&[2, 1, 6, 4, 5], &[]), (&[], &[]), (&[], &[0]), (&[0], &[])],
                vec![0, 4, 5, 1, 6, 2, 3],
            ),
            (&[(&[], &[]), (&[2, 4], &[]), (&[], &[]), (&[0], &[]), (&[5], &[]), (&[3], &[])], vec![0, 3, 5, 4, 2, 1]),
            (&[(&[4, 3], &[]), (&[], &[]), (&[], &[]), (&[1, 2], &[]), (&[1], &[])], vec![1, 2, 3, 4, 0]),
        ];
        for (revisions, order) in cases {
            let follows = revisions.iter().map(|(follows, _)| follows.to_vec()).collect();
            let needs = revisions.iter().map(|(_, needs)| needs.to_vec()).collect();
            assert_eq!(Graph { follows, needs }.order(), *order, "{revisions:?}");
        }
    }
}
