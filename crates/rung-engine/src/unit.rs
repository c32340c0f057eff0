//! A step as a unit for the driver, and the way back from a part of it to the place in the file.

use std::ops::Range;
use std::sync::Arc;

use rung_sql::{Comparison, Expect, Script, SourceFile, Span, Spanned, Want};

use crate::analyse::{ScriptPlan, StatementPlan};
use crate::driver::{Part, SessionAfter, Unit};
use crate::history::Status;
use crate::keep::{Keepers, Now};
use crate::model::{Body, Down};
use crate::plan::{Action, Step};
use crate::record::{Actor, Direction, MigrationRow, Record, Took};

/// Where a part comes from.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// The script that it was cut from; `None` for a function.
    pub(crate) script: Option<Script>,
    /// The statements in it, each with its number in the script from zero.
    pub(crate) statements: Vec<(usize, Span)>,
    /// The line that asks for it, where that is a directive.
    pub(crate) line: Option<(Arc<SourceFile>, Span)>,
}

/// A step's parts with their origins.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) parts: Vec<Part>,
    pub(crate) origins: Vec<Origin>,
}

impl Parts {
    fn push(&mut self, part: Part, script: Option<&Script>, statements: Vec<(usize, Span)>) {
        self.parts.push(part);
        self.origins.push(Origin { script: script.cloned(), statements, line: None });
    }

    /// A part that a directive asks for.
    fn push_expected(&mut self, part: Part, step: &Step, span: Span) {
        let line = step.migration.as_ref().map(|migration| (Arc::clone(&migration.source), span));
        self.parts.push(part);
        self.origins.push(Origin { script: None, statements: Vec::new(), line });
    }

    /// All that a step in a transaction runs and checks.
    pub(crate) fn of(step: &Step) -> Self {
        let mut all = Self::default();
        match &step.action {
            Action::Script(script) => {
                all.remember(step);
                all.statements(step, script, 0..script.statements.len());
                all.checks(step);
            }
            Action::Program => {
                let migration = step.migration.as_ref();
                let code = migration.and_then(|migration| match (step.direction, &migration.body, &migration.down) {
                    (Direction::Down, _, Some(Down::Code(code))) => Some(code),
                    (Direction::Up, Body::Code(code), _) => Some(code),
                    _ => None,
                });
                if let Some(code) = code {
                    all.push(Part::Code(Arc::clone(code)), None, Vec::new());
                }
            }
            // Put in the place of a script before a run begins.
            Action::StoredDown => {}
        }
        all
    }

    /// The queries whose answers must be the same afterwards.
    pub(crate) fn remember(&mut self, step: &Step) {
        for (slot, table, span) in unchanged(step) {
            let sql = count_rows(table);
            self.push_expected(Part::Remember { slot, sql }, step, span);
        }
    }

    /// Statements of a step, as few messages as may be: a COPY and an expectation about a row count stand alone.
    pub(crate) fn statements(&mut self, step: &Step, plan: &ScriptPlan, range: Range<usize>) {
        let expected: Vec<(Comparison, u64, usize)> = affected(step).collect();
        self.cut(plan, range, &expected);
    }

    /// All statements of a script that expects nothing.
    pub(crate) fn plain_statements(&mut self, plan: &ScriptPlan) {
        self.cut(plan, 0..plan.statements.len(), &[]);
    }

    fn cut(&mut self, plan: &ScriptPlan, range: Range<usize>, expected: &[(Comparison, u64, usize)]) {
        let script = &plan.script;
        let mut together: Vec<(usize, Span)> = Vec::new();
        for index in range {
            let StatementPlan { span, copy_data, .. } = plan.statements[index];
            if let Some(data) = copy_data {
                self.flush(script, &mut together);
                self.push(
                    Part::Copy { script: script.clone(), statement: span, data },
                    Some(script),
                    vec![(index, span)],
                );
            } else {
                together.push((index, span));
            }
            for (op, count, _) in expected.iter().filter(|(_, _, at)| plan.stands_after(index, *at)) {
                self.flush(script, &mut together);
                self.push(Part::Affected { op: *op, count: *count }, Some(script), vec![(index, span)]);
            }
        }
        self.flush(script, &mut together);
    }

    fn flush(&mut self, script: &Script, together: &mut Vec<(usize, Span)>) {
        if together.is_empty() {
            return;
        }
        let statements: Arc<[Span]> = together.iter().map(|(_, span)| *span).collect();
        self.push(Part::Sql { script: script.clone(), statements }, Some(script), std::mem::take(together));
    }

    /// What must be true at the end.
    pub(crate) fn checks(&mut self, step: &Step) {
        for (slot, table, span) in unchanged(step) {
            let what = format!("rows({table}) unchanged");
            self.push_expected(Part::Same { slot, sql: count_rows(table), what }, step, span);
        }
        for Spanned { value, span } in expects(step) {
            if let Expect::Rows { table, op, count } = value {
                let what = Some(format!("rows({table}) {op} {count}"));
                let want = Want::Count(*op, *count);
                self.push_expected(Part::Check { sql: count_rows(table), want, what }, step, *span);
            }
        }
        for check in &step.checks {
            let sql = check.script.text()[check.span.range()].to_owned();
            let part = Part::Check { sql, want: check.want, what: None };
            self.push(part, Some(&check.script), vec![(0, check.span)]);
        }
    }
}

fn expects(step: &Step) -> impl Iterator<Item = &Spanned<Expect>> {
    let body = step.migration.as_ref().filter(|_| step.direction == Direction::Up).map(|migration| &migration.body);
    let expects = match body {
        Some(Body::Sql(body)) => body.expects.as_slice(),
        _ => &[],
    };
    expects.iter()
}

/// Tables whose row counts must stay the same, each with a slot to remember the count in and the line that says so.
pub(crate) fn unchanged(step: &Step) -> impl Iterator<Item = (usize, &str, Span)> {
    let tables = expects(step).filter_map(|expect| match &expect.value {
        Expect::RowsUnchanged { table } => Some((table.as_str(), expect.span)),
        _ => None,
    });
    tables.enumerate().map(|(slot, (table, span))| (slot, table, span))
}

/// Expectations about affected rows: how, how many, and where in the script's text they stand.
pub(crate) fn affected(step: &Step) -> impl Iterator<Item = (Comparison, u64, usize)> {
    expects(step).filter_map(|expect| match &expect.value {
        Expect::Affected { op, count, at } => Some((*op, *count, *at)),
        _ => None,
    })
}

/// The query that counts a table's rows.
pub(crate) fn count_rows(table: &str) -> String {
    // The table is written as it would be in SQL, so that `app.users` and `"Users"` mean what they mean there.
    format!("SELECT count(*) FROM {table}")
}

/// The rows that record a step that is done.
pub(crate) fn completion(
    step: &Step,
    sequence: i64,
    took: Took,
    actor: &Actor,
    keepers: &Keepers,
    statements_done: Option<usize>,
) -> Vec<Record> {
    let now = Now::from(step.direction);
    let status = match now {
        Now::NotApplied => Status::RolledBack,
        Now::Applied => Status::Completed,
    };
    let row = match step.direction {
        Direction::Down => Record::SetStatus { id: step.id.clone(), status, error: None },
        _ => match migration_row(step, status, sequence, took, actor) {
            Some(row) => Record::Migration(Box::new(row)),
            None => Record::SetStatus { id: step.id.clone(), status, error: None },
        },
    };
    let log = Record::Log {
        id: step.id.clone(),
        direction: step.direction,
        status,
        took,
        error: None,
        actor: actor.clone(),
        statements_done,
    };
    let kept = keepers.records(&step.id, step.migration.as_deref(), now, took);
    [row, log].into_iter().chain(kept).collect()
}

/// The row of a migration that has a file.
pub(crate) fn migration_row(
    step: &Step,
    status: Status,
    sequence: i64,
    took: Took,
    actor: &Actor,
) -> Option<MigrationRow> {
    let migration = step.migration.as_ref()?;
    Some(MigrationRow {
        id: step.id.clone(),
        version: migration.version.number(),
        name: migration.id.name().to_owned(),
        description: migration.description.clone(),
        migration_type: step.kind.as_str().to_owned(),
        up_sql: migration.up_text(),
        down_sql: migration.down_text(),
        depends_on: migration.depends_on.iter().flatten().map(|dependency| dependency.value.clone()).collect(),
        status,
        checksum: migration.checksum.to_string(),
        fingerprint: migration.fingerprint.to_string(),
        source: file_name(migration),
        sequence,
        applied_at: None,
        took,
        error: None,
        actor: actor.clone(),
    })
}

/// The file of a migration, as the history has it.
pub(crate) fn file_name(migration: &crate::model::Migration) -> String {
    let name = migration.source.path().file_name();
    name.map_or_else(|| migration.id.to_string(), |name| name.to_string_lossy().into_owned())
}

/// A step in a transaction, as a unit.
pub(crate) fn unit(index: usize, step: &Step, sequence: i64, actor: &Actor, keepers: &Keepers) -> Unit {
    Unit {
        session: SessionAfter::Reset,
        index,
        guard: None,
        timeouts: step.timeouts,
        parts: Parts::of(step).parts,
        records: completion(step, sequence, Took::ThisTransaction, actor, keepers, None),
    }
}
