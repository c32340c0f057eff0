//! What leads from one schema to another: `ALTER TABLE` where it does, else a table made anew with its rows.
//!
//! Views and triggers that speak of a table which is renamed, made anew, dropped or loses a column go first and come back
//! last: SQLite reads all of them again on each of those, and refuses where one does not compile meanwhile.

mod broken;
mod names;
mod orphans;
mod quote;
mod rebuild;
mod shape;
mod table;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use rung_catalog::{Body, Catalog, Column, Key, Kind, Object, Rename, Table, in_turn};
use rung_engine::{AlterOptions, AlterStep, Alteration, Cut, Refusal};

use self::names::Names;
pub(crate) use self::quote::name;
use self::shape::Shape;
use self::table::{Change, Pair, Relation};
use crate::cursor::{self, Cursor};
use crate::render::statement;

/// See [`rung_engine::Dialect::alteration`].
pub(crate) fn alteration(from: &Catalog, to: &Catalog, options: &AlterOptions) -> Result<Alteration, Vec<Refusal>> {
    let names = Names::of(&options.renames);
    let plan = Plan::new(from, to, &names);
    let refused: Vec<Refusal> =
        plan.refusals().chain(options.renames.iter().filter_map(|rename| refuse(rename, from, &names))).collect();
    if !refused.is_empty() {
        return Err(refused);
    }
    Ok(Alteration { steps: plan.steps() })
}

/// Whether a column is the number of the row.
pub(crate) fn numbers_rows(table: &Table, column: &Column) -> bool {
    let shape = Shape::of(table.definition.as_deref().unwrap_or_default(), &Names::default());
    shape.rowid_alias().is_some_and(|it| it.name.eq_ignore_ascii_case(&column.name))
}

/// A condition that holds for values that a column of a STRICT table does not take
/// (<https://sqlite.org/stricttables.html>), or one that is the number of the row; any other takes all.
pub(crate) fn misfit((was, is): (&Table, &Table), (old, new): (&Column, &Column)) -> Option<String> {
    let is_strict = |table: &Table| table.options.iter().any(|option| option == "STRICT");
    let is_same = is_strict(was) && old.data_type.eq_ignore_ascii_case(&new.data_type);
    if is_same || numbers_rows(was, old) || !is_strict(is) && !numbers_rows(is, new) {
        return None;
    }
    let name = name(&new.name);
    match new.data_type.to_ascii_uppercase().as_str() {
        "INT" | "INTEGER" => Some(format!(
            "typeof({name}) = 'blob' OR typeof({name}) = 'text' AND CAST(CAST({name} AS INTEGER) AS TEXT) <> trim({name}) \
             OR typeof({name}) = 'real' AND CAST({name} AS INTEGER) <> {name}"
        )),
        "TEXT" => Some(format!("typeof({name}) = 'blob'")),
        "BLOB" => Some(format!("typeof({name}) NOT IN ('blob', 'null')")),
        _ => None,
    }
}

/// A column that gets the name of another, which goes: there is no telling one from the other meanwhile.
fn refuse(rename: &Rename, from: &Catalog, names: &Names) -> Option<Refusal> {
    let Rename::Column { table, to, .. } = rename else { return None };
    let before =
        from.of_kind(Kind::Table).find(|object| names.table(&object.key.name) == table.name.to_ascii_lowercase())?;
    let is_taken = before.columns().iter().any(|column| column.name.eq_ignore_ascii_case(to));
    let is_left = names.new_column(&table.name.to_ascii_lowercase(), &to.to_ascii_lowercase()).is_some();
    (is_taken && !is_left).then(|| Refusal {
        key: Arc::clone(table),
        why: format!("{rename}, and there is one of that name before"),
        instead: "rename in two migrations, with another name in between".to_owned(),
    })
}

/// A name as it is typed. Two that differ in the case of their letters are the same.
#[derive(Clone)]
struct Typed(String);

impl Typed {
    fn turns(names: &[(Typed, Typed)]) -> Vec<(String, String)> {
        let same = |one: &Typed, other: &Typed| one.0.eq_ignore_ascii_case(&other.0);
        let turns = in_turn(names, same, |third| Typed(format!("{}_aside", third.0)));
        turns.into_iter().map(|(old, new)| (name(&old.0), name(&new.0))).collect()
    }
}

/// A view, a trigger or an index.
struct Text<'a> {
    key: &'a Arc<Key>,
    sql: &'a str,
    /// What it is on, in small letters.
    on: String,
    /// As it compares.
    normal: String,
    /// Every name in it, in small letters.
    names: HashSet<String>,
}

struct Plan<'a> {
    from: &'a Catalog,
    to: &'a Catalog,
    pairs: Vec<Pair<'a>>,
    /// Tables that go, those that refer to others first.
    dropped: Vec<Relation<'a>>,
    created: Vec<Relation<'a>>,
    names: &'a Names,
    indexes: [Vec<Text<'a>>; 2],
    /// Views and triggers.
    others: [Vec<Text<'a>>; 2],
    /// Views that do not compile: no table can be renamed as long as they are there.
    broken: HashSet<String>,
    /// Names that are taken in either schema.
    taken: HashSet<String>,
}

impl<'a> Plan<'a> {
    fn new(from: &'a Catalog, to: &'a Catalog, names: &'a Names) -> Self {
        let nobody = Names::default();
        let shapes = shapes(from, names);
        let mut left: Vec<Option<Relation<'a>>> = tables(from, &nobody).map(Some).collect();
        let mut pairs = Vec::new();
        let mut created = Vec::new();
        for to in tables(to, &nobody) {
            let is_it = |from: &Option<Relation<'_>>| {
                from.as_ref().is_some_and(|it| names.table(&it.shape.name) == to.shape.name)
            };
            match left.iter_mut().find(|from| is_it(from)).and_then(Option::take) {
                Some(from) => {
                    let renamed = shapes.get(from.key).cloned().unwrap_or_default();
                    let change = change(&from, &renamed, &to);
                    pairs.push(Pair { from, renamed, to, change });
                }
                None => created.push(to),
            }
        }
        let dropped = children_first(left.into_iter().flatten().collect());
        let broken = from.of_kind(Kind::View).filter(|view| view.columns().is_empty());
        let every = from.iter().chain(to.iter());
        Self {
            from,
            to,
            pairs,
            dropped,
            created,
            names,
            indexes: [texts(from, &[Kind::Index], names), texts(to, &[Kind::Index], &nobody)],
            others: [from, to].map(|catalog| texts(catalog, &[Kind::View, Kind::Trigger], &nobody)),
            broken: broken.map(|view| view.key.name.to_ascii_lowercase()).collect(),
            taken: every.map(|object| object.key.name.to_ascii_lowercase()).collect(),
        }
    }

    /// Virtual tables that this program can't make.
    fn refusals(&self) -> impl Iterator<Item = Refusal> {
        let rebuilt = self.pairs.iter().filter(|pair| matches!(pair.change, Change::Rebuild(_)));
        let both = rebuilt.flat_map(|pair| [&pair.from, &pair.to]);
        both.chain(&self.created).filter(|it| it.is_virtual() && it.table.columns.is_empty()).map(|it| Refusal {
            key: Arc::clone(it.key),
            why: format!("its module {} is not part of rung", it.table.access_method.as_deref().unwrap_or_default()),
            instead: "write a migration by hand, and run it with a program that has the module".to_owned(),
        })
    }

    fn steps(&self) -> Vec<AlterStep> {
        let mut steps = Steps::default();
        let (gone, come) = self.views_and_triggers();
        for text in gone {
            steps.push(text.key, format!("DROP {} {}", word(text.key), name(&text.key.name)));
        }
        self.drop_indexes(&mut steps);
        let (early, late): (Vec<_>, Vec<_>) = self.dropped.iter().partition(|it| self.is_needed(&it.shape.name));
        early.iter().for_each(|table| steps.drop_table(table));
        self.rename_tables(&mut steps);
        for table in &self.created {
            steps.push(table.key, table.sql.to_owned());
        }
        for pair in &self.pairs {
            self.alter(pair, &mut steps);
        }
        late.iter().for_each(|table| steps.drop_table(table));
        for index in self.new_indexes() {
            steps.push(index.key, index.sql.to_owned());
        }
        for pair in self.pairs.iter().filter(|pair| rebuild::is_rebuilt(pair.to.table, pair.to.sql)) {
            if matches!(pair.change, Change::Rebuild(_)) {
                let table = name(&pair.to.key.name);
                steps.push(pair.to.key, format!("INSERT INTO {table} ({table}) VALUES ('rebuild')"));
            }
        }
        for text in come {
            steps.push(text.key, text.sql.to_owned());
        }
        self.check_references(&mut steps);
        let mut steps = steps.list;
        if self.cascades(&early, &late)
            && let Some(first) = steps.first_mut()
        {
            first.cut = Cut::New;
            let off = AlterStep {
                sql: "PRAGMA foreign_keys = OFF".to_owned(),
                key: Arc::clone(&first.key),
                cut: Cut::Outside,
                loses: None,
                note: Some(
                    "where they are enforced, dropping a table deletes its rows first, and what refers to them"
                        .to_owned(),
                ),
            };
            steps.insert(0, off);
        }
        steps
    }

    /// Whether a table of the first schema has to make room for its name.
    fn is_needed(&self, name: &str) -> bool {
        self.created.iter().chain(self.pairs.iter().map(|pair| &pair.to)).any(|to| to.shape.name == name)
    }

    /// Names of tables whose statement SQLite rewrites, or that are not there for a while; in both schemas.
    fn disturbed(&self) -> HashSet<String> {
        let pairs = self.pairs.iter().filter(|pair| match &pair.change {
            Change::Rebuild(_) => true,
            Change::Columns { dropped, .. } if !dropped.is_empty() => true,
            _ => pair.from.shape.name != pair.to.shape.name || self.names.renames_columns_of(&pair.to.shape.name),
        });
        let both = pairs.flat_map(|pair| [pair.from.shape.name.clone(), pair.to.shape.name.clone()]);
        both.chain(self.dropped.iter().map(|table| table.shape.name.clone())).collect()
    }

    /// The views and triggers that go, and those that come, views first.
    fn views_and_triggers(&self) -> (Vec<&Text<'a>>, Vec<&Text<'a>>) {
        let [from, to] = &self.others;
        let is = |one: &Text<'_>, other: &Text<'_>| {
            one.key.kind == other.key.kind && one.key.name.eq_ignore_ascii_case(&other.key.name)
        };
        let disturbed = self.disturbed();
        let broken = if disturbed.is_empty() { HashSet::new() } else { broken::triggers(self.from) };
        let mut gone: BTreeSet<usize> = BTreeSet::new();
        loop {
            let before = gone.len();
            for (at, text) in from.iter().enumerate() {
                let stays = to.iter().any(|there| is(text, there) && there.normal == text.normal);
                let is_view_gone = |view: &str| {
                    gone.iter()
                        .any(|at| from[*at].key.kind == Kind::View && from[*at].key.name.eq_ignore_ascii_case(view))
                };
                let is_view = text.key.kind == Kind::View;
                let is_in_the_way = !disturbed.is_empty()
                    && (text.names.iter().any(|name| disturbed.contains(name) || is_view_gone(name))
                        || if is_view { &self.broken } else { &broken }.contains(&text.key.name.to_ascii_lowercase()));
                // The triggers of a view go with it.
                let goes_along = text.key.kind == Kind::Trigger && is_view_gone(&text.on);
                if !stays || is_in_the_way || goes_along {
                    gone.insert(at);
                }
            }
            if gone.len() == before {
                break;
            }
        }
        // With a view its triggers go, and with a table those that speak of no other which is not there for a while.
        let vanished = |text: &Text<'_>| {
            let is_dropped = self.dropped.iter().any(|it| it.shape.name == text.on);
            let is_alone = !text.names.iter().any(|name| *name != text.on && disturbed.contains(name));
            let is_view_gone =
                |at: &usize| from[*at].key.kind == Kind::View && from[*at].key.name.eq_ignore_ascii_case(&text.on);
            text.key.kind == Kind::Trigger && (is_dropped && is_alone || gone.iter().any(is_view_gone))
        };
        let come = to.iter().filter(|there| {
            !from
                .iter()
                .enumerate()
                .any(|(at, text)| is(text, there) && text.normal == there.normal && !gone.contains(&at))
        });
        (gone.iter().map(|at| &from[*at]).filter(|text| !vanished(text)).collect(), come.collect())
    }

    /// The table of an index of the first schema, as long as it is altered where it is.
    fn stays(&self, table: &str) -> Option<&Pair<'a>> {
        self.pairs.iter().find(|pair| pair.to.shape.name == table && !matches!(pair.change, Change::Rebuild(_)))
    }

    fn is_kept(&self, index: &Text<'_>, other: &[Text<'_>]) -> bool {
        let is =
            |there: &Text<'_>| there.key.name.eq_ignore_ascii_case(&index.key.name) && there.normal == index.normal;
        self.stays(&index.on).is_some() && other.iter().any(is)
    }

    fn drop_indexes(&self, steps: &mut Steps) {
        let [from, to] = &self.indexes;
        for index in from.iter().filter(|index| self.stays(&index.on).is_some() && !self.is_kept(index, to)) {
            steps.push(index.key, format!("DROP INDEX {}", name(&index.key.name)));
        }
    }

    fn new_indexes(&self) -> impl Iterator<Item = &Text<'a>> {
        let [from, to] = &self.indexes;
        to.iter().filter(|index| !self.is_kept(index, from))
    }

    fn rename_tables(&self, steps: &mut Steps) {
        let renamed: Vec<&Pair<'_>> =
            self.pairs.iter().filter(|pair| pair.from.shape.name != pair.to.shape.name).collect();
        let typed = |it: &Relation<'_>| Typed(it.key.name.clone());
        let names: Vec<(Typed, Typed)> = renamed.iter().map(|pair| (typed(&pair.from), typed(&pair.to))).collect();
        for (old, new) in Typed::turns(&names) {
            let of = renamed.iter().find(|pair| [&pair.from, &pair.to].iter().any(|it| name(&it.key.name) == new));
            if let Some(pair) = of.or(renamed.first()) {
                steps.push(pair.to.key, format!("ALTER TABLE {old} RENAME TO {new}"));
            }
        }
    }

    fn alter(&self, pair: &Pair<'a>, steps: &mut Steps) {
        let (key, table) = (pair.to.key, name(&pair.to.key.name));
        let typed = |shape: &Shape, column: &str| shape.column(column).map_or_else(String::new, |it| name(&it.typed));
        let renamed = pair.renamed.columns.iter().filter(|column| !column.typed.eq_ignore_ascii_case(&column.name));
        let names: Vec<(Typed, Typed)> = renamed
            .map(|column| {
                let new = pair.to.shape.column(&column.name).map_or(&column.name, |it| &it.typed);
                (Typed(column.typed.clone()), Typed(new.clone()))
            })
            .collect();
        for (old, new) in Typed::turns(&names) {
            steps.push(key, format!("ALTER TABLE {table} RENAME COLUMN {old} TO {new}"));
        }
        match &pair.change {
            Change::None => {}
            Change::Columns { dropped, added } => {
                for column in added.iter().filter_map(|column| pair.to.shape.column(column)) {
                    steps.push(key, format!("ALTER TABLE {table} ADD COLUMN {}", column.text));
                }
                // Last, as no table can be without any.
                for column in dropped {
                    steps.push(key, format!("ALTER TABLE {table} DROP COLUMN {}", typed(&pair.renamed, column)));
                    let is_stored = pair.renamed.column(column).is_some_and(|it| it.generated.is_none());
                    steps.last_loses(is_stored.then(|| format!("the values of {}.{column}", pair.to.shape.name)));
                }
            }
            Change::Rebuild(why) => {
                let rebuild = rebuild::rebuild(pair, &self.free(&pair.to.key.name));
                steps.push(key, rebuild.create);
                steps.last_note(format!("made anew, as SQLite does not alter it in place: {why}"));
                for sql in rebuild.copy.into_iter().chain(rebuild.sequence) {
                    steps.push(key, sql);
                }
                steps.push(key, rebuild.drop);
                steps.last_loses(rebuild.loses);
                steps.push(key, rebuild.rename);
            }
        }
    }

    /// A name for a table that is about to take the place of another.
    fn free(&self, table: &str) -> String {
        let numbered = (2..).map(|number| format!("new_{table}_{number}"));
        let mut names = std::iter::once(format!("new_{table}")).chain(numbered);
        names.find(|name| !self.taken.contains(&name.to_ascii_lowercase())).unwrap_or_default()
    }

    /// Whether a table with rows that others refer to is dropped, also to be replaced: where foreign keys are enforced,
    /// that deletes them, and does what `ON DELETE` says (<https://sqlite.org/foreignkeys.html>, 5).
    fn cascades(&self, early: &[&Relation<'_>], late: &[&Relation<'_>]) -> bool {
        let refers = |shape: &Shape, table: &str| shape.references().any(|it| it == table);
        let rebuilt = |pair: &&Pair<'_>| matches!(pair.change, Change::Rebuild(_)) && !pair.from.is_virtual();
        let is_parent = |table: &str| {
            self.pairs.iter().any(|pair| refers(&pair.renamed, table) || refers(&pair.to.shape, table))
                || self.dropped.iter().any(|it| it.shape.references().any(|it| self.names.table(it) == table))
        };
        // Those that go last do so when nothing refers to them any more, unless something still does.
        let still = |at: usize, table: &str| {
            self.pairs.iter().any(|pair| refers(&pair.to.shape, table))
                || late[at..].iter().any(|it| refers(&it.shape, table))
        };
        self.pairs.iter().filter(rebuilt).any(|pair| is_parent(&pair.to.shape.name))
            || early.iter().any(|table| is_parent(&table.shape.name))
            || late.iter().enumerate().any(|(at, table)| still(at, &table.shape.name))
    }
}

#[derive(Default)]
struct Steps {
    list: Vec<AlterStep>,
}

impl Steps {
    fn push(&mut self, key: &Arc<Key>, sql: String) {
        self.list.push(AlterStep { sql, key: Arc::clone(key), cut: Cut::Joined, loses: None, note: None });
    }

    fn last_loses(&mut self, loses: Option<String>) {
        if let Some(last) = self.list.last_mut() {
            last.loses = loses;
        }
    }

    fn last_note(&mut self, note: String) {
        if let Some(last) = self.list.last_mut() {
            last.note = Some(note);
        }
    }

    fn drop_table(&mut self, table: &Relation<'_>) {
        self.push(table.key, format!("DROP TABLE {}", name(&table.key.name)));
        self.last_loses(Some(format!("the rows of {}", table.key.name)));
    }
}

/// What is to be done to a table.
fn change(from: &Relation<'_>, renamed: &Shape, to: &Relation<'_>) -> Change {
    if !from.is_virtual() && !to.is_virtual() {
        return table::change(renamed, &to.shape);
    }
    // All behind the name.
    let says = |sql: &str| {
        let mut cursor = Cursor::of(sql);
        cursor.until(|cursor| cursor.word().as_deref() == Some("USING"));
        cursor.normal(&|_, _| None)
    };
    if from.is_virtual() && to.is_virtual() && says(from.sql) == says(to.sql) {
        return Change::None;
    }
    Change::Rebuild("it is a virtual table".to_owned())
}

fn tables<'a>(catalog: &'a Catalog, names: &Names) -> impl Iterator<Item = Relation<'a>> {
    let shapes = shapes(catalog, names);
    catalog.of_kind(Kind::Table).filter_map(move |object| {
        let Body::Table(table) = &object.body else { return None };
        let sql = statement(object)?;
        Some(Relation { key: &object.key, table, sql, shape: shapes.get(&object.key)?.clone() })
    })
}

/// The tables of a catalog by their keys, with the names of the second schema where those are given.
fn shapes(catalog: &Catalog, names: &Names) -> HashMap<Arc<Key>, Shape> {
    let all = catalog.of_kind(Kind::Table);
    let mut shapes: HashMap<Arc<Key>, Shape> =
        all.filter_map(|object| Some((Arc::clone(&object.key), Shape::of(statement(object)?, names)))).collect();
    let keys: HashMap<String, String> =
        shapes.values().filter_map(|shape| Some((shape.name.clone(), shape.primary_key()?))).collect();
    shapes.values_mut().for_each(|shape| shape.leave_keys_out(&keys));
    shapes
}

/// Tables in an order in which each comes before those that it refers to, as far as there is one.
fn children_first(tables: Vec<Relation<'_>>) -> Vec<Relation<'_>> {
    let nodes: Vec<rung_catalog::Node<String>> = tables
        .iter()
        .map(|table| {
            let is_child = |other: &&Relation<'_>| other.shape.references().any(|it| it == table.shape.name);
            let after = tables.iter().enumerate().filter(|(_, other)| is_child(other)).map(|(at, _)| at);
            rung_catalog::Node { rank: table.shape.name.clone(), after: after.collect() }
        })
        .collect();
    let mut tables: Vec<Option<Relation<'_>>> = tables.into_iter().map(Some).collect();
    rung_catalog::order(&nodes).into_iter().filter_map(|at| tables[at].take()).collect()
}

fn texts<'a>(catalog: &'a Catalog, kinds: &[Kind], names: &Names) -> Vec<Text<'a>> {
    let objects = kinds.iter().flat_map(|kind| catalog.of_kind(*kind));
    let text = |object: &'a Object| {
        let sql = statement(object)?;
        let on = match &object.body {
            Body::Index(index) => index.table.as_ref().map(|table| names.table(&table.name)),
            _ => object.key.parent.as_ref().map(|parent| parent.to_ascii_lowercase()),
        };
        let on = on.unwrap_or_default();
        Some(Text {
            key: &object.key,
            sql,
            normal: normal(sql, object.key.kind, &on, names),
            on,
            names: cursor::names(sql).map(|name| name.to_ascii_lowercase()).collect(),
        })
    };
    objects.filter_map(text).collect()
}

/// A statement as it compares, an index with the names that its table and columns are about to have.
fn normal(sql: &str, kind: Kind, table: &str, names: &Names) -> String {
    let all = Cursor::of(sql);
    if kind != Kind::Index {
        return all.normal(&|_, _| None);
    }
    let mut terms = all.clone();
    terms.until(|cursor| cursor.is_punct("("));
    let head = terms.since(&all).normal(&|name, _| names.new_table(name).cloned());
    format!("{head} {}", terms.normal(&|name, _| names.new_column(table, name).cloned()))
}

fn word(key: &Key) -> &'static str {
    if key.kind == Kind::View { "VIEW" } else { "TRIGGER" }
}
