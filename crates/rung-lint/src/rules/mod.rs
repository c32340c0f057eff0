//! The rules, one file each: documentation, code and cases together.

use crate::Rule;

/// What the files of the rules have in common.
mod prelude {
    pub(super) use rung_ddl::{Action, AlterTable, ConstraintKind as Demand, Kind, Name, Statement, Verb};
    pub(super) use rung_sql::{Level, Span};

    pub(super) use crate::schema::{ConstraintKind, Type, Volatility};
    pub(super) use crate::{Case, Check, Context, Group, LockMode, Rule, Sure, TypeChange, Work, type_change};

    /// Rules that are for every database.
    pub(super) const ALL: &[&str] = &[];

    /// Rules about what only PostgreSQL has.
    pub(super) const POSTGRES: &[&str] = &["postgres"];
}

/// Makes a module of each file, and the table of all rules.
macro_rules! rules {
    ($($module:ident,)*) => {
        $(mod $module;)*

        /// All rules.
        pub static RULES: &[&Rule] = &[$(&$module::RULE,)*];
    };
}

rules! {
    index_nonconcurrent,
    drop_index_nonconcurrent,
    reindex_nonconcurrent,
    detach_nonconcurrent,
    refresh_nonconcurrent,
    concurrently_in_transaction,
    concurrently_on_partitioned,
    invalid_index_hidden,
    unique_constraint,
    primary_key,
    exclusion_constraint,
    foreign_key_validated,
    check_validated,
    validate_same_transaction,
    set_not_null,
    required_column,
    volatile_default,
    generated_column,
    constrained_domain,
    type_change_rewrite,
    collation_lost,
    checked_column_type,
    table_rewrite,
    vacuum_full,
    lock_then_more,
    multi_alter,
    lock_timeout,
    statement_timeout,
    partition_of,
    attach_unchecked,
    trigger_added,
    syntax,
    unrunnable,
    own_transactions,
    unused_allow,
    allow_without_reason,
    unknown_rule,
}

/// The rule of a name.
pub fn rule(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name == name).copied()
}
