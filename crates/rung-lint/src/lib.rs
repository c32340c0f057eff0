//! What a migration will do to a live database, said before it does.
//!
//! [`lint`] replays the statements of migrations on what is known of the schema, statement by statement, and asks every
//! rule of [`RULES`] about each. [`Impact`] is what a statement locks, rewrites and scans. Pure: nothing here does input
//! or output.

mod allow;
mod block;
mod context;
mod expand;
mod file;
mod finding;
mod impact;
mod language;
mod objects;
mod options;
mod outline;
mod past;
mod rebuild;
mod reference;
mod rewrite;
mod rule;
mod rules;
mod run;
mod schema;
mod steps;
mod twin;

pub use context::Context;
pub use file::{File, Line, Memory, ScriptLines};
pub use finding::{Edit, Finding, Fix};
pub use impact::{Blocks, Impact, LockMode, Server, Sure, Task, TypeChange, Work, type_change};
pub use language::{Language, language};
pub use options::{Options, Reach, Runner};
pub use outline::{Deed, Loss, Outline, Use, Verb, outline};
pub use rebuild::{Rebuild, Written};
pub use reference::{explain, reference};
pub use rewrite::{Part, Rewrite, Rewriter};
pub use rule::{Case, Check, Group, Rule};
pub use rules::{RULES, rule};
pub use run::{Effect, Report, Standing, StatementEffect, Subject, bytes, duration, lint, lint_again};
pub use schema::{
    Born, Column, Constraint, ConstraintKind, Domain, Index, Key, Proof, STEADY, Schema, Size, Stands, Table, Type,
    VOLATILE, Volatility,
};
pub use steps::{Runs, Sequence, Step};
