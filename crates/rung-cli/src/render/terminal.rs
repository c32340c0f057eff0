//! Where output goes: data to standard output, all else to standard error, and no line over another.

use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::live::Live;
use crate::args::{Color, Global};

pub(crate) const OK: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default();
pub(crate) const NEXT: Style = AnsiColor::Cyan.on_default().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const STRONG: Style = Style::new().bold();

/// A text in a style.
pub(crate) fn paint(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    Quiet,
    Normal,
    Verbose,
}

/// What data is printed as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Output {
    People,
    Json,
}

/// Who answers questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answers {
    /// Somebody at the terminal.
    Ask,
    /// `--yes` did.
    Yes,
    /// Nobody.
    Nobody,
}

/// The two streams.
#[derive(Clone)]
pub(crate) struct Terminal(Arc<Inner>);

struct Inner {
    verbosity: Verbosity,
    output: Output,
    answers: Answers,
    live: Live,
    /// Whether a question is on the screen.
    asking: AtomicBool,
    /// What was not written, where it matters.
    lost: Mutex<Option<String>>,
}

impl Terminal {
    pub(crate) fn new(global: &Global) -> Self {
        match (global.no_color, global.color) {
            (true, _) | (_, Color::Never) => ColorChoice::Never.write_global(),
            (_, Color::Always) => ColorChoice::Always.write_global(),
            (_, Color::Auto) => {}
        }
        let verbosity = match (global.quiet, global.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, 0) => Verbosity::Normal,
            _ => Verbosity::Verbose,
        };
        let output = if global.json { Output::Json } else { Output::People };
        let (input, screen) = (io::stdin().is_terminal(), io::stderr().is_terminal());
        let answers = match (global.yes, input && screen) {
            (true, _) => Answers::Yes,
            (_, true) => Answers::Ask,
            _ => Answers::Nobody,
        };
        let moves = screen && verbosity > Verbosity::Quiet && output == Output::People;
        Self(Arc::new(Inner {
            verbosity,
            output,
            answers,
            live: if moves { Live::moving() } else { Live::still() },
            asking: AtomicBool::new(false),
            lost: Mutex::new(None),
        }))
    }

    pub(crate) fn is_json(&self) -> bool {
        self.0.output == Output::Json
    }

    pub(crate) fn is_verbose(&self) -> bool {
        self.0.verbosity == Verbosity::Verbose
    }

    /// Whether a question is on the screen.
    pub(crate) fn is_asking(&self) -> bool {
        self.0.asking.load(Ordering::SeqCst)
    }

    /// The line at the bottom that moves.
    pub(crate) fn live(&self) -> &Live {
        &self.0.live
    }

    /// Columns of standard output; `None` where it is no terminal, and nothing needs to fit.
    pub(crate) fn columns(&self) -> Option<usize> {
        let size = terminal_size::terminal_size_of(io::stdout())?;
        Some(usize::from(size.0.0))
    }

    /// Data: what the command was asked for, as it is.
    pub(crate) fn data(&self, text: &str) {
        self.0.live.around(|| {
            let mut out = AutoStream::auto(io::stdout().lock());
            let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
            match written {
                // Nobody reads any more: no reason to stop what is being done.
                Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
                Err(error) => {
                    if let Ok(mut lost) = self.0.lost.lock() {
                        lost.get_or_insert_with(|| error.to_string());
                    }
                }
                Ok(()) => {}
            }
        });
    }

    /// Data for people; nothing with `--json`.
    pub(crate) fn show(&self, text: impl AsRef<str>) {
        let text = text.as_ref();
        if self.0.output == Output::People && !text.is_empty() {
            self.data(&format!("{}\n", text.trim_end_matches('\n')));
        }
    }

    /// What was done, for people; nothing with `--json` or `--quiet`.
    pub(crate) fn say(&self, text: impl AsRef<str>) {
        if self.0.verbosity > Verbosity::Quiet {
            self.show(text);
        }
    }

    /// A value as JSON.
    pub(crate) fn json(&self, value: &impl Serialize) {
        match serde_json::to_string_pretty(value) {
            Ok(text) => self.data(&format!("{text}\n")),
            Err(error) => self.error(&error.to_string()),
        }
    }

    /// A value as JSON on a line of its own, one of several.
    pub(crate) fn json_line(&self, value: &impl Serialize) {
        match serde_json::to_string(value) {
            Ok(text) => self.data(&format!("{text}\n")),
            Err(error) => self.error(&error.to_string()),
        }
    }

    /// What should be seen beside the data; nothing with `--quiet`.
    pub(crate) fn note(&self, text: impl AsRef<str>) {
        if self.0.verbosity > Verbosity::Quiet {
            self.error(text.as_ref());
        }
    }

    /// What may not be meant; nothing with `--quiet`.
    pub(crate) fn warn(&self, text: &str) {
        self.note(format!("{} {text}", paint(WARN, "warning:")));
    }

    /// What must be seen.
    pub(crate) fn error(&self, text: &str) {
        self.0.live.around(|| {
            let mut out = AutoStream::auto(io::stderr().lock());
            // There is nowhere left to say that this failed.
            let _ = writeln!(out, "{}", text.trim_end());
        });
    }

    /// Why data was not written, where it was not.
    pub(crate) fn lost(&self) -> Option<String> {
        self.0.lost.lock().ok()?.take()
    }

    /// Asks until the answer is one; nothing is a no. `None` where nobody is there to answer, or not any more.
    pub(crate) fn confirm(&self, question: &str) -> Option<bool> {
        match self.0.answers {
            Answers::Yes => return Some(true),
            Answers::Nobody => return None,
            Answers::Ask => {}
        }
        loop {
            let answer = self.ask(&format!("{} {question} [y/N] ", paint(WARN, "?")))?;
            match answer.trim().to_lowercase().as_str() {
                "y" | "yes" => return Some(true),
                "" | "n" | "no" => return Some(false),
                _ => self.error("that is neither yes nor no"),
            }
        }
    }

    /// A line that somebody types; `None` at the end of the input.
    fn ask(&self, question: &str) -> Option<String> {
        let mut out = AutoStream::auto(io::stderr().lock());
        write!(out, "{question}").and_then(|()| out.flush()).ok()?;
        drop(out);
        self.0.asking.store(true, Ordering::SeqCst);
        let mut answer = String::new();
        let answered = io::stdin().read_line(&mut answer);
        self.0.asking.store(false, Ordering::SeqCst);
        if answered.is_ok_and(|length| length > 0) {
            return Some(answer);
        }
        // What follows begins on a line of its own.
        self.error("");
        None
    }
}
