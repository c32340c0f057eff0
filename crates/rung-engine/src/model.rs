//! Migrations as the planner sees them.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rung_sql::{Allow, Diagnostic, Expect, MigrationType, Replaced, Script, SourceFile, Span, Spanned, Verify};

use crate::former::Former;
use crate::plan::Order;
use crate::record::STORED_SQL_LIMIT;
use crate::version::Version;

/// The identity of a migration: its file's stem, e.g. `001_create_users`; in another tool's format, what that tool knows
/// it by and people can type.
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

    /// The part after the version: after `__` where that divides them (`V1_2__name`, `R__name`), else after the first
    /// `_`; the whole where nothing before it is a version.
    pub fn name(&self) -> &str {
        let id = &*self.0;
        let is_version = |text: &str| text.trim_start_matches(['V', 'U', 'B', 'R']).bytes().all(is_of_version);
        match id.split_once("__").filter(|(version, _)| is_version(version)).or_else(|| id.split_once('_')) {
            Some((version, name)) if is_version(version) => name,
            _ => id,
        }
    }
}

fn is_of_version(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-')
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

/// When in a deployment a migration runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stage {
    /// Before the release that needs it.
    #[default]
    PreDeploy,
    /// Once no program of the old release runs any more: `-- @post-deploy`.
    PostDeploy,
}

/// A migration as its files give it.
#[derive(Debug, Clone)]
pub struct Migration {
    /// Its id.
    pub id: MigrationId,
    /// What it was called, where it has another id now.
    pub former: Option<Former>,
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
    /// When in a deployment it runs.
    pub stage: Stage,
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
    /// Its checksums as the tool of its format keeps them, where they are of something else than the file: its own first,
    /// then others that are as good.
    pub tool_checksums: Vec<String>,
    /// What the tool of its format calls its file, where that is not the file's name.
    pub tool_name: Option<String>,
    /// What it runs.
    pub body: Body,
    /// How it is undone, where the files say.
    pub down: Option<Down>,
    /// How often it runs.
    pub runs: Runs,
    /// What it stands for, where it is a checkpoint that says so: where all of these are applied, it is as good as applied.
    pub replaces: Vec<Replaced>,
    /// Where the file says that its up does not run in a transaction: `-- @no-transaction`.
    pub no_transaction: Option<Span>,
    /// Where it says so of its down.
    pub down_no_transaction: Option<Span>,
    /// What to do where it is pending below the newest applied one and nobody has said.
    pub order: Order,
    /// How its format says what an error asks for.
    pub hints: &'static Hints,
    /// Its own timeouts.
    pub timeouts: Timeouts,
    /// Findings of the linter that are meant: `-- @allow`.
    pub allows: Vec<Allow>,
}

impl Migration {
    /// Where its statements begin in its file, which may have those of others; of what is no SQL, where the file begins.
    pub fn beginning(&self) -> Span {
        let Body::Sql(body) = &self.body else { return Span::default() };
        let blanks = body.up.text().len() - body.up.text().trim_start().len();
        body.up.source_span(Span::new(blanks, blanks))
    }

    /// The SQL that it is made of: its up, its checks, its down.
    pub fn scripts(&self) -> impl Iterator<Item = &Script> {
        let body = match &self.body {
            Body::Sql(body) => Some(body),
            Body::Command(_) | Body::Code(_) => None,
        };
        let down = match &self.down {
            Some(Down::Sql(script)) => Some(script),
            Some(Down::Code(_)) | None => None,
        };
        let up = body
            .into_iter()
            .flat_map(|body| std::iter::once(&body.up).chain(body.verify.iter().map(|verify| &verify.script)));
        up.chain(down)
    }

    /// What it runs, as the history keeps it; `None` for a program, and above [`STORED_SQL_LIMIT`].
    pub fn up_text(&self) -> Option<String> {
        let text = match &self.body {
            Body::Sql(body) => body.up.text().trim(),
            Body::Command(_) | Body::Code(_) => return None,
        };
        (text.len() <= STORED_SQL_LIMIT).then(|| text.to_owned())
    }

    /// What undoes it, as the history keeps it.
    pub fn down_text(&self) -> Option<String> {
        match self.down.as_ref()? {
            Down::Sql(script) => Some(script.text().trim().to_owned()),
            Down::Code(_) => None,
        }
    }
}

/// How often a migration runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Runs {
    /// Once: what has changed since is an error.
    #[default]
    Once,
    /// Again when its statements have changed.
    WhenChanged,
    /// In every run, changed or not.
    Always,
    /// Once, where nothing is applied, and then instead of all that is before it.
    Checkpoint,
}

impl Runs {
    /// Whether it may run again once it is applied.
    pub fn again(self) -> bool {
        matches!(self, Self::WhenChanged | Self::Always)
    }
}

/// How a format of migration files says what an error asks for: each goes on after "or" or stands alone as a help.
#[derive(Debug, PartialEq, Eq)]
pub struct Hints {
    /// How a file says that its statements are to be run one by one; `None` where the format has no way to.
    pub no_transaction: Option<&'static str>,
    /// How a migration gets a down; `None` where the format has none.
    pub down: Option<&'static str>,
    /// Where a file says what it depends on; `None` where the format has no way to.
    pub depends: Option<&'static str>,
    /// Whether `rung renumber` knows how to give a file a new number.
    pub renumber: Renumber,
}

/// Whether files can be given new numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renumber {
    /// By `rung renumber`.
    Command,
    /// By hand.
    ByHand,
}

impl Hints {
    /// rung's own.
    pub const NATIVE: &'static Self = &Self {
        no_transaction: Some("add the line `-- @no-transaction`"),
        down: Some(
            "write what undoes it below a line `-- @down` in the file; where there is nothing to undo, a comment that says so",
        ),
        depends: Some("`Depends on`"),
        renumber: Renumber::Command,
    };

    /// Where a file says what it depends on, in the words of its format.
    pub(crate) fn dependencies(&self) -> &'static str {
        self.depends.unwrap_or("what it depends on")
    }

    /// How to mend a number that is out of place.
    pub(crate) fn renumbering(&self, id: &MigrationId) -> String {
        match self.renumber {
            Renumber::Command => format!("give it a new number: `rung renumber {id}`"),
            Renumber::ByHand => format!("rename {id}, so that its version is above the others"),
        }
    }
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

/// All migrations of a project, in order, with what the reader had to warn about.
#[derive(Debug, Clone, Default)]
pub struct MigrationSet {
    migrations: Vec<Arc<Migration>>,
    by_id: HashMap<MigrationId, usize>,
    /// Things that do not stop a run but should be seen, e.g. a stray file.
    pub warnings: Vec<Diagnostic>,
    /// The tool whose format the files are in; `None` for rung's own.
    pub format: Option<&'static str>,
    /// The tool's own seed files, by name and path, in order; `None` where it has no such thing.
    pub seeds: Option<Vec<(String, PathBuf)>>,
}

impl MigrationSet {
    /// A set, sorted by version and id. Two migrations of one id are an error that names both files.
    ///
    /// # Errors
    /// One diagnostic for each id that is there more than once.
    pub fn new(mut migrations: Vec<Migration>, warnings: Vec<Diagnostic>) -> Result<Self, Vec<Diagnostic>> {
        migrations.sort_by(|a, b| (&a.version, &a.id).cmp(&(&b.version, &b.id)));
        Self::ordered(migrations, warnings)
    }

    /// A set in an order of its own, which is then that of running as far as dependencies allow.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn ordered(migrations: Vec<Migration>, warnings: Vec<Diagnostic>) -> Result<Self, Vec<Diagnostic>> {
        let mut by_id: HashMap<MigrationId, usize> = HashMap::with_capacity(migrations.len());
        let mut errors = Vec::new();
        for (at, migration) in migrations.iter().enumerate() {
            let Some(twin) = by_id.insert(migration.id.clone(), at) else { continue };
            let (first, second) = (&migrations[twin].source, &migration.source);
            let (one, other) = (first.path(), second.path());
            let message = match one == other {
                true => format!("{} has the id {} twice", one.display(), migration.id),
                false => format!("two files have the id {}: {} and {}", migration.id, one.display(), other.display()),
            };
            let begins = match &migration.body {
                Body::Sql(body) if one == other => body.up.source_offset(0),
                _ => 0,
            };
            let diagnostic = Diagnostic::error("duplicate-id", message).at(second, Span::new(begins, begins), "");
            errors.push(diagnostic.help("rename or delete one of them"));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let migrations = migrations.into_iter().map(Arc::new).collect();
        Ok(Self { migrations, by_id, warnings, format: None, seeds: None })
    }

    /// The set with other scripts; where `change` has none, a script stays as it is.
    #[must_use]
    pub fn with_scripts(&self, change: impl Fn(&Script) -> Option<Script>) -> Self {
        let mut set = self.clone();
        for migration in &mut set.migrations {
            if let Body::Sql(body) = &migration.body
                && let Some(up) = change(&body.up)
                && let Body::Sql(body) = &mut Arc::make_mut(migration).body
            {
                body.up = up;
            }
            if let Some(Down::Sql(down)) = &migration.down
                && let Some(down) = change(down)
            {
                Arc::make_mut(migration).down = Some(Down::Sql(down));
            }
        }
        set
    }

    /// Where a migration stands in the set's order.
    pub fn position(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// Every migration, in the set's order.
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
