//! The engine of rung: migrations, history, planner and executor, and what they ask of a database.
//!
//! Data flows one way: a [`MigrationSet`] and a [`History`] go through [`plan`] to a [`Plan`], which [`run`] carries out
//! on a [`Driver`] under the deployer's lock, telling [`Event`]s. Planning is pure; only drivers touch a database.

mod alter;
mod analyse;
mod baseline;
mod compare;
mod dialect;
mod drift;
mod driver;
mod due;
mod event;
mod execute;
mod failure;
mod former;
mod graph;
mod history;
mod journal;
mod keep;
mod lock;
mod model;
mod names;
mod needs;
mod plan;
mod preview;
mod program;
mod record;
mod renames;
mod sample;
mod scratch;
mod seed;
mod settle;
mod target;
mod types;
mod unit;
mod version;

pub use alter::{AlterOptions, AlterStep, Alteration, Checks, Cut, Locking, Pieces, Refusal};
pub use analyse::{Asks, JournalReason, Mode, Needs, ScriptPlan, StatementPlan};
pub use compare::{Difference, compare};
pub use dialect::{Dialect, DumpOptions, Paragraph, ServerFacts};
pub use drift::{Drift, DriftKind, DriftOptions, Drifts, Ignore, drift};
pub use driver::{
    Answer, BlockedSession, Blocker, Column, Continue, Driver, Durability, Guard, Interrupter, LockHolder, Part, Probe,
    Progress, Provenance, SessionAfter, Table, Unit, UnitObserver,
};
pub use due::is_stood_in_for;
pub use event::{Event, Interrupt, Kept, Report, RunError, StepFailure, StepReport};
pub use execute::{Grouping, RunOptions, read_stored_downs, run};
pub use failure::{DbError, DbErrorKind, Failure, UnitError, describe_rows, describe_value};
pub use former::{Former, Renamed, renamed};
pub use graph::Graph;
pub use history::{Applied, History, Status};
pub use keep::{Change, FindKeepers, Keeper, KeptTable, KeptWriter, Now, Piece};
pub use lock::locked;
pub use model::{
    Body, Code, Digest, Down, Hints, Migration, MigrationId, MigrationSet, Renumber, Runs, Session, SqlBody, Stage,
    Timeouts,
};
pub use names::{Named, Names};
pub use needs::{Need, needs};
pub use plan::{
    Action, CheckPlan, Goal, Order, Plan, PlanError, PlanErrorKind, PlanErrors, PlanOptions, PostDeploy, Step, pending,
    plan,
};
pub use preview::preview;
pub use record::{
    Actor, Direction, FORMAT_VERSION, HistoryEntry, JournalRow, JournalState, MigrationRow, Record, STORED_SQL_LIMIT,
    Tag, Took, render,
};
pub use renames::{SaidRenames, rename_of, renames_of_file};
pub use sample::{Sample, Twin, samples};
pub use scratch::{Clearing, Scratch, ScratchDatabase, ScratchOptions, Testimony};
pub use seed::{Seed, SeedChoice, seed};
pub use settle::{Resolution, Settled, adopted, resolve, stamp, tag, untag};
pub use target::Target;
pub use types::{Literal, Types};
pub use version::Version;
