//! What a statement is and does, as far as its tokens tell. A statement that can't be read is opaque, never an error:
//! the server decides.

use std::borrow::Cow;
use std::fmt;

use crate::header::MigrationType;
use crate::lexer::{TokenKind, tokens};
use crate::{Span, Syntax};

/// Facts about one statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Whether it opens or ends a transaction.
    pub transaction: Option<TransactionControl>,
    /// Why it is not for a transaction; `None` where it can be in one.
    pub outside: Option<Outside>,
    /// What it leaves in the catalog.
    pub effect: Effect,
    /// The type of migration it makes; `None` for what says nothing about it (`SET`, `COMMENT`, `SELECT`).
    pub change: Option<MigrationType>,
    /// The table that it gives another name, and that name.
    pub renamed: Option<(ObjectName, String)>,
}

/// Why a statement is to run outside of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outside {
    /// In words.
    pub why: Cow<'static, str>,
    /// What it does in one all the same.
    pub inside: Inside,
}

impl fmt::Display for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

/// What a statement does in a transaction that it is not for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inside {
    /// It fails.
    Fails,
    /// Nothing.
    DoesNothing,
}

/// Control of transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransactionControl {
    /// `BEGIN`, `START TRANSACTION`.
    Begin,
    /// `COMMIT`, `END`, `PREPARE TRANSACTION`.
    Commit,
    /// `ROLLBACK`, `ABORT`.
    Rollback,
    /// `SAVEPOINT`.
    Savepoint,
    /// `RELEASE`.
    Release,
    /// `ROLLBACK TO`.
    RollbackTo,
}

/// A name, perhaps with its schema; folded and without quotes, as the catalog has it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectName {
    /// The schema, where it is written.
    pub schema: Option<String>,
    /// The name.
    pub name: String,
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{schema}.")?;
        }
        f.write_str(&self.name)
    }
}

/// What kind of object a statement creates or drops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// A table, of any kind.
    Table,
    /// An index.
    Index,
    /// A view.
    View,
    /// A materialised view.
    MaterializedView,
    /// A sequence.
    Sequence,
    /// A schema.
    Schema,
    /// A type or an enum.
    Type,
    /// A domain.
    Domain,
    /// A function or procedure.
    Routine,
    /// A trigger.
    Trigger,
    /// An extension.
    Extension,
    /// A database.
    Database,
    /// A tablespace.
    Tablespace,
    /// A subscription.
    Subscription,
    /// A publication.
    Publication,
}

/// What a statement leaves in the catalog, so that one that was interrupted can be settled by looking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// `CREATE INDEX`; `name` is `None` where the server chooses it.
    CreateIndex {
        /// The index.
        name: Option<ObjectName>,
        /// Its table.
        table: ObjectName,
        /// Without blocking writes.
        concurrently: bool,
    },
    /// `CREATE` of anything else.
    Create {
        /// What kind.
        kind: ObjectKind,
        /// Its name.
        name: ObjectName,
    },
    /// `DROP` of anything.
    Drop {
        /// What kind.
        kind: ObjectKind,
        /// The names.
        names: Vec<ObjectName>,
        /// An index, without blocking writes.
        concurrently: bool,
    },
    /// `REINDEX`.
    Reindex {
        /// `INDEX`, `TABLE`, `SCHEMA`, `DATABASE` or `SYSTEM`, in lower case.
        what: String,
        /// What is rebuilt.
        name: Option<ObjectName>,
        /// Without blocking writes.
        concurrently: bool,
    },
    /// `ALTER TABLE ... ADD COLUMN`.
    AddColumn {
        /// The table.
        table: ObjectName,
        /// The column.
        column: String,
    },
    /// `ALTER TABLE ... DROP COLUMN`.
    DropColumn {
        /// The table.
        table: ObjectName,
        /// The column.
        column: String,
    },
    /// `ALTER TABLE ... ADD CONSTRAINT`.
    AddConstraint {
        /// The table.
        table: ObjectName,
        /// The constraint.
        name: String,
    },
    /// `ALTER TABLE ... DROP CONSTRAINT`.
    DropConstraint {
        /// The table.
        table: ObjectName,
        /// The constraint.
        name: String,
    },
    /// `ALTER TABLE ... VALIDATE CONSTRAINT`.
    ValidateConstraint {
        /// The table.
        table: ObjectName,
        /// The constraint.
        name: String,
    },
    /// `ALTER TABLE ... DETACH PARTITION`.
    DetachPartition {
        /// The partitioned table.
        table: ObjectName,
        /// The partition.
        partition: ObjectName,
    },
    /// `ALTER TYPE ... ADD VALUE`.
    AddEnumValue {
        /// The enum.
        name: ObjectName,
        /// The value.
        value: String,
    },
    /// Running it again does no harm: `VACUUM`, `ANALYZE`, `ALTER SYSTEM`.
    Repeatable,
    /// It is about the session: `SET`, `set_config`, `DISCARD`, a `PRAGMA`, `ATTACH`. Running it again does no harm, and
    /// is needed where the session is another.
    Session,
    /// Anything else.
    Other,
}

/// The facts about a PostgreSQL statement.
pub fn postgres_facts(statement: &str) -> Facts {
    let words = Words::new(statement, &Syntax::POSTGRES);
    Facts {
        transaction: transaction(&words),
        outside: postgres_outside(&words),
        effect: effect(&words),
        change: change(&words),
        renamed: renamed(&words),
    }
}

/// The facts about an SQLite statement.
pub fn sqlite_facts(statement: &str) -> Facts {
    let words = Words::new(statement, &Syntax::SQLITE);
    Facts {
        transaction: transaction(&words),
        outside: sqlite_outside(&words),
        effect: effect(&words),
        change: change(&words),
        renamed: renamed(&words),
    }
}

impl Facts {
    fn makes_table(&self, table: &str) -> bool {
        matches!(&self.effect, Effect::Create { kind: ObjectKind::Table, name } if name.name == table)
    }

    fn drops_table(&self, table: &str) -> bool {
        let is_it = |names: &[ObjectName]| names.iter().all(|name| name.name == table);
        matches!(&self.effect, Effect::Drop { kind: ObjectKind::Table, names, .. } if is_it(names))
    }
}

/// The tables that statements make anew, each as it is called meanwhile, or was before, and as it is called where it is
/// dropped: the new one gets the old one's name, or the old one is put aside before the new one is made.
pub fn rebuilt<'a>(facts: impl Iterator<Item = &'a Facts> + Clone) -> Vec<(&'a ObjectName, &'a str)> {
    let renamed = facts.clone().filter_map(|facts| facts.renamed.as_ref());
    let is_rebuild = |(from, to): &(&ObjectName, &str)| {
        facts.clone().any(|facts| facts.makes_table(&from.name)) && facts.clone().any(|facts| facts.drops_table(to))
    };
    renamed.map(|(from, to)| (from, to.as_str())).filter(is_rebuild).collect()
}

/// The type of a migration from its statements: the first that changes the schema decides, but a table that is created
/// outweighs what else stands there; data only where the schema is left alone. A table that is made anew, and gets the name of
/// the old one, is altered.
pub fn infer_type<'a>(facts: impl Iterator<Item = &'a Facts>) -> MigrationType {
    use MigrationType::{
        AlterTable, CreateIndex, CreateTable, CustomSql, DeleteData, DropIndex, InsertData, UpdateData,
    };
    let facts: Vec<&Facts> = facts.collect();
    let rebuilt = rebuilt(facts.iter().copied());
    let is_rebuild =
        |facts: &Facts| rebuilt.iter().any(|(from, to)| facts.makes_table(&from.name) || facts.drops_table(to));
    let change = |facts: &&Facts| if is_rebuild(facts) { Some(AlterTable) } else { facts.change };
    let changes: Vec<MigrationType> = facts.iter().filter_map(change).collect();
    let is_data = |change: &MigrationType| matches!(change, InsertData | UpdateData | DeleteData);
    let schema: Vec<MigrationType> = changes.iter().copied().filter(|change| !is_data(change)).collect();
    let of_tables = schema.iter().copied().find(|change| !matches!(change, CreateIndex | DropIndex | CustomSql));
    if schema.contains(&CreateTable) {
        return CreateTable;
    }
    of_tables.or(schema.first().copied()).or(changes.first().copied()).unwrap_or(CustomSql)
}

/// The tokens of a statement without blanks and comments, at most [`Words::LIMIT`] of them: what decides stands early,
/// and an INSERT of 10 MB is not worth reading to its end.
struct Words<'a> {
    text: &'a str,
    tokens: Vec<(TokenKind, Span)>,
}

impl<'a> Words<'a> {
    const LIMIT: usize = 4096;

    fn new(text: &'a str, syntax: &Syntax) -> Self {
        let tokens = tokens(text, syntax)
            .filter(|token| !token.kind.is_trivia())
            .take(Self::LIMIT)
            .map(|token| (token.kind, token.span))
            .collect();
        Self { text, tokens }
    }

    fn text(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |(_, span)| &self.text[span.range()])
    }

    fn is(&self, at: usize, word: &str) -> bool {
        self.tokens.get(at).is_some_and(|(kind, _)| matches!(kind, TokenKind::Word | TokenKind::Punct))
            && self.text(at).eq_ignore_ascii_case(word)
    }

    fn is_any(&self, at: usize, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(at, word))
    }

    fn starts(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(at, word)| self.is(at, word))
    }

    fn position(&self, word: &str) -> Option<usize> {
        (0..self.tokens.len()).find(|at| self.is(*at, word))
    }

    fn has(&self, word: &str) -> bool {
        self.position(word).is_some()
    }

    /// Past the given words, each of which may be missing.
    fn skip(&self, mut at: usize, words: &[&str]) -> usize {
        for word in words {
            at += usize::from(self.is(at, word));
        }
        at
    }

    /// A name, folded as the catalog has it.
    fn part(&self, at: usize) -> Option<String> {
        let (kind, _) = self.tokens.get(at)?;
        let text = self.text(at);
        match kind {
            TokenKind::Word => Some(text.to_lowercase()),
            TokenKind::QuotedIdent => {
                let text = text.trim_start_matches(['u', 'U', '&']);
                let close = text.chars().next_back()?;
                let inner = &text[1..text.len() - close.len_utf8()];
                Some(inner.replace(&format!("{close}{close}"), &close.to_string()))
            }
            _ => None,
        }
    }

    /// A name that may have a schema, and where it ends.
    fn name(&self, at: usize) -> Option<(ObjectName, usize)> {
        let mut last = self.part(at)?;
        let mut schema = None;
        let mut end = at + 1;
        while self.is(end, ".") {
            schema = Some(std::mem::replace(&mut last, self.part(end + 1)?));
            end += 2;
        }
        Some((ObjectName { schema, name: last }, end))
    }

    /// Names divided by commas.
    fn names(&self, mut at: usize) -> Vec<ObjectName> {
        let mut names = Vec::new();
        while let Some((name, end)) = self.name(at) {
            names.push(name);
            if !self.is(end, ",") {
                break;
            }
            at = end + 1;
        }
        names
    }

    /// The text within a string token, quotes undone as far as reading a body or a value needs.
    fn string(&self, at: usize) -> Option<String> {
        let (kind, _) = self.tokens.get(at)?;
        if *kind != TokenKind::String {
            return None;
        }
        let text = self.text(at);
        if let Some(rest) = text.strip_prefix('$') {
            let tag = rest.find('$')? + 2;
            return Some(text[tag..text.len() - tag].to_owned());
        }
        let open = text.find('\'')?;
        Some(text[open + 1..text.len() - 1].replace("''", "'"))
    }
}

fn transaction(words: &Words<'_>) -> Option<TransactionControl> {
    use TransactionControl::{Begin, Commit, Release, Rollback, RollbackTo, Savepoint};
    let control = match words.text(0).to_ascii_lowercase().as_str() {
        "begin" => Begin,
        "start" if words.is(1, "transaction") => Begin,
        "commit" | "end" => Commit,
        "prepare" if words.is(1, "transaction") => Commit,
        "rollback" | "abort" if words.is(1, "prepared") => return None,
        "rollback" | "abort" => {
            let at = words.skip(1, &["work", "transaction"]);
            if words.is(at, "to") { RollbackTo } else { Rollback }
        }
        "savepoint" => Savepoint,
        "release" => Release,
        _ => return None,
    };
    // COMMIT PREPARED ends somebody else's transaction, and must not run in one.
    if control == Commit && words.is(1, "prepared") { None } else { Some(control) }
}

fn postgres_outside(words: &Words<'_>) -> Option<Outside> {
    let first = words.text(0).to_ascii_lowercase();
    let second = words.text(1).to_ascii_lowercase();
    let concurrently = words.has("concurrently");
    let what: &'static str = match (first.as_str(), second.as_str()) {
        ("create", _) if concurrently && words.has("index") && !words.has("view") => "CREATE INDEX CONCURRENTLY",
        ("drop", "index") if concurrently => "DROP INDEX CONCURRENTLY",
        ("reindex", _) if concurrently => "REINDEX CONCURRENTLY",
        ("reindex", "database" | "system" | "schema") => "REINDEX of a whole schema or database",
        ("reindex", "(") if words.is_any(after_parenthesis(words, 1), &["database", "system", "schema"]) => {
            "REINDEX of a whole schema or database"
        }
        ("vacuum", _) => "VACUUM",
        ("cluster", _) if words.tokens.len() == 1 || words.is(1, "verbose") && words.tokens.len() == 2 => {
            "CLUSTER of all tables"
        }
        ("create", "database") => "CREATE DATABASE",
        ("drop", "database") => "DROP DATABASE",
        ("create", "tablespace") => "CREATE TABLESPACE",
        ("drop", "tablespace") => "DROP TABLESPACE",
        ("create", "subscription") if !disables(words, &["create_slot", "connect"]) => "CREATE SUBSCRIPTION",
        ("drop", "subscription") => "DROP SUBSCRIPTION",
        ("alter", "subscription") if words.is(3, "refresh") => "ALTER SUBSCRIPTION ... REFRESH",
        ("alter", "subscription") if words.is(4, "publication") && !disables(words, &["refresh"]) => {
            "ALTER SUBSCRIPTION ... PUBLICATION that refreshes"
        }
        ("alter", "system") => "ALTER SYSTEM",
        ("alter", "database") if words.has("tablespace") && words.has("set") => "ALTER DATABASE ... SET TABLESPACE",
        ("alter", "table") if words.has("detach") && concurrently => "DETACH PARTITION ... CONCURRENTLY",
        ("discard", "all") => "DISCARD ALL",
        ("commit" | "rollback", "prepared") => "COMMIT PREPARED",
        ("do", _) if body_controls_transactions(words) => "a DO block that commits or rolls back",
        _ => return None,
    };
    Some(Outside { why: Cow::Owned(format!("{what} cannot run inside a transaction")), inside: Inside::Fails })
}

/// `WITH (create_slot = false)`: whether an option that is on where nothing is said is off.
fn disables(words: &Words<'_>, options: &[&str]) -> bool {
    (0..words.tokens.len()).any(|at| {
        words.is_any(at, options) && {
            let value = at + 1 + usize::from(words.is(at + 1, "="));
            words.is_any(value, &["false", "off", "0"]) || words.text(value) == "0"
        }
    })
}

/// Where the parenthesis that opens at `at` is behind us.
fn after_parenthesis(words: &Words<'_>, at: usize) -> usize {
    (at..words.tokens.len()).find(|at| words.is(*at, ")")).map_or(words.tokens.len(), |at| at + 1)
}

/// Whether the body of a DO has COMMIT or ROLLBACK as a statement.
fn body_controls_transactions(words: &Words<'_>) -> bool {
    let Some(body) = (1..words.tokens.len()).find_map(|at| words.string(at)) else { return false };
    let mut beginning = true;
    for token in tokens(&body, &Syntax::POSTGRES).filter(|token| !token.kind.is_trivia()) {
        let text = &body[token.span.range()];
        if token.kind == TokenKind::Word {
            if beginning && (text.eq_ignore_ascii_case("commit") || text.eq_ignore_ascii_case("rollback")) {
                return true;
            }
            const OPENERS: [&str; 6] = ["begin", "then", "else", "loop", "declare", "do"];
            beginning = OPENERS.iter().any(|word| text.eq_ignore_ascii_case(word));
        } else {
            beginning = token.kind == TokenKind::Semicolon || text == ">";
        }
    }
    false
}

fn sqlite_outside(words: &Words<'_>) -> Option<Outside> {
    const IDLE: [&str; 3] = ["foreign_keys", "auto_vacuum", "page_size"];
    const REFUSED: [&str; 4] = ["journal_mode", "synchronous", "wal_checkpoint", "locking_mode"];
    let fails = |what: &str| (format!("{what} cannot run inside a transaction"), Inside::Fails);
    let (why, inside) = match words.text(0).to_ascii_lowercase().as_str() {
        "vacuum" => fails("VACUUM"),
        "attach" => fails("ATTACH"),
        "detach" => fails("DETACH"),
        "pragma" => {
            let name = words.name(1).map(|(name, _)| name.name)?;
            if REFUSED.contains(&name.as_str()) {
                fails(&format!("PRAGMA {name}"))
            } else if IDLE.contains(&name.as_str()) {
                (format!("PRAGMA {name} has no effect inside a transaction"), Inside::DoesNothing)
            } else {
                return None;
            }
        }
        _ => return None,
    };
    Some(Outside { why: Cow::Owned(why), inside })
}

fn effect(words: &Words<'_>) -> Effect {
    let effect = match words.text(0).to_ascii_lowercase().as_str() {
        "create" => create(words),
        "drop" => dropped(words),
        "alter" if words.is_any(1, &["table", "foreign"]) => alter_table(words),
        "alter" if words.starts(&["alter", "type"]) => add_value(words),
        "alter" if words.is(1, "system") => Some(Effect::Repeatable),
        "reindex" => reindex(words),
        // For the transaction only.
        "set" if words.is_any(1, &["local", "transaction", "constraints"]) => Some(Effect::Repeatable),
        "set" | "reset" | "discard" | "pragma" | "attach" | "detach" => Some(Effect::Session),
        "select" if words.name(1).is_some_and(|(name, _)| name.name == "set_config") => Some(Effect::Session),
        "vacuum" | "analyze" | "analyse" | "cluster" | "comment" | "refresh" | "checkpoint" => Some(Effect::Repeatable),
        _ => None,
    };
    effect.unwrap_or(Effect::Other)
}

const KINDS: [(&str, ObjectKind); 14] = [
    ("table", ObjectKind::Table),
    ("view", ObjectKind::View),
    ("sequence", ObjectKind::Sequence),
    ("schema", ObjectKind::Schema),
    ("type", ObjectKind::Type),
    ("domain", ObjectKind::Domain),
    ("function", ObjectKind::Routine),
    ("procedure", ObjectKind::Routine),
    ("trigger", ObjectKind::Trigger),
    ("extension", ObjectKind::Extension),
    ("database", ObjectKind::Database),
    ("tablespace", ObjectKind::Tablespace),
    ("subscription", ObjectKind::Subscription),
    ("publication", ObjectKind::Publication),
];

/// The kind of object named at `at`, and where its name begins.
fn kind(words: &Words<'_>, at: usize) -> Option<(ObjectKind, usize)> {
    if words.is(at, "materialized") {
        return Some((ObjectKind::MaterializedView, at + 2));
    }
    KINDS.iter().find(|(word, _)| words.is(at, word)).map(|(_, kind)| (*kind, at + 1))
}

fn create(words: &Words<'_>) -> Option<Effect> {
    let at = words.skip(1, &["or", "replace", "global", "local", "temp", "temporary", "unlogged", "unique", "virtual"]);
    let at = words.skip(at, &["foreign", "recursive", "constraint", "event"]);
    if words.is(at, "index") {
        let at = words.skip(at + 1, &["concurrently"]);
        let at = words.skip(at, &["if", "not", "exists"]);
        let (name, at) = if words.is(at, "on") {
            (None, at)
        } else {
            let (name, end) = words.name(at)?;
            (Some(name), end)
        };
        let (table, _) = words.name(words.skip(at, &["on", "only"]))?;
        return Some(Effect::CreateIndex { name, table, concurrently: words.has("concurrently") });
    }
    let (kind, at) = kind(words, at)?;
    let (name, _) = words.name(words.skip(at, &["if", "not", "exists"]))?;
    Some(Effect::Create { kind, name })
}

fn dropped(words: &Words<'_>) -> Option<Effect> {
    let at = words.skip(1, &["foreign", "event"]);
    let (kind, at) = if words.is(at, "index") { (ObjectKind::Index, at + 1) } else { kind(words, at)? };
    let at = words.skip(at, &["concurrently"]);
    let names = words.names(words.skip(at, &["if", "exists"]));
    (!names.is_empty()).then(|| Effect::Drop { kind, names, concurrently: words.has("concurrently") })
}

/// One action on one table; a list of actions is not told apart.
fn alter_table(words: &Words<'_>) -> Option<Effect> {
    let at = words.skip(1, &["foreign", "table"]);
    let at = words.skip(at, &["if", "exists", "only"]);
    let (table, at) = words.name(at)?;
    let at = words.skip(at, &["*"]);
    let mut depth = 0_usize;
    for at in at..words.tokens.len() {
        depth = if words.is(at, "(") { depth + 1 } else { depth.saturating_sub(usize::from(words.is(at, ")"))) };
        if depth == 0 && words.is(at, ",") {
            return None;
        }
    }
    let named = |at: usize| words.part(at);
    if words.is(at, "add") {
        if words.is(at + 1, "constraint") {
            return Some(Effect::AddConstraint { table, name: named(at + 2)? });
        }
        if words.is_any(at + 1, &["primary", "unique", "foreign", "check", "exclude", "generated"]) {
            return None;
        }
        let at = words.skip(at + 1, &["column", "if", "not", "exists"]);
        return Some(Effect::AddColumn { table, column: named(at)? });
    }
    if words.is(at, "drop") {
        if words.is(at + 1, "constraint") {
            return Some(Effect::DropConstraint { table, name: named(words.skip(at + 2, &["if", "exists"]))? });
        }
        return Some(Effect::DropColumn { table, column: named(words.skip(at + 1, &["column", "if", "exists"]))? });
    }
    if words.is(at, "validate") && words.is(at + 1, "constraint") {
        return Some(Effect::ValidateConstraint { table, name: named(at + 2)? });
    }
    if words.is(at, "detach") && words.is(at + 1, "partition") {
        return Some(Effect::DetachPartition { table, partition: words.name(at + 2)?.0 });
    }
    None
}

fn renamed(words: &Words<'_>) -> Option<(ObjectName, String)> {
    if !words.starts(&["alter", "table"]) {
        return None;
    }
    let (table, at) = words.name(words.skip(2, &["if", "exists", "only"]))?;
    let at = words.skip(at, &["*"]);
    if words.is(at, "rename") && words.is(at + 1, "to") { Some((table, words.part(at + 2)?)) } else { None }
}

fn add_value(words: &Words<'_>) -> Option<Effect> {
    let (name, at) = words.name(2)?;
    if !(words.is(at, "add") && words.is(at + 1, "value")) {
        return None;
    }
    let at = words.skip(at + 2, &["if", "not", "exists"]);
    Some(Effect::AddEnumValue { name, value: words.string(at)? })
}

fn reindex(words: &Words<'_>) -> Option<Effect> {
    let at = if words.is(1, "(") { after_parenthesis(words, 1) } else { 1 };
    let what = words.text(at).to_ascii_lowercase();
    let name = words.name(words.skip(at + 1, &["concurrently"])).map(|(name, _)| name);
    Some(Effect::Reindex { what, name, concurrently: words.has("concurrently") })
}

fn change(words: &Words<'_>) -> Option<MigrationType> {
    let object = |at: usize| {
        let at =
            words.skip(at, &["or", "replace", "global", "local", "temp", "temporary", "unlogged", "unique", "virtual"]);
        words.text(words.skip(at, &["foreign"])).to_ascii_lowercase()
    };
    Some(match words.text(0).to_ascii_lowercase().as_str() {
        "create" => match object(1).as_str() {
            "table" => MigrationType::CreateTable,
            "index" => MigrationType::CreateIndex,
            _ => MigrationType::CustomSql,
        },
        "drop" => match object(1).as_str() {
            "table" => MigrationType::DropTable,
            "index" => MigrationType::DropIndex,
            _ => MigrationType::CustomSql,
        },
        "alter" => match object(1).as_str() {
            "table" => MigrationType::AlterTable,
            _ => MigrationType::CustomSql,
        },
        "insert" | "copy" | "replace" => MigrationType::InsertData,
        "update" | "merge" => MigrationType::UpdateData,
        "delete" | "truncate" => MigrationType::DeleteData,
        "with" => {
            let verb =
                ["insert", "update", "delete"].into_iter().filter_map(|verb| Some((words.position(verb)?, verb)));
            match verb.min()?.1 {
                "insert" => MigrationType::InsertData,
                "update" => MigrationType::UpdateData,
                _ => MigrationType::DeleteData,
            }
        }
        "do" | "call" | "grant" | "revoke" | "reindex" | "vacuum" | "refresh" => MigrationType::CustomSql,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_subscription_decides_whether_a_transaction_takes_it() {
        let inside = |sql: &str| postgres_facts(sql).outside.is_none();
        for sql in [
            "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p WITH (connect = false, slot_name = NONE)",
            "ALTER SUBSCRIPTION s SET PUBLICATION p, q WITH (refresh = false)",
            "ALTER SUBSCRIPTION s SET (slot_name = NONE)",
            "ALTER SUBSCRIPTION refresh DISABLE",
        ] {
            assert!(inside(sql), "{sql}");
        }
        for sql in [
            "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p",
            "ALTER SUBSCRIPTION s ADD PUBLICATION q",
            "ALTER SUBSCRIPTION s SET PUBLICATION q WITH (refresh = true)",
            "ALTER SUBSCRIPTION s REFRESH PUBLICATION WITH (copy_data = false)",
            "DROP SUBSCRIPTION s",
        ] {
            assert!(!inside(sql), "{sql}");
        }
    }

    fn type_of(statements: &[&str]) -> MigrationType {
        let facts: Vec<Facts> = statements.iter().map(|statement| sqlite_facts(statement)).collect();
        infer_type(facts.iter())
    }

    #[test]
    fn a_table_that_is_made_anew_is_altered() {
        let rebuild = [
            "CREATE TABLE new_t (a int)",
            "INSERT INTO new_t SELECT a FROM t",
            "DROP TABLE t",
            "ALTER TABLE new_t RENAME TO \"T\"",
        ];
        assert_eq!(type_of(&rebuild[..3]), MigrationType::CreateTable);
        let lower = [rebuild[0], rebuild[1], rebuild[2], "ALTER TABLE new_t RENAME TO t"];
        assert_eq!(type_of(&lower), MigrationType::AlterTable);
        // The old one is put aside first.
        let aside = ["ALTER TABLE t RENAME TO old_t", "CREATE TABLE t (a int)", "DROP TABLE old_t"];
        assert_eq!(type_of(&aside), MigrationType::AlterTable);
        assert_eq!(type_of(&[&lower[..], &["CREATE TABLE u (a int)"]].concat()), MigrationType::CreateTable);
        assert_eq!(type_of(&aside[..2]), MigrationType::CreateTable);
        assert_eq!(type_of(&["CREATE TABLE t (a int)", "ALTER TABLE u RENAME TO v"]), MigrationType::CreateTable);
    }
}
