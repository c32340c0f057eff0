//! Migrations and what they build on: as their files say it, else as their SQL shows it.

use std::collections::HashMap;
use std::fmt::Write as _;

use rung::engine::{Difference, Graph, PlanErrors};
use rung::lint::{Outline, outline};
use rung::{Migration, MigrationSet, Status, StatusReport};

use crate::draw::State;
use crate::render::Failure;

/// The migrations of a set in the order of the run.
pub(crate) struct Lineage<'a> {
    pub(crate) nodes: Vec<Node<'a>>,
}

/// A migration.
pub(crate) struct Node<'a> {
    pub(crate) migration: &'a Migration,
    pub(crate) outline: Outline,
    /// Those that it needs, in order.
    pub(crate) needs: Vec<usize>,
    /// Whether its file says so, and not its SQL alone.
    pub(crate) is_declared: bool,
    /// Of those that it needs the ones that no other of them needs.
    pub(crate) direct: Vec<usize>,
}

impl<'a> Lineage<'a> {
    /// Reads what each needs.
    ///
    /// # Errors
    /// Dependencies that no file has, or that lead in a circle.
    pub(crate) fn of(set: &'a MigrationSet, dialect: &dyn rung::engine::Dialect) -> Result<Self, Failure> {
        let graph = Graph::new(set).map_err(|errors| rung::Error::from(PlanErrors(errors)))?;
        let all: Vec<&'a Migration> = set.iter().map(|migration| &**migration).collect();
        // Where each stands in the order of the run.
        let mut place = vec![0; all.len()];
        graph.order().iter().enumerate().for_each(|(number, at)| place[*at] = number);
        let migrations: Vec<&'a Migration> = graph.order().iter().map(|at| all[*at]).collect();
        let outlines = outline(&migrations, dialect);
        let mut nodes: Vec<Node<'a>> = Vec::with_capacity(migrations.len());
        for ((migration, outline), at) in migrations.into_iter().zip(outlines).zip(graph.order()) {
            let is_declared = migration.depends_on.is_some();
            let mut needs: Vec<usize> = match is_declared {
                true => graph.dependencies(*at).iter().map(|other| place[*other]).collect(),
                false => outline.uses.iter().map(|used| used.migration).collect(),
            };
            needs.sort_unstable();
            needs.dedup();
            let direct = direct(&needs, &nodes);
            nodes.push(Node { migration, outline, needs, is_declared, direct });
        }
        Ok(Self { nodes })
    }

    /// Under which each stands in a tree: the last of those that it needs. What it needs besides is named beside it.
    fn children(&self) -> Vec<Vec<usize>> {
        let mut children = vec![Vec::new(); self.nodes.len()];
        for (at, node) in self.nodes.iter().enumerate() {
            if let Some(parent) = node.direct.last() {
                children[*parent].push(at);
            }
        }
        children
    }

    /// The tree: what `line` says of each, with branches before it. A branch that is too deep goes on at the left.
    pub(crate) fn tree(&self, line: impl Fn(usize, &Node<'a>) -> String) -> String {
        /// How deep a branch may be.
        const DEEP: usize = 16;
        let children = self.children();
        let mut text = String::new();
        let mut open: Vec<Branch> = (0..self.nodes.len())
            .filter(|at| self.nodes[*at].direct.is_empty())
            .map(|at| Branch { at, before: String::new(), sign: "", below: "", depth: 0 })
            .rev()
            .collect();
        while let Some(Branch { at, before, sign, below, depth }) = open.pop() {
            let node = &self.nodes[at];
            let (mut beside, parent) = match node.direct.split_last() {
                Some((parent, others)) => (others.iter().map(|other| self.id(*other)).collect(), Some(*parent)),
                None => (Vec::new(), None),
            };
            if depth == 0 {
                beside.extend(parent.map(|parent| self.id(parent)));
            }
            let also = match (beside.as_slice(), depth) {
                ([], _) => String::new(),
                (others, 0) => format!("  (needs {})", others.join(", ")),
                (others, _) => format!("  (also needs {})", others.join(", ")),
            };
            let _ = writeln!(text, "{before}{sign}{}{also}", line(at, node));
            let is_deep = depth + 1 >= DEEP;
            let under: Vec<Branch> = children[at]
                .iter()
                .enumerate()
                .map(|(number, child)| {
                    if is_deep {
                        return Branch { at: *child, before: String::new(), sign: "", below: "", depth: 0 };
                    }
                    let is_last = number + 1 == children[at].len();
                    Branch {
                        at: *child,
                        before: format!("{before}{below}"),
                        sign: if is_last { "└─ " } else { "├─ " },
                        below: if is_last { "   " } else { "│  " },
                        depth: depth + 1,
                    }
                })
                .collect();
            if is_deep {
                // Behind all that is open, in order.
                open.splice(0..0, under.into_iter().rev());
            } else {
                open.extend(under.into_iter().rev());
            }
        }
        text
    }

    fn id(&self, at: usize) -> &str {
        self.nodes[at].migration.id.as_str()
    }
}

/// A node of the tree that is to be written.
struct Branch {
    at: usize,
    before: String,
    sign: &'static str,
    below: &'static str,
    depth: usize,
}

/// Without what another one needs too, however far away.
fn direct(needs: &[usize], before: &[Node<'_>]) -> Vec<usize> {
    let mut direct: Vec<usize> = Vec::new();
    // From the last to the first: what is reached from a later one is not direct.
    let mut reached = std::collections::HashSet::new();
    for need in needs.iter().rev() {
        if reached.contains(need) {
            continue;
        }
        direct.push(*need);
        let lowest = needs.first().copied().unwrap_or(0);
        let mut open = vec![*need];
        while let Some(at) = open.pop() {
            let next = before[at].direct.iter().copied().filter(|next| *next >= lowest);
            open.extend(next.filter(|next| reached.insert(*next)));
        }
    }
    direct.reverse();
    direct
}

/// Where each migration stands, as a database says it.
pub(crate) fn states(report: &StatusReport) -> HashMap<&str, State> {
    let mut states: HashMap<&str, State> = HashMap::new();
    states.extend(report.pending.iter().map(|id| (id.as_str(), State::Pending)));
    states.extend(report.stood_in_for.iter().map(|id| (id.as_str(), State::Applied)));
    states.extend(report.history.done().map(|row| (row.id.as_str(), State::Applied)));
    states.extend(report.history.unfinished().map(|row| (row.id.as_str(), State::Wrong)));
    let refused = report.differences.iter().filter(|found| Difference::is_refused(found));
    states.extend(refused.map(|found| (found.id(), State::Wrong)));
    // What runs again when it is changed is applied, and pending too.
    let again =
        report.pending.iter().filter(|id| report.history.get(id).is_some_and(|row| row.status == Status::Completed));
    states.extend(again.map(|id| (id.as_str(), State::Pending)));
    states
}
