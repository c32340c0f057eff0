//! PostgreSQL for rung: connecting, and the driver.

pub mod connect;
