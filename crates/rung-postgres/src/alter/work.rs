//! What is done in one go, and the list of it.

use std::collections::HashMap;
use std::sync::Arc;

use rung_catalog::{Action, Fact, Key, Kind, schedule};
use rung_engine::{AlterStep, Alteration, Cut};

/// When, as far as nothing else decides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// What watches the others is dropped.
    First,
    /// Words are added to enums: only what is committed may be used.
    Words,
    /// Indexes are built that keys will be made of.
    Build,
    /// What is new is made, what stays is altered.
    Make,
    /// What is old is dropped.
    Drop,
    /// Indexes are built that nobody waits for.
    Finish,
    /// What was said of rows that are there is checked.
    Validate,
    /// What got out of the way goes.
    Late,
    /// What will watch the others is made.
    Last,
}

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) sql: String,
    pub(super) loses: Option<String>,
    pub(super) note: Option<&'static str>,
}

impl From<String> for Step {
    fn from(sql: String) -> Self {
        Self { sql, loses: None, note: None }
    }
}

impl Step {
    pub(super) fn losing(mut self, what: impl Into<String>) -> Self {
        self.loses = Some(what.into());
        self
    }

    pub(super) fn because(mut self, note: &'static str) -> Self {
        self.note = Some(note);
        self
    }
}

/// Where work stands among that of the same phase: a table with all that is its own.
type Place = (Kind, Option<String>, String, Kind, String, Option<String>);

/// Statements that belong together.
#[derive(Debug, Clone)]
pub(super) struct Work {
    pub(super) phase: Phase,
    pub(super) key: Arc<Key>,
    place: Place,
    pub(super) steps: Vec<Step>,
    pub(super) cut: Cut,
    index: usize,
}

/// All that is to be done.
#[derive(Debug, Default)]
pub(super) struct Works(pub(super) Vec<Action<Work>>);

impl Works {
    /// Adds work on an object; of a table, where it belongs to one.
    pub(super) fn add(
        &mut self,
        phase: Phase,
        key: &Arc<Key>,
        of: Option<&Key>,
        steps: Vec<Step>,
    ) -> &mut Action<Work> {
        let group = of.unwrap_or(key);
        let place = (
            group.kind,
            group.schema.clone(),
            group.name.clone(),
            key.kind,
            key.name.clone(),
            key.arguments.clone().or_else(|| key.parent.clone()),
        );
        let index = self.0.len();
        let work = Work { phase, key: Arc::clone(key), place, steps, cut: Cut::Joined, index };
        self.0.push(Action::new(work));
        let last = self.0.len() - 1;
        &mut self.0[last]
    }

    /// The number of the work added last.
    pub(super) fn last(&self) -> usize {
        self.0.len().saturating_sub(1)
    }

    /// The work that takes something, for everything that is taken.
    pub(super) fn takers(&self) -> HashMap<Fact, usize> {
        let each = |(at, action): (usize, &Action<Work>)| {
            action.takes.iter().map(move |fact| (fact.clone(), at)).collect::<Vec<_>>()
        };
        self.0.iter().enumerate().flat_map(each).collect()
    }

    /// Where there is another routine of a name that goes, a call may mean both meanwhile.
    fn call_clearly(&mut self) {
        for action in &mut self.0 {
            let calls = action.needs.iter().filter_map(|fact| super::overloads(&fact.key));
            let own = calls.filter(|name| !action.releases.contains(name)).collect::<Vec<_>>();
            action.claims.extend(own);
        }
    }

    /// What watches the others is not there meanwhile, even where those are in a circle.
    fn frame(&mut self) {
        let of = |first_or_last: Phase| -> Vec<usize> {
            let is = |(_, action): &(usize, &Action<Work>)| action.what.phase == first_or_last;
            self.0.iter().enumerate().filter(is).map(|(at, _)| at).collect()
        };
        let (first, last) = (of(Phase::First), of(Phase::Last));
        let rest: Vec<usize> = (0..self.0.len()).filter(|at| !last.contains(at)).collect();
        for at in last {
            self.0[at].after.extend(&rest);
        }
        for at in rest.into_iter().filter(|at| !first.contains(at)) {
            self.0[at].after.extend(&first);
        }
    }

    /// All of it in order, cut into transactions; `follows` where something comes before it.
    pub(super) fn in_order(mut self, follows: bool) -> Alteration {
        self.call_clearly();
        self.frame();
        let rank = |work: &Work| {
            let kind = |kind: Kind| Kind::ALL.iter().position(|it| *it == kind).unwrap_or_default();
            let (group, schema, name, of, own, last) = work.place.clone();
            // What was made last is dropped first.
            let (group, of) = match work.phase {
                Phase::Drop => (usize::MAX - kind(group), usize::MAX - kind(of)),
                _ => (kind(group), kind(of)),
            };
            (work.phase, group, schema, name, of, own, last, work.index)
        };
        let order = schedule(&self.0, rank);
        let mut works: Vec<Option<Work>> = self.0.into_iter().map(|action| Some(action.what)).collect();
        let mut steps: Vec<AlterStep> = Vec::new();
        // Whether what comes next must not be in the transaction of what was before.
        let mut is_closed = false;
        for at in order {
            let Some(work) = works[at].take() else { continue };
            for (number, step) in work.steps.into_iter().enumerate() {
                let cut = match work.cut {
                    Cut::Outside => Cut::Outside,
                    Cut::New if number == 0 => Cut::New,
                    _ if is_closed => Cut::New,
                    _ => Cut::Joined,
                };
                let cut = if steps.is_empty() && !follows && cut == Cut::New { Cut::Joined } else { cut };
                is_closed = cut == Cut::Outside;
                let Step { sql, loses, note } = step;
                steps.push(AlterStep { sql, key: Arc::clone(&work.key), cut, loses, note: note.map(str::to_owned) });
            }
            is_closed |= work.cut == Cut::New;
        }
        Alteration { steps }
    }
}
