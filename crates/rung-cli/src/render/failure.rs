//! How a command fails: what is wrong, what stands, and what to do next.

use rung::sql::Diagnostic;
use rung::{DbError, Report, RunError};

use super::step::remedy;
use super::{Comparison, NEXT, Terminal, count, paint, parts, step_failure};
use crate::exit::Exit;
use crate::json;

/// A failure, from the first line to the last.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    /// What is wrong; all of it at once.
    pub(crate) findings: Vec<Finding>,
    /// What stands and what does not, in sentences.
    pub(crate) said: Vec<String>,
    /// What to do: commands and edits.
    pub(crate) next: Vec<String>,
    /// What was done before, where something ran.
    pub(crate) report: Option<Report>,
}

/// One thing that is wrong.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) diagnostic: Diagnostic,
    /// The statements that differ, where the finding is that a file was changed.
    pub(crate) comparison: Option<Comparison>,
}

impl From<Diagnostic> for Finding {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { diagnostic, comparison: None }
    }
}

impl Failure {
    /// Findings.
    pub(crate) fn of(exit: Exit, diagnostics: Vec<Diagnostic>) -> Self {
        let findings = diagnostics.into_iter().map(Finding::from).collect();
        Self { exit, findings, said: Vec::new(), next: Vec::new(), report: None }
    }

    /// A message, and what to do; empty where there is nothing.
    pub(crate) fn new(exit: Exit, message: impl Into<String>, next: impl Into<String>) -> Self {
        let mut failure = Self::of(exit, vec![Diagnostic::error("rung", message)]);
        failure.next.extend(Some(next.into()).filter(|next| !next.is_empty()));
        failure
    }

    /// A wrong command or configuration.
    pub(crate) fn usage(message: impl Into<String>, next: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message, next)
    }

    /// With a sentence.
    #[must_use]
    pub(crate) fn saying(mut self, sentence: impl Into<String>) -> Self {
        self.said.push(sentence.into());
        self
    }

    /// The first thing that is wrong, as a clause.
    pub(crate) fn message(&self) -> String {
        self.findings.first().map(|finding| finding.diagnostic.message.clone()).unwrap_or_default()
    }

    /// What is wrong, alone.
    pub(crate) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.findings.into_iter().map(|finding| finding.diagnostic).collect()
    }

    /// For the terminal.
    pub(crate) fn text(&self, columns: Option<usize>) -> String {
        let mut text = String::new();
        // What to do comes last where it is about one thing, and else with each.
        let mut last = String::new();
        let mut lines = 0;
        let mut parts = self.findings.iter().map(|finding| finding.parts(columns)).enumerate().peekable();
        while let Some((at, (what, helps))) = parts.next() {
            let start = text.len();
            // What has several lines needs one between.
            if at > 0 && lines > at {
                text.push('\n');
            }
            text.push_str(&what);
            // What helps with several in a row is said once.
            let goes_on = parts.peek().is_some_and(|(_, (_, next))| *next == helps);
            if self.findings.len() == 1 {
                last = helps;
            } else if !goes_on {
                text.push_str(&helps);
            }
            lines += text[start..].lines().count();
        }
        if self.findings.len() > 1 && !self.said.is_empty() {
            text.push('\n');
        }
        for sentence in &self.said {
            text.push_str(&format!("{sentence}\n"));
        }
        text.push_str(&last);
        for next in &self.next {
            text.push_str(&format!("{}: {next}\n", paint(NEXT, "next")));
        }
        text
    }

    /// Prints it: for people to standard error, and with `--json` as JSON to standard output too.
    pub(crate) fn print(&self, terminal: &Terminal) {
        if terminal.is_json() {
            match &self.report {
                Some(report) => terminal.json(&json::Report::failed(report, json::Error::from(self))),
                None => terminal.json(&json::Failed { version: json::VERSION, error: json::Error::from(self) }),
            }
        }
        terminal.error(&self.text(terminal.columns()));
    }

    /// The same, where each document has a line of its own.
    pub(crate) fn print_line(&self, terminal: &Terminal) {
        if terminal.is_json() {
            terminal.json_line(&json::Failed { version: json::VERSION, error: json::Error::from(self) });
        }
        terminal.error(&self.text(terminal.columns()));
    }
}

impl Finding {
    /// What is wrong, and the lines that say what to do.
    fn parts(&self, columns: Option<usize>) -> (String, String) {
        let Some(comparison) = &self.comparison else { return parts(&self.diagnostic) };
        let mut title = self.diagnostic.clone();
        let count = comparison.statements();
        title.message = match count {
            1 => format!("{} (1 statement differs)", title.message),
            _ => format!("{} ({count} statements differ)", title.message),
        };
        // The statements say more than their fingerprints.
        title.notes.clear();
        let (text, helps) = parts(&title);
        (text + &comparison.render(columns), helps)
    }
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        let mut found = Diagnostic::error("database", &error.message);
        found.notes.extend(error.detail.iter().flat_map(|detail| detail.lines()).map(str::to_owned));
        let mut failure = Self::of(Exit::from(&error), vec![found]);
        failure.next.extend(error.hint.or_else(|| remedy(error.kind, "run it again")));
        failure
    }
}

impl From<rung::Error> for Failure {
    fn from(error: rung::Error) -> Self {
        match error {
            // Nothing was read that could be wrong.
            rung::Error::Files(diagnostics) if diagnostics.iter().all(|found| found.code == "no-directory") => {
                Self::of(Exit::Usage, diagnostics)
            }
            rung::Error::Files(diagnostics) => {
                let errors = count(diagnostics.len(), "error");
                Self::of(Exit::Failed, diagnostics).saying(format!("{errors} in the migration files; nothing was run"))
            }
            rung::Error::Database(error) => error.into(),
            rung::Error::Run(error) => error.into(),
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        Self::of_run(error, None)
    }
}

impl Failure {
    /// A run that failed, and what to type once that is mended; `rung up` or `rung down` where nothing is said.
    pub(crate) fn of_run(error: RunError, again: Option<&str>) -> Self {
        match error {
            RunError::Plan(errors) => {
                let exit = Exit::from(errors.kind());
                Self::of(exit, errors.0.into_iter().map(|error| error.diagnostic).collect())
            }
            RunError::Database(error) => error.into(),
            RunError::Step { failure, report } => step_failure(&failure, report, again),
            RunError::Interrupted { report, left } => {
                let message = format!("interrupted: {} done, {left} left", count(report.steps.len(), "migration"));
                let failure = Self::new(Exit::Interrupted, message, "the same command goes on from here");
                Self { report: Some(report), ..failure }
            }
            RunError::Declined => Self::new(Exit::Failed, "not approved: nothing was run", ""),
            moved @ RunError::HistoryMoved { .. } => {
                Self::new(Exit::Failed, moved.to_string(), "look at `rung plan`, then run again")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rung::sql::{SourceFile, Span};

    use rung::DbErrorKind;

    use super::*;

    fn text(failure: &Failure) -> String {
        anstream::adapter::strip_str(&failure.text(None)).to_string()
    }

    #[test]
    fn all_findings_of_all_files_are_shown() {
        let file = Arc::new(SourceFile::new("migrations/002_b.sql", "-- Type: create_tabel\n-- Depends on: [001_x]\n"));
        let failure = Failure::from(rung::Error::Files(vec![
            Diagnostic::error("unknown-type", "there is no type create_tabel")
                .at(&file, Span::new(9, 21), "")
                .help("did you mean create_table?"),
            Diagnostic::error("missing-dependency", "002_b depends on 001_x, which no file has").at(
                &file,
                Span::new(38, 43),
                "no such migration",
            ),
        ]));
        insta::assert_snapshot!(text(&failure), @r"
        error: there is no type create_tabel
         --> migrations/002_b.sql:1:10
          |
        1 | -- Type: create_tabel
          |          ^^^^^^^^^^^^
          |
          = help: did you mean create_table?

        error: 002_b depends on 001_x, which no file has
         --> migrations/002_b.sql:2:17
          |
        2 | -- Depends on: [001_x]
          |                 ^^^^^ no such migration

        2 errors in the migration files; nothing was run
        ");
    }

    #[test]
    fn the_servers_words_and_what_to_do() {
        let error = DbError::new(DbErrorKind::Unreachable, "db.internal:5432 refuses the connection")
            .with_hint("is the server running? `rung wait` waits for it");
        let failure = Failure::from(error);
        assert_eq!(failure.exit, Exit::Usage);
        assert_eq!(
            text(&failure),
            "error: db.internal:5432 refuses the connection\nnext: is the server running? `rung wait` waits for it\n"
        );
    }
}
