//! What is created, altered and dropped, and has no columns.

use rung_sql::Span;
use squawk_parser::SyntaxKind;

use super::table::{collation, constraint};
use super::tree::{Node, unquoted};
use crate::{AttributeChange, AttributeChangeKind, Column, ConstraintKind, DomainChange, Ident, Kind, Name, Statement};

use SyntaxKind as K;

/// What stands before a name.
fn before_name(kind: SyntaxKind) -> bool {
    matches!(kind, K::IF_NOT_EXISTS | K::IF_EXISTS | K::OR_REPLACE | K::TEMP | K::UNLOGGED | K::ONLY_KW)
}

/// The name after the words of a CREATE or ALTER.
fn named(node: Node) -> Option<Name> {
    let child = node.children().find(|child| !before_name(child.kind()))?;
    match child.kind() {
        // `CREATE SCHEMA AUTHORIZATION joe` names it after the role.
        K::FUNCTION_SIG => child.name(K::FUNCTION_NAME_REF),
        K::NAMED_SCHEMA => child.child(K::SCHEMA).and_then(|schema| schema.as_name()).or_else(|| child.as_name()),
        _ => child.as_name(),
    }
}

/// The table that a trigger, a policy or a rule is on.
fn on(node: Node) -> Option<Name> {
    if let Some(rule) = node.child(K::RULE_ON) {
        return rule.name(K::RELATION_NAME_REF);
    }
    node.first(&[K::ON_RELATION, K::ON_TABLE])?.as_name().or_else(|| node.name(K::RELATION_NAME_REF))
}

pub(super) fn create(node: Node, kind: Kind) -> Option<Statement> {
    let name = named(node);
    if kind == Kind::Type
        && let Some(values) = node.child(K::ENUM_TYPE)
    {
        let values = values
            .child(K::VARIANT_LIST)
            .map(|list| list.all(K::VARIANT).map(|variant| unquoted(variant.text())).collect())
            .unwrap_or_default();
        return Some(Statement::CreateEnum { name: name?, values });
    }
    if kind == Kind::Type
        && let Some(composite) = node.child(K::COMPOSITE_TYPE)
    {
        let fields = composite.child(K::COMPOSITE_FIELD_LIST).into_iter();
        let fields = fields.flat_map(|list| list.all(K::COMPOSITE_FIELD_DEF)).filter_map(attribute);
        return Some(Statement::CreateComposite { name: name?, attributes: fields.collect() });
    }
    if kind == Kind::Domain {
        let (mut default, mut constraints) = (None, Vec::new());
        for constraint in node.children().filter_map(|child| constraint(child, None)) {
            match constraint.kind {
                ConstraintKind::Default(expression) => default = Some(expression),
                ConstraintKind::Null => {}
                _ => constraints.push(constraint),
            }
        }
        return Some(Statement::CreateDomain { name: name?, base: node.data_type(), default, constraints });
    }
    Some(Statement::Create {
        kind,
        name,
        replace: node.has(K::OR_REPLACE),
        if_not_exists: node.has(K::IF_NOT_EXISTS),
        on: on(node).or_else(|| match kind {
            Kind::Statistics => node
                .descendants()
                .filter(|below| matches!(below.kind(), K::RELATION_NAME_REF | K::TABLE_NAME_REF))
                .find_map(|below| below.as_name()),
            _ => None,
        }),
    })
}

pub(super) fn drop_of(node: Node, kind: Kind) -> Statement {
    let skipped = [K::IF_EXISTS, K::CASCADE, K::RESTRICT, K::ON_RELATION, K::ON_TABLE, K::DROP_DATABASE_FORCE_CLAUSE];
    let mut names = Vec::new();
    for child in node.children().filter(|child| !skipped.contains(&child.kind())) {
        match child.kind() {
            K::FUNCTION_SIG_LIST => {
                names.extend(child.all(K::FUNCTION_SIG).filter_map(|sig| sig.name(K::FUNCTION_NAME_REF)));
            }
            _ if child.kind() == K::PARAM_LIST => {}
            _ => names.extend(child.as_name()),
        }
    }
    Statement::Drop {
        kind,
        names,
        concurrently: node.has(K::CONCURRENTLY_KW),
        if_exists: node.has(K::IF_EXISTS),
        cascade: node.has(K::CASCADE),
        on: on(node),
    }
}

pub(super) fn alter(node: Node, kind: Kind) -> Statement {
    let name = named(node);
    let other = Statement::Alter { kind, name: name.clone(), on: on(node) };
    let Some(name) = name else { return other };
    if let Some(add) = node.child(K::ADD_VALUE) {
        return Statement::AddEnumValue {
            name,
            value: add.string(K::LITERAL).unwrap_or_default(),
            if_not_exists: add.has(K::IF_NOT_EXISTS),
            placed: add.has(K::BEFORE_VALUE) || add.has(K::AFTER_VALUE),
        };
    }
    if let Some(rename) = node.child(K::RENAME_VALUE) {
        let mut values = rename.all(K::LITERAL).map(|value| unquoted(value.text()));
        let from = values.next().unwrap_or_default();
        return Statement::RenameEnumValue { name, from, to: values.next().unwrap_or_default() };
    }
    if kind == Kind::Domain
        && let Some(change) = node.children().find_map(domain_change)
    {
        return Statement::AlterDomain { name, change };
    }
    if kind == Kind::Type {
        let listed = node.child(K::ALTER_TYPE_ATTRIBUTE_ACTION_LIST);
        let parts = listed.into_iter().flat_map(Node::children).chain(node.all(K::RENAME_ATTRIBUTE));
        let changes: Vec<(AttributeChange, Span)> =
            parts.filter_map(|part| Some((attribute_change(part)?, part.span()))).collect();
        if !changes.is_empty() {
            return Statement::AlterComposite { name, changes };
        }
    }
    let renamed = node.children().find(|child| format!("{:?}", child.kind()).ends_with("_RENAME_TO"));
    if let Some(renamed) = renamed {
        let to: Option<Ident> =
            renamed.children().find_map(|child| child.as_name()).map(|to| Ident { name: to.name, span: to.span });
        return Statement::Rename { kind, name, to };
    }
    if node.has(K::SET_SCHEMA) {
        return Statement::Rename { kind, name, to: None };
    }
    other
}

/// An attribute of a composite type.
fn attribute(node: Node) -> Option<Column> {
    Some(Column {
        name: node.ident(K::COMPOSITE_FIELD)?,
        data_type: node.data_type(),
        collation: collation(node),
        constraints: Vec::new(),
        span: node.span(),
    })
}

fn attribute_change(node: Node) -> Option<AttributeChange> {
    let named = || node.ident(K::COMPOSITE_FIELD_REF);
    let kind = match node.kind() {
        K::ADD_ATTRIBUTE => AttributeChangeKind::Add(attribute(node)?),
        K::DROP_ATTRIBUTE => AttributeChangeKind::Drop { attribute: named()?, if_exists: node.has(K::IF_EXISTS) },
        K::ALTER_ATTRIBUTE => AttributeChangeKind::SetType {
            attribute: named()?,
            data_type: node.data_type()?,
            collation: collation(node),
        },
        K::RENAME_ATTRIBUTE => AttributeChangeKind::Rename { from: named()?, to: node.ident(K::COMPOSITE_FIELD)? },
        _ => return None,
    };
    Some(AttributeChange { kind, cascade: node.has(K::CASCADE) })
}

fn domain_change(node: Node) -> Option<DomainChange> {
    let named = |kind| node.ident(kind);
    Some(match node.kind() {
        K::SET_DEFAULT => DomainChange::SetDefault(node.expression()?),
        K::DROP_DEFAULT => DomainChange::DropDefault,
        K::SET_NOT_NULL => DomainChange::SetNotNull,
        K::DROP_NOT_NULL => DomainChange::DropNotNull,
        K::ADD_CONSTRAINT => DomainChange::Add(node.children().find_map(|child| constraint(child, None))?),
        K::DROP_CONSTRAINT => {
            DomainChange::Drop { name: named(K::CONSTRAINT_NAME_REF)?, if_exists: node.has(K::IF_EXISTS) }
        }
        K::RENAME_CONSTRAINT => {
            DomainChange::Rename { from: named(K::CONSTRAINT_NAME_REF)?, to: named(K::CONSTRAINT_NAME)? }
        }
        K::VALIDATE_CONSTRAINT => DomainChange::Validate(named(K::CONSTRAINT_NAME_REF)?),
        _ => return None,
    })
}
