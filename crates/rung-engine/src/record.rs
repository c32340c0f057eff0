//! What is written to rung's own tables, and the SQL that writes it. Drivers send it; nothing else writes there.

use std::time::Duration;

use crate::dialect::Dialect;
use crate::history::Status;
use crate::keep::{KeptTable, Piece};

/// Up or down, or how else a row came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Applied.
    Up,
    /// Undone.
    Down,
    /// Recorded without being run: `stamp`, a baseline.
    Stamp,
    /// Settled by hand.
    Resolve,
    /// Taken over from another tool's history.
    Adopt,
    /// Its file has another name now.
    Rename,
}

impl Direction {
    /// As it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Stamp => "stamp",
            Self::Resolve => "resolve",
            Self::Adopt => "adopt",
            Self::Rename => "rename",
        }
    }
}

/// Who runs, for `applied_by`, `executed_by` and `host`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Actor {
    /// The person or service; empty takes the database's session user.
    pub user: String,
    /// The machine; may be empty.
    pub host: String,
}

/// One change of rung's own tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// The row of a migration, whole: inserted, or put in the place of an older one.
    Migration(Box<MigrationRow>),
    /// A new status for a migration's row.
    SetStatus {
        /// The migration.
        id: String,
        /// The status.
        status: Status,
        /// Why, where it failed.
        error: Option<String>,
    },
    /// A changed file was accepted as the same migration.
    SetChecksum {
        /// The migration.
        id: String,
        /// The file's checksum now.
        checksum: String,
        /// Its fingerprint now.
        fingerprint: String,
        /// Its dependencies now.
        depends_on: Vec<String>,
        /// What it runs now. Left out (NULL) above [`STORED_SQL_LIMIT`].
        up_sql: Option<String>,
        /// What undoes it now.
        down_sql: Option<String>,
    },
    /// A migration has another id now.
    Rename {
        /// The id until now.
        from: String,
        /// The id from now on.
        to: String,
        /// Its version now.
        version: Option<u64>,
        /// Its name now.
        name: String,
        /// Its file now.
        source: String,
        /// The file's checksum now.
        checksum: String,
        /// Its fingerprint now.
        fingerprint: String,
        /// Its dependencies now.
        depends_on: Vec<String>,
    },
    /// A row of the append-only log.
    Log {
        /// The migration.
        id: String,
        /// What was done.
        direction: Direction,
        /// How it ended.
        status: Status,
        /// How long it took.
        took: Took,
        /// Why it failed.
        error: Option<String>,
        /// Who.
        actor: Actor,
        /// Statements that stand, in a journalled migration.
        statements_done: Option<usize>,
    },
    /// The journal of a migration is begun anew.
    JournalClear {
        /// The migration.
        id: String,
        /// Which way.
        direction: Direction,
    },
    /// A statement is about to run outside a transaction, or has ended.
    Journal {
        /// The migration.
        id: String,
        /// Which way.
        direction: Direction,
        /// Index of the statement, from zero.
        index: usize,
        /// Hash of its tokens: tells whether a mended file still begins with what stands.
        fingerprint: String,
        /// Where it is.
        state: JournalState,
    },
    /// A tag is put on the newest migration named.
    Tag {
        /// The tag.
        name: String,
        /// The migration.
        id: String,
        /// Who.
        actor: Actor,
    },
    /// A tag is taken away.
    Untag {
        /// The tag.
        name: String,
    },
    /// The table of another tool that is written along with rung's own from now on.
    KeepWriting {
        /// The tool.
        tool: String,
        /// Its table, as a name that holds whatever the search path is.
        table: String,
        /// Who.
        actor: Actor,
    },
    /// The table of another tool is not written any more.
    StopWriting {
        /// The tool.
        tool: String,
    },
    /// What a change of the history is in another tool's table.
    Kept {
        /// Whose table.
        whose: KeptTable,
        /// What its tool would have written.
        pieces: Vec<Piece>,
    },
    /// A seed file was run.
    Seed {
        /// Its path in the seeds directory.
        path: String,
        /// Its checksum.
        checksum: String,
        /// Who.
        actor: Actor,
    },
}

/// A row of `schema_migrations`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationRow {
    /// Id.
    pub id: String,
    /// Version; `None` for a repeatable one.
    pub version: Option<u64>,
    /// Name.
    pub name: String,
    /// Description.
    pub description: Option<String>,
    /// Type.
    pub migration_type: String,
    /// What ran. Left out (NULL) above [`STORED_SQL_LIMIT`].
    pub up_sql: Option<String>,
    /// What undoes it.
    pub down_sql: Option<String>,
    /// Dependencies.
    pub depends_on: Vec<String>,
    /// Status.
    pub status: Status,
    /// Checksum, hexadecimal.
    pub checksum: String,
    /// Fingerprint, hexadecimal.
    pub fingerprint: String,
    /// File name.
    pub source: String,
    /// Place in the order of application.
    pub sequence: i64,
    /// When it was applied, RFC 3339 in UTC; `None` is now.
    pub applied_at: Option<String>,
    /// How long it took; see [`Took`].
    pub took: Took,
    /// Failure.
    pub error: Option<String>,
    /// Who.
    pub actor: Actor,
}

/// The largest up script, in bytes, that is kept in the history: what is larger is data, and is in the file.
pub const STORED_SQL_LIMIT: usize = 1 << 20;

/// How long something took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Took {
    /// It did not run, or nobody can tell.
    Unknown,
    /// So many milliseconds.
    Milliseconds(u64),
    /// As long as the transaction that writes the row has been open.
    ThisTransaction,
}

/// Where a journalled statement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JournalState {
    /// About to run; whether it did must be looked up.
    Intent,
    /// It stands.
    Done,
    /// It failed, and left nothing, or something that resume clears away.
    Failed,
}

impl JournalState {
    /// As it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    /// Reads a stored state.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Intent, Self::Done, Self::Failed].into_iter().find(|state| state.as_str() == text)
    }
}

/// A row of `statement_journal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalRow {
    /// Index of the statement, from zero.
    pub index: usize,
    /// Hash of its tokens.
    pub fingerprint: String,
    /// Where it is.
    pub state: JournalState,
}

/// A row of `migration_history`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The migration.
    pub migration_id: String,
    /// `up`, `down`, `stamp`, `resolve`, `adopt`, `rename`.
    pub direction: String,
    /// When: RFC 3339 in UTC.
    pub executed_at: String,
    /// How it ended.
    pub status: String,
    /// How long it took.
    pub execution_time_ms: Option<i64>,
    /// Failure.
    pub error_message: Option<String>,
    /// Who.
    pub executed_by: String,
    /// Where.
    pub host: String,
    /// Statements that stand.
    pub statements_done: Option<i64>,
}

/// A row of `tags`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The tag.
    pub name: String,
    /// The migration it is on.
    pub migration_id: String,
    /// When: RFC 3339 in UTC.
    pub tagged_at: String,
}

/// The version of the layout of rung's own tables that this rung writes.
pub const FORMAT_VERSION: u32 = 2;

/// The SQL of a record: one or more statements, each ended by `;`. `elapsed` is how long the transaction has run where
/// the client knows it; else the dialect's own expression is used.
pub fn render(record: &Record, dialect: &dyn Dialect, schema: &str, elapsed: Option<Duration>) -> String {
    let writer = Writer { dialect, schema, elapsed };
    match record {
        Record::Migration(row) => writer.migration(row),
        Record::SetStatus { id, status, error } => format!(
            "UPDATE {} SET status = {}, error_message = {} WHERE id = {};",
            writer.table("schema_migrations"),
            writer.text(status.as_str()),
            writer.optional(error.as_deref()),
            writer.text(id)
        ),
        Record::SetChecksum { id, checksum, fingerprint, depends_on, up_sql, down_sql } => format!(
            "UPDATE {} SET checksum = {}, fingerprint = {}, depends_on = {}, up_sql = {}, down_sql = {} WHERE id = {};",
            writer.table("schema_migrations"),
            writer.text(checksum),
            writer.text(fingerprint),
            dialect.text_list(depends_on),
            writer.optional(up_sql.as_deref()),
            writer.optional(down_sql.as_deref()),
            writer.text(id)
        ),
        Record::Rename { from, to, version, name, source, checksum, fingerprint, depends_on } => {
            let (from, to) = (writer.text(from), writer.text(to));
            let follow = |table: &str| {
                format!("UPDATE {} SET migration_id = {to} WHERE migration_id = {from};", writer.table(table))
            };
            format!(
                "UPDATE {} SET id = {to}, version = {}, name = {}, source = {}, checksum = {}, fingerprint = {}, \
                 depends_on = {} WHERE id = {from};{}{}",
                writer.table("schema_migrations"),
                version.map_or_else(|| "NULL".to_owned(), |version| version.to_string()),
                writer.text(name),
                writer.text(source),
                writer.text(checksum),
                writer.text(fingerprint),
                dialect.text_list(depends_on),
                follow("statement_journal"),
                follow("tags"),
            )
        }
        Record::Log { id, direction, status, took, error, actor, statements_done } => format!(
            "INSERT INTO {} (id, migration_id, direction, executed_at, status, execution_time_ms, error_message, \
             executed_by, host, statements_done) VALUES ('{}', {}, '{}', {}, '{}', {}, {}, {}, {}, {});",
            writer.table("migration_history"),
            uuid::Uuid::now_v7(),
            writer.text(id),
            direction.as_str(),
            dialect.now(),
            status.as_str(),
            writer.took(*took),
            writer.optional(error.as_deref()),
            writer.user(actor),
            writer.text(&actor.host),
            statements_done.map_or_else(|| "NULL".to_owned(), |done| done.to_string()),
        ),
        Record::JournalClear { id, direction } => format!(
            "DELETE FROM {} WHERE migration_id = {} AND direction = '{}';",
            writer.table("statement_journal"),
            writer.text(id),
            direction.as_str()
        ),
        Record::Journal { id, direction, index, fingerprint, state } => format!(
            "INSERT INTO {} (migration_id, direction, statement_index, fingerprint, state, at) \
             VALUES ({}, '{}', {index}, '{fingerprint}', '{}', {}) ON CONFLICT (migration_id, direction, statement_index) \
             DO UPDATE SET fingerprint = excluded.fingerprint, state = excluded.state, at = excluded.at;",
            writer.table("statement_journal"),
            writer.text(id),
            direction.as_str(),
            state.as_str(),
            dialect.now()
        ),
        Record::Tag { name, id, actor } => format!(
            "INSERT INTO {} (name, migration_id, tagged_at, tagged_by) VALUES ({}, {}, {}, {}) ON CONFLICT (name) \
             DO UPDATE SET migration_id = excluded.migration_id, tagged_at = excluded.tagged_at, tagged_by = excluded.tagged_by;",
            writer.table("tags"),
            writer.text(name),
            writer.text(id),
            dialect.now(),
            writer.user(actor)
        ),
        Record::Untag { name } => {
            format!("DELETE FROM {} WHERE name = {};", writer.table("tags"), writer.text(name))
        }
        Record::KeepWriting { tool, table, actor } => format!(
            "INSERT INTO {} (tool, name, since, by) VALUES ({}, {}, {}, {}) ON CONFLICT (tool) DO UPDATE SET name = excluded.name;",
            writer.table("keep_writing"),
            writer.text(tool),
            writer.text(table),
            dialect.now(),
            writer.user(actor)
        ),
        Record::StopWriting { tool } => {
            format!("DELETE FROM {} WHERE tool = {};", writer.table("keep_writing"), writer.text(tool))
        }
        Record::Kept { pieces, .. } => {
            let piece = |piece: &Piece| match piece {
                Piece::Sql(sql) => sql.clone(),
                Piece::Took { took, nanoseconds } => {
                    let factor = if *nanoseconds { 1_000_000 } else { 1 };
                    format!("coalesce({}, 0) * {factor}", writer.took(*took))
                }
            };
            pieces.iter().map(piece).collect()
        }
        Record::Seed { path, checksum, actor } => format!(
            "INSERT INTO {} (path, checksum, seeded_at, seeded_by) VALUES ({}, {}, {}, {}) ON CONFLICT (path) \
             DO UPDATE SET checksum = excluded.checksum, seeded_at = excluded.seeded_at, seeded_by = excluded.seeded_by;",
            writer.table("seed_history"),
            writer.text(path),
            writer.text(checksum),
            dialect.now(),
            writer.user(actor)
        ),
    }
}

/// Renders values.
struct Writer<'a> {
    dialect: &'a dyn Dialect,
    schema: &'a str,
    elapsed: Option<Duration>,
}

impl Writer<'_> {
    fn table(&self, name: &str) -> String {
        self.dialect.own_table(self.schema, name)
    }

    fn text(&self, text: &str) -> String {
        self.dialect.quote_literal(text)
    }

    fn optional(&self, text: Option<&str>) -> String {
        text.map_or_else(|| "NULL".to_owned(), |text| self.text(text))
    }

    fn user(&self, actor: &Actor) -> String {
        if actor.user.is_empty() { self.dialect.session_user().to_owned() } else { self.text(&actor.user) }
    }

    fn took(&self, took: Took) -> String {
        match (took, self.elapsed) {
            (Took::Unknown, _) => "NULL".to_owned(),
            (Took::Milliseconds(ms), _) => ms.to_string(),
            (Took::ThisTransaction, Some(elapsed)) => elapsed.as_millis().to_string(),
            (Took::ThisTransaction, None) => self.dialect.elapsed_ms().unwrap_or("NULL").to_owned(),
        }
    }

    fn migration(&self, row: &MigrationRow) -> String {
        const COLUMNS: [&str; 18] = [
            "id",
            "version",
            "name",
            "description",
            "migration_type",
            "up_sql",
            "down_sql",
            "depends_on",
            "status",
            "applied_at",
            "applied_by",
            "execution_time_ms",
            "checksum",
            "fingerprint",
            "source",
            "rung_version",
            "error_message",
            "sequence",
        ];
        let values = [
            self.text(&row.id),
            row.version.map_or_else(|| "NULL".to_owned(), |version| version.to_string()),
            self.text(&row.name),
            self.optional(row.description.as_deref()),
            self.text(&row.migration_type),
            self.optional(row.up_sql.as_deref()),
            self.optional(row.down_sql.as_deref()),
            self.dialect.text_list(&row.depends_on),
            self.text(row.status.as_str()),
            row.applied_at.as_deref().map_or_else(|| self.dialect.now().to_owned(), |at| self.text(at)),
            self.user(&row.actor),
            self.took(row.took),
            self.text(&row.checksum),
            self.text(&row.fingerprint),
            self.text(&row.source),
            self.text(env!("CARGO_PKG_VERSION")),
            self.optional(row.error.as_deref()),
            row.sequence.to_string(),
        ];
        let updates: Vec<String> = COLUMNS[1..].iter().map(|column| format!("{column} = excluded.{column}")).collect();
        format!(
            "INSERT INTO {} ({}) VALUES ({}) ON CONFLICT (id) DO UPDATE SET {};",
            self.table("schema_migrations"),
            COLUMNS.join(", "),
            values.join(", "),
            updates.join(", ")
        )
    }
}
