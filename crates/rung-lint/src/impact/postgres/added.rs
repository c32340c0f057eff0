//! What a table gets: a column, a constraint.

use rung_ddl::{Column, Constraint, ConstraintKind as Kind, SmolStr};
use rung_sql::Span;

use super::Reader;
use crate::impact::{LockMode, Sure, Work};
use crate::schema::{Key, Volatility};

use LockMode::{AccessExclusive, ShareRowExclusive};

impl Reader<'_> {
    pub(super) fn add_column(&mut self, table: &Key, column: &Column, span: Span) {
        let serial = column.data_type.as_ref().is_some_and(|data_type| data_type.name.ends_with("serial"));
        let domain = column.data_type.as_ref();
        let mut has_default = false;
        let mut rewrites: Option<(&'static str, Sure)> = serial.then_some(("a value is drawn for each row", Sure::Yes));
        for constraint in &column.constraints {
            match &constraint.kind {
                Kind::Default(default) if !default.null => {
                    has_default = true;
                    drawn(&mut rewrites, self.schema.volatility(default));
                }
                Kind::Identity => {
                    rewrites.get_or_insert(("a value is drawn for each row", Sure::Yes));
                }
                Kind::Generated { stored: true, .. } => {
                    rewrites.get_or_insert(("its value is computed for each row", Sure::Yes));
                }
                _ => {}
            }
        }
        let of_domain = domain.filter(|_| column.default().is_none()).and_then(|domain| self.schema.default_of(domain));
        if let Some((_, volatility)) = of_domain {
            has_default = true;
            drawn(&mut rewrites, *volatility);
        }
        if domain.is_some_and(|domain| self.schema.is_constrained(domain)) {
            rewrites.get_or_insert(("its type is a domain with a constraint, which each row has to pass", Sure::Yes));
        }
        match rewrites {
            Some((why, sure)) => self.impact.task(Work::Rewrite, table, why, sure, span),
            None => {
                let not_null = column.constraints.iter().any(|c| matches!(c.kind, Kind::NotNull(_)));
                let checked = column.constraints.iter().any(|c| matches!(c.kind, Kind::Check(_)) && !c.not_enforced);
                if checked {
                    self.task(Work::Scan, table, "every row is checked", span);
                } else if not_null && !has_default {
                    self.task(Work::Scan, table, "every row is checked for NULL", span);
                }
            }
        }
        for constraint in &column.constraints {
            match &constraint.kind {
                Kind::Unique { .. } | Kind::PrimaryKey { .. } => {
                    self.task(Work::BuildIndex, table, "its index is built", span);
                }
                Kind::ForeignKey(key) => {
                    self.lock(&key.table, ShareRowExclusive);
                    if has_default || rewrites.is_some() {
                        self.task(Work::Scan, table, "every row is checked against the referenced table", span);
                        self.impact.look_up(&self.schema.key(&key.table), table, span);
                    }
                }
                _ => {}
            }
        }
    }

    pub(super) fn add_constraint(&mut self, table: &Key, constraint: &Constraint, span: Span) -> LockMode {
        match &constraint.kind {
            Kind::ForeignKey(key) => {
                self.lock(&key.table, ShareRowExclusive);
                if !constraint.not_valid {
                    self.task(Work::Scan, table, "every row is checked against the referenced table", span);
                    self.impact.look_up(&self.schema.key(&key.table), table, span);
                }
                return ShareRowExclusive;
            }
            Kind::Check(_) | Kind::NotNull(_) if !constraint.not_valid => {
                self.task(Work::Scan, table, "every row is checked", span);
            }
            Kind::Unique { index: None, .. } | Kind::Exclude => {
                self.task(Work::BuildIndex, table, "its index is built", span);
            }
            Kind::PrimaryKey { index, columns, .. } => {
                if index.is_none() {
                    self.task(Work::BuildIndex, table, "its index is built", span);
                }
                let columns: Option<Vec<SmolStr>> = match index {
                    Some(index) => {
                        self.schema.index(index).map(|index| index.columns.iter().flatten().cloned().collect())
                    }
                    None => Some(columns.iter().map(|column| column.name.clone()).collect()),
                };
                self.key_not_null(table, columns.as_deref(), span);
            }
            _ => {}
        }
        AccessExclusive
    }

    /// The columns of a primary key become NOT NULL, which is looked up row by row.
    fn key_not_null(&mut self, table: &Key, columns: Option<&[SmolStr]>, span: Span) {
        let (Some(known), Some(columns)) = (self.schema.table_at(table), columns) else {
            let why = "its columns are checked for NULL, unless they are NOT NULL already";
            return self.impact.task(Work::Scan, table, why, Sure::Perhaps, span);
        };
        if columns.iter().any(|name| !self.is_not_null(known, name)) {
            let sure = if known.complete { Sure::Yes } else { Sure::Perhaps };
            self.impact.task(Work::Scan, table, "its columns are checked for NULL", sure, span);
        }
    }
}

/// Why a default has the table written anew, where it does.
fn drawn(rewrites: &mut Option<(&'static str, Sure)>, volatility: Volatility) {
    let why = match volatility {
        Volatility::Steady => return,
        Volatility::Unknown => ("its default may be volatile, and is then computed for each row", Sure::Perhaps),
        Volatility::Volatile => ("its default is volatile, and computed for each row", Sure::Yes),
    };
    rewrites.get_or_insert(why);
}
