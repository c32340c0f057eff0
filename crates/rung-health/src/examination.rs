//! An examination: the schema, what the server says, and what was found.

use std::collections::HashMap;
use std::sync::Arc;

use rung_catalog::{Body, ConstraintKind};
use rung_catalog::{Catalog, Index, Key, Kind, Object, glob};
use rung_engine::{Answer, DbError, Dialect, Driver};
use rung_sql::Level;

use crate::check::{Check, Find};
use crate::checks::CHECKS;
use crate::options::Options;

/// What came of it.
#[derive(Debug, Default)]
pub struct Health {
    /// What was found: the worst first, then by check and object.
    pub findings: Vec<Finding>,
    /// What could not be looked at.
    pub unchecked: Vec<Unchecked>,
    /// The checks that were made.
    pub checks: Vec<&'static Check>,
    /// How many objects the schema has.
    pub objects: usize,
}

impl Health {
    /// The worst level.
    pub fn worst(&self) -> Option<Level> {
        self.findings.iter().map(|finding| finding.level).max()
    }
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The check's name.
    pub check: &'static str,
    /// How bad it is.
    pub level: Level,
    /// The object; `None` where it is the database.
    pub object: Option<Arc<Key>>,
    /// What is wrong with it, as a sentence that begins with its name.
    pub message: String,
    /// Facts that explain it.
    pub notes: Vec<String>,
    /// What mends it: statements, each with its semicolon, or commands.
    pub mend: Vec<String>,
}

impl Finding {
    /// With a fact.
    pub fn note(&mut self, note: impl Into<String>) -> &mut Self {
        self.notes.push(note.into());
        self
    }

    /// With what mends it.
    pub fn mend(&mut self, statement: impl Into<String>) -> &mut Self {
        self.mend.push(statement.into());
        self
    }

    /// As bad as this, at most.
    pub fn at_most(&mut self, level: Level) -> &mut Self {
        self.level = self.level.min(level);
        self
    }
}

/// Something that could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unchecked {
    /// The check's name.
    pub check: &'static str,
    /// What was not looked at; `None` where it is all of it.
    pub object: Option<String>,
    /// Why not.
    pub why: String,
}

/// What a check sees.
pub struct Examination<'a> {
    /// The schema.
    pub catalog: &'a Catalog,
    /// What was asked for.
    pub options: &'a Options,
    /// The database's language.
    pub dialect: &'static dyn Dialect,
    driver: &'a mut dyn Driver,
    /// The parts of each object that has any.
    parts: HashMap<&'a Key, Vec<&'a Object>>,
    check: &'static Check,
    level: Level,
    found: Vec<Finding>,
    unchecked: Vec<Unchecked>,
}

/// Examines a database. Writes nothing.
///
/// # Errors
/// The schema can't be read; the connection is gone. A check that the server refuses to answer is in
/// [`Health::unchecked`].
pub fn examine(driver: &mut dyn Driver, options: &Options) -> Result<Health, DbError> {
    let dialect = driver.dialect_of();
    let chosen: Vec<(&'static Check, Level)> = CHECKS
        .iter()
        .filter(|check| check.is_for(dialect.name()))
        .filter_map(|check| {
            let level = options.levels.get(check.name).copied().unwrap_or(check.level);
            if options.checks.is_empty() {
                return Some((*check, level?));
            }
            let is_named = options.checks.iter().any(|name| name == check.name);
            is_named.then_some((*check, level.unwrap_or(Level::Warning)))
        })
        .collect();
    let catalog = driver.inspect()?;
    let mut answers = ask_all(driver, &chosen, options)?;
    let mut cx = Examination {
        parts: catalog.parts(),
        catalog: &catalog,
        options,
        dialect,
        driver,
        check: CHECKS[0],
        level: Level::Note,
        found: Vec::new(),
        unchecked: Vec::new(),
    };
    for (check, level) in &chosen {
        (cx.check, cx.level) = (check, *level);
        let result = match check.find {
            Find::Schema(find) => {
                find(&mut cx);
                Ok(())
            }
            Find::Live(_, find) => {
                answers.remove(check.name).unwrap_or(Ok(Vec::new())).map(|rows| find(&mut cx, &rows))
            }
            Find::Asking(find) => find(&mut cx),
        };
        if let Err(error) = result {
            if error.kind == rung_engine::DbErrorKind::ConnectionLost {
                return Err(error);
            }
            cx.cannot(None, error.message);
        }
    }
    let Examination { mut found, unchecked, .. } = cx;
    let is_ignored = |finding: &Finding| finding.object.as_ref().is_some_and(|key| matches(&options.ignore, key));
    found.retain(|finding| !is_ignored(finding));
    found.sort_by(|one, other| (other.level, one.check, &one.object).cmp(&(one.level, other.check, &other.object)));
    let checks = chosen.iter().map(|(check, _)| *check).collect();
    Ok(Health { findings: found, unchecked, checks, objects: catalog.len() })
}

/// The answers to all questions that do not depend on the schema, in one burst.
fn ask_all(
    driver: &mut dyn Driver,
    chosen: &[(&'static Check, Level)],
    options: &Options,
) -> Result<HashMap<&'static str, Answer>, DbError> {
    let language = driver.dialect_of().name();
    let (names, questions): (Vec<&'static str>, Vec<String>) = chosen
        .iter()
        .filter_map(|(check, _)| match check.find {
            Find::Live(live, _) => {
                let (_, sql) = live.iter().find(|(dialect, _)| *dialect == language)?;
                Some((check.name, (*sql).to_owned()))
            }
            _ => None,
        })
        .unzip();
    Ok(names.into_iter().zip(driver.ask(&questions, &options.timeouts)?).collect())
}

/// Whether one of the globs is for an object, or for the table that it belongs to.
fn matches(globs: &[String], key: &Key) -> bool {
    let full = |name: &str| key.schema.as_ref().map_or_else(|| name.to_owned(), |schema| format!("{schema}.{name}"));
    let names = [Some(&key.name), key.parent.as_ref()];
    let is_like = |name: &String| globs.iter().any(|pattern| glob(pattern, name) || glob(pattern, &full(name)));
    names.into_iter().flatten().any(is_like)
}

impl<'a> Examination<'a> {
    /// Tells of something that is wrong with an object.
    pub fn report(&mut self, object: Option<&Arc<Key>>, message: impl Into<String>) -> &mut Finding {
        let at = self.found.len();
        self.found.push(Finding {
            check: self.check.name,
            level: self.level,
            object: object.cloned(),
            message: message.into(),
            notes: Vec::new(),
            mend: Vec::new(),
        });
        &mut self.found[at]
    }

    /// Whether a check that is made before this one has told of an object.
    pub fn has_told(&self, check: &str, object: &Key) -> bool {
        self.found.iter().any(|finding| finding.check == check && finding.object.as_deref() == Some(object))
    }

    /// Tells of something that could not be looked at.
    pub fn cannot(&mut self, object: Option<String>, why: impl Into<String>) {
        self.unchecked.push(Unchecked { check: self.check.name, object, why: why.into() });
    }

    /// Asks more, all of it in one burst.
    ///
    /// # Errors
    /// The connection is gone.
    pub fn ask(&mut self, questions: &[String]) -> Result<Vec<Answer>, DbError> {
        self.driver.ask(questions, &self.options.timeouts)
    }

    /// Asks one question.
    ///
    /// # Errors
    /// The connection is gone; the server refuses to answer.
    pub fn ask_one(&mut self, question: &str) -> Answer {
        self.ask(&[question.to_owned()])?.pop().unwrap_or(Ok(Vec::new()))
    }

    /// What a table has for the database's language.
    pub fn word(&self, words: &[(&str, &'static str)]) -> Option<&'static str> {
        words.iter().find(|(dialect, _)| *dialect == self.dialect.name()).map(|(_, word)| *word)
    }

    /// The schema of rung's own tables.
    pub fn own_schema(&self) -> String {
        self.driver.schema().to_owned()
    }

    /// The server's version, as a number that orders.
    pub fn version(&self) -> u32 {
        self.driver.facts().version_number
    }

    /// The parts of an object: indexes, constraints, triggers, policies.
    pub fn parts(&self, key: &Key) -> Vec<&'a Object> {
        self.parts.get(key).cloned().unwrap_or_default()
    }

    /// A table's indexes, those of constraints among them: the object, and the index. A key without an index of its own
    /// (SQLite) is shown as one.
    pub fn indexes(&self, table: &Key) -> Vec<(&'a Object, Index)> {
        self.parts(table)
            .into_iter()
            .filter_map(|object| match &object.body {
                Body::Index(index) => Some((object, (**index).clone())),
                Body::Constraint(constraint) => match (&constraint.index, &constraint.kind) {
                    (Some(index), _) => Some((object, (**index).clone())),
                    (None, ConstraintKind::PrimaryKey { columns, .. } | ConstraintKind::Unique { columns, .. }) => {
                        Some((object, key_of(columns)))
                    }
                    _ => None,
                },
                _ => None,
            })
            .collect()
    }

    /// The object of a schema and a name.
    pub fn find(&self, kind: Kind, schema: Option<&str>, name: &str) -> Option<&'a Object> {
        self.catalog.get(&Key::new(kind, schema, name))
    }

    /// An object's name as SQL.
    pub fn name(&self, key: &Key) -> String {
        self.dialect.object_name(key)
    }

    /// The name of the table that something belongs to, as SQL.
    pub fn table_name(&self, key: &Key) -> String {
        let table = Key::new(Kind::Table, key.schema.as_deref(), key.parent.as_deref().unwrap_or_default());
        self.dialect.object_name(&table)
    }

    /// Names as SQL, as a list.
    pub fn names(&self, names: &[String]) -> String {
        names.iter().map(|name| self.dialect.identifier(name)).collect::<Vec<_>>().join(", ")
    }
}

fn key_of(columns: &[String]) -> Index {
    let key = |name: &String| rung_catalog::IndexKey { column: Some(name.clone()), sql: name.clone() };
    Index { unique: true, keys: columns.iter().map(key).collect(), valid: true, ..Index::default() }
}
