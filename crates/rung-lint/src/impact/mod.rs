//! What a statement does to those who use the database while it runs: locks, rewrites and scans.

mod postgres;
mod sqlite;
mod types;

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use rung_ddl::Parsed;
use rung_sql::Span;

use crate::schema::{Key, Schema};

pub(crate) use postgres::impact as postgres_impact;
pub(crate) use sqlite::impact as sqlite_impact;
pub use types::{TypeChange, type_change};

/// A lock on a table, weakest first, as PostgreSQL has them (documentation, "Explicit Locking").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "their names are the documentation's")]
pub enum LockMode {
    AccessShare,
    RowShare,
    RowExclusive,
    ShareUpdateExclusive,
    Share,
    ShareRowExclusive,
    Exclusive,
    AccessExclusive,
}

/// Whom a lock keeps waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Blocks {
    /// Neither readers nor writers.
    Nothing,
    /// Writers.
    Writes,
    /// Everyone.
    Everything,
}

impl Blocks {
    /// For people: `blocks ...`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Writes => "writes",
            Self::Everything => "reads and writes",
        }
    }
}

impl LockMode {
    const ALL: [(LockMode, &'static str); 8] = [
        (Self::AccessShare, "ACCESS SHARE"),
        (Self::RowShare, "ROW SHARE"),
        (Self::RowExclusive, "ROW EXCLUSIVE"),
        (Self::ShareUpdateExclusive, "SHARE UPDATE EXCLUSIVE"),
        (Self::Share, "SHARE"),
        (Self::ShareRowExclusive, "SHARE ROW EXCLUSIVE"),
        (Self::Exclusive, "EXCLUSIVE"),
        (Self::AccessExclusive, "ACCESS EXCLUSIVE"),
    ];

    /// As the documentation writes it.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(mode, _)| *mode == self).map_or("", |(_, name)| name)
    }

    /// From `ACCESS EXCLUSIVE`, or from `AccessExclusiveLock` as `pg_locks` has it.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |text: &str| text.replace(' ', "").to_ascii_lowercase();
        let text = plain(text.trim_end_matches("Lock"));
        Self::ALL.iter().find(|(_, name)| plain(name) == text).map(|(mode, _)| *mode)
    }

    /// Whom it keeps waiting. A `SELECT` wants ACCESS SHARE, an `UPDATE` ROW EXCLUSIVE.
    pub fn blocks(self) -> Blocks {
        match self {
            Self::AccessShare | Self::RowShare | Self::RowExclusive | Self::ShareUpdateExclusive => Blocks::Nothing,
            Self::Share | Self::ShareRowExclusive | Self::Exclusive => Blocks::Writes,
            Self::AccessExclusive => Blocks::Everything,
        }
    }
}

impl fmt::Display for LockMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.schema.as_str() {
            "" | "public" => f.pad(&self.name),
            schema => f.pad(&format!("{schema}.{}", self.name)),
        }
    }
}

/// What takes time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Work {
    /// Every row is read.
    Scan,
    /// An index is built: every row is read, and sorted.
    BuildIndex,
    /// The table is written anew, with its indexes.
    Rewrite,
}

/// A piece of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// What.
    pub work: Work,
    /// On which table.
    pub table: Key,
    /// Why, as a clause: `a volatile default is computed for each row`.
    pub why: &'static str,
    /// How sure that is.
    pub sure: Sure,
    /// The part of the statement that needs it.
    pub span: Span,
    /// The table for whose rows it is done, where that is another: without rows in that one there is nothing to do.
    pub along: Option<Key>,
}

/// How sure something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sure {
    /// Something that is not known may make it untrue.
    Perhaps,
    /// It is so.
    Yes,
}

/// What a statement does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Impact {
    /// The strongest lock on each table that was there before.
    pub locks: Vec<(Key, LockMode)>,
    /// What takes time.
    pub tasks: Vec<Task>,
    /// Whether it waits for every transaction that began before it.
    pub waits_for_snapshots: bool,
    /// Whether it refuses to run in a transaction.
    pub outside: bool,
}

impl Impact {
    /// Adds a lock.
    fn lock(&mut self, table: Key, mode: LockMode) {
        self.locks.push((table, mode));
    }

    /// With the strongest lock on each table, where it was locked first.
    fn settled(mut self) -> Self {
        let mut strongest: HashMap<&Key, LockMode> = HashMap::new();
        for (table, mode) in &self.locks {
            strongest.entry(table).and_modify(|there| *there = *mode.max(there)).or_insert(*mode);
        }
        if strongest.len() < self.locks.len() {
            let first = self.locks.iter().filter_map(|(table, _)| Some((table.clone(), strongest.remove(table)?)));
            self.locks = first.collect();
        }
        self
    }

    /// What several statements do.
    pub fn together<'a>(impacts: impl Iterator<Item = &'a Self>) -> Self {
        let mut whole = Self::default();
        for impact in impacts {
            whole.locks.extend_from_slice(&impact.locks);
            whole.tasks.extend_from_slice(&impact.tasks);
            whole.waits_for_snapshots |= impact.waits_for_snapshots;
            whole.outside |= impact.outside;
        }
        whole.settled()
    }

    fn task(&mut self, work: Work, table: &Key, why: &'static str, sure: Sure, span: Span) {
        self.tasks.push(Task { work, table: table.clone(), why, sure, span, along: None });
    }

    /// A table is read to see what the rows of another lead to.
    fn look_up(&mut self, table: &Key, along: &Key, span: Span) {
        const WHY: &str = "what each row leads to is looked for in it, or in the index of its key";
        // One that leads to itself is read for its own rows anyway.
        if table != along {
            let along = Some(along.clone());
            self.tasks.push(Task {
                work: Work::Scan,
                table: table.clone(),
                why: WHY,
                sure: Sure::Perhaps,
                span,
                along,
            });
        }
    }

    /// The strongest lock.
    pub fn strongest(&self) -> Option<&(Key, LockMode)> {
        // The first of those that are equally strong is what the statement is about.
        self.locks.iter().rev().max_by_key(|(_, mode)| *mode)
    }

    /// The lock on a table.
    pub fn lock_on(&self, table: &Key) -> Option<LockMode> {
        self.locks.iter().find(|(there, _)| there == table).map(|(_, mode)| *mode)
    }

    /// About how long its work takes, where the tables' sizes are known. It is what a disk of today does: 400 MB/s read,
    /// 60 MB/s of rows indexed, 80 MB/s of table and indexes written.
    pub fn about(&self, schema: &Schema) -> Option<Duration> {
        const SCAN: u64 = 400_000_000;
        const BUILD: u64 = 60_000_000;
        const WRITE: u64 = 80_000_000;
        let of = |task: &Task| {
            let size = schema.size(&task.table)?;
            let (bytes, each_second) = match task.work {
                Work::Scan => (size.bytes, SCAN),
                Work::BuildIndex => (size.bytes, BUILD),
                Work::Rewrite => (size.bytes + size.index_bytes, WRITE),
            };
            Some(Duration::from_millis(bytes * 1000 / each_second))
        };
        self.tasks.iter().map(of).sum()
    }

    /// How much is read or written for it, where the tables' sizes are known.
    pub fn bytes(&self, schema: &Schema) -> Option<u64> {
        let of = |task: &Task| {
            let size = schema.size(&task.table)?;
            Some(size.bytes + if task.work == Work::Rewrite { size.index_bytes } else { 0 })
        };
        self.tasks.iter().map(of).sum()
    }

    /// The heaviest work.
    pub fn heaviest(&self) -> Option<&Task> {
        self.tasks.iter().max_by_key(|task| (task.work, task.sure))
    }

    /// The part that others feel: without what nobody else knows of.
    #[must_use]
    pub fn felt(&self, is_fresh: impl Fn(&Key) -> bool) -> Self {
        let mut felt = self.clone();
        felt.locks.retain(|(table, _)| !is_fresh(table));
        felt.tasks.retain(|task| !is_fresh(&task.table) && !task.along.as_ref().is_some_and(&is_fresh));
        felt
    }
}

/// The server's major version, where it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Server(Option<u32>);

impl Server {
    /// A server of this major version: 13 to 18.
    pub fn major(major: u32) -> Self {
        Self(Some(major))
    }

    /// Whether anybody has said which it is.
    pub fn is_known(self) -> bool {
        self.0.is_some()
    }

    /// Whether it has what came with a version. Where the version is not known, no.
    pub fn has(self, major: u32) -> bool {
        self.0.is_some_and(|version| version >= major)
    }

    /// Whether it may lack what came with a version. Where the version is not known, yes.
    pub fn may_lack(self, major: u32) -> bool {
        !self.has(major)
    }

    /// Whether it may have what came with a version. Where the version is not known, yes.
    pub fn may_have(self, major: u32) -> bool {
        self.0.is_none_or(|version| version >= major)
    }
}

/// A dialect's account of what a statement does.
pub(crate) type ImpactOf = fn(&Parsed, &str, &Schema, Server) -> Impact;
