//! What comes after what in a dump.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use rung_catalog::{
    Body, Catalog, Constraint, ConstraintKind, Dependency, Index, Key, Kind, Node, Object, Origin, Type, Validity,
    Value, order,
};
use rung_engine::{DumpOptions, Paragraph};

use super::object::{self, Writer};
use super::table;

/// A part of a dump that stands by itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Part {
    /// A type before it is defined, or a view before its query can be.
    Early,
    /// The object.
    Whole,
    /// A column's default that can't be part of its table.
    Default(String),
}

/// Where a part would stand if nothing needed anything: a table with all that is its own.
type Rank<'a> = (Kind, &'a str, &'a str, Kind, &'a str, &'a str, Part);

/// See [`rung_engine::Dialect::paragraphs`].
pub(crate) fn paragraphs(catalog: &Catalog, options: &DumpOptions) -> Vec<Paragraph> {
    let needs = Needs::of(catalog);
    let layout = Layout::of(&needs, |_| true);
    let plan = Plan::of(&needs, &layout);
    let writer = Writer { options, needs: &needs, layout: &layout };
    let order = order(&plan.nodes);
    let paragraphs = order.into_iter().map(|at| {
        let (object, part) = &plan.parts[at];
        let statements = match part {
            Part::Early => object::early(object),
            Part::Whole => writer.object(object),
            Part::Default(column) => table::default_apart(object, column),
        };
        Paragraph { key: Arc::clone(&object.key), statements }
    });
    paragraphs.filter(|paragraph| !paragraph.statements.is_empty()).collect()
}

/// How objects are written.
pub(crate) struct Layout<'a> {
    /// Constraints that are written within their table or domain.
    pub(crate) inlined: HashSet<&'a Key>,
    /// Defaults that are not: table and column.
    pub(crate) apart: HashSet<(&'a Key, &'a str)>,
    /// Objects that are announced first, each with what it is in a circle with.
    pub(crate) early: HashMap<&'a Key, HashSet<&'a Key>>,
}

impl<'a> Layout<'a> {
    /// How the objects are written that are made; the others are there already.
    pub(crate) fn of(needs: &Needs<'a>, made: impl Fn(&Key) -> bool) -> Self {
        let mut layout = Self { inlined: HashSet::new(), apart: HashSet::new(), early: HashMap::new() };
        // Of two that are the same in one table's statement, the server makes one.
        let mut keys: HashSet<(&Key, Vec<&str>, &[String])> = HashSet::new();
        for object in needs.catalog.iter().filter(|object| made(&object.key)) {
            let key = &*object.key;
            match &object.body {
                Body::Constraint(constraint) => {
                    let of = needs.parent(object).filter(|of| made(of));
                    let others = needs.foreign(object);
                    let is_first = of.is_none_or(|of| match (&constraint.index, &constraint.kind) {
                        (Some(index), ConstraintKind::PrimaryKey { .. } | ConstraintKind::Unique { .. }) => {
                            keys.insert((of, index.keys.iter().map(|key| key.sql.as_str()).collect(), &index.include))
                        }
                        _ => true,
                    });
                    if is_first && of.is_some_and(|of| may_be_inline(constraint) && !needs.reach(others, of)) {
                        layout.inlined.insert(key);
                    }
                }
                Body::Table(table) => {
                    for column in table.columns.iter().filter(|column| matches!(column.value, Value::Default(_))) {
                        let name = column.name.as_str();
                        if needs.reach(needs.of_column(object, name), key) {
                            layout.apart.insert((key, name));
                        }
                    }
                }
                Body::View(view) if !view.materialized => layout.early.extend(needs.circle(object)),
                Body::Type(Type::Base(_) | Type::Range(_)) => layout.early.extend(needs.circle(object)),
                _ => {}
            }
        }
        layout
    }
}

struct Plan<'a> {
    parts: Vec<(&'a Object, Part)>,
    nodes: Vec<Node<Rank<'a>>>,
}

impl<'a> Plan<'a> {
    fn of(needs: &Needs<'a>, layout: &Layout<'a>) -> Self {
        let mut places: HashMap<(&Key, Part), usize> = HashMap::new();
        let mut parts = Vec::new();
        for object in needs.catalog.iter().filter(|object| !layout.inlined.contains(&*object.key)) {
            let key = &*object.key;
            if layout.early.contains_key(key) {
                parts.push((object, Part::Early));
            }
            parts.push((object, Part::Whole));
            let apart = object.columns().iter().filter(|column| layout.apart.contains(&(key, column.name.as_str())));
            parts.extend(apart.map(|column| (object, Part::Default(column.name.clone()))));
        }
        for (at, (object, part)) in parts.iter().enumerate() {
            places.insert((&object.key, part.clone()), at);
        }
        // Where a need is met: by the object itself, by the table that it is written in, by what was announced.
        let place = |needed: &'a Key, by: &Key| -> Option<usize> {
            let announced = layout.early.get(needed).is_some_and(|circle| circle.contains(by));
            let part = if announced { Part::Early } else { Part::Whole };
            let of = if layout.inlined.contains(needed) { needs.parent_of(needed)? } else { needed };
            places.get(&(of, part)).copied()
        };
        let mut nodes = Vec::with_capacity(parts.len());
        for (object, part) in &parts {
            let key = &*object.key;
            let mut after: BTreeSet<usize> = BTreeSet::new();
            match part {
                Part::Early => after.extend(needs.of_schema(object).filter_map(|needed| place(needed, key))),
                Part::Whole => {
                    after.extend(places.get(&(key, Part::Early)));
                    after.extend(needs.all(object, &layout.apart).into_iter().filter_map(|needed| place(needed, key)));
                    // What its constraints need that are written within it.
                    for part in needs.parts(key).iter().filter(|part| layout.inlined.contains(&*part.key)) {
                        let all = needs.all(part, &layout.apart);
                        after.extend(all.into_iter().filter_map(|needed| place(needed, key)));
                    }
                }
                Part::Default(column) => {
                    after.extend(places.get(&(key, Part::Whole)));
                    after.extend(needs.of_column(object, column).filter_map(|needed| place(needed, key)));
                }
            }
            nodes.push(Node { rank: rank(object, part.clone(), needs), after: after.into_iter().collect() });
        }
        Self { parts, nodes }
    }
}

fn rank<'a>(object: &'a Object, part: Part, needs: &Needs<'a>) -> Rank<'a> {
    let key = &*object.key;
    let of = needs.parent(object).unwrap_or(key);
    let arguments = key.arguments.as_deref().unwrap_or_default();
    // A family is the same by name for several access methods; so is what has no parent that is an object.
    let within = if of == key { key.parent.as_deref().unwrap_or_default() } else { "" };
    let kind = if of == key { key.kind } else { key.kind.max(Kind::Index) };
    let group = if of.kind == Kind::Constraint { Kind::Table } else { of.kind };
    let name = if of == key { arguments } else { key.name.as_str() };
    let last = if of == key { within } else { arguments };
    (group, of.schema.as_deref().unwrap_or_default(), &of.name, kind, name, last, part)
}

fn may_be_inline(constraint: &Constraint) -> bool {
    match constraint.kind {
        ConstraintKind::Foreign(_) => false,
        _ => constraint.validity != Validity::NotValid && !lacks_parts(constraint),
    }
}

/// Whether it is the key of a partitioned table that some partitions have no part of: those that come later would get one.
fn lacks_parts(constraint: &Constraint) -> bool {
    constraint.index.as_ref().is_some_and(|index| !index.valid)
}

/// Who needs whom.
pub(crate) struct Needs<'a> {
    pub(crate) catalog: &'a Catalog,
    /// What belongs to a table, view or domain.
    pub(crate) parts: HashMap<&'a Key, Vec<&'a Object>>,
    parents: HashMap<&'a Key, &'a Key>,
    /// Sequences by the table that they go away with.
    pub(crate) sequences: HashMap<&'a Key, Vec<&'a Object>>,
    /// Partitions and children, of all generations.
    heirs: HashMap<&'a Key, Vec<&'a Key>>,
}

impl<'a> Needs<'a> {
    pub(crate) fn of(catalog: &'a Catalog) -> Self {
        let mut needs = Self {
            catalog,
            parts: catalog.parts(),
            parents: HashMap::new(),
            sequences: HashMap::new(),
            heirs: HashMap::new(),
        };
        for (parent, parts) in &needs.parts {
            needs.parents.extend(parts.iter().map(|part| (&*part.key, *parent)));
        }
        for object in catalog {
            let key = &*object.key;
            if let Body::Sequence(sequence) = &object.body
                && let Some((table, _)) = &sequence.owned_by
            {
                needs.sequences.entry(table).or_default().push(object);
            }
            if let Body::Table(table) = &object.body {
                let mut above: Vec<&Arc<Key>> = table.inherits.iter().collect();
                while let Some(parent) = above.pop() {
                    needs.heirs.entry(parent).or_default().push(key);
                    if let Some(Body::Table(table)) = catalog.get(parent).map(|parent| &parent.body) {
                        above.extend(&table.inherits);
                    }
                }
            }
        }
        needs
    }

    pub(crate) fn parent(&self, object: &Object) -> Option<&'a Key> {
        self.parent_of(&object.key)
    }

    pub(crate) fn parent_of(&self, key: &Key) -> Option<&'a Key> {
        self.parents.get(key).copied()
    }

    pub(crate) fn parts(&self, key: &Key) -> &[&'a Object] {
        self.parts.get(key).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn of_schema(&self, object: &'a Object) -> impl Iterator<Item = &'a Key> + use<'a> {
        let schema = match &object.body {
            Body::Extension(extension) => Some(extension.schema.as_str()),
            _ => object.key.schema.as_deref(),
        };
        let key = schema.and_then(|schema| self.catalog.get(&Key::new(Kind::Schema, None, schema)));
        key.map(|object| &*object.key).into_iter()
    }

    /// What a column's default or expression needs beside its own table.
    pub(crate) fn of_column<'b>(
        &self,
        object: &'a Object,
        column: &'b str,
    ) -> impl Iterator<Item = &'a Key> + use<'a, 'b> {
        let of_it = |dependency: &&Dependency| dependency.column.as_deref() == Some(column);
        object.depends_on.iter().filter(of_it).map(|dependency| &*dependency.on).filter(|on| **on != *object.key)
    }

    /// What a constraint needs beside its own table.
    fn foreign(&self, object: &'a Object) -> impl Iterator<Item = &'a Key> + use<'a> {
        let of = self.parent(object);
        object.depends_on.iter().map(|dependency| &*dependency.on).filter(move |on| Some(*on) != of)
    }

    /// All that an object needs, but what defaults need that are written by themselves.
    pub(crate) fn all(&self, object: &'a Object, apart: &HashSet<(&Key, &str)>) -> Vec<&'a Key> {
        let mut all: Vec<&Key> = self.of_schema(object).collect();
        all.extend(self.parent(object));
        let is_apart = |column: &str| apart.contains(&(&*object.key, column));
        let here = object.depends_on.iter().filter(|it| !it.column.as_deref().is_some_and(is_apart));
        all.extend(here.map(|dependency| &*dependency.on));
        match &object.body {
            Body::Table(table) => {
                all.extend(table.inherits.iter().map(|parent| &**parent));
                // It says of its sequences that they are its own.
                all.extend(self.sequences.get(&*object.key).into_iter().flatten().map(|it| &*it.key));
            }
            Body::Constraint(constraint) => {
                if lacks_parts(constraint) {
                    all.extend(self.parent(object).into_iter().flat_map(|table| self.heirs_of(table)));
                }
                if let ConstraintKind::Foreign(foreign) = &constraint.kind {
                    all.push(&foreign.table);
                    let unique = |part: &&&Object| match &part.body {
                        Body::Index(index) => index.unique,
                        Body::Constraint(other) => other.index.is_some(),
                        _ => false,
                    };
                    // A unique index of a partitioned table is one when it has all of its parts; the key reaches partitions
                    // by itself, once they are there.
                    let tables = || std::iter::once(&*foreign.table).chain(self.heirs_of(&foreign.table));
                    all.extend(tables().flat_map(|table| self.parts(table)).filter(unique).map(|part| &*part.key));
                    all.extend(self.heirs_of(&foreign.table));
                    all.extend(self.parent(object).into_iter().flat_map(|table| self.heirs_of(table)));
                }
            }
            Body::Index(index) => {
                if index.on_only {
                    // A partition that comes later would get an index of a name of its own.
                    all.extend(index.table.iter().flat_map(|table| self.heirs_of(table)));
                }
                all.extend(self.constraints_of_index(&object.key, index));
                if let Some(parent) = table::parent_index(self.catalog, index) {
                    all.push(parent);
                }
            }
            _ => {}
        }
        all
    }

    /// Constraints of partitions whose indexes are parts of an index that is no constraint's.
    pub(crate) fn constraints_of_index(&self, key: &Key, index: &Index) -> Vec<&'a Key> {
        let table = index.table.as_deref().filter(|_| index.on_only);
        let parts = table.into_iter().flat_map(|table| self.heirs_of(table)).flat_map(|heir| self.parts(heir));
        let is_part = |part: &&&Object| match &part.body {
            Body::Constraint(of) => of
                .index
                .as_ref()
                .is_some_and(|of| of.parent.as_deref() == Some(&*key.name) && table::above(self.catalog, of) == table),
            _ => false,
        };
        parts.filter(is_part).map(|part| &*part.key).collect()
    }

    pub(crate) fn heirs_of(&self, table: &Key) -> impl Iterator<Item = &'a Key> + use<'a> {
        self.heirs.get(table).cloned().unwrap_or_default().into_iter()
    }

    /// Everything that is needed by way of these.
    fn closure(&self, from: impl Iterator<Item = &'a Key>) -> HashSet<&'a Key> {
        let mut found: HashSet<&Key> = HashSet::new();
        let mut left: Vec<&Key> = from.collect();
        while let Some(key) = left.pop() {
            if !found.insert(key) {
                continue;
            }
            if let Some(object) = self.catalog.get(key) {
                left.extend(object.depends_on.iter().map(|dependency| &*dependency.on));
                left.extend(self.parent(object));
            }
        }
        found
    }

    fn reach(&self, from: impl Iterator<Item = &'a Key>, to: &Key) -> bool {
        let mut from = from.peekable();
        from.peek().is_some() && self.closure(from).contains(to)
    }

    /// What an object is in a circle with, where it is in one.
    fn circle(&self, object: &'a Object) -> Option<(&'a Key, HashSet<&'a Key>)> {
        let key = &*object.key;
        let closure = self.closure(object.depends_on.iter().map(|it| &*it.on).filter(|on| *on != key));
        closure.contains(key).then_some((key, closure))
    }
}

/// Whether a constraint is only there because a parent has it, and comes with that.
pub(super) fn comes_with_parent(constraint: &Constraint, is_partition: bool) -> bool {
    constraint.origin == Origin::Inherited && !is_partition && matches!(constraint.kind, ConstraintKind::Check(_))
}
