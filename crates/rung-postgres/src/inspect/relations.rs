//! Tables, views and sequences, their columns, indexes and constraints.

use std::collections::HashMap;
use std::sync::Arc;

use rung_catalog::{
    Body, Column, Constraint, ConstraintKind, ForeignKey, Identity, Index, IndexKey, Key, Kind, NotNull, Object,
    Origin, Persistence, ReplicaIdentity, RowSecurity, Sequence, Table, Timing, Type, Validity, Value, View,
};
use rung_sql::{Syntax, TokenKind, tokens};
use tokio_postgres::SimpleQueryRow;

use super::build::{Builder, FoundIndex, Id, Relation, Slot, Target, class, columns_of};
use super::row::Fields;

impl Builder {
    pub(super) fn relations(&mut self, rows: &[SimpleQueryRow]) {
        for row in rows {
            self.relation(&mut Fields::of(row));
        }
    }

    fn relation(&mut self, f: &mut Fields<'_>) {
        let id: Id = (f.number(), f.number());
        let (schema, name, kind, owner) = (f.str(), f.str(), f.letter(), f.str());
        if self.is_own(schema, name) {
            self.hidden.insert(id);
            return;
        }
        let grants = f.grants(owner);
        let persistence = if f.letter() == 'u' { Persistence::Unlogged } else { Persistence::Permanent };
        let mut options = f.list();
        options.extend(f.list().into_iter().map(|option| format!("toast.{option}")));
        let (tablespace, access_method) = (f.owned(), f.owned());
        let replica_identity = match f.letter() {
            'f' => ReplicaIdentity::Full,
            // Of system catalogs nothing is needed, of tables it was chosen.
            'n' if matches!(kind, 'r' | 'p') => ReplicaIdentity::Nothing,
            _ => ReplicaIdentity::Default,
        };
        let row_security = match (f.flag(), f.flag()) {
            (false, false) => RowSecurity::Off,
            (true, false) => RowSecurity::On,
            (true, true) => RowSecurity::Forced,
            (false, true) => RowSecurity::OffAndForced,
        };
        let (partition_by, bound, of_type) = (f.owned(), f.owned(), f.owned());
        let row_type: u32 = f.number();
        let query = f.sql().unwrap_or_default().trim_end_matches(';').to_owned();
        let (server, server_options) = (f.owned(), f.sorted());
        let (kind, body) = match kind {
            'S' => {
                let data_type = f.text();
                let (start, increment, min, max) = (f.number(), f.number(), f.number(), f.number());
                let (cache, cycle) = (f.number(), f.flag());
                let sequence =
                    Sequence { data_type, start, increment, min, max, cache, cycle, persistence, owned_by: None };
                (Kind::Sequence, Body::Sequence(sequence))
            }
            'v' | 'm' => {
                let materialized = kind == 'm';
                let view = View { materialized, columns: Vec::new(), query, options, tablespace, access_method };
                (Kind::View, Body::View(Box::new(view)))
            }
            'c' => (Kind::Type, Body::Type(Type::Composite { columns: Vec::new() })),
            _ => {
                let table = Table {
                    persistence,
                    partition_by,
                    bound,
                    of_type,
                    options,
                    tablespace,
                    access_method,
                    replica_identity,
                    row_security,
                    server,
                    server_options,
                    ..Table::default()
                };
                (Kind::Table, Body::Table(Box::new(table)))
            }
        };
        let mut object = Object::new(Key::new(kind, Some(schema), name), body);
        object.owner = self.owner(owner);
        object.grants = grants;
        let key = Arc::clone(&object.key);
        let Some(at) = self.add(id, object) else { return };
        // A sequence has no type of its rows, and 0 is what says that a constraint is of no domain.
        if row_type != 0 {
            self.slots.insert((class::TYPE, row_type), Slot { object: at, column: None, target: Target::Object });
        }
        self.relations.insert(id.1, Relation { object: at, key, columns: HashMap::new() });
    }

    pub(super) fn columns(&mut self, rows: &[SimpleQueryRow]) {
        let mut identities = HashMap::new();
        for row in rows {
            self.column(&mut Fields::of(row), &mut identities);
        }
        self.sequences_of_columns(&identities);
    }

    fn column(&mut self, f: &mut Fields<'_>, identities: &mut HashMap<(u32, i16), bool>) {
        let (table, number): (u32, i16) = (f.number(), f.number());
        let Some(relation) = self.relations.get_mut(&table) else { return };
        let (name, data_type) = (f.text(), f.text());
        let not_null = f.flag().then(NotNull::default);
        match f.letter() {
            'a' => _ = identities.insert((table, number), true),
            'd' => _ = identities.insert((table, number), false),
            _ => {}
        }
        let generated = f.letter();
        let origin = origin(f.flag(), f.number());
        let value = match (f.sql(), generated) {
            (None, _) => Value::None,
            (Some(expression), 's') => Value::Stored(expression),
            (Some(expression), 'v') => Value::Virtual(expression),
            (Some(expression), _) => Value::Default(expression),
        };
        let collation = f.owned();
        let storage = f.option().and_then(|letter| match letter {
            "p" => Some("PLAIN"),
            "e" => Some("EXTERNAL"),
            "x" => Some("EXTENDED"),
            "m" => Some("MAIN"),
            _ => None,
        });
        let compression = f.option().and_then(|letter| match letter {
            "p" => Some("pglz"),
            "l" => Some("lz4"),
            _ => None,
        });
        let (statistics, options, server_options) = (f.maybe(), f.list(), f.sorted());
        let owner = f.str();
        let grants = f.grants(owner);
        relation.columns.insert(number, name.clone());
        if let Some(default) = f.maybe::<u32>() {
            let slot = Slot { object: relation.object, column: Some(name.clone()), target: Target::Part };
            self.slots.insert((class::ATTRDEF, default), slot);
        }
        if let Some(columns) = columns_of(&mut self.objects[relation.object].body) {
            columns.push(Column {
                name,
                data_type,
                collation,
                not_null,
                value,
                origin,
                storage: storage.map(str::to_owned),
                compression: compression.map(str::to_owned),
                statistics,
                options,
                server_options,
                comment: None,
                grants,
                labels: Vec::new(),
            });
        }
    }

    /// Which sequences go away with a column; an identity column's is a part of it.
    fn sequences_of_columns(&mut self, identities: &HashMap<(u32, i16), bool>) {
        let edges: Vec<_> = self.edges.iter().filter_map(super::build::Edge::as_ownership).collect();
        for (sequence, table, number, is_part) in edges {
            let (Some(from), Some(to)) = (self.relations.get(&sequence), self.relations.get(&table)) else { continue };
            let (at, to_at) = (from.object, to.object);
            let Some(name) = to.columns.get(&number).cloned() else { continue };
            let key = Arc::clone(&to.key);
            let Body::Sequence(sequence) = &mut self.objects[at].body else { continue };
            let Some(always) = identities.get(&(table, number)).filter(|_| is_part) else {
                sequence.owned_by = Some((key, name));
                continue;
            };
            let sequence = sequence.clone();
            let name_of = self.objects[at].key.name.clone();
            let grants = std::mem::take(&mut self.objects[at].grants);
            let identity = Identity { always: *always, name: name_of, sequence, comment: None, grants };
            self.gone.insert(at);
            let slots = self.slots.values_mut().filter(|slot| slot.object == at);
            slots.for_each(|slot| *slot = Slot { object: to_at, column: Some(name.clone()), target: Target::Sequence });
            let column =
                columns_of(&mut self.objects[to_at].body).and_then(|all| all.iter_mut().find(|it| it.name == name));
            if let Some(column) = column {
                column.value = Value::Identity(Box::new(identity));
            }
        }
    }

    pub(super) fn index_columns(&mut self, rows: &[SimpleQueryRow]) {
        for row in rows {
            let mut f = Fields::of(row);
            self.index_statistics.entry(f.number()).or_default().push((f.number(), f.number()));
        }
    }

    pub(super) fn indexes(&mut self, rows: &[SimpleQueryRow]) {
        for row in rows {
            let mut f = Fields::of(row);
            let (class, id, table): (u32, u32, u32) = (f.number(), f.number(), f.number());
            let Some(relation) = self.relations.get(&table) else { continue };
            let (schema, name) = (f.text(), f.text());
            let (unique, valid, clustered, replica_identity, partitioned) =
                (f.flag(), f.flag(), f.flag(), f.flag(), f.flag());
            let (options, tablespace) = (f.list(), f.owned());
            let (numbers, keys): (Vec<i16>, usize) = (f.numbers(), f.number());
            let (method, directions, nulls_not_distinct) = (f.text(), f.numbers(), f.flag());
            let column = |number: &i16| relation.columns.get(number).cloned();
            let text = match f.sql() {
                Some(definition) => parse_index(&definition),
                None => IndexText {
                    keys: numbers.iter().zip(directions).filter_map(|(n, d)| Some(index_key(&column(n)?, d))).collect(),
                    predicate: None,
                },
            };
            let keys = text.keys.into_iter().zip(&numbers[..keys.min(numbers.len())]);
            let index = Index {
                table: Some(Arc::clone(&relation.key)),
                method,
                unique,
                nulls_not_distinct,
                include: numbers.iter().skip(keys.len()).filter_map(column).collect(),
                keys: keys.map(|(sql, number)| IndexKey { column: column(number), sql }).collect(),
                predicate: text.predicate,
                options,
                tablespace,
                valid,
                clustered,
                // Whether it has the parts that it should have is not its own business.
                on_only: partitioned,
                parent: None,
                statistics: self.index_statistics.remove(&id).unwrap_or_default(),
                definition: None,
            };
            if replica_identity && let Body::Table(table) = &mut self.objects[relation.object].body {
                table.replica_identity = ReplicaIdentity::Index(name.clone());
            }
            self.indexes.insert(id, FoundIndex { class, schema, name, index });
        }
    }

    pub(super) fn inherits(&mut self, rows: &[SimpleQueryRow]) {
        for row in rows {
            let mut f = Fields::of(row);
            let (child, parent): (u32, u32) = (f.number(), f.number());
            let parent_index = self.indexes.get(&parent).map(|index| index.name.clone());
            if let Some(index) = self.indexes.get_mut(&child) {
                index.index.parent = parent_index;
            }
            let (Some(child), Some(parent)) = (self.relations.get(&child), self.relations.get(&parent)) else {
                continue;
            };
            let parent = Arc::clone(&parent.key);
            if let Body::Table(table) = &mut self.objects[child.object].body {
                table.inherits.push(parent);
            }
        }
    }

    pub(super) fn constraints(&mut self, rows: &[SimpleQueryRow]) {
        for row in rows {
            self.constraint(&mut Fields::of(row));
        }
        // Those that are left are no constraint's.
        for (id, found) in std::mem::take(&mut self.indexes) {
            let key = Key::new(Kind::Index, Some(&found.schema), found.name);
            self.add((found.class, id), Object::new(key, Body::Index(Box::new(found.index))));
        }
    }

    fn constraint(&mut self, f: &mut Fields<'_>) {
        let id: Id = (f.number(), f.number());
        let name = f.text();
        let (table, domain): (u32, u32) = (f.number(), f.number());
        let kind = f.letter();
        let timing = match (f.flag(), f.flag()) {
            (false, _) => Timing::NotDeferrable,
            (true, false) => Timing::Deferrable,
            (true, true) => Timing::Deferred,
        };
        let validity = match (f.flag(), f.flag()) {
            (_, false) => Validity::NotEnforced,
            (true, true) => Validity::Valid,
            (false, true) => Validity::NotValid,
        };
        let origin = origin(f.flag(), f.number());
        let (no_inherit, parent, index): (bool, u32, u32) = (f.flag(), f.number(), f.number());
        let numbers = f.numbers();
        let (other, other_numbers): (u32, Vec<i16>) = (f.number(), f.numbers());
        let (on_update, on_delete, matching) = (f.letter(), f.letter(), f.letter());
        let (set, period) = (f.numbers(), f.flag());
        let expression = f.sql().unwrap_or_default();
        if kind == 'n' {
            let not_null = NotNull { name: Some(name), no_inherit, validity, origin, comment: None };
            return self.not_null(id, table, domain, numbers.first().copied(), not_null);
        }
        let names = |table: u32, numbers: &[i16]| -> Vec<String> {
            let relation = self.relations.get(&table);
            relation
                .map(|it| numbers.iter().filter_map(|number| it.columns.get(number).cloned()).collect())
                .unwrap_or_default()
        };
        let columns = names(table, &numbers);
        let kind = match kind {
            'p' => ConstraintKind::PrimaryKey { columns, without_overlaps: period },
            'u' => ConstraintKind::Unique { columns, without_overlaps: period },
            'c' => ConstraintKind::Check(expression),
            'x' => ConstraintKind::Exclude(parse_exclusion(&expression)),
            // A part of the one of a partitioned table.
            'f' if parent != 0 => return,
            'f' => {
                let Some(to) = self.relations.get(&other) else { return };
                let set = names(table, &set);
                let set = if set.is_empty() { String::new() } else { format!(" ({})", crate::name::list(&set)) };
                ConstraintKind::Foreign(Box::new(ForeignKey {
                    columns,
                    table: Arc::clone(&to.key),
                    references: names(other, &other_numbers),
                    period,
                    matching: match matching {
                        'f' => Some("FULL".to_owned()),
                        'p' => Some("PARTIAL".to_owned()),
                        _ => None,
                    },
                    on_update: action(on_update).map(str::to_owned),
                    on_delete: action(on_delete).map(|action| format!("{action}{set}")),
                }))
            }
            _ => return,
        };
        let of = match (self.relations.get(&table), self.slots.get(&(class::TYPE, domain))) {
            (Some(relation), _) => Arc::clone(&relation.key),
            (None, Some(slot)) => Arc::clone(&self.objects[slot.object].key),
            (None, None) => return,
        };
        let is_own_index = matches!(
            kind,
            ConstraintKind::PrimaryKey { .. } | ConstraintKind::Unique { .. } | ConstraintKind::Exclude(_)
        );
        let found = if is_own_index { self.indexes.remove(&index) } else { None };
        let found_class = found.as_ref().map(|found| found.class);
        // Of keys it says whether partitions had it first, which is nothing to anybody.
        let no_inherit = no_inherit && matches!(kind, ConstraintKind::Check(_));
        let constraint = Constraint {
            kind,
            timing,
            validity,
            no_inherit,
            origin,
            index: found.map(|found| Box::new(found.index)),
            index_comment: None,
        };
        let key = Key::new(Kind::Constraint, of.schema.as_deref(), name).of(of.name.clone());
        if let (Some(at), Some(class)) =
            (self.add(id, Object::new(key, Body::Constraint(Box::new(constraint)))), found_class)
        {
            self.slots.insert((class, index), Slot { object: at, column: None, target: Target::Index });
        }
    }

    /// From 18 on (17 for domains) NOT NULL is a constraint as well, with a name.
    fn not_null(&mut self, id: Id, table: u32, domain: u32, number: Option<i16>, mut not_null: NotNull) {
        let target = Target::NotNull;
        if let Some(relation) = self.relations.get(&table) {
            let Some(name) = number.and_then(|number| relation.columns.get(&number)) else { return };
            let usual = format!("{}_{name}_not_null", relation.key.name);
            if not_null.name.as_ref() == Some(&usual) {
                not_null.name = None;
            }
            let columns = columns_of(&mut self.objects[relation.object].body);
            if let Some(column) = columns.and_then(|columns| columns.iter_mut().find(|it| it.name == *name)) {
                column.not_null = Some(not_null);
            }
            self.slots.insert(id, Slot { object: relation.object, column: Some(name.clone()), target });
        } else if let Some(slot) = self.slots.get(&(class::TYPE, domain)) {
            let object = slot.object;
            let usual = format!("{}_not_null", self.objects[object].key.name);
            if not_null.name.as_ref() == Some(&usual) {
                not_null.name = None;
            }
            if let Body::Type(Type::Domain { not_null: place, .. }) = &mut self.objects[object].body {
                *place = Some(not_null);
            }
            self.slots.insert(id, Slot { object, column: None, target });
        }
    }
}

fn origin(is_local: bool, parents: u32) -> Origin {
    match (is_local, parents) {
        (_, 0) => Origin::Local,
        (true, _) => Origin::Both,
        (false, _) => Origin::Inherited,
    }
}

fn action(letter: char) -> Option<&'static str> {
    match letter {
        'r' => Some("RESTRICT"),
        'c' => Some("CASCADE"),
        'n' => Some("SET NULL"),
        'd' => Some("SET DEFAULT"),
        _ => None,
    }
}

/// A column as the key of an index that has nothing else to say of it; `direction` is its `indoption`
/// (src/include/catalog/pg_index.h).
fn index_key(column: &str, direction: i16) -> String {
    let order = match direction & 0b11 {
        0b01 => " DESC NULLS LAST",
        0b10 => " NULLS FIRST",
        0b11 => " DESC",
        _ => "",
    };
    crate::name::quoted(column) + order
}

/// What only pg_get_indexdef tells.
#[derive(Debug, Default, PartialEq, Eq)]
struct IndexText {
    keys: Vec<String>,
    predicate: Option<String>,
}

/// Reads `CREATE INDEX i ON s.t USING btree (a, lower(b) DESC) INCLUDE (c) NULLS NOT DISTINCT WITH (..) WHERE (...)`.
fn parse_index(text: &str) -> IndexText {
    let mut found = IndexText::default();
    let mut tokens = tokens(text, &Syntax::POSTGRES).filter(|token| !token.kind.is_trivia());
    let is = |token: &rung_sql::Token, word: &str| token.kind == TokenKind::Word && text[token.span.range()] == *word;
    if !tokens.by_ref().any(|token| is(&token, "USING")) {
        return found;
    }
    let _method = tokens.next();
    let (mut depth, mut start, mut at_keys) = (0_usize, 0, true);
    for token in tokens {
        match &text[token.span.range()] {
            "(" | "[" => {
                depth += 1;
                if depth == 1 {
                    start = token.span.end;
                }
            }
            punct @ (")" | "]" | ",") if at_keys && depth == 1 => {
                found.keys.push(text[start..token.span.start].trim().to_owned());
                start = token.span.end;
                if punct != "," {
                    (depth, at_keys) = (0, false);
                }
            }
            ")" | "]" => depth = depth.saturating_sub(1),
            "WHERE" if depth == 0 && token.kind == TokenKind::Word => {
                found.predicate = Some(text[token.span.end..].trim().to_owned());
                break;
            }
            _ => {}
        }
    }
    found
}

/// What is between `EXCLUDE` and what is told apart: when it is checked.
fn parse_exclusion(definition: &str) -> String {
    let text = definition.strip_prefix("EXCLUDE ").unwrap_or(definition);
    let text = text.strip_suffix(" INITIALLY DEFERRED").unwrap_or(text);
    text.strip_suffix(" DEFERRABLE").unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_are_read_as_the_server_writes_them() {
        let text = parse_index("CREATE INDEX i ON public.t USING btree (a)");
        assert_eq!(text, IndexText { keys: vec!["a".into()], predicate: None });
        let text = parse_index(
            "CREATE UNIQUE INDEX \"USING (\" ON ONLY s.\"t,\" USING gist (lower((b || ','::text)) COLLATE \"C\" DESC, \
             \"x,y\" gist_ops (siglen='10'), ((a)[1])) INCLUDE (c, d) NULLS NOT DISTINCT WITH (fillfactor='70') WHERE (a > 0)",
        );
        assert_eq!(
            text.keys,
            ["lower((b || ','::text)) COLLATE \"C\" DESC", "\"x,y\" gist_ops (siglen='10')", "((a)[1])"]
        );
        assert_eq!(text.predicate.as_deref(), Some("(a > 0)"));
    }

    #[test]
    fn a_column_is_a_key_as_the_server_would_write_it() {
        let keys = [0, 1, 2, 3].map(|direction| index_key("At", direction));
        assert_eq!(keys, ["\"At\"", "\"At\" DESC NULLS LAST", "\"At\" NULLS FIRST", "\"At\" DESC"]);
    }

    #[test]
    fn exclusions_lose_what_is_kept_apart() {
        assert_eq!(
            parse_exclusion("EXCLUDE USING gist (c WITH &&) DEFERRABLE INITIALLY DEFERRED"),
            "USING gist (c WITH &&)"
        );
        assert_eq!(parse_exclusion("EXCLUDE USING gist (c WITH &&)"), "USING gist (c WITH &&)");
    }
}
