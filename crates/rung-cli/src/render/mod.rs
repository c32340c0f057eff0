//! What people see.

mod diagnostic;
mod difference;
mod failure;
mod live;
mod progress;
mod step;
mod terminal;
mod text;

pub(crate) use diagnostic::{parts, render, render_coded};
pub(crate) use difference::Comparison;
pub(crate) use failure::{Failure, Finding};
pub(crate) use progress::{Progress, held_by};
pub(crate) use step::{outside, remedy, step_failure};
pub(crate) use terminal::{BAD, DIM, NEXT, OK, STRONG, Terminal, WARN, paint};
pub(crate) use text::{Names, Zone, age, count, fit, pad, took};
