//! Rows for the proof: the tables of the first schema get a few that are made up, and those that should survive are looked
//! for behind the way there and behind the way back.

use std::collections::BTreeSet;
use std::sync::Arc;

use rung::catalog::{Body, Catalog, Column, Key, Kind, Object, Rename, Table, Value};
use rung::engine::{AlterOptions, DbError, Dialect, Driver, DumpOptions, Locking, samples};

use crate::render::count;

/// What a value was, as a literal.
type Row = Vec<Option<String>>;

/// Rows that were put into the tables of a scratch database.
#[derive(Default)]
pub(crate) struct Rows {
    kept: Vec<Kept>,
    /// Sequences that stay as they are, in a catalog of their own.
    counting: Catalog,
    positions: Vec<String>,
    pub(super) rows: usize,
    tables: usize,
    /// Tables that no row could be made up for, each with why.
    pub(crate) empty: Vec<String>,
}

/// A table that stays, and what it was given.
struct Kept {
    before: Arc<Key>,
    after: Arc<Key>,
    columns: Vec<Survivor>,
    rows: Vec<Row>,
}

/// A column that stays.
struct Survivor {
    before: String,
    after: String,
    /// Whether it has another type, or that another word for something, and of its values no more is asked than that they
    /// are there.
    retyped: bool,
}

/// Which of the two schemas a database has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Now {
    Before,
    After,
}

impl Rows {
    /// Fills the tables of a database that has the schema `from`, as far as rows can be made up, but for those that are to
    /// have `none`.
    ///
    /// # Errors
    /// What was put in can't be read.
    pub(super) fn fill(
        driver: &mut dyn Driver,
        from: &Catalog,
        to: &Catalog,
        renames: &[Rename],
        none: &BTreeSet<Arc<Key>>,
        dialect: &dyn Dialect,
    ) -> Result<Self, DbError> {
        let twin = |table: &Key, column: &str| {
            let object = to.get(&renamed(renames, table))?;
            let name = renamed_column(renames, &object.key, column);
            Some((object, object.columns().iter().find(|it| it.name == name)?))
        };
        let before = from.of_kind(Kind::Trigger).next().map(|_| driver.inspect()).transpose()?;
        let (mut rows, mut tables, mut empty) = (0, 0, Vec::new());
        for sample in samples(from, &twin, to, dialect).into_iter().filter(|it| !none.contains(&it.key)) {
            let (mut taken, mut refused) = (0, None);
            for spellings in &sample.rows {
                let put = spellings.iter().map(|statement| driver.execute(statement)).find_map(|done| match done {
                    Ok(_) => Some(()),
                    Err(error) => {
                        refused.get_or_insert(error.message);
                        None
                    }
                });
                taken += usize::from(put.is_some());
            }
            match (taken, refused) {
                (0, Some(why)) => empty.push(format!("{} ({why})", sample.key.path())),
                (0, None) => {}
                _ => (rows, tables) = (rows + taken, tables + 1),
            }
        }
        if let Some(before) = before {
            restore(driver, &before, dialect)?;
        }
        let counting = counting(from, to);
        let mut positions = driver.positions(&counting)?;
        positions.sort();
        let mut kept: Vec<Kept> =
            from.of_kind(Kind::Table).filter_map(|table| survivor(table, from, to, renames)).collect();
        for table in &mut kept {
            table.rows = table.read(driver, dialect, Now::Before)?;
        }
        Ok(Self { kept, counting, positions, rows, tables, empty })
    }

    /// Whether there is any.
    pub(super) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// What of them is not as it should be.
    ///
    /// # Errors
    /// They can't be read.
    pub(super) fn missing(
        &self,
        driver: &mut dyn Driver,
        dialect: &dyn Dialect,
        now: Now,
    ) -> Result<Vec<String>, DbError> {
        let mut found = Vec::new();
        for table in &self.kept {
            let rows = table.read(driver, dialect, now)?;
            let path = table.key(now).path();
            if rows.len() != table.rows.len() {
                found.push(format!("{path} had {} and has {}", count(table.rows.len(), "row"), rows.len()));
            } else if let Some((was, is)) = table.rows.iter().zip(&rows).find(|(was, is)| was != is) {
                let at = was.iter().zip(is).position(|(was, is)| was != is).unwrap_or_default();
                let value = |row: &Row| row[at].clone().unwrap_or_else(|| "NULL".to_owned());
                let column = &table.columns[at].before;
                found.push(format!("{path}.{column} had {} and has {}", value(was), value(is)));
            }
        }
        let mut positions = driver.positions(&self.counting)?;
        positions.sort();
        let moved = self.positions.iter().filter(|it| !positions.contains(it));
        found.extend(moved.map(|it| format!("a sequence is elsewhere than before: {it}")));
        Ok(found)
    }

    /// How many, in words.
    pub(crate) fn title(&self) -> String {
        format!("{} in {}", count(self.rows, "row"), count(self.tables, "table"))
    }
}

impl Kept {
    fn key(&self, now: Now) -> &Arc<Key> {
        match now {
            Now::Before => &self.before,
            Now::After => &self.after,
        }
    }

    fn read(&self, driver: &mut dyn Driver, dialect: &dyn Dialect, now: Now) -> Result<Vec<Row>, DbError> {
        let value = |column: &Survivor| {
            let name = dialect.identifier(if now == Now::Before { &column.before } else { &column.after });
            if column.retyped {
                format!("CASE WHEN {name} IS NULL THEN 1 ELSE 0 END")
            } else {
                dialect.literal_of(&name)
            }
        };
        let mut values: Vec<String> = self.columns.iter().map(value).collect();
        if values.is_empty() {
            values.push("1".to_owned());
        }
        let mut rows =
            driver.query(&format!("SELECT {} FROM {}", values.join(", "), dialect.object_name(self.key(now))))?;
        rows.sort();
        Ok(rows)
    }
}

/// Takes back what triggers of the rows have done to the schema itself: there are some that make a table for a row.
fn restore(driver: &mut dyn Driver, before: &Catalog, dialect: &dyn Dialect) -> Result<(), DbError> {
    let compared = DumpOptions::default();
    let options = AlterOptions { renames: Vec::new(), locking: Locking::Plain, version: None, compared };
    let now = driver.inspect()?;
    // What can't be taken back is seen when the migration ends in another schema.
    let back = dialect.alteration(&now, before, &options).unwrap_or_default();
    back.steps.iter().try_for_each(|step| driver.execute(&step.sql).map(drop))
}

/// A table that is there before and after, with the columns that are.
fn survivor(table: &Object, from: &Catalog, to: &Catalog, renames: &[Rename]) -> Option<Kept> {
    let after = to.get(&renamed(renames, &table.key))?;
    let (Body::Table(old), Body::Table(new)) = (&table.body, &after.body) else { return None };
    // Rows of partitions are seen in the whole.
    let is_plain = |of: &Table| of.server.is_none() && of.bound.is_none() && of.shadows.is_empty();
    if !is_plain(old)
        || !is_plain(new)
        || heirs(from, &table.key).iter().map(|heir| renamed(renames, heir)).ne(heirs(to, &after.key))
    {
        return None;
    }
    let is_given = |column: &Column| !matches!(column.value, Value::Stored(_) | Value::Virtual(_));
    let both = table.columns().iter().filter(|column| is_given(column)).filter_map(|column| {
        let name = renamed_column(renames, &after.key, &column.name);
        let now = after.columns().iter().find(|it| it.name == name).filter(|now| is_given(now))?;
        let retyped = !now.data_type.eq_ignore_ascii_case(&column.data_type)
            || new.options != old.options
            || speaks_anew(renames, after, &now.name)
            || has_other_parts(table, Some(&column.name), (from, to), renames);
        Some(Survivor { before: column.name.clone(), after: name, retyped })
    });
    let columns = both.collect();
    Some(Kept { before: Arc::clone(&table.key), after: Arc::clone(&after.key), columns, rows: Vec::new() })
}

/// Whether values of a column are of a type in which something has another name.
fn speaks_anew(renames: &[Rename], table: &Object, column: &str) -> bool {
    let types = renames.iter().filter_map(|rename| match rename {
        Rename::Column { table, .. } if table.kind == Kind::Type => Some(table),
        _ => None,
    });
    let uses = |of: &Arc<Key>| {
        table.depends_on.iter().any(|it| it.on == *of && it.column.as_ref().is_none_or(|name| name == column))
    };
    types.into_iter().any(uses)
}

/// Whether values have parts, and not the same ones in both schemas: attributes of a composite type, columns of a table whose
/// row they are. Those of a column, or of all that an object is made of.
fn has_other_parts(
    object: &Object,
    column: Option<&str>,
    (from, to): (&Catalog, &Catalog),
    renames: &[Rename],
) -> bool {
    let parts = |object: &Object| -> Vec<(String, String)> {
        object.columns().iter().map(|it| (it.name.clone(), it.data_type.clone())).collect()
    };
    let made_of = object.depends_on.iter().filter(|it| {
        matches!(it.on.kind, Kind::Type | Kind::Table) && column.is_none_or(|name| it.column.as_deref() == Some(name))
    });
    made_of.filter_map(|it| from.get(&it.on)).any(|before| {
        let after = to.get(&renamed(renames, &before.key));
        after.is_none_or(|after| parts(before) != parts(after))
            || before.key.kind == Kind::Type && has_other_parts(before, None, (from, to), renames)
    })
}

/// The tables that inherit from one, or are parts of it.
fn heirs(catalog: &Catalog, table: &Arc<Key>) -> BTreeSet<Key> {
    let is_heir = |object: &&Object| matches!(&object.body, Body::Table(of) if of.inherits.contains(table));
    catalog.of_kind(Kind::Table).filter(is_heir).map(|object| (*object.key).clone()).collect()
}

/// What counts in both schemas in the same way, under the same name.
fn counting(from: &Catalog, to: &Catalog) -> Catalog {
    let counts_alike = |object: &Object| {
        let Some(after) = to.get(&object.key) else { return false };
        let identities = |object: &Object| -> Vec<Value> {
            object.columns().iter().map(|it| it.value.clone()).filter(|it| matches!(it, Value::Identity(_))).collect()
        };
        match (&object.body, &after.body) {
            (Body::Sequence(one), Body::Sequence(two)) => {
                (one.min, one.max, one.start) == (two.min, two.max, two.start)
            }
            (Body::Table(one), Body::Table(two)) => {
                identities(object) == identities(after) && counts(one) == counts(two)
            }
            _ => false,
        }
    };
    let mut catalog = from.clone();
    catalog.retain(counts_alike);
    catalog
}

/// Whether a table itself keeps count, where the database has no sequences.
fn counts(table: &Table) -> bool {
    table.definition.as_ref().is_some_and(|text| text.to_ascii_lowercase().contains("autoincrement"))
}

/// What an object of the first schema is called in the second.
pub(super) fn renamed(renames: &[Rename], key: &Key) -> Key {
    let mut key = key.clone();
    for rename in renames {
        match rename {
            Rename::Object { from, to } if **from == key => key = (**to).clone(),
            Rename::Object { from, to } if from.kind == Kind::Schema && key.schema.as_ref() == Some(&from.name) => {
                key.schema = Some(to.name.clone());
            }
            _ => {}
        }
    }
    key
}

/// What a column is called there; `table` as it is called there.
fn renamed_column(renames: &[Rename], table: &Key, column: &str) -> String {
    let found = renames.iter().find_map(|rename| match rename {
        Rename::Column { table: of, from, to } if **of == *table && from == column => Some(to.clone()),
        _ => None,
    });
    found.unwrap_or_else(|| column.to_owned())
}
