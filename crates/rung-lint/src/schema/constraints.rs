//! Columns and constraints that a table gets, with the names and the indexes that the server gives them.

use rung_ddl::{Constraint as Written, ConstraintKind as WrittenKind, ForeignKey, Name, SmolStr, fold};
use rung_sql::{Syntax, tokens};

use super::model::BTREE;
use super::store::Link;
use super::{Born, Column, Constraint, ConstraintKind, Index, Key, Schema, Stands, Table};

impl Schema {
    pub(super) fn add_column(
        &mut self,
        table: &mut Table,
        key: &Key,
        column: &rung_ddl::Column,
        text: &str,
        born: Born,
    ) {
        let serial = column.data_type.as_ref().is_some_and(|data_type| data_type.name.ends_with("serial"));
        table.columns.push(Column {
            name: column.name.name.clone(),
            data_type: column.data_type.clone(),
            collation: column.collation.clone(),
            not_null: column.not_null() || serial,
            default: column.default().is_some_and(|default| !default.null) || serial,
            default_text: column.default().and_then(|default| text.get(default.span.range())).map(str::to_owned),
            generated: column
                .find(|kind| matches!(kind, WrittenKind::Generated { .. } | WrittenKind::Identity).then_some(()))
                .is_some(),
            from: column
                .find(|kind| match kind {
                    WrittenKind::Generated { expression, .. } => Some(expression.columns.iter()),
                    _ => None,
                })
                .into_iter()
                .flatten()
                .map(|column| column.name.clone())
                .collect(),
            computed_on_read: column
                .find(|kind| matches!(kind, WrittenKind::Generated { stored: false, .. }).then_some(()))
                .is_some(),
        });
        for constraint in &column.constraints {
            let first = table.constraints.len();
            self.add_constraint(table, key, constraint, text, born);
            let at = || Stands::AtColumn(column.name.name.clone());
            table.constraints[first..].iter_mut().for_each(|constraint| constraint.stands = at());
        }
    }

    /// Adds a constraint to a table, with the index that the server makes for it.
    pub(super) fn add_constraint(&mut self, table: &mut Table, key: &Key, written: &Written, text: &str, born: Born) {
        let names = |columns: &[rung_ddl::Ident]| -> Vec<SmolStr> {
            columns.iter().map(|column| column.name.clone()).collect()
        };
        let mut indexed: Option<Vec<SmolStr>> = None;
        let (suffix, kind) = match &written.kind {
            WrittenKind::PrimaryKey { columns, index, .. } => {
                let columns = self.columns_of(columns, index.as_ref());
                columns.iter().for_each(|name| table.set_not_null(name));
                indexed = Some(columns.clone());
                ("pkey", ConstraintKind::PrimaryKey(columns))
            }
            WrittenKind::Unique { columns, index } => {
                let columns = self.columns_of(columns, index.as_ref());
                indexed = Some(columns.clone());
                ("key", ConstraintKind::Unique(columns))
            }
            WrittenKind::Check(expression) => {
                let columns = names(&expression.columns);
                let body = text.get(expression.span.range()).unwrap_or_default();
                (
                    "check",
                    ConstraintKind::Check { not_null: never_null(body, &columns), columns, text: body.to_owned() },
                )
            }
            WrittenKind::NotNull(column) => {
                if !written.not_valid {
                    table.set_not_null(&column.name);
                }
                if written.name.is_none() {
                    return;
                }
                ("not_null", ConstraintKind::NotNull(column.name.clone()))
            }
            WrittenKind::ForeignKey(foreign) => {
                self.tables.link(key, Link::Reference, &self.key(&foreign.table));
                ("fkey", foreign_key(self, foreign))
            }
            WrittenKind::Exclude => ("excl", ConstraintKind::Exclude),
            _ => return,
        };
        let name = written.name.as_ref().map_or_else(|| chosen_name(key, &kind, suffix), |name| name.name.clone());
        if let Some(columns) = indexed {
            let index_key = Key { schema: key.schema.clone(), name: name.clone() };
            let columns = columns.into_iter().map(Some).collect();
            let within = Vec::new();
            let index =
                Index { table: key.clone(), columns, unique: true, within, partial: false, method: BTREE, born };
            self.indexes.insert(index_key, index);
        }
        table.constraints.push(Constraint {
            name,
            kind,
            valid: !written.not_valid,
            enforced: !written.not_enforced,
            no_inherit: written.no_inherit,
            stands: Stands::Alone,
            born,
        });
    }

    /// The name that the server chooses for a constraint of a table that has none; `None` where it has one like it already,
    /// or chooses none.
    pub(crate) fn chosen_name(&self, key: &Key, written: &Written) -> Option<SmolStr> {
        let names = |columns: &[rung_ddl::Ident]| columns.iter().map(|column| column.name.clone()).collect();
        let (kind, suffix) = match &written.kind {
            WrittenKind::PrimaryKey { columns, .. } => (ConstraintKind::PrimaryKey(names(columns)), "pkey"),
            WrittenKind::Unique { columns, .. } => (ConstraintKind::Unique(names(columns)), "key"),
            WrittenKind::Check(expression) => (
                ConstraintKind::Check {
                    not_null: Vec::new(),
                    columns: names(&expression.columns),
                    text: String::new(),
                },
                "check",
            ),
            WrittenKind::ForeignKey(foreign) => (foreign_key(self, foreign), "fkey"),
            _ => return None,
        };
        let name = chosen_name(key, &kind, suffix);
        let is_taken = self.table_at(key).is_some_and(|table| table.constraint(&name).is_some())
            || self.index_at(&Key { schema: key.schema.clone(), name: name.clone() }).is_some();
        (!is_taken).then_some(name)
    }

    /// The columns of a key, its index's where it has one. That index takes the constraint's name.
    fn columns_of(&mut self, columns: &[rung_ddl::Ident], index: Option<&Name>) -> Vec<SmolStr> {
        let Some(index) = index else { return columns.iter().map(|column| column.name.clone()).collect() };
        let key = self.found(index, |key| self.indexes.contains(key));
        let index = self.indexes.remove(&key);
        index.map(|index| index.columns.iter().flatten().cloned().collect()).unwrap_or_default()
    }
}

/// The name that PostgreSQL gives a constraint: `table_column_suffix`.
fn chosen_name(table: &Key, kind: &ConstraintKind, suffix: &str) -> SmolStr {
    let columns: Vec<&str> = match kind {
        ConstraintKind::Unique(columns) | ConstraintKind::ForeignKey { columns, .. } => {
            columns.iter().map(SmolStr::as_str).collect()
        }
        // A CHECK is named after its column where it has one.
        ConstraintKind::Check { columns, .. } => {
            let mut distinct: Vec<&str> = columns.iter().map(SmolStr::as_str).collect();
            distinct.dedup();
            if distinct.len() == 1 { distinct } else { Vec::new() }
        }
        _ => Vec::new(),
    };
    let parts: Vec<&str> = std::iter::once(table.name.as_str()).chain(columns).chain([suffix]).collect();
    parts.join("_").into()
}

/// The columns of which a condition says that they are not null: `c IS NOT NULL` or `NOT c IS NULL`, by itself or joined to
/// others by AND, as the server looks for it (`NotNullImpliedByRelConstraints`).
fn never_null(condition: &str, columns: &[SmolStr]) -> Vec<SmolStr> {
    let words: Vec<&str> = tokens(condition, &Syntax::POSTGRES)
        .filter(|token| !token.kind.is_trivia())
        .map(|token| &condition[token.span.range()])
        .collect();
    let mut found = Vec::new();
    each_part(&words, &mut |part| {
        let is = |word: &str, wanted: &str| word.eq_ignore_ascii_case(wanted);
        let named = match part {
            [name, first, not, null] if is(first, "is") && is(not, "not") && is(null, "null") => name,
            [name, test] if is(test, "notnull") => name,
            [not, null @ ..] if is(not, "not") => {
                let bare = null.iter().filter(|word| !matches!(**word, "(" | ")")).collect::<Vec<_>>();
                match bare[..] {
                    [name, first, null] if is(first, "is") && is(null, "null") => name,
                    [name, test] if is(test, "isnull") => name,
                    _ => return,
                }
            }
            _ => return,
        };
        found.extend(columns.iter().find(|column| **column == fold(named)).cloned());
    });
    found
}

/// The parts of a condition that have to hold all of them, without the parentheses around them.
pub(crate) fn each_part<'w>(words: &[&'w str], tell: &mut impl FnMut(&[&'w str])) {
    let mut depth = 0_usize;
    let (mut ands, mut closed_early, mut between) = (Vec::new(), false, false);
    for (at, word) in words.iter().enumerate() {
        match word.to_ascii_lowercase().as_str() {
            "(" | "case" => depth += 1,
            ")" | "end" => depth = depth.saturating_sub(1),
            // What is one of two need not hold.
            "or" if depth == 0 => return,
            "between" if depth == 0 => between = true,
            "and" if depth == 0 && !std::mem::take(&mut between) => ands.push(at),
            _ => {}
        }
        closed_early |= depth == 0 && at + 1 < words.len();
    }
    match (ands.as_slice(), words) {
        ([], ["(", inner @ .., ")"]) if !closed_early => each_part(inner, tell),
        ([], _) => tell(words),
        (ands, _) => {
            let mut from = 0;
            for at in ands.iter().copied().chain([words.len()]) {
                each_part(&words[from..at], tell);
                from = at + 1;
            }
        }
    }
}

/// What a foreign key becomes in the model.
fn foreign_key(schema: &Schema, key: &ForeignKey) -> ConstraintKind {
    ConstraintKind::ForeignKey {
        columns: key.columns.iter().map(|column| column.name.clone()).collect(),
        to: schema.key(&key.table),
        on_delete: key.on_delete,
    }
}
