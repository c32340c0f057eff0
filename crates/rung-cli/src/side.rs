//! A schema, by one of the ways to name one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rung::catalog::Catalog;
use rung::engine::{Dialect, MigrationSet, ServerFacts};
use rung::sql::SourceFile;
use rung::{Builder, Migrator};

use crate::args::Arguments;
use crate::config::Project;
use crate::git;
use crate::known::Made;
use crate::render::Failure;
use crate::workbench::{Workbench, alone, read_source};

/// Where a schema is to be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Side {
    /// An environment's database.
    Environment(String),
    /// A database.
    Url(String),
    /// What the project's own migrations make.
    Project,
    /// What the migrations of a directory make.
    Directory(PathBuf),
    /// What a file of SQL makes.
    File(PathBuf),
    /// What the migrations, or the file, make that a revision of git has at a path; without one, at the project's own.
    Revision(String, Option<PathBuf>),
}

/// A schema that was read.
pub(crate) struct Schema {
    pub(crate) catalog: Catalog,
    /// The environment's name, where it is one's.
    pub(crate) name: Option<String>,
    /// The server that it was read from; its place is that of the files, where it is what files make.
    pub(crate) facts: ServerFacts,
    /// What makes it of an empty database, where it is what files make.
    pub(crate) files: Option<MigrationSet>,
}

impl Side {
    /// Reads what was typed: `env:NAME`, `git:REV`, `git:REV:PATH`, a directory, a file, a URL.
    ///
    /// # Errors
    /// It is none of these.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        if let Some(name) = text.strip_prefix("env:") {
            return Ok(Self::Environment(name.to_owned()));
        }
        if let Some(rest) = text.strip_prefix("git:") {
            let (revision, path) = rest.split_once(':').unwrap_or((rest, ""));
            return Ok(Self::Revision(
                revision.to_owned(),
                Some(path).filter(|path| !path.is_empty()).map(PathBuf::from),
            ));
        }
        let path = Path::new(text);
        if path.is_dir() {
            return Ok(Self::Directory(path.to_owned()));
        }
        if path.extension().is_some_and(|ending| ending == "sql") {
            return Ok(Self::File(path.to_owned()));
        }
        if rung::dialect_of(text).is_ok() {
            return Ok(Self::Url(text.to_owned()));
        }
        // It may be a URL with a password in it that has a slip.
        let named = if text.contains(['@', '=']) { "that" } else { text };
        Err(Failure::usage(
            format!("{named} is no schema: it is neither a directory nor a .sql file, and no URL of a database"),
            "name a migrations directory, a .sql file, a URL, env:NAME, or git:REV:PATH",
        ))
    }

    /// Whether it is a database.
    pub(crate) fn is_live(&self) -> bool {
        matches!(self, Self::Environment(_) | Self::Url(_))
    }

    /// The project of its database; `None` for files.
    ///
    /// # Errors
    /// There is no such environment.
    pub(crate) fn database(&self, arguments: &Arguments) -> Result<Option<Project>, Failure> {
        match self {
            Self::Environment(name) => Project::of_environment(arguments, name).map(Some),
            Self::Url(url) => Project::of_url(arguments, url).map(Some),
            Self::Project | Self::Directory(_) | Self::File(_) | Self::Revision(..) => Ok(None),
        }
    }

    /// The dialect that it must be of; `None` for files, which may be of any.
    ///
    /// # Errors
    /// There is no such environment.
    pub(crate) fn dialect(&self, arguments: &Arguments) -> Result<Option<&'static dyn Dialect>, Failure> {
        let url = match self {
            Self::Url(url) => Some(url.clone()),
            _ => self.database(arguments)?.map(|project| project.url),
        };
        Ok(url.map(|url| rung::dialect_of(&url)).transpose()?)
    }

    /// What its files run on an empty database, the project's setup first, and what they are called, for people. Of a database
    /// that is nothing.
    ///
    /// # Errors
    /// What is wrong with the files, at its place.
    pub(crate) fn files(&self, project: &Project, bench: &Workbench<'_>) -> Result<(MigrationSet, String), Failure> {
        let load = |builder: Builder| -> Result<MigrationSet, Failure> {
            bench.with_setup(&builder.load(bench.dialect).map_err(rung::Error::Files)?)
        };
        match self {
            Self::Environment(_) | Self::Url(_) => Ok((MigrationSet::default(), String::new())),
            Self::Project => Ok((load(project.builder()?)?, "the migrations".to_owned())),
            Self::Directory(path) => Ok((load(project.builder_of([path.clone()])?)?, path.display().to_string())),
            Self::File(path) => {
                let source = read_source(path)?;
                let set = if rung::formats::is_migration(source.text()) {
                    // Its way back is none of what it makes.
                    let files = project.builder_of(Vec::new())?.load_files(std::slice::from_ref(path), bench.dialect);
                    bench.with_setup(&alone(&files.map_err(rung::Error::Files)?)?)?
                } else {
                    bench.set_of_script(&source)?
                };
                Ok((set, path.display().to_string()))
            }
            Self::Revision(revision, path) => {
                let path = path.clone().unwrap_or_else(|| project.dirs.first().cloned().unwrap_or_default());
                let title = format!("git:{revision}:{}", path.display());
                let mut files = git::files_at(revision, &path)?;
                let set = match files.as_mut_slice() {
                    [] => {
                        let message = format!("{revision} has no {}", path.display());
                        return Err(Failure::usage(message, "name what it has: git:REV:PATH"));
                    }
                    [(name, bytes)] if name.is_empty() => {
                        let source = SourceFile::from_bytes(&title, std::mem::take(bytes));
                        let source = Arc::new(source.map_err(|found| rung::Error::Files(vec![*found]))?);
                        bench.set_of_script(&source)?
                    }
                    _ => {
                        let files = files.into_iter().map(|(name, bytes)| (name.into(), bytes.into()));
                        load(project.with_settings(Migrator::from_files(&title, files))?)?
                    }
                };
                Ok((set, title))
            }
        }
    }

    /// What is said of it where it is taken for the empty schema, and may not be meant so: a directory that has no migrations.
    pub(crate) fn doubt(&self, schema: &Schema, bench: &Workbench<'_>) -> Option<String> {
        let Self::Directory(path) = self else { return None };
        let files = schema.files.as_ref()?;
        (files.len() == bench.setups())
            .then(|| format!("{} has no migrations: it makes an empty schema", path.display()))
    }

    /// Reads the schema. What files make is found out on the bench, or known; a database is only looked at.
    ///
    /// # Errors
    /// What is wrong with the files, at its place; what the database has to say.
    pub(crate) fn read(
        &self,
        arguments: &Arguments,
        project: &Project,
        bench: &Workbench<'_>,
    ) -> Result<Schema, Failure> {
        if let Some(other) = self.database(arguments)? {
            return Schema::of(&other);
        }
        let (set, title) = self.files(project, bench)?;
        Ok(Schema { files: Some(set.clone()), ..Schema::of_files(bench.made_only(&set)?, title) })
    }
}

impl Schema {
    /// The schema of a project's database.
    ///
    /// # Errors
    /// What the database has to say.
    pub(crate) fn of(project: &Project) -> Result<Self, Failure> {
        let mut driver = project.look_only()?;
        let catalog = driver.inspect().map_err(rung::Error::from)?;
        Ok(Self { catalog, name: project.name.clone(), facts: driver.facts().clone(), files: None })
    }

    /// What came of files.
    pub(crate) fn of_files(made: Made, place: String) -> Self {
        Self { catalog: made.catalog, name: None, facts: ServerFacts { place, ..made.facts }, files: None }
    }

    /// What it is called, for people, without a password: `schema.sql`, `dev (app.db)`.
    pub(crate) fn title(&self) -> String {
        match &self.name {
            Some(name) => format!("{name} ({})", self.facts.place),
            None => self.facts.place.clone(),
        }
    }
}

/// The dialect that all sides are of: that of a database among them, of the scratch server, of the project.
///
/// # Errors
/// Two that differ; none that says.
pub(crate) fn common_dialect(
    sides: &[&Side],
    arguments: &Arguments,
    project: &Project,
    dev_url: Option<&str>,
) -> Result<&'static dyn Dialect, Failure> {
    let mut found: Option<&'static dyn Dialect> = None;
    for side in sides {
        let Some(dialect) = side.dialect(arguments)? else { continue };
        if let Some(other) = found.filter(|other| other.name() != dialect.name()) {
            return Err(Failure::usage(
                format!("{} and {} can't be compared", other.title(), dialect.title()),
                "name two sides of one kind of database",
            ));
        }
        found = Some(dialect);
    }
    if let Some(dialect) = found {
        return Ok(dialect);
    }
    if let Some(url) = dev_url.or(Some(project.url.as_str()).filter(|url| !url.is_empty())) {
        return Ok(rung::dialect_of(url)?);
    }
    Err(Failure::usage(
        "nothing says for which database the files are",
        "name a scratch server: --dev-url postgres://USER@HOST/DATABASE, or --dev-url sqlite::memory:",
    ))
}
