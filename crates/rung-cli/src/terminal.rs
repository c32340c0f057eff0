//! Where output goes.

use std::io::{IsTerminal, Write};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};

use crate::args::Global;

pub(crate) const OK: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default();
pub(crate) const NEXT: Style = AnsiColor::Cyan.on_default();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const STRONG: Style = Style::new().bold();

/// A text in a style.
pub(crate) fn paint(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    Quiet,
    Normal,
    Verbose,
}

/// The two streams. A pipe that was closed is no error: nobody reads any more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    pub(crate) verbosity: Verbosity,
    pub(crate) json: bool,
    pub(crate) yes: bool,
}

impl Terminal {
    pub(crate) fn new(global: &Global) -> Self {
        if global.no_color {
            anstream::ColorChoice::Never.write_global();
        }
        let verbosity = match (global.quiet, global.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        };
        Self { verbosity, json: global.json, yes: global.yes }
    }

    /// Data: what the command was asked for.
    pub(crate) fn data(&self, text: &str) {
        let mut out = AutoStream::auto(std::io::stdout().lock());
        let _ = out.write_all(text.as_bytes());
        let _ = out.flush();
    }

    /// A line of data for people; nothing with --json or --quiet.
    pub(crate) fn line(&self, text: impl AsRef<str>) {
        if !self.json && self.verbosity > Verbosity::Quiet {
            self.data(&format!("{}\n", text.as_ref()));
        }
    }

    /// A value as JSON.
    pub(crate) fn json(&self, value: &impl serde::Serialize) {
        match serde_json::to_string_pretty(value) {
            Ok(text) => self.data(&format!("{text}\n")),
            Err(error) => self.error(&error.to_string()),
        }
    }

    /// What should be seen beside the data.
    pub(crate) fn note(&self, text: impl AsRef<str>) {
        if self.verbosity > Verbosity::Quiet {
            self.error(text.as_ref());
        }
    }

    /// What must be seen.
    pub(crate) fn error(&self, text: &str) {
        let mut out = AutoStream::auto(std::io::stderr().lock());
        let _ = writeln!(out, "{}", text.trim_end());
    }

    /// Asks; `None` where nobody is there to answer.
    pub(crate) fn confirm(&self, question: &str) -> Option<bool> {
        if self.yes {
            return Some(true);
        }
        if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            return None;
        }
        let mut out = AutoStream::auto(std::io::stderr().lock());
        let _ = write!(out, "{} {question} [y/N] ", paint(WARN, "?"));
        let _ = out.flush();
        let mut answer = String::new();
        let _ = std::io::stdin().read_line(&mut answer);
        Some(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
    }
}
