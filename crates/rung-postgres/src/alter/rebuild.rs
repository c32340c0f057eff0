//! Tables that are made anew with their rows, as nothing alters how a table is partitioned, by which of a table and its
//! parent a column is declared, or a column's type where the rows are values elsewhere: the old one gets out of the way with all that is its own, the new one gets its rows, and
//! what hangs on it is made again.

use rung_catalog::{Body, Catalog, Column, Fact, Key, Kind, Object, Table, Value};

use super::change::Fate;
use super::work::{Phase, Step};
use super::{Builder, steps, types};
use crate::name::{full, literal, quoted, within};

/// The schema in which old tables wait for their end.
const ASIDE: &str = "rung_aside";

/// That a table has its rows.
pub(super) fn rows(table: &std::sync::Arc<Key>) -> Fact {
    Fact::column(table, "its rows")
}

/// The tables that inherit from one that waits for its end.
fn old_heirs(table: &Key) -> String {
    format!("old heirs of {}", full(table))
}

/// Whether one table becomes the other by being made anew.
pub(super) fn is_rebuilt(catalogs: (&Catalog, &Catalog), from: &Object, to: &Object) -> bool {
    match (&from.body, &to.body) {
        (Body::Table(old), Body::Table(new)) => {
            let is_split_anew = || old.partition_by != new.partition_by || splits_by_retyped(catalogs, old, new);
            old.server.is_none()
                && new.server.is_none()
                && (is_split_anew() || is_of_other_order(old, new) || is_retyped_value(catalogs.0, from, (old, new)))
        }
        _ => false,
    }
}

/// Whether a table is to be of a type that has its columns in another order: then nothing makes it one.
fn is_of_other_order(old: &Table, new: &Table) -> bool {
    let is_kept = |column: &&Column| old.columns.iter().any(|was| was.name == column.name);
    let kept = old.columns.iter().filter(|was| new.columns.iter().any(|it| it.name == was.name));
    let at_first = new.columns.iter().zip(kept).all(|(new, old)| new.name == old.name);
    let last = new.columns.iter().skip_while(is_kept).any(|column| is_kept(&column));
    new.of_type.is_some() && old.of_type != new.of_type && (!at_first || last)
}

/// Whether a column gets another type of a table whose rows are values elsewhere: the server alters none of those.
fn is_retyped_value(catalog: &Catalog, from: &Object, (old, new): (&Table, &Table)) -> bool {
    let is_retyped =
        |new: &Column| old.columns.iter().any(|was| was.name == new.name && was.data_type != new.data_type);
    let is_heir = |it: &Object| super::uses::inherits(it, &from.key);
    let is_value = |it: &Object| it.columns().iter().any(|column| types::is_of(&column.data_type, from));
    let tables = || catalog.of_kind(Kind::Table).filter(|it| it.key != from.key);
    // One that inherits, or is inherited from, changes with others.
    new.columns.iter().any(is_retyped) && old.inherits.is_empty() && tables().any(is_value) && !tables().any(is_heir)
}

/// Whether a column by which a table is partitioned gets another type, or one of the same name that is made anew.
fn splits_by_retyped(catalogs: (&Catalog, &Catalog), old: &Table, new: &Table) -> bool {
    new.columns.iter().filter(|column| splits_by(new, &column.name)).any(|column| {
        let Some(was) = old.columns.iter().find(|was| was.name == column.name) else { return false };
        was.data_type != column.data_type
            || was.collation != column.collation
            || types::is_made_anew(catalogs, &column.data_type)
    })
}

/// Whether a table is partitioned by a column.
pub(super) fn splits_by(table: &Table, column: &str) -> bool {
    let Some(by) = &table.partition_by else { return false };
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '"' | '$');
    let name = quoted(column);
    by.match_indices(&name).any(|(at, _)| !by[..at].ends_with(is_name) && !by[at + name.len()..].starts_with(is_name))
}

impl<'a> Builder<'_, 'a> {
    /// Makes the schema, if anything is to wait in it.
    pub(super) fn prepare_rebuild(&mut self) {
        let Some(first) = self.changes.rebuilt.first().and_then(|key| self.changes.from.get(key)) else { return };
        self.works.add(Phase::Make, &first.key, None, steps([format!("CREATE SCHEMA {ASIDE}")]));
        self.aside_made = self.works.last();
    }

    /// Gets an old table out of the way.
    pub(super) fn move_aside(&mut self, object: &'a Object) {
        let key = &object.key;
        let kept = self
            .changes
            .old
            .sequences
            .get(&**key)
            .into_iter()
            .flatten()
            .filter(|it| self.changes.to.get(&it.key).is_some());
        let mut sql: Vec<String> = kept.map(|it| format!("ALTER SEQUENCE {} OWNED BY NONE", full(&it.key))).collect();
        let (mut frees, mut releases) = (self.frees(object), super::names(object));
        if let Body::Table(table) = &object.body
            && let (Some(_), Some(parent)) = (&table.bound, table.inherits.first())
            && !self.changes.is_dropped(parent)
        {
            sql.push(format!("ALTER TABLE {} DETACH PARTITION {}", full(parent), full(key)));
            frees.push(Fact::object(parent));
            releases.push(super::table::heirs_of(parent));
        }
        if super::uses::is_typed(object) {
            sql.push(format!("ALTER TABLE {} NOT OF", full(key)));
        }
        sql.push(format!("ALTER TABLE {} SET SCHEMA {ASIDE}", full(key)));
        let prepared = self.aside_made;
        let action = self.works.add(Phase::Make, key, None, steps(sql));
        action.takes = vec![Fact::object(key)];
        action.takes.extend(object.columns().iter().map(|column| Fact::column(key, &column.name)));
        (action.frees, action.releases) = (frees, releases);
        action.after = vec![prepared];
    }

    /// Gives the new table the rows of the old one.
    pub(super) fn copy_rows(&mut self, to: &'a Object) {
        let key = &to.key;
        let Some(from) = self.changes.from.get(key).filter(|_| self.changes.rebuilt.contains(&**key)) else { return };
        let (Body::Table(old), Body::Table(new)) = (&from.body, &to.body) else { return };
        // Those of a partition come with those of the whole.
        if self.is_part(old) || self.is_part(new) {
            return;
        }
        let before = Key { schema: Some(ASIDE.to_owned()), ..(**key).clone() };
        let given = |column: &&Column| !matches!(column.value, Value::Stored(_) | Value::Virtual(_));
        let both: Vec<(&Column, &Column)> = to
            .columns()
            .iter()
            .filter(given)
            .filter_map(|new| Some((from.columns().iter().find(|old| old.name == new.name)?, new)))
            .collect();
        let value = |(old, new): &(&Column, &Column)| {
            let is_remade = self.changes.waits(from, &new.name);
            let using = (is_remade || old.data_type != new.data_type).then(|| {
                let (from, to) = (self.changes.from, self.changes.to);
                types::using(from, to, &new.name, &old.data_type, &new.data_type, is_remade)
            });
            using.flatten().unwrap_or_else(|| quoted(&new.name))
        };
        let names: Vec<String> = both.iter().map(|(_, new)| quoted(&new.name)).collect();
        let values: Vec<String> = both.iter().map(value).collect();
        let mut all = Vec::new();
        if !both.is_empty() {
            let copy = format!(
                "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {}{}",
                full(key),
                names.join(", "),
                values.join(", "),
                // Those that inherit from it have rows of their own.
                if old.partition_by.is_some() { "" } else { "ONLY " },
                full(&before)
            );
            let losses: Vec<String> = both.iter().filter_map(|(old, new)| self.loss(to, old, new)).collect();
            let step = Step::from(copy);
            let step = if losses.is_empty() { step } else { step.losing(losses.join("; ")) };
            all.push(step.because(if self.changes.stuck.contains(key) {
                "nothing makes a column its parent's: the table is made anew, and nobody gets at it meanwhile"
            } else if is_retyped_value(self.changes.from, from, (old, new)) {
                "its rows are values elsewhere: the table is made anew, and nobody gets at it meanwhile"
            } else if new.of_type.is_some() {
                "nothing alters it together with its type: it is made anew, and nobody gets at it meanwhile"
            } else {
                "nothing alters how a table is partitioned: it is made anew, and nobody gets at it meanwhile"
            }));
        }
        for (old, new) in &both {
            if !matches!((&old.value, &new.value), (Value::Identity(_), Value::Identity(_))) {
                all.extend(self.behind(to, new).map(Step::from));
            } else if let (Value::Identity(old), Value::Identity(new)) = (&old.value, &new.value) {
                all.push(Step::from(format!(
                    "SELECT pg_catalog.setval({}, last_value, is_called) FROM {}",
                    literal(&within(key, &new.name)),
                    within(&before, &old.name)
                )));
            }
        }
        let mut drop = Step::from(format!("DROP TABLE {}", full(&before)));
        let lost: Vec<String> = from
            .columns()
            .iter()
            .filter(|old| given(old) && !to.columns().iter().any(|new| new.name == old.name))
            .map(|old| format!("{}.{}", key.path(), old.name))
            .collect();
        if !lost.is_empty() {
            drop = drop.losing(format!("the values of {}", lost.join(", ")));
        }
        all.push(drop);
        let heirs = self.changes.new.heirs_of(key).filter_map(|heir| self.changes.to.get(heir));
        let mut needs = vec![Fact::object(key)];
        // Some of a parent that stays may be new.
        needs.extend(to.columns().iter().map(|column| Fact::column(key, &column.name)));
        for heir in heirs {
            needs.extend([Fact::object(&heir.key), super::index::attached(&heir.key)]);
        }
        needs.extend(self.values_of(from));
        needs.extend(
            from.depends_on.iter().filter(|it| self.changes.aside.contains(&*it.on)).map(|it| Fact::object(&it.on)),
        );
        let action = self.works.add(Phase::Make, key, None, all);
        action.needs = needs;
        action.makes = vec![rows(key)];
        // The old ones that inherit from it go first.
        action.claims = vec![old_heirs(key)];
        action.releases = old.inherits.iter().map(|parent| old_heirs(parent)).collect();
        self.copied.push(self.works.last());
    }

    /// That no column has the rows of an old table as its values any more.
    fn values_of(&self, from: &'a Object) -> Vec<Fact> {
        let users = self.changes.from.of_kind(Kind::Table).filter(|it| it.key != from.key);
        let users = users.flat_map(|user| user.columns().iter().map(move |column| (user, column)));
        let users = users.filter(|(_, column)| types::is_of(&column.data_type, from));
        let of = |(user, column): (&'a Object, &'a Column)| {
            let whole = super::uses::whole(user).filter(|whole| self.changes.rebuilt.contains(&***whole));
            match self.changes.rebuilt.contains(&*user.key) {
                true => rows(whole.unwrap_or(&user.key)),
                false => Fact::column(&user.key, &column.name),
            }
        };
        users.map(of).collect()
    }

    /// Whether a table is a partition of one that is made anew.
    fn is_part(&self, table: &Table) -> bool {
        table.bound.is_some() && table.inherits.iter().any(|parent| self.changes.rebuilt.contains(&**parent))
    }

    pub(super) fn finish_rebuild(&mut self) {
        let Some(first) = self.changes.rebuilt.first().and_then(|key| self.changes.from.get(key)) else { return };
        let copied = std::mem::take(&mut self.copied);
        let action = self.works.add(Phase::Drop, &first.key, None, steps([format!("DROP SCHEMA {ASIDE}")]));
        action.after = copied;
    }

    /// Whether an object is moved aside, instead of being dropped.
    pub(super) fn is_moved(&self, object: &Object) -> bool {
        self.changes.rebuilt.contains(&*object.key)
            && matches!(self.changes.fate_of(&object.key), Some(Fate::Remade | Fate::Gone))
    }
}
