//! Where documents take the schema from: the database, or the migrations run on a scratch database.

use rung::catalog::{Catalog, Lineage};
use rung::engine::{Dialect, Driver};

use crate::args::{From, Origin};
use crate::config::Project;
use crate::render::Failure;
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
    /// What the database has to say; what is wrong with the migrations, at its place.
    pub(super) fn of(project: &Project, from: From, origin: &Origin) -> Result<Self, Failure> {
        match from {
            From::Live => {
                let mut driver = rung::connect(&project.url, &project.hastily())?;
                let title = format!("{} has", project.title(&*driver));
                Self::through(&mut *driver, title)
            }
            From::Migrations => {
                let dialect = match &origin.dev_url {
                    Some(url) if project.url.is_empty() => rung::dialect_of(url)?,
                    _ => project.dialect()?,
                };
                let set = project.builder()?.load(dialect).map_err(rung::Error::Files)?;
                let bench = Workbench::new(project, dialect, origin.dev_url.as_deref(), None)?;
                let mut database = bench.replay(&set)?;
                Self::through(&mut *database.driver, "the migrations make".to_owned())
            }
        }
    }

    fn through(driver: &mut dyn Driver, title: String) -> Result<Self, Failure> {
        let catalog = driver.inspect().map_err(rung::Error::from)?;
        let lineage = driver.lineage().map_err(rung::Error::from)?;
        Ok(Self { catalog, lineage, dialect: driver.dialect_of(), title })
    }
}
