//! The rules, one file each: documentation, code and cases together.

use crate::Rule;

/// What the files of the rules have in common.
mod prelude {
    pub(super) use rung_ddl::{
        Action, AlterTable, AttributeChangeKind, Column, ConstraintKind as Demand, DomainChange, ForeignKey, Ident,
        Kind, Name, Persistence, SmolStr, Statement, Verb,
    };
    pub(super) use std::collections::HashSet;
    pub(super) use std::sync::Arc;

    pub(super) use rung_engine::{Body, Hints, MigrationId};
    pub(super) use rung_sql::{Level, MigrationType, Span, infer_type};

    pub(super) use crate::context::Reported;
    pub(super) use crate::options::Runner;
    pub(super) use crate::past::Topic;
    pub(super) use crate::rebuild::Change;
    pub(super) use crate::schema::{ConstraintKind, Volatility};
    pub(super) use crate::steps::{Altered, concurrent_drops, concurrent_index, concurrently, quoted};
    pub(super) use crate::{
        Blocks, Case, Check, Context, Edit, Group, Key, LockMode, Rule, Runs, Step, Sure, TypeChange, Work, type_change,
    };

    /// Rules that are for every database.
    pub(super) const ALL: &[&str] = &[];

    /// Rules about what only SQLite has.
    pub(super) const SQLITE: &[&str] = &["sqlite"];

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
    not_valid_on_partitioned,
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
    attribute_type_change,
    domain_constraint,
    type_change_rewrite,
    collation_lost,
    checked_column_type,
    table_rewrite,
    blocking_block,
    vacuum_full,
    lock_then_more,
    several_locks,
    multi_alter,
    lock_timeout,
    statement_timeout,
    partition_of,
    attach_unchecked,
    trigger_added,
    drop_table,
    drop_column,
    drop_attribute,
    truncate,
    drop_foreign_key,
    drop_cascade,
    trigger_disabled,
    data_dependent,
    unfiltered_change,
    unchecked_data,
    autovacuum_off,
    sqlite_add_column,
    sqlite_drop_column,
    sqlite_cascading_drop,
    sqlite_copied_null,
    sqlite_renamed_parent,
    sqlite_rebuild_loses,
    sqlite_impossible_table,
    sqlite_shadow_table,
    rename,
    drop_not_null,
    drop_default,
    drop_view,
    drop_object,
    trigger_dropped,
    deprecated_object,
    replica_identity,
    published_table,
    foreign_key_index,
    definer_search_path,
    row_security_missing,
    row_security_disabled,
    policy_without_row_security,
    row_security_without_policy,
    down_missing,
    down_not_inverse,
    header_mismatch,
    undeclared_dependency,
    missing_dependency,
    type_in_use,
    opaque_sql,
    sqlite_pragma_in_transaction,
    syntax,
    not_linted,
    repeated_column,
    unrunnable,
    own_transactions,
    unused_allow,
    allow_without_reason,
    unknown_rule,
    naming,
    name_too_long,
    reserved_word,
    enum_type,
    enum_value_order,
    domain_type,
    small_key,
    small_integer,
    serial_column,
    limited_text,
    padded_text,
    zoneless_timestamp,
    json_column,
    deprecated_type,
    if_exists,
    schema_qualify,
    column_padding,
    sqlite_type_affinity,
    sqlite_autoincrement,
    sqlite_strict,
}

/// The rule of a name.
pub fn rule(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name == name).copied()
}
