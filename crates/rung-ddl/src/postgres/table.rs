//! Tables: how they are made and changed, their columns, constraints and indexes.

use smol_str::ToSmolStr;
use squawk_parser::SyntaxKind;

use super::tree::Node;
use crate::{
    Action, AlterTable, Column, Constraint, ConstraintKind, CreateIndex, CreateTable, ForeignKey, Ident, Kind, Name,
    OnDelete, Persistence, SmolStr,
};

use SyntaxKind as K;

pub(super) fn create_table(node: Node) -> Option<CreateTable> {
    let mut table = CreateTable {
        name: node.name(K::TABLE_NAME)?,
        persistence: persistence(node),
        if_not_exists: node.has(K::IF_NOT_EXISTS),
        columns: Vec::new(),
        constraints: Vec::new(),
        partitioned: node.has(K::PARTITION_BY),
        partition_of: node.child(K::PARTITION_OF).and_then(|of| of.name(K::TABLE_NAME_REF)),
        default_partition: is_default(node),
        inherits: node.child(K::INHERITS).map(|list| list.names(K::TABLE_NAME_REF)).unwrap_or_default(),
        like: Vec::new(),
        of_type: of_type(node),
        from_query: node.kind() == K::CREATE_TABLE_AS,
        strict: false,
        without_rowid: false,
        module: None,
        options: node.child(K::WITH_PARAMS).map(options).unwrap_or_default(),
    };
    for argument in node.child(K::TABLE_ARG_LIST).into_iter().flat_map(Node::children) {
        match argument.kind() {
            K::COLUMN => table.columns.extend(column(argument)),
            K::LIKE_CLAUSE => table.like.extend(argument.name(K::RELATION_NAME_REF)),
            _ => table.constraints.extend(constraint(argument, None)),
        }
    }
    Some(table)
}

fn persistence(node: Node) -> Persistence {
    if node.has(K::TEMP) {
        Persistence::Temporary
    } else if node.has(K::UNLOGGED) {
        Persistence::Unlogged
    } else {
        Persistence::Permanent
    }
}

pub(super) fn select_into(node: Node) -> Option<CreateTable> {
    let into = node.child(K::INTO_CLAUSE)?;
    let name =
        into.children().filter(|child| !matches!(child.kind(), K::TEMP | K::UNLOGGED)).find_map(|c| c.as_name())?;
    Some(CreateTable {
        name,
        persistence: persistence(into),
        if_not_exists: false,
        columns: Vec::new(),
        constraints: Vec::new(),
        partitioned: false,
        partition_of: None,
        default_partition: false,
        inherits: Vec::new(),
        like: Vec::new(),
        of_type: None,
        from_query: true,
        strict: false,
        without_rowid: false,
        module: None,
        options: Vec::new(),
    })
}

/// A column, of CREATE TABLE or of ADD COLUMN.
fn column(node: Node) -> Option<Column> {
    let name = node.ident(K::COLUMN_NAME)?;
    Some(Column {
        data_type: node.data_type(),
        collation: collation(node),
        constraints: node.children().filter_map(|child| constraint(child, Some(&name))).collect(),
        span: node.span(),
        name,
    })
}

/// The composite type that a table is of.
fn of_type(node: Node) -> Option<Name> {
    node.child(K::OF_TYPE)?.children().find_map(Node::as_name)
}

pub(super) fn collation(node: Node) -> Option<SmolStr> {
    let name = node.child(K::COLLATE)?.name(K::COLLATION_REF)?;
    // The server's own are found without their schema.
    Some(if name.schema.as_deref() == Some("pg_catalog") { name.name } else { name.to_smolstr() })
}

/// A constraint; `of` is the column that it stands at.
pub(super) fn constraint(node: Node, of: Option<&Ident>) -> Option<Constraint> {
    let columns = |node: Node| -> Vec<Ident> {
        let list = node.child(K::INDEX_PARAMETERS).and_then(|below| below.child(K::CONSTRAINT_COLUMN_REF_LIST));
        let listed = list.map(|list| list.idents(K::COLUMN_NAME_REF)).unwrap_or_default();
        if listed.is_empty() { of.cloned().into_iter().collect() } else { listed }
    };
    let index = |node: Node| node.child(K::USING_INDEX_NAME).and_then(|using| using.name(K::INDEX_REF));
    let kind = match node.kind() {
        K::NOT_NULL_CONSTRAINT => {
            ConstraintKind::NotNull(of.cloned().or_else(|| node.ident(K::COLUMN_NAME_REF)).unwrap_or_else(|| Ident {
                // A domain's.
                name: SmolStr::new_static("value"),
                span: node.span(),
            }))
        }
        K::NULL_CONSTRAINT => ConstraintKind::Null,
        K::DEFAULT_CONSTRAINT => ConstraintKind::Default(node.expression()?),
        K::CHECK_CONSTRAINT => ConstraintKind::Check(node.expression()?),
        K::PRIMARY_KEY_CONSTRAINT => {
            ConstraintKind::PrimaryKey { columns: columns(node), index: index(node), autoincrement: false }
        }
        K::UNIQUE_CONSTRAINT => ConstraintKind::Unique { columns: columns(node), index: index(node) },
        K::EXCLUDE_CONSTRAINT => ConstraintKind::Exclude,
        K::REFERENCES_CONSTRAINT => ConstraintKind::ForeignKey(ForeignKey {
            columns: of.cloned().into_iter().collect(),
            table: node.name(K::TABLE_NAME_REF)?,
            referenced: node.idents(K::COLUMN_NAME_REF),
            on_delete: on_delete(node),
        }),
        K::FOREIGN_KEY_CONSTRAINT => {
            let mut lists = node.all(K::FOREIGN_KEY_COLUMN_LIST).map(|list| list.idents(K::COLUMN_NAME_REF));
            ConstraintKind::ForeignKey(ForeignKey {
                columns: lists.next().unwrap_or_default(),
                table: node.name(K::TABLE_NAME_REF)?,
                referenced: lists.next().unwrap_or_default(),
                on_delete: on_delete(node),
            })
        }
        K::GENERATED_CONSTRAINT => match node.child(K::GENERATED_STORED) {
            Some(generated) => ConstraintKind::Generated {
                expression: generated.expression()?,
                stored: generated.words().ends_with("stored"),
            },
            None => ConstraintKind::Identity,
        },
        _ => return None,
    };
    Some(Constraint {
        name: node.child(K::CONSTRAINT_NAME_CLAUSE).and_then(|clause| clause.ident(K::CONSTRAINT_NAME)),
        kind,
        not_valid: node.has(K::NOT_VALID) || node.has(K::NOT_ENFORCED),
        not_enforced: node.has(K::NOT_ENFORCED),
        no_inherit: node.has(K::NO_INHERIT),
        span: node.span(),
    })
}

fn on_delete(node: Node) -> OnDelete {
    let Some(action) = node.child(K::ON_DELETE_ACTION) else { return OnDelete::Refuse };
    let words = action.words();
    if words.ends_with("cascade") {
        OnDelete::Cascade
    } else if words.contains(" set ") {
        OnDelete::Set
    } else {
        OnDelete::Refuse
    }
}

/// Storage parameters: `(fillfactor = 70, toast.autovacuum_enabled = off)`.
fn options(node: Node) -> Vec<(Ident, String)> {
    node.descendants()
        .filter(|below| below.kind() == K::ATTRIBUTE_OPTION)
        .filter_map(|option| {
            let name = option.ident(K::ATTRIBUTE_NAME)?;
            let value = option.child(K::ATTRIBUTE_VALUE).map_or_else(|| "true".to_owned(), |value| value.words());
            Some((name, value.trim_matches('\'').to_owned()))
        })
        .collect()
}

/// Whether the bounds of a partition are `DEFAULT`.
fn is_default(node: Node) -> bool {
    node.descendants().any(|below| below.kind() == K::PARTITION_DEFAULT)
}

pub(super) fn create_index(node: Node) -> Option<CreateIndex> {
    Some(CreateIndex {
        name: node.name(K::INDEX),
        table: node.name(K::TABLE_RELATION_NAME)?,
        unique: node.has(K::UNIQUE_KW),
        concurrently: node.has(K::CONCURRENTLY_KW),
        if_not_exists: node.has(K::IF_NOT_EXISTS),
        only: node.child(K::TABLE_RELATION_NAME)?.has(K::ONLY_KW),
        columns: node
            .child(K::PARTITION_ITEM_LIST)?
            .all(K::PARTITION_ITEM)
            .map(|item| item.ident(K::NAME_REF))
            .collect(),
        within: node
            .child(K::PARTITION_ITEM_LIST)?
            .all(K::PARTITION_ITEM)
            .filter(|item| item.ident(K::NAME_REF).is_none())
            .chain(node.all(K::WHERE_CLAUSE))
            .filter_map(Node::expression)
            .flat_map(|expression| expression.columns)
            .collect(),
        partial: node.has(K::WHERE_CLAUSE),
        method: node.child(K::USING_METHOD).and_then(|using| using.ident(K::ACCESS_METHOD_REF)).map(|m| m.name),
    })
}

pub(super) fn alter_table(node: Node) -> Option<AlterTable> {
    let (kind, target) = match node.kind() {
        K::ALTER_TABLE => (Kind::Table, K::TABLE_RELATION_NAME),
        K::ALTER_FOREIGN_TABLE => (Kind::ForeignTable, K::TABLE_RELATION_NAME),
        K::ALTER_VIEW => (Kind::View, K::VIEW_REF),
        K::ALTER_MATERIALIZED_VIEW => (Kind::MaterializedView, K::VIEW_REF),
        _ => (Kind::Index, K::INDEX_REF),
    };
    let name = node.name(target)?;
    Some(AlterTable {
        kind,
        only: node.child(target)?.has(K::ONLY_KW),
        if_exists: node.has(K::IF_EXISTS),
        actions: node
            .children()
            .filter(|child| child.kind() != target && child.kind() != K::IF_EXISTS)
            .map(|child| (action(child).unwrap_or(Action::Other), child.span()))
            .collect(),
        name,
    })
}

fn action(node: Node) -> Option<Action> {
    let name_below = |node: Node| node.children().find_map(|child| child.as_name());
    let ident_of = |name: Name| Ident { name: name.name, span: name.span };
    let named = |kind| node.ident(kind);
    Some(match node.kind() {
        K::ADD_COLUMN => Action::AddColumn { column: column(node)?, if_not_exists: node.has(K::IF_NOT_EXISTS) },
        K::DROP_COLUMN => Action::DropColumn {
            column: named(K::COLUMN_NAME_REF)?,
            if_exists: node.has(K::IF_EXISTS),
            cascade: node.has(K::CASCADE),
        },
        K::ALTER_COLUMN => return alter_column(node),
        K::ADD_CONSTRAINT => Action::AddConstraint(node.children().find_map(|child| constraint(child, None))?),
        K::DROP_CONSTRAINT => Action::DropConstraint {
            name: named(K::CONSTRAINT_NAME_REF)?,
            if_exists: node.has(K::IF_EXISTS),
            cascade: node.has(K::CASCADE),
        },
        K::VALIDATE_CONSTRAINT => Action::ValidateConstraint(named(K::CONSTRAINT_NAME_REF)?),
        K::ALTER_CONSTRAINT => Action::AlterConstraint {
            name: named(K::CONSTRAINT_NAME_REF)?,
            enforced: node.descendants().find_map(|below| match below.kind() {
                K::ENFORCED => Some(true),
                K::NOT_ENFORCED => Some(false),
                _ => None,
            }),
        },
        K::RENAME_CONSTRAINT => {
            Action::RenameConstraint { from: named(K::CONSTRAINT_NAME_REF)?, to: named(K::CONSTRAINT_NAME)? }
        }
        K::RENAME_COLUMN => Action::RenameColumn { from: named(K::COLUMN_NAME_REF)?, to: named(K::COLUMN_NAME)? },
        K::TABLE_RENAME_TO | K::VIEW_RENAME_TO | K::INDEX_RENAME_TO => Action::Rename(ident_of(name_below(node)?)),
        K::SET_SCHEMA => Action::SetSchema(ident_of(name_below(node)?)),
        K::ATTACH_PARTITION => Action::Attach { partition: node.name(K::TABLE_NAME_REF)?, default: is_default(node) },
        K::ATTACH_INDEX_PARTITION => Action::Attach { partition: node.name(K::INDEX_REF)?, default: false },
        K::DETACH_PARTITION => Action::Detach {
            partition: node.name(K::TABLE_NAME_REF)?,
            concurrently: node.has(K::DETACH_CONCURRENTLY),
            finalize: node.has(K::DETACH_FINALIZE),
        },
        K::INHERIT_TABLE => Action::Inherit(name_below(node)?),
        K::NO_INHERIT_TABLE => Action::NoInherit(name_below(node)?),
        K::OF_TYPE => Action::OfType(Some(name_below(node)?)),
        K::NOT_OF => Action::OfType(None),
        K::SET_LOGGED => Action::SetLogged,
        K::SET_UNLOGGED => Action::SetUnlogged,
        K::SET_ACCESS_METHOD => {
            Action::SetAccessMethod(named(K::ACCESS_METHOD_REF).map_or(SmolStr::new_static("default"), |m| m.name))
        }
        K::SET_TABLESPACE => Action::SetTablespace,
        K::REPLICA_IDENTITY => Action::ReplicaIdentity {
            full: node.has(K::REPLICA_IDENTITY_FULL),
            nothing: node.has(K::REPLICA_IDENTITY_NOTHING),
        },
        K::SET_OPTIONS => Action::SetOptions(options(node)),
        K::RESET_OPTIONS => Action::ResetOptions(
            node.descendants().filter(|below| below.kind() == K::ATTRIBUTE_NAME).filter_map(|n| n.as_ident()).collect(),
        ),
        K::ENABLE_TRIGGER | K::ENABLE_ALWAYS_TRIGGER | K::ENABLE_REPLICA_TRIGGER => Action::Trigger { enable: true },
        K::DISABLE_TRIGGER => Action::Trigger { enable: false },
        K::ENABLE_RULE | K::ENABLE_ALWAYS_RULE | K::ENABLE_REPLICA_RULE | K::DISABLE_RULE => Action::RuleSwitch,
        K::ENABLE_RLS => Action::RowSecurity { enable: true },
        K::DISABLE_RLS => Action::RowSecurity { enable: false },
        K::FORCE_RLS | K::NO_FORCE_RLS => Action::ForceRowSecurity,
        K::OWNER_TO => Action::Owner,
        K::CLUSTER_ON | K::SET_WITHOUT_CLUSTER => Action::ClusterOn,
        _ => return None,
    })
}

fn alter_column(node: Node) -> Option<Action> {
    let column = node.ident(K::COLUMN_NAME_REF)?;
    let option = node.children().find(|child| child.kind() != K::COLUMN_NAME_REF)?;
    Some(match option.kind() {
        K::SET_TYPE => Action::SetType {
            data_type: option.data_type()?,
            collation: collation(option),
            using: option.child(K::USING_EXPR).and_then(|using| using.expression()),
            column,
        },
        K::SET_NOT_NULL => Action::SetNotNull(column),
        K::DROP_NOT_NULL => Action::DropNotNull(column),
        K::SET_DEFAULT => Action::SetDefault(column, option.expression()?),
        K::DROP_DEFAULT => Action::DropDefault(column),
        K::ADD_GENERATED | K::SET_GENERATED | K::SET_GENERATED_OPTIONS | K::DROP_IDENTITY | K::RESTART => {
            Action::Identity(column)
        }
        K::SET_EXPRESSION => Action::SetExpression(column),
        K::DROP_EXPRESSION => Action::DropExpression(column),
        K::SET_STATISTICS | K::SET_OPTIONS | K::RESET_OPTIONS => Action::SetStatistics(column),
        K::SET_STORAGE | K::SET_COMPRESSION => Action::SetStorage(column),
        _ => return None,
    })
}
