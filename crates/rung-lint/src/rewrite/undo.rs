//! What undoes a statement, as far as the statement tells.

use rung_ddl::{Action, Constraint, ConstraintKind, Kind, Name, Statement};

use crate::Step;

/// What undoes a statement, so that it can be run again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Undo {
    /// Nothing needs to: it makes nothing, or finds what it makes there already.
    Nothing,
    /// A statement.
    By(String),
    /// It makes something that has no name.
    Unnamed,
}

impl Undo {
    /// For a statement that is run as it stands.
    pub(super) fn of(statement: &Statement, text: &str) -> Self {
        let written = |name: &Name| &text[name.span.range()];
        let drop = |what: &str, name: &Name| Self::By(format!("DROP {what} {}", written(name)));
        match statement {
            Statement::CreateIndex(create) if !create.if_not_exists => {
                let Some(name) = &create.name else { return Self::Unnamed };
                let how = if create.concurrently { "CONCURRENTLY " } else { "" };
                // An index is in the schema of its table, which need not be the first of the search path.
                let schema = written(&create.table).rsplit_once('.').map(|(schema, _)| format!("{schema}."));
                Self::By(format!("DROP INDEX {how}{}{}", schema.unwrap_or_default(), written(name)))
            }
            Statement::CreateTable(create) if !create.if_not_exists => drop("TABLE", &create.name),
            Statement::CreateEnum { name, .. }
            | Statement::CreateComposite { name, .. }
            | Statement::CreateDomain { name, .. } => drop("TYPE", name),
            Statement::Create { kind, name, replace: false, if_not_exists: false, on } => match (kind, name, on) {
                (Kind::Routine, Some(name), _) => drop("ROUTINE", name),
                (Kind::Trigger | Kind::Policy | Kind::Rule, Some(name), Some(on)) => {
                    let what = kind.as_str().to_ascii_uppercase();
                    Self::By(format!("DROP {what} {} ON {}", written(name), written(on)))
                }
                (Kind::Trigger | Kind::Policy | Kind::Rule | Kind::Other, ..) | (_, None, _) => Self::Unnamed,
                (kind, Some(name), _) => drop(&kind.as_str().to_ascii_uppercase(), name),
            },
            Statement::AlterTable(alter) => {
                let mut drops = Vec::new();
                for (action, _) in alter.actions.iter().rev() {
                    match action {
                        Action::AddColumn { column, if_not_exists: false } => {
                            drops.push(format!("DROP COLUMN {}", &text[column.name.span.range()]));
                        }
                        Action::AddConstraint(Constraint { name: Some(name), .. }) => {
                            drops.push(format!("DROP CONSTRAINT {}", &text[name.span.range()]));
                        }
                        // A column has one NOT NULL, whatever its name.
                        Action::AddConstraint(added) if !matches!(added.kind, ConstraintKind::NotNull(_)) => {
                            return Self::Unnamed;
                        }
                        _ => {}
                    }
                }
                match alter.actions.first() {
                    Some((_, first)) if !drops.is_empty() => {
                        Self::By(format!("{}{}", &text[..first.start], drops.join(", ")))
                    }
                    _ => Self::Nothing,
                }
            }
            _ => Self::Nothing,
        }
    }

    /// For a step among others: those that say nothing are taken back by the steps after them.
    pub(super) fn of_step(step: &Step) -> Self {
        step.undo.clone().map_or(Self::Nothing, Self::By)
    }

    /// The statement.
    pub(super) fn sql(&self) -> Option<&str> {
        match self {
            Self::By(sql) => Some(sql),
            Self::Nothing | Self::Unnamed => None,
        }
    }
}
