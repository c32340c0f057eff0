//! A plan as the SQL that would be sent.

use std::fmt::Write as _;

use rung_sql::Want;

use crate::analyse::{JournalReason, ScriptPlan};
use crate::dialect::Dialect;
use crate::driver::Part;
use crate::execute::{Grouping, RunOptions};
use crate::history::Status;
use crate::journal::fingerprints;
use crate::model::Body;
use crate::plan::{Action, Plan, PlanErrors, Step};
use crate::record::{Direction, JournalState, Record, Took, render};
use crate::unit::{Parts, completion, migration_row};

/// Where a plan would be carried out.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    /// The schema (or prefix) of rung's own tables.
    pub schema: &'a str,
    /// Whether they are there.
    pub has_tables: bool,
    /// The place in the order of application that the first step would take.
    pub first_sequence: i64,
}

/// Renders everything that carrying the plan out would send, in order: rung's own tables where they are not there,
/// transactions, statements, checks, records. What is decided only as it runs (a retry, a resumed journal) is said in
/// comments.
///
/// # Errors
/// A step that can't be in the one transaction that is asked for.
pub fn preview(plan: &Plan, dialect: &dyn Dialect, site: Site<'_>, options: &RunOptions) -> Result<String, PlanErrors> {
    let Site { schema, first_sequence, .. } = site;
    let mut out = Preview { text: String::new(), dialect, schema, options };
    let single = options.grouping == Grouping::Single;
    if single && let Some((step, reason)) = plan.steps.iter().find_map(|step| Some((step, step.journal_reason()?))) {
        return Err(crate::journal::not_in_one(step, &reason));
    }
    if !site.has_tables && !plan.is_empty() {
        out.text.push_str("-- rung's own tables\n");
        out.line("BEGIN");
        dialect.own_tables_ddl(schema).iter().for_each(|statement| out.line(statement));
        out.line("COMMIT");
        out.text.push('\n');
    }
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
    Ok(out.text)
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
                        Want::True => "must be true".to_owned(),
                        Want::NoRows => "must give no rows".to_owned(),
                        Want::Count(op, count) => format!("must be {op} {count}"),
                    };
                    self.commented(sql, &wanted);
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
        self.records(&[Record::JournalClear { id: step.id.clone(), direction: step.direction }]);
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
        let statements = match &step.action {
            Action::Script(script) => Some(script.statements.len()),
            Action::Program | Action::StoredDown => None,
        };
        self.records(&completion(step, sequence, Took::Unknown, &self.options.actor, statements));
        if step.direction == Direction::Down {
            let clear = |direction| Record::JournalClear { id: step.id.clone(), direction };
            self.records(&[clear(Direction::Up), clear(Direction::Down)]);
        }
    }

    fn journalled_statements(&mut self, step: &Step, script: &ScriptPlan) {
        for (at, fingerprint) in fingerprints(script, self.dialect.syntax()).iter().enumerate() {
            let record = |state| Record::Journal {
                id: step.id.clone(),
                direction: step.direction,
                index: at,
                fingerprint: fingerprint.clone(),
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
