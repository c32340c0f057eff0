//! Histories of other tools: what they say, taken over as rung's own, and written along for as long as both are used.
//!
//! A tool is one file in `tools`: where its table is, the query that reads it, a pure function from its rows to
//! an account of it, the number of its lock, and what it would write itself. [`adopt`] does the rest, for all of them alike.

mod account;
mod adopt;
mod adoption;
mod keep;
mod settle;
mod source;
mod tool;
mod tools;

pub use adopt::{Asked, Keeping, Purpose, adopt, stop_writing};
pub use adoption::{Adoption, Decisions, Line, Settled, Standing};
pub use keep::keepers;
pub use source::{KEPT, Source, histories, names, only};
