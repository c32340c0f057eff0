//! A plan as the SQL that would be sent.

use std::fmt::Write as _;

use crate::analyse::{JournalReason, ScriptPlan};
use crate::dialect::Dialect;
use crate::driver::Part;
use crate::execute::{Grouping, RunOptions};
use crate::history::Status;
use crate::model::Body;
use crate::plan::{Action, Plan, Step};
use crate::record::{Direction, JournalState, Record, Took, render};
use crate::unit::{Parts, completion, migration_row};

/// Renders everything that carrying the plan out would send, in order: transactions, statements, checks, records.
/// What is decided only as it runs (a retry, a resumed journal) is said in comments.
pub fn preview(plan: &Plan, first_sequence: i64, dialect: &dyn Dialect, schema: &str, options: &RunOptions) -> String {
    let mut out = Preview { text: String::new(), dialect, schema, options };
    let single = options.grouping == Grouping::Single;
    for (sequence, step) in (first_sequence..).zip(&plan.steps) {
        let direction = step.direction.as_str();
        let _ = writeln!(out.text, "-- {} ({direction})", step.id);
        match step.journal_reason() {
            Some(reason) => out.journalled(step, &reason, sequence),
            None => {
                if !single || sequence == first_sequence {
                    out.line(&dialect.begin(&step.timeouts));
                }
                out.parts(&Parts::of(step).parts);
                out.records(&completion(step, sequence, Took::ThisTransaction, &options.actor, None));
                if !single {
                    out.line("COMMIT");
                }
            }
        }
        out.text.push('\n');
    }
    if single && !plan.is_empty() {
        out.line("COMMIT");
    }
    out.text
}

struct Preview<'a> {
    text: String,
    dialect: &'a dyn Dialect,
    schema: &'a str,
    options: &'a RunOptions,
}

impl Preview<'_> {
    fn line(&mut self, sql: &str) {
        self.text.push_str(sql.trim_end().trim_end_matches(';'));
        self.text.push_str(";\n");
    }

    fn records(&mut self, records: &[Record]) {
        for record in records {
            self.text.push_str(&render(record, self.dialect, self.schema, None));
            self.text.push('\n');
        }
    }

    fn parts(&mut self, parts: &[Part]) {
        for part in parts {
            match part {
                Part::Sql { script, statements } => {
                    for span in statements.iter() {
                        self.line(&script.text()[span.range()]);
                    }
                }
                Part::Copy { script, statement, data } => {
                    self.line(&script.text()[statement.range()]);
                    self.text.push_str(&script.text()[data.range()]);
                    self.text.push_str("\\.\n");
                }
                Part::Remember { sql, .. } => self.commented(sql, "the answer is remembered"),
                Part::Same { sql, what, .. } => self.commented(sql, &format!("must be as before: {what}")),
                Part::Check { sql, want, .. } => {
                    let wanted = match want {
                        rung_sql::Want::True => "must be true",
                        rung_sql::Want::NoRows => "must give no rows",
                    };
                    self.commented(sql, wanted);
                }
                Part::Affected { op, count } => {
                    let _ = writeln!(self.text, "-- must have affected {op} {count} rows");
                }
                Part::Code(_) => self.text.push_str("-- a function of the program runs here\n"),
            }
        }
    }

    fn commented(&mut self, sql: &str, comment: &str) {
        self.line(sql);
        let _ = writeln!(self.text, "-- {comment}");
    }

    fn journalled(&mut self, step: &Step, reason: &JournalReason, sequence: i64) {
        let _ = writeln!(self.text, "-- statement by statement: {}", crate::journal::explain(reason));
        if step.direction == Direction::Up {
            let row = migration_row(step, Status::Running, sequence, Took::Unknown, &self.options.actor);
            self.records(&row.map(|row| Record::Migration(Box::new(row))).into_iter().collect::<Vec<_>>());
        }
        match &step.action {
            Action::Script(script) => self.journalled_statements(step, script),
            Action::Program => {
                if let Some(Body::Command(path)) = step.migration.as_ref().map(|migration| &migration.body) {
                    let _ = writeln!(self.text, "-- runs {}", path.display());
                }
            }
            Action::StoredDown => {}
        }
        let mut checks = Parts::default();
        checks.checks(step);
        self.parts(&checks.parts);
        self.records(&completion(step, sequence, Took::Unknown, &self.options.actor, None));
    }

    fn journalled_statements(&mut self, step: &Step, script: &ScriptPlan) {
        for at in 0..script.statements.len() {
            let record = |state| Record::Journal {
                id: step.id.clone(),
                direction: step.direction,
                index: at,
                fingerprint: String::new(),
                state,
            };
            let facts = &script.statements[at].facts;
            let alone = facts.outside.is_some() || facts.transaction.is_some();
            if alone {
                self.records(&[record(JournalState::Intent)]);
            } else {
                self.line(&self.dialect.begin(&step.timeouts));
            }
            let mut parts = Parts::default();
            parts.statements(step, script, at..at + 1);
            self.parts(&parts.parts);
            self.records(&[record(JournalState::Done)]);
            if !alone {
                self.line("COMMIT");
            }
        }
    }
}
