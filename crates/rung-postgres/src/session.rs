//! The SQL around a migration's own: what opens a transaction, makes sure that it should run, and puts the session back.

use std::time::Duration;

use rung_engine::{
    DbError, Dialect, Guard, KeptTable, Part, Record, SessionAfter, Status, Unit, describe_rows, render,
};
use tokio_postgres::SimpleQueryRow;

use crate::POSTGRES;
use crate::driver::Postgres;
use crate::lock::{hold_advisory, may_unlock};

/// Whether a commit waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flush {
    /// As the session has it.
    Wait,
    /// A later commit waits for all: WAL keeps their order.
    Later,
}

/// Text of ours before a migration's own, with what it takes to tell the two apart in an error.
#[derive(Debug, Clone, Default)]
pub(crate) struct Prefix {
    pub(crate) text: String,
    pub(crate) characters: usize,
    pub(crate) statements: usize,
}

impl Prefix {
    fn of(statements: &[String]) -> Self {
        let text = format!("{};\n", statements.join("; "));
        Self { characters: text.chars().count(), statements: statements.len(), text }
    }

    /// What makes a message fail where no transaction is open: a server that was asked to cancel may not have opened
    /// the one that the message counts on.
    pub(crate) fn within_transaction() -> Self {
        Self::of(&[IN_TRANSACTION[0].to_owned(), IN_TRANSACTION[1].to_owned()])
    }
}

/// Fails outside of a transaction and does nothing in one.
const IN_TRANSACTION: [&str; 2] = ["SAVEPOINT rung_unit", "RELEASE SAVEPOINT rung_unit"];

/// Puts the session back as it was after connecting, but for temporary tables and the advisory lock. `DISCARD ALL`
/// would do more, and can't run in a transaction.
const RESET: &str =
    "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; CLOSE ALL; DEALLOCATE ALL; UNLISTEN *; DISCARD TEMP";

/// For records that are written while a migration's session is kept, at the end of their transaction: its deferred
/// constraints are checked while its role is in force, and its role may have no right to rung's tables. The encoding is
/// that of files, whatever a file says.
pub(crate) const AS_OURSELVES: &str = "SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL SESSION AUTHORIZATION DEFAULT; SET LOCAL role = DEFAULT; \
      SET client_encoding = 'UTF8';";

/// The setting by which a unit knows that its forerunner is committed. It is set within the forerunner's transaction.
const CHAIN: &str = "rung.unit";

/// A number unlike any other, where the condition is false: the error text explains itself in the server's log.
fn assert(condition: &str) -> String {
    // It must depend on something, or it would fail when it is planned.
    format!(
        "SELECT CASE WHEN {condition} THEN 0 ELSE pg_catalog.concat('rung: not run, as the one before it did not end well', \
         pg_catalog.current_setting('{CHAIN}', true))::pg_catalog.int4 END"
    )
}

/// Whether an error is what [`assert`] gives.
pub(crate) fn is_assertion(error: &DbError) -> bool {
    error.message.contains("rung: not run")
}

impl Postgres {
    /// What opens a unit: its transaction, its timeouts, and its guards. `chained` where it must find the unit before
    /// it committed; `known` where that one records what this one's own guard asks for.
    pub(crate) fn opening(&self, unit: &Unit, flush: Flush, chained: bool, known: bool) -> Prefix {
        let mut statements: Vec<String> = POSTGRES.begin(&unit.timeouts).split("; ").map(str::to_owned).collect();
        if flush == Flush::Later {
            statements.push("SET LOCAL synchronous_commit = off".to_owned());
        }
        statements.extend(self.own_search_path());
        if let Some(lease) = &self.lease {
            statements.push(assert(&lease.is_ours(&self.schema, chained.then_some(self.chain))));
        } else if chained {
            statements.push(assert(&format!(
                "pg_catalog.current_setting('{CHAIN}', true) OPERATOR(pg_catalog.=) '{}'",
                self.chain
            )));
        }
        if let Some(guard) = unit.guard.as_ref().filter(|_| !known) {
            statements.push(assert(&format!(
                "EXISTS (SELECT FROM {} WHERE id OPERATOR(pg_catalog.=) {} AND status OPERATOR(pg_catalog.=) '{}')",
                POSTGRES.own_table(&self.schema, "schema_migrations"),
                POSTGRES.quote_literal(&guard.id),
                guard.status.as_str()
            )));
        }
        Prefix::of(&statements)
    }

    /// For a user who is called as rung's own schema is, `"$user"` in the search_path leads there: unqualified tables of
    /// migrations would land among rung's. This takes it out, to the end of the transaction. A schema that was chosen
    /// by name is where its owner wants things to be.
    fn own_search_path(&self) -> Option<String> {
        (self.schema == "rung" && rung_engine::Driver::facts(self).user == "rung").then(|| {
            "SELECT pg_catalog.set_config('search_path', pg_catalog.regexp_replace(\
             pg_catalog.current_setting('search_path'), '\"[$]user\" *,? *', ''), true)"
                .to_owned()
        })
    }

    /// What closes a unit, but for the COMMIT. What a migration set is gone before its records are written and before
    /// the next one; its deferred constraints are checked while it is in force.
    pub(crate) fn closing(&mut self, unit: &Unit, flush: Flush) -> String {
        self.chain += 1;
        let mut sql = format!("\n;{}; {}; ", IN_TRANSACTION[0], IN_TRANSACTION[1]);
        match unit.session {
            SessionAfter::Keep if self.lease.is_none() => sql.push_str(AS_OURSELVES),
            // Behind a pooler the session is everybody's.
            SessionAfter::Keep | SessionAfter::Reset => {
                sql.push_str(&format!("SET CONSTRAINTS ALL IMMEDIATE; {RESET};{}", self.settings_kept()));
            }
        }
        if flush == Flush::Later {
            sql.push_str("SET LOCAL synchronous_commit = off;");
        }
        let unlocks = |part: &Part| matches!(part, Part::Sql { script, .. } if may_unlock(script.text()));
        if self.holds_advisory() && unit.parts.iter().any(unlocks) {
            sql.push_str(&hold_advisory(&self.schema));
        }
        match &self.lease {
            Some(lease) => sql.push_str(&lease.renewal(&self.schema, self.chain)),
            None => sql.push_str(&format!("SET {CHAIN} = '{}';", self.chain)),
        }
        sql.push_str(&self.render(&unit.records, None));
        sql
    }

    /// Puts the session back.
    pub(crate) fn resetting(&self) -> String {
        format!("{RESET};{}", self.settings_kept())
    }

    /// Settings of ours that outlive a reset.
    fn settings_kept(&self) -> &'static str {
        if self.notices_death { NOTICE_DEATH } else { "" }
    }

    /// Records of our own tables.
    pub(crate) fn render(&self, records: &[Record], elapsed: Option<Duration>) -> String {
        let own = records.iter().filter(|record| !matches!(record, Record::Kept { .. }));
        own.map(|record| render(record, &POSTGRES, &self.schema, elapsed)).collect()
    }

    /// What is to be written to other tools' tables, and whose each is. They are messages by themselves, so that it shows
    /// which table refused.
    pub(crate) fn kept(&self, records: &[Record], elapsed: Option<Duration>) -> Vec<(KeptTable, String)> {
        let kept = records.iter().filter_map(|record| match record {
            Record::Kept { whose, .. } => Some((whose.clone(), render(record, &POSTGRES, &self.schema, elapsed))),
            _ => None,
        });
        kept.collect()
    }

    /// A statement that can't be written to but by the holder of the lease, where there is one.
    pub(crate) fn fence(&self) -> String {
        self.lease.as_ref().map_or_else(String::new, |lease| format!("{};", assert(&lease.is_ours(&self.schema, None))))
    }

    /// One commit that waits for the disk, and with it for all before it.
    pub(crate) fn make_durable(&mut self) {
        // Only a transaction that wrote something waits. Where there is no table to touch, nothing was recorded either.
        let sql = format!("UPDATE {} SET version = version", POSTGRES.own_table(&self.schema, "format"));
        let _ = self.wire.run(&sql);
    }
}

/// The server looks from time to time whether we are still there, and ends the statement and the session, with its
/// lock, where we are not. From PostgreSQL 14 on, where its system can tell.
pub(crate) const NOTICE_DEATH: &str = "SET client_connection_check_interval = 2000;";

/// Whether a unit's records say what the next one's guard asks for.
pub(crate) fn records_say(records: &[Record], guard: &Guard) -> bool {
    let says = |id: &str, status: Status| id == guard.id && status == guard.status;
    records.iter().any(|record| match record {
        Record::Migration(row) => says(&row.id, row.status),
        Record::SetStatus { id, status, .. } => says(id, *status),
        _ => false,
    })
}

/// Whether an answer has no rows; else what it has, for people.
pub(crate) fn is_none(rows: &[SimpleQueryRow]) -> Result<(), String> {
    let Some(row) = rows.first() else { return Ok(()) };
    Err(describe_rows(rows.len(), (0..row.len()).map(|at| crate::wire::value(row, at))))
}

/// Whether an answer is one true value; what it was, where it is not.
pub(crate) fn is_true(rows: &[SimpleQueryRow]) -> Result<(), String> {
    match rows {
        [row] if row.len() == 1 => match crate::wire::value(row, 0) {
            Some("t" | "true") => Ok(()),
            Some(text) if text.parse::<f64>().is_ok_and(|number| number != 0.0) => Ok(()),
            Some("f") => Err("false".to_owned()),
            Some(text) => Err(text.to_owned()),
            None => Err("NULL".to_owned()),
        },
        [] => Err("no rows".to_owned()),
        [row] => Err(format!("{} columns", row.len())),
        several => Err(format!("{} rows", several.len())),
    }
}
