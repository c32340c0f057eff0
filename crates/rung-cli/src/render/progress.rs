//! A run as it goes on: one line a migration, and what holds it up.

use std::time::Duration;

use rung::engine::{Blocker, Direction, LockHolder};
use rung::{Event, Step};

use super::text::{Names, age, fit, pad, took};
use super::{DIM, OK, Terminal, WARN, paint};

/// Characters of another session's statement that are shown.
const QUERY: usize = 60;

/// Renders events.
pub(crate) struct Progress<'a> {
    terminal: &'a Terminal,
    names: Names,
    /// How many were applied when the run was planned.
    applied: usize,
    attempt: u32,
    /// Sessions in the way that were shown already.
    blocked_by: Vec<i32>,
    /// When the wait for another deployer is spoken of next.
    speak_at: Duration,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(terminal: &'a Terminal) -> Self {
        Self {
            terminal,
            names: Names::new(std::iter::empty(), None, 0),
            applied: 0,
            attempt: 1,
            blocked_by: Vec::new(),
            speak_at: Duration::ZERO,
        }
    }

    /// How many were applied when the run was planned.
    pub(crate) fn applied(&self) -> usize {
        self.applied
    }

    pub(crate) fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::PlanReady(plan) => {
                let ids = plan.steps.iter().map(|step| step.id.as_str());
                self.names = Names::new(ids, self.terminal.columns(), 32);
                self.applied = plan.applied;
            }
            Event::LockWait { holder, waited } => self.lock_wait(holder, *waited),
            Event::StepStarted { step } => self.started(step),
            Event::Resumed { step, done } => {
                let first = if *done == 1 { "statement".to_owned() } else { format!("{done} statements") };
                self.note(&format!("{} goes on after its first {first}", step.id));
            }
            Event::Repaired { step, found } => self.note(&format!("{}: {found}; putting it right", step.id)),
            Event::Unchecked { step, what } => {
                self.note(&format!("{}: {what} is not checked: the count from before it began is gone", step.id));
            }
            Event::Blocked { step, blockers } => self.blocked(step, blockers),
            Event::Retry { step, attempt, pause, error } => {
                self.attempt = *attempt;
                self.blocked_by.clear();
                let pause = took(*pause);
                self.note(&format!("{}: {}; trying again in {pause} (attempt {attempt})", step.id, error.message));
            }
            Event::Progress { progress, .. } => {
                self.terminal.live().detail(&progress.phase, Some((progress.done, progress.total)));
            }
            Event::Notice { step, text } => {
                if self.terminal.is_verbose() {
                    self.said(step, text);
                }
            }
            Event::Printed { step, line } => self.said(step, line),
            Event::StepDone { step, took } => self.done(step, *took),
            Event::StepFailed { .. } | Event::Finished(_) => self.terminal.live().end(),
        }
    }

    fn note(&self, text: &str) {
        self.terminal.note(format!("{} {text}", paint(WARN, "·")));
    }

    fn said(&self, step: &Step, text: &str) {
        self.terminal.note(paint(DIM, format!("  {}: {text}", step.id)));
    }

    fn started(&mut self, step: &Step) {
        self.attempt = 1;
        self.blocked_by.clear();
        self.terminal.live().begin(&step.id);
    }

    /// Another rung is at work: said at once, and then ever less often; all the time on a line that moves.
    fn lock_wait(&mut self, holder: &LockHolder, waited: Duration) {
        if self.terminal.live().moves() && self.speak_at == Duration::ZERO {
            self.terminal.live().begin("waiting for another rung");
        }
        if waited < self.speak_at {
            return;
        }
        self.speak_at = (waited * 2).max(Duration::from_secs(5));
        let since = holder.since.map(|since| format!(", at work for {}", age(since))).unwrap_or_default();
        let end = holder.pid.map(|pid| format!("      end it: rung locks --kill {pid}")).unwrap_or_default();
        self.note(&format!("waiting for another rung: {}{since}{end}", holder.who));
    }

    /// Who is in the way: said once for each that comes.
    fn blocked(&mut self, step: &Step, blockers: &[Blocker]) {
        self.terminal.live().detail(format!("waiting for a lock, attempt {}", self.attempt), None);
        let new: Vec<&Blocker> = blockers.iter().filter(|blocker| !self.blocked_by.contains(&blocker.pid)).collect();
        if new.is_empty() {
            return;
        }
        let mut text = format!("{}   waiting for a lock, attempt {}", step.id, self.attempt);
        for blocker in &new {
            text.push_str(&format!("\n    {}", held_by(blocker)));
        }
        self.note(&text);
        self.blocked_by.extend(new.iter().map(|blocker| blocker.pid));
    }

    fn done(&mut self, step: &Step, time: Duration) {
        self.terminal.live().end();
        let sign = if step.direction == Direction::Down { paint(WARN, "↓") } else { paint(OK, "✓") };
        let kind = paint(DIM, pad(step.kind.as_str(), 14));
        self.terminal.say(format!("{sign} {}  {kind}  {:>8}", self.names.cell(&step.id), took(time)));
    }
}

/// A session in the way, and the command that ends it.
pub(crate) fn held_by(blocker: &Blocker) -> String {
    let name = if blocker.application.is_empty() { &blocker.user } else { &blocker.application };
    let query: Vec<&str> = blocker.query.split_whitespace().collect();
    format!(
        "held by {} \"{name}\" for {} ({}): {}      end it: rung locks --kill {}",
        blocker.pid,
        age(blocker.age),
        blocker.state,
        fit(&query.join(" "), QUERY),
        blocker.pid
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_in_the_way_and_how_to_end_it() {
        let blocker = Blocker {
            pid: 4711,
            application: "reporting".to_owned(),
            user: "app".to_owned(),
            state: "active".to_owned(),
            age: Duration::from_secs(41),
            query: "SELECT *\n  FROM projects".to_owned(),
        };
        assert_eq!(
            held_by(&blocker),
            "held by 4711 \"reporting\" for 41 s (active): SELECT * FROM projects      end it: rung locks --kill 4711"
        );
    }
}
