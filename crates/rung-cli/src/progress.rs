//! A run on the terminal: one line a migration, and what holds it up.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use rung::engine::{Direction, JournalReason};
use rung::{Event, Step};

use crate::terminal::{DIM, OK, STRONG, Terminal, Verbosity, WARN, paint};
use crate::text::{age, column, pad, took};

/// Renders events.
pub(crate) struct Progress<'a> {
    terminal: &'a Terminal,
    width: usize,
    bar: Option<ProgressBar>,
    attempt: u32,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(terminal: &'a Terminal) -> Self {
        Self { terminal, width: 20, bar: None, attempt: 1 }
    }

    pub(crate) fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::PlanReady(plan) => self.width = column(plan.steps.iter().map(|step| step.id.as_str())),
            Event::LockWait { holder, waited } => {
                let since = holder.since.map(|since| format!(", at work for {}", age(since))).unwrap_or_default();
                let end = holder.pid.map(|pid| format!("   end it: rung locks --kill {pid}")).unwrap_or_default();
                self.note(&format!("waiting for another rung, {}: {}{since}{end}", age(*waited), holder.who));
            }
            Event::StepStarted { step } => self.spin(step),
            Event::Resumed { step, done } => {
                self.note(&format!("{} goes on after its first {}", step.id, crate::text::count(*done, "statement")));
            }
            Event::Repaired { step, found } => self.note(&format!("{}: {found}; putting it right", step.id)),
            Event::Blocked { step, blockers } => {
                let mut text = format!("{}   waiting for a lock, attempt {}", step.id, self.attempt);
                for blocker in *blockers {
                    let query: String = blocker.query.chars().take(60).collect();
                    text.push_str(&format!(
                        "\n    held by {} \"{}\" for {}: {query}      end it: rung locks --kill {}",
                        blocker.pid,
                        blocker.application,
                        age(blocker.age),
                        blocker.pid
                    ));
                }
                self.note(&text);
            }
            Event::Retry { step, attempt, pause, error } => {
                self.attempt = *attempt;
                self.note(&format!(
                    "{}: {}; trying again in {} (attempt {attempt})",
                    step.id,
                    error.message,
                    took(*pause)
                ));
            }
            Event::Progress { progress, .. } => {
                if let Some(bar) = &self.bar
                    && progress.total > 0
                {
                    let percent = progress.done * 100 / progress.total;
                    bar.set_message(format!("{}   {percent} %", progress.phase));
                }
            }
            Event::Notice { step, text } => {
                if self.terminal.verbosity == Verbosity::Verbose {
                    self.note(&paint(DIM, format!("{}: {text}", step.id)));
                }
            }
            Event::StepDone { step, took } => self.done(step, *took),
            Event::StepFailed { .. } | Event::Finished(_) => self.stop(),
        }
    }

    fn note(&mut self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.terminal.note(format!("{} {text}", paint(WARN, "·")))),
            None => self.terminal.note(format!("{} {text}", paint(WARN, "·"))),
        }
    }

    /// Something that moves, on a terminal only, and only where it takes long enough to be seen.
    fn spin(&mut self, step: &Step) {
        self.attempt = 1;
        self.stop();
        if !std::io::stderr().is_terminal() || self.terminal.json || self.terminal.verbosity == Verbosity::Quiet {
            return;
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}   {msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.set_prefix(step.id.clone());
        bar.enable_steady_tick(Duration::from_millis(120));
        self.bar = Some(bar);
    }

    fn stop(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn done(&mut self, step: &Step, time: Duration) {
        self.stop();
        let sign = match step.direction {
            Direction::Down => paint(WARN, "↓"),
            _ => paint(OK, "✓"),
        };
        let kind = pad(step.kind.as_str(), 14);
        self.terminal.line(format!("{sign} {}  {}  {:>8}", pad(&step.id, self.width), paint(DIM, kind), took(time)));
    }
}

/// Why a step does not run in one transaction, for people.
pub(crate) fn outside(step: &Step) -> Option<String> {
    Some(match step.journal_reason()? {
        JournalReason::Asked => "it says @no-transaction".to_owned(),
        JournalReason::Statement(why) => why,
        JournalReason::OwnTransactions => "it controls transactions itself".to_owned(),
        JournalReason::Command => "it is a program".to_owned(),
    })
}

/// A step of a plan, as a line.
pub(crate) fn step_line(step: &Step, width: usize) -> String {
    let sign = if step.direction == Direction::Down { paint(WARN, "-") } else { paint(OK, "+") };
    let kind = pad(step.kind.as_str(), 14);
    let description =
        step.migration.as_ref().and_then(|migration| migration.description.as_deref()).unwrap_or_default();
    let line = format!("  {sign} {}  {kind}  {}", pad(&step.id, width), paint(DIM, crate::text::fit(description, 60)));
    line.trim_end().to_owned()
}

/// A heading: what, where.
pub(crate) fn heading(name: &Option<String>, facts: &rung::engine::ServerFacts, title: &str) -> String {
    let name = name.as_ref().map(|name| format!("{}  ", paint(STRONG, name))).unwrap_or_default();
    format!("{name}{}  {title} {}", facts.place, facts.version)
}
