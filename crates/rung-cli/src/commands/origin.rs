//! Where documents take the schema from: the database, or the migrations run on a scratch database.

use rung::ConnectOptions;
use rung::catalog::{Catalog, Lineage};
use rung::engine::{Dialect, Driver};

use crate::args::{Arguments, From, Origin};
use crate::config::Project;
use crate::render::Failure;
use crate::side::{Side, common_dialect};
use crate::workbench::Workbench;

/// A schema, with all that documents tell of it.
pub(super) struct Read {
    pub(super) catalog: Catalog,
    pub(super) lineage: Vec<Lineage>,
    pub(super) dialect: &'static dyn Dialect,
    /// What has it, in words.
    pub(super) title: String,
}

impl Read {
    /// Reads it.
    ///
    /// # Errors
    /// What the database has to say; what is wrong with the files, at its place.
    pub(super) fn of(arguments: &Arguments, project: &Project, from: &From, origin: &Origin) -> Result<Self, Failure> {
        let dev_url = origin.dev_url.as_deref();
        let side = match from {
            From::Live => return Self::live(project),
            From::Migrations => Side::Project,
            From::Side(text) => Side::parse(text)?,
        };
        if let Some(other) = side.database(arguments)? {
            return Self::live(&other);
        }
        let dialect = match &side {
            Side::Project if !project.url.is_empty() => project.dialect()?,
            _ => common_dialect(&[&side], arguments, project, dev_url)?,
        };
        let bench = Workbench::new(project, dialect, dev_url, None)?;
        let (set, title) = side.files(project, &bench)?;
        let verb = if side == Side::Project { "make" } else { "makes" };
        Self::through(&mut *bench.replay_only(&set)?.driver, format!("{title} {verb}"))
    }

    fn live(project: &Project) -> Result<Self, Failure> {
        let mut driver = rung::connect(&project.url, &ConnectOptions { must_exist: true, ..project.hastily() })?;
        let title = format!("{} has", project.title(&*driver));
        Self::through(&mut *driver, title)
    }

    fn through(driver: &mut dyn Driver, title: String) -> Result<Self, Failure> {
        let catalog = driver.inspect().map_err(rung::Error::from)?;
        let lineage = driver.lineage().map_err(rung::Error::from)?;
        Ok(Self { catalog, lineage, dialect: driver.dialect_of(), title })
    }
}
