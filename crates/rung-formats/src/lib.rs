//! Readers of migration directories: from files to a [`rung_engine::MigrationSet`].

mod alembic;
mod atlas;
mod convert;
mod dbmate;
mod diesel;
mod drizzle;
mod files;
mod flyway;
mod format;
mod golang_migrate;
mod goose;
mod graphile_migrate;
mod hasura;
mod interpolate;
mod json;
mod liquibase;
mod migration;
mod native;
mod node_pg_migrate;
mod pairs;
mod pop;
mod postgres_migrations;
mod prisma;
mod psql;
mod python;
mod rails;
mod refinery;
mod river;
mod seeds;
mod sqitch;
mod sqlx;
mod supabase;
mod tern;
mod yoyo;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rung_engine::{Dialect, MigrationSet};
use rung_sql::{Diagnostic, Reading, Variables};

use crate::files::Files;

pub use convert::{Conversion, convert, differences};
pub use files::HeldFile;
pub use flyway::flyway_checksum;
pub use format::{Choice, is_migration};
pub use graphile_migrate::graphile_hash;
pub use migration::{bare_migration, load_script};
pub use native::load_file;
pub use seeds::{load_own_seeds, load_seeds};
pub use sqitch::sqitch_change_ids;

/// How to read migrations.
#[derive(Clone, Copy)]
pub struct LoadOptions<'a> {
    /// Their format.
    pub format: Choice,
    /// The dialect of the database that they are for.
    pub dialect: &'static dyn Dialect,
    /// The project's own variables.
    pub variables: &'a BTreeMap<String, String>,
    /// The variables of the process, for the formats that put them into migrations.
    pub environment: &'a BTreeMap<String, String>,
    /// What the database is called, for the formats that put that into migrations.
    pub names: &'a Names,
}

/// What is known of a database by its URL.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Its name.
    pub database: Option<String>,
    /// Who connects to it.
    pub user: Option<String>,
}

impl<'a> LoadOptions<'a> {
    fn reading(&self) -> Reading<'a> {
        Reading {
            dialect: self.dialect.name(),
            syntax: self.dialect.syntax(),
            variables: Variables { builtin: self.dialect.variables(), own: self.variables },
        }
    }
}

/// Reads the migrations of some directories.
///
/// # Errors
/// Everything that is wrong with any file, by file and place; a directory that is not there; a format that can't be told.
pub fn load(dirs: &[PathBuf], options: &LoadOptions<'_>) -> Result<MigrationSet, Vec<Diagnostic>> {
    format::load(&Files::list(dirs)?, options)
}

/// Texts of files that somebody is writing and has not saved, by canonical path.
pub type Unsaved = BTreeMap<PathBuf, Arc<str>>;

/// As [`load`], with these texts instead of what is on disk.
///
/// # Errors
/// As [`load`].
pub fn load_unsaved(
    dirs: &[PathBuf],
    unsaved: &Unsaved,
    options: &LoadOptions<'_>,
) -> Result<MigrationSet, Vec<Diagnostic>> {
    format::load(&Files::list(dirs)?.with(unsaved), options)
}

/// Reads migrations that are in memory, embedded in a program for one. They are shown as if they were in `root`.
///
/// # Errors
/// As [`load`].
pub fn load_held(root: &Path, files: &[HeldFile], options: &LoadOptions<'_>) -> Result<MigrationSet, Vec<Diagnostic>> {
    format::load(&Files::held(root, files), options)
}
