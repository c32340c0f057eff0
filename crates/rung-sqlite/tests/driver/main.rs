//! The driver, method by method, on files of its own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod alter;
mod apply;
mod catalog;
mod faults;
mod interrupt;
mod locking;
mod open;
mod probe;
mod processes;
mod session;
mod support;
mod tables;
