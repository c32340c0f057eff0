//! What a column has where none is given: a default, an expression, an identity.

use std::sync::Arc;

use rung_catalog::{Body, Column, Fact, Identity, Key, Kind, Object, Sequence, Value};

use super::column::{alter, is_foreign, only};
use super::null::not_null;
use super::work::{Phase, Step};
use super::{Builder, steps, types};
use crate::name::{full, literal, quoted, within};
use crate::render::table::{bare, identity};

/// That a column has the sequence that it is to have.
pub(super) fn numbered(table: &Arc<Key>, column: &str) -> Fact {
    Fact::column(table, format!("{column} GENERATED"))
}

impl<'a> Builder<'_, 'a> {
    pub(super) fn value(&mut self, from: &'a Object, to: &'a Object, old: &Column, new: &'a Column) {
        let key = &to.key;
        let place = (&**key, new.name.as_str());
        let before = format!("{} ALTER COLUMN {}", only(to), quoted(&new.name));
        let with_heirs = format!("{} ALTER COLUMN {}", alter(to), quoted(&new.name));
        let is_reset = self.changes.reset.contains(&place) || self.changes.retyped.contains(&place);
        // Its type is for the work to let go that gives it another.
        let mut frees = self.of_column(from, &new.name, false);
        frees.retain(|fact| fact.key.kind != Kind::Type || !self.is_type_of(old, &fact.key));
        let mut needs = self.of_column(to, &new.name, true);
        needs.push(Fact::column(key, &new.name));
        needs.extend(self.after_leaving(key));
        let column = Fact::column(key, &new.name);
        let gone = match (&old.value, &new.value) {
            (Value::Default(_), _) if is_reset => Some("DEFAULT"),
            (one, two) if one == two => return,
            (Value::Default(_), Value::None | Value::Identity(_)) => Some("DEFAULT"),
            (Value::Stored(_), Value::Stored(expression) | Value::Virtual(expression))
            | (Value::Virtual(_), Value::Virtual(expression)) => {
                let sql = format!("{with_heirs} SET EXPRESSION AS ({})", bare(expression));
                let action = self.works.add(Phase::Make, key, None, steps([sql]));
                (action.needs, action.frees) = (needs, frees);
                return;
            }
            (Value::Stored(_), _) => Some("EXPRESSION"),
            (Value::Identity(_), Value::None | Value::Default(_)) => Some("IDENTITY"),
            _ => None,
        };
        let mut after = Vec::new();
        let behind = self.behind(to, new);
        if let Some(what) = gone {
            let alter = if what == "DEFAULT" { &before } else { &with_heirs };
            let mut step = Step::from(format!("{alter} DROP {what}"));
            if what == "IDENTITY" && behind.is_none() {
                step = step.losing(format!("how far {}.{} has counted", key.path(), new.name));
            }
            let action = self.works.add(Phase::Make, key, None, vec![step]);
            let frees = std::mem::take(&mut frees);
            if let Value::Identity(of) = &old.value {
                action.frees = vec![not_null(key, &new.name)];
                action.releases = vec![format!("relation {}", within(key, &of.name))];
            } else {
                action.frees = frees;
                action.frees.extend(is_reset.then_some(column));
            }
            after.push(self.works.last());
        }
        match &new.value {
            Value::Default(default) => {
                let mut sql = vec![format!("{before} SET DEFAULT {default}")];
                sql.extend(behind);
                let action = self.works.add(Phase::Make, key, None, steps(sql));
                (action.needs, action.frees, action.after) = (needs, frees, after);
            }
            Value::Identity(_) => {
                let old = if gone.is_some() { &Value::None } else { &old.value };
                self.identity(to, old, new, needs, after);
            }
            _ => {}
        }
    }

    /// Whether a type is that of a column, and not only spoken of by its default.
    fn is_type_of(&self, column: &Column, key: &Key) -> bool {
        self.changes.from.get(key).is_some_and(|it| types::is_of(&column.data_type, it))
    }

    /// The statement that has a new sequence go on where the numbers of a column end: else the next row would get one that is
    /// taken. None where the column counts by none that is new.
    pub(super) fn behind(&self, to: &'a Object, column: &Column) -> Option<String> {
        let key = &to.key;
        let is_number =
            matches!(types::base(self.changes.to, &column.data_type).as_str(), "smallint" | "integer" | "bigint");
        if is_foreign(to) || !is_number {
            return None;
        }
        let (name, sequence) = match &column.value {
            Value::Identity(of) => (within(key, &of.name), &of.sequence),
            Value::Default(_) => {
                let own = self.changes.new.sequences.get(&**key)?.iter().find_map(|it| match &it.body {
                    Body::Sequence(of) if of.owned_by.as_ref().is_some_and(|(_, name)| *name == column.name) => {
                        Some((it, of))
                    }
                    _ => None,
                });
                let (object, sequence) = own.filter(|(it, _)| self.changes.is_made(&it.key))?;
                let counts =
                    to.depends_on.iter().any(|it| it.on == object.key && it.column.as_ref() == Some(&column.name));
                counts.then(|| (full(&object.key), sequence))?
            }
            _ => return None,
        };
        let (last, compared) = if sequence.increment > 0 { ("max", ">=") } else { ("min", "<=") };
        let (of, start) = (quoted(&column.name), sequence.start);
        Some(format!(
            "SELECT pg_catalog.setval({}, pg_catalog.{last}({of})) FROM {} HAVING pg_catalog.{last}({of}) {compared} {start}",
            literal(&name),
            full(key)
        ))
    }

    fn identity(&mut self, to: &'a Object, old: &Value, new: &'a Column, mut needs: Vec<Fact>, after: Vec<usize>) {
        let key = &to.key;
        let Value::Identity(of) = &new.value else { return };
        let before = format!("{} ALTER COLUMN {}", alter(to), quoted(&new.name));
        needs.push(not_null(key, &new.name));
        let sequence = within(key, &of.name);
        let mut claims = Vec::new();
        let sql = match old {
            Value::Identity(old) => changed_identity(key, &before, old, of),
            _ => {
                claims.push(format!("relation {sequence}"));
                let mut sql = vec![format!("{before} ADD{}", identity(key, new, of))];
                sql.extend(self.behind(to, new));
                sql
            }
        };
        if !sql.is_empty() {
            let action = self.works.add(Phase::Make, key, None, steps(sql));
            (action.needs, action.after, action.claims) = (needs, after, claims);
            action.makes = vec![numbered(key, &new.name)];
        }
    }
}

/// What keeps an identity's numbers within a type that has room for less: the type alone does not move bounds that were
/// said.
pub(super) fn narrowed(key: &Key, old: &Column, new: &Column) -> Vec<String> {
    let (Value::Identity(of), Value::Identity(to)) = (&old.value, &new.value) else { return Vec::new() };
    let (was, is) = (&of.sequence, &to.sequence);
    let greatest = match was.data_type.as_str() {
        "smallint" => i64::from(i16::MAX),
        "integer" => i64::from(i32::MAX),
        _ => i64::MAX,
    };
    let is_said = (was.max > is.max && was.max != greatest) || (was.min < is.min && was.min != -greatest - 1);
    let narrow = Sequence { data_type: was.data_type.clone(), ..is.clone() };
    if is_said { super::object::sequence(&within(key, &of.name), was, &narrow) } else { Vec::new() }
}

fn changed_identity(key: &Key, before: &str, old: &Identity, new: &Identity) -> Vec<String> {
    let mut sql = Vec::new();
    if old.always != new.always {
        sql.push(format!("{before} SET GENERATED {}", if new.always { "ALWAYS" } else { "BY DEFAULT" }));
    }
    if old.name != new.name {
        sql.push(format!("ALTER SEQUENCE {} RENAME TO {}", within(key, &old.name), quoted(&new.name)));
    }
    // The type is the column's, and goes with that; its bounds are said.
    let mut from = old.sequence.clone();
    if from.data_type != new.sequence.data_type {
        from.data_type.clone_from(&new.sequence.data_type);
        sql.push(format!(
            "ALTER SEQUENCE {} MINVALUE {} MAXVALUE {}",
            within(key, &new.name),
            new.sequence.min,
            new.sequence.max
        ));
        (from.min, from.max) = (new.sequence.min, new.sequence.max);
    }
    sql.extend(super::object::sequence(&within(key, &new.name), &from, &new.sequence));
    sql
}
