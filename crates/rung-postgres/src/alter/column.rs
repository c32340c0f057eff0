//! Columns of tables that stay.

use std::sync::Arc;

use rung_catalog::{Body, Column, Fact, Identity, Key, Kind, NotNull, Object, Origin, Sequence, Validity, Value};
use rung_engine::{Cut, Locking};

use super::attribute::not_null_name;
use super::change;
use super::table::{columns_of, heirs_of, options, server_options};
use super::types;
use super::work::{Phase, Step};
use super::{Builder, steps};
use crate::name::{full, literal, quoted, within};
use crate::render::table::{bare, column_settings, identity};

/// That a column is never NULL.
pub(super) fn not_null(table: &Arc<Key>, column: &str) -> Fact {
    Fact::column(table, format!("{column} IS NOT NULL"))
}

/// A column that is no more given to those that inherit from a table, each of which has it as its own.
fn left_below(table: &Key, column: &str) -> String {
    format!("{column} given by {}", full(table))
}

impl<'a> Builder<'_, 'a> {
    pub(super) fn columns(&mut self, from: &'a Object, to: &'a Object) {
        let key = &to.key;
        let of_type = |object: &Object| match &object.body {
            Body::Table(table) => table.of_type.clone(),
            _ => None,
        };
        // The columns of a typed table are those of its type, and follow it.
        if of_type(to).is_some() && of_type(from) == of_type(to) {
            for new in to.columns() {
                match from.columns().iter().find(|old| old.name == new.name) {
                    Some(old) => self.column(from, to, old, new),
                    None => self.given_column(from, to, new),
                }
            }
            return;
        }
        for old in from.columns() {
            let is_readded = self.changes.readded.contains(&(&**key, old.name.as_str()));
            if is_readded || !to.columns().iter().any(|new| new.name == old.name) {
                self.drop_column(from, old, is_readded);
            }
        }
        for new in to.columns() {
            match from.columns().iter().find(|old| old.name == new.name) {
                Some(old) if !self.is_new_column(key, &new.name) => self.column(from, to, old, new),
                old => self.add_column(to, new, old.is_some()),
            }
        }
        self.retype(from, to);
    }

    /// A column that a table got from its type: what the table says of it besides.
    fn given_column(&mut self, from: &'a Object, to: &'a Object, new: &'a Column) {
        let bare = Column { name: new.name.clone(), origin: new.origin, ..Column::default() };
        self.column(from, to, &bare, new);
        let before = format!("{} ALTER COLUMN {}", only(to), quoted(&new.name));
        let sql: Vec<String> = column_settings(new).into_iter().map(|set| format!("{before} {set}")).collect();
        if !sql.is_empty() {
            let action = self.works.add(Phase::Make, &to.key, None, steps(sql));
            action.needs = vec![Fact::column(&to.key, &new.name)];
        }
    }

    /// A column of a table, and of all that inherit it meanwhile: those that are yet to join have one of their own.
    pub(super) fn with_heirs(&self, table: &Arc<Key>, column: &str, is_new: bool) -> Vec<Fact> {
        let (needs, catalog) =
            if is_new { (self.changes.new, self.changes.to) } else { (self.changes.old, self.changes.from) };
        let mut tables = vec![table];
        let mut at = 0;
        while let Some(parent) = tables.get(at).copied() {
            at += 1;
            let all = needs.heirs_of(parent).filter_map(|heir| catalog.get(heir));
            let own = all.filter(|heir| change::inherits(heir, parent) && !self.changes.joins(&heir.key, parent));
            tables.extend(own.map(|heir| &heir.key));
        }
        tables.into_iter().map(|table| Fact::column(table, column)).collect()
    }

    /// What a column needs, or has done with, besides its table.
    fn of_column(&self, object: &'a Object, column: &str, is_new: bool) -> Vec<Fact> {
        let needs = if is_new { self.changes.new } else { self.changes.old };
        change::uses(needs, object).iter().filter(|it| it.column == Some(column)).map(change::Use::fact).collect()
    }

    fn drop_column(&mut self, from: &'a Object, column: &'a Column, is_readded: bool) {
        let key = &from.key;
        // That of a parent takes it along.
        if is_readded && self.changes.followed.contains(&(&**key, column.name.as_str())) {
            return;
        }
        // Those that inherit it may keep it as their own.
        let is_kept = self.settled.kept_below.contains(&(Arc::clone(key), column.name.clone()));
        let alter = if is_kept { only(from) } else { alter(from) };
        let mut step = Step::from(format!("{alter} DROP COLUMN {}", quoted(&column.name)));
        match column.value {
            Value::Stored(_) | Value::Virtual(_) => {}
            _ if is_foreign(from) => {}
            _ => step = step.losing(format!("the values of {}.{}", key.path(), column.name)),
        }
        let mut takes = self.with_heirs(key, &column.name, false);
        takes.truncate(if is_kept { 1 } else { takes.len() });
        let frees = self.of_column(from, &column.name, false);
        let action = self.works.add(Phase::Drop, key, None, vec![step]);
        action.takes = takes;
        action.frees = frees;
        action.releases = vec![columns_of(key)];
        action.claims = vec![heirs_of(key)];
        if is_kept {
            action.releases.push(left_below(key, &column.name));
        }
        if let Body::Table(table) = &from.body {
            action.claims.extend(table.inherits.iter().map(|parent| left_below(parent, &column.name)));
        }
        if let Value::Identity(identity) = &column.value {
            action.releases.push(format!("relation {}", within(key, &identity.name)));
        }
    }

    fn add_column(&mut self, to: &'a Object, column: &'a Column, is_readded: bool) {
        let key = &to.key;
        let Body::Table(table) = &to.body else { return };
        if is_readded && self.changes.followed.contains(&(&**key, column.name.as_str())) {
            return;
        }
        let rest = self.writer().column(key, table, column);
        let mut sql = vec![format!("{} ADD COLUMN {} {}{rest}", alter(to), quoted(&column.name), column.data_type)];
        let before = format!("{} ALTER COLUMN {}", only(to), quoted(&column.name));
        sql.extend(column_settings(column).into_iter().map(|set| format!("{before} {set}")));
        let makes = self.with_heirs(key, &column.name, true);
        let needs = self.of_column(to, &column.name, true).into_iter().chain(self.after_leaving(key)).collect();
        let mut all = steps(sql);
        if let Some(NotNull { validity: Validity::NotValid, .. }) = &column.not_null {
            all.extend(steps([self.add_not_null(to, column, Validity::NotValid)]));
        }
        let action = self.works.add(Phase::Make, key, None, all);
        action.makes = makes;
        action.makes.push(not_null(key, &column.name));
        action.needs = needs;
        action.claims = vec![heirs_of(key)];
        if let Value::Identity(identity) = &column.value {
            action.claims.push(format!("relation {}", within(key, &identity.name)));
        }
    }

    /// What is done to a table that leaves a parent is done when it has left.
    pub(super) fn after_leaving(&self, key: &Arc<Key>) -> Option<Fact> {
        self.left.contains_key(&**key).then(|| super::table::left(key))
    }

    /// What changes of a column that stays, but for its type.
    fn column(&mut self, from: &'a Object, to: &'a Object, old: &Column, new: &'a Column) {
        let key = &to.key;
        if old.origin != new.origin {
            let how = |origin: Origin| match origin {
                Origin::Local => "the table's own",
                Origin::Inherited => "its parent's",
                Origin::Both => "the table's own and its parent's",
            };
            self.changes.refuse(
                key,
                format!("column {} is {}, and can't be made {}", new.name, how(old.origin), how(new.origin)),
                "drop the column and let the table inherit it, or declare it in the table as well",
            );
        }
        self.value(from, to, old, new);
        self.null(to, old, new);
    }

    fn value(&mut self, from: &'a Object, to: &'a Object, old: &Column, new: &'a Column) {
        let key = &to.key;
        let place = (&**key, new.name.as_str());
        let before = format!("{} ALTER COLUMN {}", only(to), quoted(&new.name));
        let is_reset = self.changes.reset.contains(&place) || self.changes.retyped.contains(&place);
        // Its type is for the work to let go that gives it another.
        let mut frees = self.of_column(from, &new.name, false);
        frees.retain(|fact| fact.key.kind != Kind::Type || !self.is_type_of(old, &fact.key));
        let mut needs = self.of_column(to, &new.name, true);
        needs.push(Fact::column(key, &new.name));
        needs.extend(self.after_leaving(key));
        let column = Fact::column(key, &new.name);
        match (&old.value, &new.value) {
            (Value::Default(_), _) if is_reset => {
                let action = self.works.add(Phase::Make, key, None, steps([format!("{before} DROP DEFAULT")]));
                action.frees = frees;
                action.frees.push(column);
                let dropped = self.works.last();
                if let Value::Default(default) = &new.value {
                    let action =
                        self.works.add(Phase::Make, key, None, steps([format!("{before} SET DEFAULT {default}")]));
                    action.needs = needs;
                    action.after = vec![dropped];
                } else {
                    self.identity(to, &Value::None, new, needs, vec![dropped]);
                }
            }
            (one, two) if one == two => {}
            (Value::None | Value::Default(_), Value::Default(default)) => {
                let action = self.works.add(Phase::Make, key, None, steps([format!("{before} SET DEFAULT {default}")]));
                (action.needs, action.frees) = (needs, frees);
            }
            (Value::Default(_), Value::None) => {
                let action = self.works.add(Phase::Make, key, None, steps([format!("{before} DROP DEFAULT")]));
                action.frees = frees;
            }
            (Value::Stored(_), Value::Stored(expression) | Value::Virtual(expression))
            | (Value::Virtual(_), Value::Virtual(expression)) => {
                let sql = format!("{before} SET EXPRESSION AS ({})", bare(expression));
                let action = self.works.add(Phase::Make, key, None, steps([sql.replacen(" ONLY ", " ", 1)]));
                (action.needs, action.frees) = (needs, frees);
            }
            (Value::Stored(_), _) => {
                let sql = format!("{before} DROP EXPRESSION").replacen(" ONLY ", " ", 1);
                let action = self.works.add(Phase::Make, key, None, steps([sql]));
                action.frees = frees;
                let dropped = self.works.last();
                match &new.value {
                    Value::Default(default) => {
                        let action =
                            self.works.add(Phase::Make, key, None, steps([format!("{before} SET DEFAULT {default}")]));
                        action.needs = needs;
                        action.after = vec![dropped];
                    }
                    _ => self.identity(to, &Value::None, new, needs, vec![dropped]),
                }
            }
            (Value::Default(_), Value::Identity(_)) => {
                let action = self.works.add(Phase::Make, key, None, steps([format!("{before} DROP DEFAULT")]));
                action.frees = frees;
                let dropped = self.works.last();
                self.identity(to, &Value::None, new, needs, vec![dropped]);
            }
            (Value::Identity(of), Value::None | Value::Default(_)) => {
                let sql = format!("{before} DROP IDENTITY").replacen(" ONLY ", " ", 1);
                let action = self.works.add(Phase::Make, key, None, steps([sql]));
                action.frees = vec![not_null(key, &new.name)];
                action.releases = vec![format!("relation {}", within(key, &of.name))];
                let dropped = self.works.last();
                if let Value::Default(default) = &new.value {
                    let action =
                        self.works.add(Phase::Make, key, None, steps([format!("{before} SET DEFAULT {default}")]));
                    action.needs = needs;
                    action.after = vec![dropped];
                }
            }
            (old_value, _) => self.identity(to, old_value, new, needs, Vec::new()),
        }
    }

    /// Whether a type is that of a column, and not only spoken of by its default.
    fn is_type_of(&self, column: &Column, key: &Key) -> bool {
        self.changes.from.get(key).is_some_and(|it| types::is_of(&column.data_type, it))
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
                if !is_foreign(to) && of.sequence.increment > 0 {
                    // Else the next row would get a number that is taken.
                    let name = quoted(&new.name);
                    sql.push(format!(
                        "SELECT pg_catalog.setval({}, pg_catalog.max({name})) FROM {} HAVING pg_catalog.max({name}) >= {}",
                        literal(&sequence),
                        full(key),
                        of.sequence.start
                    ));
                }
                sql
            }
        };
        if !sql.is_empty() {
            let action = self.works.add(Phase::Make, key, None, steps(sql));
            (action.needs, action.after, action.claims) = (needs, after, claims);
        }
    }

    /// NOT NULL: put on, taken off, or called something else.
    fn null(&mut self, to: &'a Object, old: &Column, new: &'a Column) {
        let key = &to.key;
        let before = format!("{} ALTER COLUMN {}", alter(to), quoted(&new.name));
        let column = Fact::column(key, &new.name);
        let needs: Vec<Fact> = [column.clone()].into_iter().chain(self.after_leaving(key)).collect();
        match (&old.not_null, &new.not_null) {
            (Some(_), None) => {
                let action = self.works.add(Phase::Make, key, None, steps([format!("{before} DROP NOT NULL")]));
                action.takes = vec![not_null(key, &new.name)];
                action.needs = needs;
            }
            (None, Some(constraint)) => self.set_not_null(to, new, constraint, needs),
            (Some(old), Some(of)) => {
                let name = |it: &NotNull| quoted(&not_null_name(to, new, it));
                let alter = alter(to);
                let mut sql = Vec::new();
                // The name of one that a partition has from the whole can't be altered.
                let is_own = of.origin == Origin::Local || !is_partition(to);
                if old.name != of.name && is_own {
                    sql.push(format!("{alter} RENAME CONSTRAINT {} TO {}", name(old), name(of)));
                }
                if old.no_inherit != of.no_inherit {
                    let how = if of.no_inherit { "NO INHERIT" } else { "INHERIT" };
                    sql.push(format!("{alter} ALTER CONSTRAINT {} {how}", name(of)));
                }
                match (old.validity, of.validity) {
                    (Validity::NotValid, Validity::Valid) => {
                        sql.push(format!("{alter} VALIDATE CONSTRAINT {}", name(of)))
                    }
                    (Validity::Valid, Validity::NotValid) => {
                        sql.push(format!("{before} DROP NOT NULL"));
                        sql.push(self.add_not_null(to, new, Validity::NotValid));
                    }
                    _ => {}
                }
                if !sql.is_empty() {
                    let action = self.works.add(Phase::Make, key, None, steps(sql));
                    action.needs = needs;
                    action.makes = vec![not_null(key, &new.name)];
                }
            }
            (None, None) => {}
        }
    }

    fn add_not_null(&self, to: &Object, column: &Column, validity: Validity) -> String {
        let usual = NotNull::default();
        let of = column.not_null.as_ref().unwrap_or(&usual);
        let (inherit, valid) = (
            if of.no_inherit { " NO INHERIT" } else { "" },
            if validity == Validity::Valid { "" } else { " NOT VALID" },
        );
        let name = quoted(&not_null_name(to, column, of));
        format!("{} ADD CONSTRAINT {name} NOT NULL {}{inherit}{valid}", alter(to), quoted(&column.name))
    }

    fn set_not_null(&mut self, to: &'a Object, column: &'a Column, of: &'a NotNull, needs: Vec<Fact>) {
        let key = &to.key;
        let is_named = self.changes.major() >= 18;
        // Its heirs have it by that as well.
        let all = self.with_heirs(key, &column.name, true);
        let facts: Vec<Fact> = all.iter().map(|it| not_null(&it.key, &column.name)).collect();
        let name = quoted(&column.name);
        let online = self.changes.options.locking == Locking::Online && !is_foreign(to);
        if of.validity == Validity::NotValid {
            let sql = self.add_not_null(to, column, Validity::NotValid);
            let action = self.works.add(Phase::Make, key, None, steps([sql]));
            (action.makes, action.needs) = (facts, needs);
            return;
        }
        if !online {
            let sql = match is_named && (of.name.is_some() || of.no_inherit) {
                true => self.add_not_null(to, column, Validity::Valid),
                false => format!("{} ALTER COLUMN {name} SET NOT NULL", alter(to)),
            };
            let action = self.works.add(Phase::Make, key, None, steps([sql]));
            (action.makes, action.needs) = (facts, needs);
            return;
        }
        let note = "apart, so that rows are checked under a lock that lets others write";
        if is_named {
            let constraint = quoted(&not_null_name(to, column, of));
            let add = self.add_not_null(to, column, Validity::NotValid);
            let action = self.works.add(Phase::Make, key, None, steps([add]));
            action.needs = needs;
            let added = self.works.last();
            let validate = Step::from(format!("{} VALIDATE CONSTRAINT {constraint}", alter(to))).because(note);
            let action = self.works.add(Phase::Validate, key, None, vec![validate]);
            (action.makes, action.after) = (facts, vec![added]);
            action.what.cut = Cut::New;
            return;
        }
        let short: String = format!("{}_{}", key.name, column.name).chars().take(50).collect();
        let check = quoted(&format!("{short}_is_there"));
        let add = format!("{} ADD CONSTRAINT {check} CHECK ({name} IS NOT NULL) NOT VALID", alter(to));
        let action = self.works.add(Phase::Make, key, None, steps([add]));
        action.needs = needs;
        let added = self.works.last();
        let validate = Step::from(format!("{} VALIDATE CONSTRAINT {check}", alter(to))).because(note);
        let action = self.works.add(Phase::Validate, key, None, vec![validate]);
        action.after = vec![added];
        action.what.cut = Cut::New;
        let validated = self.works.last();
        let set = Step::from(format!("{} ALTER COLUMN {name} SET NOT NULL", alter(to)))
            .because("nothing is read, as the check has been proved");
        let drop = Step::from(format!("{} DROP CONSTRAINT {check}", alter(to)));
        let action = self.works.add(Phase::Validate, key, None, vec![set, drop]);
        (action.makes, action.after) = (facts, vec![validated]);
        action.what.cut = Cut::New;
    }

    /// All new types of a table's columns at once, so that it is written anew once.
    fn retype(&mut self, from: &'a Object, to: &'a Object) {
        let key = &to.key;
        let is_own = |column: &&&'a Column| {
            let place = (&**key, column.name.as_str());
            self.changes.retyped.contains(&place)
                && !self.changes.readded.contains(&place)
                && (!self.changes.followed.contains(&place))
        };
        let columns: Vec<&'a Column> = to.columns().iter().collect();
        let columns: Vec<&'a Column> = columns.iter().filter(is_own).copied().collect();
        if columns.is_empty() {
            return;
        }
        let (mut changes, mut facts, mut needs, mut before) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut lost: Vec<String> = Vec::new();
        for new in columns {
            let Some(old) = from.columns().iter().find(|old| old.name == new.name) else { continue };
            before.extend(narrowed(key, old, new));
            let is_remade = self.changes.waits(from, &new.name);
            if is_remade {
                let gone = types::attributes_lost(self.changes.from, self.changes.to, &old.data_type, &new.data_type);
                lost.extend(gone.iter().map(|attribute| format!("{}.{}.{attribute}", key.path(), new.name)));
            }
            let collation = new.collation.as_ref().map_or_else(String::new, |name| format!(" COLLATE {name}"));
            let using = match old.data_type == new.data_type && !is_remade {
                true => None,
                false => types::using(
                    self.changes.from,
                    self.changes.to,
                    &new.name,
                    &old.data_type,
                    &new.data_type,
                    is_remade,
                ),
            };
            let using = using.filter(|_| !is_foreign(to)).map_or_else(String::new, |using| format!(" USING {using}"));
            changes.push(format!("ALTER COLUMN {} TYPE {}{collation}{using}", quoted(&new.name), new.data_type));
            facts.extend(self.with_heirs(key, &new.name, false));
            needs.extend(
                to.depends_on
                    .iter()
                    .filter(|it| it.column.as_ref() == Some(&new.name))
                    .filter(|it| matches!(it.on.kind, Kind::Type | Kind::Collation | Kind::Table))
                    .map(|it| Fact::object(&it.on)),
            );
        }
        let joined =
            if changes.len() == 1 { format!(" {}", changes[0]) } else { format!("\n    {}", changes.join(",\n    ")) };
        let sql = format!("{}{joined}", alter(to));
        let old_types: Vec<Fact> = from
            .depends_on
            .iter()
            .filter(|it| it.on.kind == Kind::Type && !self.changes.aside.contains(&*it.on))
            .map(|it| Fact::object(&it.on))
            .collect();
        let needs = needs.into_iter().chain(self.after_leaving(key)).collect();
        let mut all = steps(before);
        let step = Step::from(sql);
        all.push(if lost.is_empty() { step } else { step.losing(format!("the values of {}", lost.join(", "))) });
        let action = self.works.add(Phase::Make, key, None, all);
        action.claims = vec![heirs_of(key)];
        action.makes.clone_from(&facts);
        action.takes = facts;
        action.needs = needs;
        action.frees = old_types;
    }
}

/// What keeps an identity's numbers within a type that has room for less: the type alone does not move bounds that were
/// said.
fn narrowed(key: &Key, old: &Column, new: &Column) -> Vec<String> {
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

fn is_partition(object: &Object) -> bool {
    matches!(&object.body, Body::Table(table) if table.bound.is_some())
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

/// Storage, compression, statistics and options of a column that differ.
pub(super) fn settings(alter: &str, old: &Column, new: &Column, major: u32) -> Vec<String> {
    let before = format!("{alter} ALTER COLUMN {}", quoted(&new.name));
    let mut sql = Vec::new();
    // `DEFAULT` is known from 16 on.
    let usual = match new.data_type.split(['(', '[']).next().unwrap_or_default() {
        _ if major >= 16 => "DEFAULT",
        "numeric" if !new.data_type.ends_with(']') => "MAIN",
        _ => "EXTENDED",
    };
    if old.storage != new.storage {
        sql.push(format!("{before} SET STORAGE {}", new.storage.as_deref().unwrap_or(usual)));
    }
    if old.compression != new.compression {
        sql.push(format!("{before} SET COMPRESSION {}", new.compression.as_deref().unwrap_or("default")));
    }
    if old.statistics != new.statistics {
        sql.push(format!("{before} SET STATISTICS {}", new.statistics.unwrap_or(-1)));
    }
    sql.extend(options(&before, &old.options, &new.options));
    sql.extend(server_options(&before, &old.server_options, &new.server_options));
    sql
}

impl Builder<'_, '_> {
    /// Those of all columns of a table that stay. With another type a column has the usual storage and compression again.
    pub(super) fn all_settings(&self, from: &Object, to: &Object) -> Vec<String> {
        let kept = to.columns().iter().filter(|new| !self.is_new_column(&to.key, &new.name));
        let changes = kept.filter_map(|new| {
            let mut old = from.columns().iter().find(|old| old.name == new.name)?.clone();
            if self.changes.retyped.contains(&(&*to.key, new.name.as_str())) {
                (old.storage, old.compression) = (None, None);
            }
            Some(settings(&only(to), &old, new, self.changes.major()))
        });
        changes.flatten().collect()
    }
}

fn is_foreign(object: &Object) -> bool {
    matches!(&object.body, Body::Table(table) if table.server.is_some())
}

fn alter(object: &Object) -> String {
    let what = if is_foreign(object) { "FOREIGN TABLE" } else { "TABLE" };
    format!("ALTER {what} {}", full(&object.key))
}

fn only(object: &Object) -> String {
    let what = if is_foreign(object) { "FOREIGN TABLE" } else { "TABLE" };
    format!("ALTER {what} ONLY {}", full(&object.key))
}
