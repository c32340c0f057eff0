//! A table's rows as they are to be, told by a query of the first schema.

use rung_catalog::{Body, Catalog, Column, Object, Table, Validity, Value};
use rung_sql::{TokenKind, tokens};

use super::Asker;

impl Asker<'_> {
    /// What goes behind `FROM` for a condition that speaks of `named` columns of a table as it is afterwards: the table
    /// itself where they are what they were, else a query with their values to be. `None` where those are not known before
    /// it is done.
    pub(super) fn rows_of(
        &self,
        to: &Catalog,
        after: &Object,
        named: &[&Column],
        alias: Option<&str>,
    ) -> Option<String> {
        let (before, old) = self.table(&after.key)?;
        let Body::Table(new) = &after.body else { return None };
        let name = self.dialect.object_name(&before.key);
        let value = |column: &Column| self.value((to, new), (before, old), column);
        let values: Vec<(String, String)> =
            named.iter().map(|it| Some((self.dialect.identifier(&it.name), value(it)?))).collect::<Option<_>>()?;
        let alias = |or: &str| alias.map_or_else(|| or.to_owned(), |alias| format!(" AS {alias}"));
        if values.iter().all(|(column, value)| column == value) {
            return Some(name.clone() + &alias(""));
        }
        let values: Vec<String> = values
            .into_iter()
            .map(|(column, value)| if column == value { value } else { format!("{value} AS {column}") })
            .collect();
        let own = format!(" AS {}", self.dialect.identifier(&before.key.name));
        Some(format!("(SELECT {} FROM {name}){}", values.join(", "), alias(&own)))
    }

    /// What a column will be in a row that is there, as an expression.
    fn value(
        &self,
        (to, new): (&Catalog, &Table),
        (before, old): (&Object, &Table),
        column: &Column,
    ) -> Option<String> {
        let name = self.dialect.identifier(&column.name);
        match (before.columns().iter().find(|it| it.name == column.name), &column.value) {
            (Some(was), is) if was.value == *is || is_given(was) && is_given(column) => {
                let value = self.dialect.converted((self.from, to), (old, new), (was, column)).unwrap_or(name);
                match is {
                    Value::Default(default) if self.is_filled(was, column) => {
                        Some(format!("coalesce({value}, {default})"))
                    }
                    _ => Some(value),
                }
            }
            (_, Value::Stored(computed) | Value::Virtual(computed)) => Some(format!("({computed})")),
            (None, Value::None) => Some(format!("CAST(NULL AS {})", column.data_type)),
            (None, Value::Default(default)) => self.is_constant(default).then(|| default.clone()),
            _ => None,
        }
    }

    /// Whether NULL becomes the default.
    pub(super) fn is_filled(&self, was: &Column, is: &Column) -> bool {
        let must = |of: &Column| of.not_null.as_ref().is_some_and(|it| it.validity == Validity::Valid);
        self.dialect.fills_null() && must(is) && !must(was) && matches!(is.value, Value::Default(_))
    }

    /// Whether a default is what it says: what it calls might do something, and give each row another value.
    fn is_constant(&self, default: &str) -> bool {
        let all: Vec<(TokenKind, &str)> = tokens(default, self.dialect.syntax())
            .filter(|it| !it.kind.is_trivia())
            .map(|it| (it.kind, &default[it.span.range()]))
            .collect();
        let is_call = |at: usize| {
            let is_name = matches!(all[at].0, TokenKind::Word | TokenKind::QuotedIdent);
            // Types have brackets too, and up to three words.
            let is_cast = (1..=3).any(|back| at.checked_sub(back).is_some_and(|at| all[at].1 == ":"));
            is_name && !is_cast && all.get(at + 1).is_some_and(|(_, next)| *next == "(")
        };
        !(0..all.len()).any(is_call)
    }
}

pub(super) fn is_given(column: &Column) -> bool {
    !matches!(column.value, Value::Stored(_) | Value::Virtual(_))
}
