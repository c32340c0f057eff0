//! For async programs: the blocking calls on a thread where blocking is allowed.
//!
//! ```no_run
//! # async fn start() -> Result<(), rung::Error> {
//! let report = rung::tokio::up(rung::Migrator::from_dir("migrations"), "sqlite:app.db").await?;
//! # Ok(())
//! # }
//! ```

use crate::{Builder, Error, Migrator, Report};

/// Connects and applies everything that is pending.
///
/// # Errors
/// As [`Migrator::up`].
///
/// # Panics
/// Outside of a Tokio runtime.
pub async fn up(builder: Builder, url: impl Into<String>) -> Result<Report, Error> {
    with(builder, url, Migrator::up).await
}

/// Connects and does anything with the migrator. Dropping the future does not stop the work: a migration that has
/// begun ends; [`crate::Interrupt`] asks it to stop after that.
///
/// # Errors
/// Those of connecting, and those of `work`.
///
/// # Panics
/// Outside of a Tokio runtime; and where `work` panics.
pub async fn with<T, F>(builder: Builder, url: impl Into<String>, work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: FnOnce(&mut Migrator) -> Result<T, Error> + Send + 'static,
{
    let url = url.into();
    let task = ::tokio::task::spawn_blocking(move || work(&mut builder.connect(&url)?));
    match task.await {
        Ok(result) => result,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
