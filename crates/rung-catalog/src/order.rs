//! An order in which everything comes after what it needs.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};
use std::sync::Arc;

use crate::key::{Key, Kind};
use crate::object::{Body, Catalog};
use crate::relation::ConstraintKind;

/// Something to be put in order.
#[derive(Debug, Clone)]
pub struct Node<R> {
    /// Where it would stand if nothing needed anything. No two are the same.
    pub rank: R,
    /// What it comes after, by index. Those that lead back to itself are left out of account where they must be.
    pub after: Vec<usize>,
}

impl Catalog {
    /// Tables in an order in which no row refers to one that is not there yet, as far as there is such an order.
    pub fn after_those_referred_to(&self, tables: &[Arc<Key>]) -> Vec<Arc<Key>> {
        let places: HashMap<&Key, usize> = tables.iter().enumerate().map(|(at, key)| (&**key, at)).collect();
        let mut nodes: Vec<Node<usize>> = (0..tables.len()).map(|rank| Node { rank, after: Vec::new() }).collect();
        for constraint in self.of_kind(Kind::Constraint) {
            let Body::Constraint(of) = &constraint.body else { continue };
            let ConstraintKind::Foreign(foreign) = &of.kind else { continue };
            let own = self.parent(constraint).and_then(|table| places.get(&*table.key));
            if let (Some(own), Some(other)) = (own, places.get(&*foreign.table)) {
                nodes[*own].after.push(*other);
            }
        }
        order(&nodes).into_iter().map(|at| Arc::clone(&tables[at])).collect()
    }
}

/// The order: each node after those it needs, and among those that could be next the one of the lowest rank. So it
/// depends on ranks and needs alone, and a new node moves few others. In a circle, the node that has the fewest unmet
/// needs, then the lowest rank, goes first.
pub fn order<R: Ord>(nodes: &[Node<R>]) -> Vec<usize> {
    let mut needs: Vec<BTreeSet<usize>> = nodes
        .iter()
        .enumerate()
        .map(|(at, node)| node.after.iter().copied().filter(|other| *other != at && *other < nodes.len()).collect())
        .collect();
    let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    for (at, needs) in needs.iter().enumerate() {
        for other in needs {
            needed_by[*other].push(at);
        }
    }
    let mut ready: BinaryHeap<Reverse<(&R, usize)>> =
        (0..nodes.len()).filter(|at| needs[*at].is_empty()).map(|at| Reverse((&nodes[at].rank, at))).collect();
    let mut placed = vec![false; nodes.len()];
    let mut sorted = Vec::with_capacity(nodes.len());
    loop {
        let next = match ready.pop() {
            Some(Reverse((_, at))) => at,
            None => {
                let left = (0..nodes.len()).filter(|at| !placed[*at]);
                match left.min_by_key(|at| (needs[*at].len(), &nodes[*at].rank)) {
                    Some(at) => at,
                    None => return sorted,
                }
            }
        };
        if std::mem::replace(&mut placed[next], true) {
            continue;
        }
        sorted.push(next);
        for other in &needed_by[next] {
            needs[*other].remove(&next);
            if needs[*other].is_empty() && !placed[*other] {
                ready.push(Reverse((&nodes[*other].rank, *other)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(nodes: &[(&'static str, &[usize])]) -> Vec<&'static str> {
        let list: Vec<Node<&str>> =
            nodes.iter().map(|(rank, after)| Node { rank: *rank, after: after.to_vec() }).collect();
        order(&list).into_iter().map(|at| nodes[at].0).collect()
    }

    #[test]
    fn ranks_decide_where_nothing_is_needed() {
        assert_eq!(sorted(&[("c", &[]), ("a", &[]), ("b", &[])]), ["a", "b", "c"]);
    }

    #[test]
    fn what_is_needed_comes_first() {
        assert_eq!(sorted(&[("a", &[2]), ("b", &[]), ("z", &[])]), ["b", "z", "a"]);
        assert_eq!(sorted(&[("a", &[1]), ("b", &[2]), ("c", &[])]), ["c", "b", "a"]);
    }

    #[test]
    fn circles_are_cut_where_the_least_is_missing() {
        assert_eq!(sorted(&[("a", &[1]), ("b", &[0])]), ["a", "b"]);
        assert_eq!(sorted(&[("a", &[1, 2]), ("b", &[0]), ("c", &[0, 1])]), ["b", "a", "c"]);
        assert_eq!(sorted(&[("a", &[0])]), ["a"]);
    }
}
