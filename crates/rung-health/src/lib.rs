//! What is wrong with a database that works: indexes that can't be used, constraints that were never checked, keys that
//! point nowhere, sequences near their end.
//!
//! [`examine`] inspects the schema, asks the server what the checks of [`CHECKS`] want to know besides, all in one burst,
//! and hands both to each. Nothing is written: every question runs in a transaction that may not.

mod body;
mod check;
mod checks;
mod examination;
mod options;
mod reference;

pub use body::{Static, statics};
pub use check::{Case, Check, Find, Live};
pub use checks::{CHECKS, check};
pub use examination::{Examination, Finding, Health, Unchecked, examine};
pub use options::{Options, Orphans};
pub use reference::{explain, reference};
