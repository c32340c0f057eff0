//! Migrations as the planner sees them.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rung_sql::{Diagnostic, Expect, MigrationType, Script, SourceFile, Span, Spanned, Verify};

/// The identity of a migration: its file's stem, e.g. `001_create_users`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MigrationId(Arc<str>);

impl MigrationId {
    /// An id from a stem.
    pub fn new(stem: &str) -> Self {
        Self(Arc::from(stem))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part after the first `_`, or the whole where there is none.
    pub fn name(&self) -> &str {
        match self.0.strip_prefix("R__") {
            Some(name) => name,
            None => self.0.split_once('_').map_or(&*self.0, |(_, name)| name),
        }
    }
}

/// An id hashes and compares as its text does, so that it can be looked up by it.
impl Borrow<str> for MigrationId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MigrationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The number before the first `_` of an id. Versions order by value, however many zeros they are written with;
/// repeatable migrations have none and come after all that have one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Version {
    /// A sequential number or a timestamp.
    Number(u64),
    /// No version: a repeatable migration.
    Repeatable,
}

impl Version {
    /// The version that an id begins with; `None` where it begins with neither a number that fits a signed 64-bit integer
    /// (both databases store it as one) nor `R__`.
    pub fn of(id: &str) -> Option<Self> {
        if id.starts_with("R__") {
            return Some(Self::Repeatable);
        }
        let digits = id.split_once('_').map_or(id, |(digits, _)| digits);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        digits.parse::<i64>().ok().and_then(|number| u64::try_from(number).ok()).map(Self::Number)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Repeatable => f.write_str("R"),
        }
    }
}

/// A SHA-256, shown in lowercase hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Reads 64 hexadecimal digits.
    pub fn from_hex(hex: &str) -> Option<Self> {
        let bytes = hex.as_bytes();
        if bytes.len() != 64 {
            return None;
        }
        let mut digest = [0; 32];
        for (byte, pair) in digest.iter_mut().zip(bytes.chunks_exact(2)) {
            let high = char::from(pair[0]).to_digit(16)?;
            let low = char::from(pair[1]).to_digit(16)?;
            *byte = u8::try_from(high * 16 + low).ok()?;
        }
        Some(Self(digest))
    }

    /// The first seven digits, for people.
    pub fn short(&self) -> String {
        self.to_string()[..7].to_owned()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A migration as its files give it.
#[derive(Debug, Clone)]
pub struct Migration {
    /// Its id.
    pub id: MigrationId,
    /// Its version.
    pub version: Version,
    /// What it is for, from its header.
    pub description: Option<String>,
    /// Its type as the header says; where it does not, the planner infers it from the statements.
    pub declared_type: Option<MigrationType>,
    /// Ids that it depends on, each with its place in the file. `None` where the header does not say.
    pub depends_on: Option<Vec<Spanned<String>>>,
    /// Environments it is for; empty is all. (`-- @only`, and the header's `Environment`.)
    pub only: Vec<String>,
    /// Tags from its header.
    pub tags: Vec<String>,
    /// Author and date, as the header has them.
    pub author: Option<String>,
    /// Date, as the header has it.
    pub date: Option<String>,
    /// Its file.
    pub source: Arc<SourceFile>,
    /// SHA-256 of the file with line ends normalised and the byte order mark removed.
    pub checksum: Digest,
    /// SHA-256 of its SQL tokens: the same after a reformat or a comment edit.
    pub fingerprint: Digest,
    /// What it runs.
    pub body: Body,
    /// How it is undone, where the files say.
    pub down: Option<Down>,
    /// Whether it runs again when its content changes, after the versioned ones.
    pub repeatable: bool,
    /// `-- @no-transaction`: where the file says so.
    pub no_transaction: Option<Span>,
    /// Its own timeouts.
    pub timeouts: Timeouts,
}

/// What a migration runs.
#[derive(Clone)]
pub enum Body {
    /// SQL.
    Sql(SqlBody),
    /// An executable file; gets `DATABASE_URL` and `RUNG_*` in its environment.
    Command(PathBuf),
    /// A function of the program that embeds rung.
    Code(Code),
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sql(body) => body.fmt(f),
            Self::Command(path) => path.fmt(f),
            Self::Code(_) => f.write_str("Code"),
        }
    }
}

/// SQL to run, and what must be true afterwards.
#[derive(Debug, Clone)]
pub struct SqlBody {
    /// The statements.
    pub up: Script,
    /// Checks of `@verify` sections.
    pub verify: Vec<Verify>,
    /// Checks of `-- @expect` lines.
    pub expects: Vec<Spanned<Expect>>,
}

/// A function that is a migration. It runs within the migration's transaction.
pub type Code = Arc<dyn Fn(&mut dyn Session) -> Result<(), Box<dyn std::error::Error + Send + Sync>> + Send + Sync>;

/// What a code migration may do: send SQL on the connection that its transaction is on.
pub trait Session {
    /// The dialect's name, e.g. `postgres`.
    fn dialect(&self) -> &'static str;

    /// Runs statements; returns the rows that the last one affected.
    ///
    /// # Errors
    /// The server's error.
    fn execute(&mut self, sql: &str) -> Result<u64, crate::DbError>;

    /// Runs one query; every value is text, `None` is NULL.
    ///
    /// # Errors
    /// The server's error.
    fn query(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, crate::DbError>;
}

/// How a migration is undone.
#[derive(Clone)]
pub enum Down {
    /// SQL from an `@down` section, a companion file or a `ROLLBACK` comment.
    Sql(Script),
    /// A function of the program that embeds rung.
    Code(Code),
}

impl fmt::Debug for Down {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sql(script) => script.fmt(f),
            Self::Code(_) => f.write_str("Code"),
        }
    }
}

/// Timeouts of a migration, an environment or a run. `None` leaves the next wider one in force; zero is "no timeout".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timeouts {
    /// How long a statement waits for a lock.
    pub lock: Option<Duration>,
    /// How long a statement may run.
    pub statement: Option<Duration>,
}

impl Timeouts {
    /// These, and what they leave open from `wider`.
    #[must_use]
    pub fn or(self, wider: Self) -> Self {
        Self { lock: self.lock.or(wider.lock), statement: self.statement.or(wider.statement) }
    }
}

/// All migrations of a project, in version order, with what the reader had to warn about.
#[derive(Debug, Clone, Default)]
pub struct MigrationSet {
    migrations: Vec<Arc<Migration>>,
    by_id: HashMap<MigrationId, usize>,
    /// Things that do not stop a run but should be seen, e.g. a stray file.
    pub warnings: Vec<Diagnostic>,
}

impl MigrationSet {
    /// A set, sorted by version and id. Two migrations of one id are an error that names both files.
    ///
    /// # Errors
    /// One diagnostic for each id that is there more than once.
    pub fn new(mut migrations: Vec<Migration>, warnings: Vec<Diagnostic>) -> Result<Self, Vec<Diagnostic>> {
        migrations.sort_by(|a, b| (a.version, &a.id).cmp(&(b.version, &b.id)));
        let errors: Vec<Diagnostic> = migrations
            .windows(2)
            .filter(|pair| pair[0].id == pair[1].id)
            .map(|pair| {
                Diagnostic::error(
                    "duplicate-id",
                    format!(
                        "two files have the id {}: {} and {}",
                        pair[0].id,
                        pair[0].source.path().display(),
                        pair[1].source.path().display()
                    ),
                )
                .at(&pair[1].source, Span::new(0, 0), "")
                .help("rename or delete one of them")
            })
            .collect();
        if !errors.is_empty() {
            return Err(errors);
        }
        let migrations: Vec<_> = migrations.into_iter().map(Arc::new).collect();
        let by_id = migrations.iter().enumerate().map(|(at, m)| (m.id.clone(), at)).collect();
        Ok(Self { migrations, by_id, warnings })
    }

    /// Every migration, by version then id; repeatable ones last.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Migration>> + ExactSizeIterator {
        self.migrations.iter()
    }

    /// The migration of an id.
    pub fn get(&self, id: &str) -> Option<&Arc<Migration>> {
        self.by_id.get(id).map(|at| &self.migrations[*at])
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.migrations.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.migrations.is_empty()
    }
}
