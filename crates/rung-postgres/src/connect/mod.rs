//! Connecting to PostgreSQL as `psql` would.

mod conninfo;
mod environment;
mod error;
mod host;
mod keyword;
mod parameters;
mod passfile;
mod service;
mod settings;
mod tls_settings;
mod url;

#[cfg(test)]
mod tests;

pub use environment::Environment;
pub use error::{Attempt, ConfigError, ConnectError, Refusal};
pub use settings::Settings;
