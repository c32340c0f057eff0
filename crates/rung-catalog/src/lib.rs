//! What a database's schema is made of: the [`Catalog`], one model for PostgreSQL and SQLite. Pure: drivers fill it in.
//!
//! Every [`Object`] has a [`Key`] that stays the same when the object is altered, and a [`Body`] whose parts are compared
//! by value. What `ALTER` can change piece by piece (columns, constraints, indexes, sequences, types, policies, ...) has
//! fields; what can only be made anew is kept as the text of its definition. Owners, comments, grants and dependencies
//! are attributes of every object. What a driver found and could not describe is in [`Catalog::unknown`], by name.

mod compare;
mod filter;
mod grant;
mod key;
mod likeness;
mod object;
mod order;
mod pack;
mod relation;
mod rename;
mod schedule;
mod value;
mod words;

pub use compare::{Difference, differences};
pub use filter::{Filter, glob};
pub use grant::{Grant, Grantee, Grants};
pub use key::{Key, Kind};
pub use likeness::{Ambiguity, Likeness, likeness};
pub use object::{
    Body, Catalog, Definition, Dependency, Extension, Firing, Nature, Object, Policy, Routine, RoutineKind, Sequence,
    Trigger, Type, Unknown,
};
pub use order::{Node, order};
pub use relation::{
    Column, Constraint, ConstraintKind, ForeignKey, Identity, Index, IndexKey, NotNull, Origin, Persistence,
    ReplicaIdentity, RowSecurity, Table, Timing, Validity, Value, View,
};
pub use rename::{Rename, in_turn};
pub use schedule::{Action, Fact, schedule};
pub use value::{Argument, Descent, Lineage, Scalar, Signature, TypeRef};
