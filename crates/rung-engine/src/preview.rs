//! A plan as the SQL that would be sent.

use std::fmt::Write as _;

use rung_sql::Want;

use crate::analyse::{JournalReason, ScriptPlan};
use crate::dialect::Dialect;
use crate::driver::{Driver, Part, Probe};
use crate::event::RunError;
use crate::execute::{Grouping, RunOptions};
use crate::journal::{Journal, begin_records, fingerprints, journal_of, set_up_before};
use crate::keep::Keepers;
use crate::model::Body;
use crate::plan::{Action, Plan, Step};
use crate::record::{Direction, JournalState, Record, Took, render};
use crate::unit::{Parts, completion};

/// Renders everything that carrying the plan out would send, in order: rung's own tables where they are not there,
/// transactions, statements, checks, records. Of a migration that was interrupted, what is left of it, as the journal
/// and the catalog have it now; in the one that waits for somebody to settle it, that is said. Only reads.
///
/// # Errors
/// A step that can't be in the one transaction that is asked for; one that was interrupted, and whose file no longer
/// begins with what stands; the server's.
pub fn preview(
    plan: &Plan,
    driver: &mut dyn Driver,
    first_sequence: i64,
    options: &RunOptions,
) -> Result<String, RunError> {
    let dialect = driver.dialect_of();
    let schema = driver.schema().to_owned();
    let has_tables = driver.has_tables()?;
    let keepers = Keepers::find(options.keepers, driver)?;
    let mut out = Preview { text: String::new(), driver, dialect, schema: &schema, options, keepers: &keepers };
    let single = options.grouping == Grouping::Single;
    if single && let Some((step, reason)) = plan.steps.iter().find_map(|step| Some((step, step.journal_reason()?))) {
        return Err(RunError::Plan(crate::journal::not_in_one(step, &reason)));
    }
    if !has_tables && !plan.is_empty() {
        out.text.push_str("-- rung's own tables\n");
        out.line("BEGIN");
        dialect.own_tables_ddl(&schema).iter().for_each(|statement| out.line(statement));
        out.line("COMMIT");
        out.text.push('\n');
    }
    if !plan.renamed.is_empty() {
        keepers.refuse(&plan.renamed)?;
        out.text.push_str("-- former ids\n");
        out.line("BEGIN");
        let records: Vec<Record> = plan.renamed.iter().flat_map(|one| one.records(&options.actor)).collect();
        out.records(&records);
        out.line("COMMIT");
        out.text.push('\n');
    }
    for (sequence, step) in (first_sequence..).zip(&plan.steps) {
        let direction = step.direction.as_str();
        let _ = writeln!(out.text, "-- {} ({direction})", step.id);
        match step.journal_reason() {
            Some(reason) => out.journalled(step, &reason, sequence)?,
            None => {
                if !single || sequence == first_sequence {
                    out.line(&dialect.begin(&step.timeouts));
                }
                out.parts(&Parts::of(step).parts);
                out.records(&completion(step, sequence, Took::ThisTransaction, &options.actor, &keepers, None));
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
    driver: &'a mut dyn Driver,
    dialect: &'static dyn Dialect,
    schema: &'a str,
    options: &'a RunOptions,
    keepers: &'a Keepers,
}

impl Preview<'_> {
    fn line(&mut self, sql: &str) {
        self.text.push_str(sql.trim_end().trim_end_matches(';'));
        self.text.push_str(";\n");
    }

    fn comment(&mut self, text: &str) {
        let _ = writeln!(self.text, "-- {text}");
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
                        Want::Success => "must give no error".to_owned(),
                        Want::Count(op, count) => format!("must be {op} {count}"),
                    };
                    self.commented(sql, &wanted);
                }
                Part::Affected { op, count } => {
                    self.comment(&format!("must have affected {op} {count} rows"));
                }
                Part::Code(_) => self.comment("a function of the program runs here"),
            }
        }
    }

    fn commented(&mut self, sql: &str, comment: &str) {
        self.line(sql);
        self.comment(comment);
    }

    fn journalled(&mut self, step: &Step, reason: &JournalReason, sequence: i64) -> Result<(), RunError> {
        self.comment(&format!("statement by statement: {}", crate::journal::explain(reason)));
        let hashes = match &step.action {
            Action::Script(script) => fingerprints(script, self.dialect.syntax()),
            Action::Program | Action::StoredDown => Vec::new(),
        };
        let journal = match &step.action {
            Action::Script(script) => journal_of(self.driver, step, script, &hashes)?,
            Action::Program | Action::StoredDown => Journal::new(),
        };
        if journal.is_empty() {
            self.records(&begin_records(step, sequence, &self.options.actor));
        }
        let mut statements = None;
        match &step.action {
            Action::Script(script) => {
                statements = Some(script.statements.len());
                let is_done = |at: usize| matches!(journal.get(&at), Some((_, JournalState::Done)));
                let first = (0..script.statements.len()).find(|at| !is_done(*at));
                for at in set_up_before(script, first, is_done) {
                    self.line(script.statement(at));
                    self.comment(&format!("statement {} stands, and is for the session", at + 1));
                }
                for (at, hash) in hashes.into_iter().enumerate() {
                    self.journalled_statement(step, script, (at, hash), journal.get(&at).map(|(_, state)| *state))?;
                }
            }
            Action::Program => {
                if let Some(Body::Command(path)) = step.migration.as_ref().map(|migration| &migration.body) {
                    self.comment(&format!("runs {}", path.display()));
                }
            }
            Action::StoredDown => {}
        }
        let mut checks = Parts::default();
        checks.checks(step);
        self.parts(&checks.parts);
        self.records(&completion(step, sequence, Took::Unknown, &self.options.actor, self.keepers, statements));
        if step.direction == Direction::Down {
            let clear = |direction| Record::JournalClear { id: step.id.clone(), direction };
            self.records(&[clear(Direction::Up), clear(Direction::Down)]);
        }
        Ok(())
    }

    fn journalled_statement(
        &mut self,
        step: &Step,
        script: &ScriptPlan,
        (at, hash): (usize, String),
        before: Option<JournalState>,
    ) -> Result<(), RunError> {
        let number = at + 1;
        if before == Some(JournalState::Done) {
            self.comment(&format!("statement {number} stands already"));
            return Ok(());
        }
        let record = |state| {
            let fingerprint = hash.clone();
            Record::Journal { id: step.id.clone(), direction: step.direction, index: at, fingerprint, state }
        };
        let facts = &script.statements[at].facts;
        let alone = facts.outside.is_some() || facts.transaction.is_some() || before == Some(JournalState::Intent);
        if alone && before.is_some() {
            match self.driver.probe(&facts.effect)? {
                Probe::Done => {
                    self.comment(&format!("statement {number} took effect when it was interrupted"));
                    self.records(&[record(JournalState::Done)]);
                    return Ok(());
                }
                Probe::Finish { found, finish } => {
                    self.comment(&found);
                    self.line(&finish);
                    self.records(&[record(JournalState::Done)]);
                    return Ok(());
                }
                Probe::Broken { found, cleanup } => {
                    self.comment(&found);
                    cleanup.iter().for_each(|sql| self.line(sql));
                }
                Probe::Unknown if before == Some(JournalState::Intent) => {
                    self.comment(&format!(
                        "whether statement {number} took effect when it was interrupted must be said first: \
                         `rung resolve {} --statement {number} --done` or `--not-done`",
                        step.id
                    ));
                }
                Probe::Unknown | Probe::NotDone | Probe::Repeatable => {}
            }
        }
        if alone {
            self.records(&[record(JournalState::Intent)]);
        } else {
            self.line(&self.dialect.begin(&step.timeouts));
        }
        let mut parts = Parts::default();
        parts.statements(step, script, at..number);
        self.parts(&parts.parts);
        self.records(&[record(JournalState::Done)]);
        if !alone {
            self.line("COMMIT");
        }
        Ok(())
    }
}
