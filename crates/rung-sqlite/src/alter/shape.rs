//! What a `CREATE TABLE` says, in a form in which tables that are the same are equal however they were typed.

use std::collections::HashMap;

use rung_catalog::Timing;

use super::names::Names;
use crate::cursor::Cursor;

/// A table. Column order does not count, nor whether a constraint stands with its column.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    /// In small letters.
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    pub(super) constraints: Vec<Constraint>,
    /// `strict`, `without rowid`; sorted.
    pub(super) options: Vec<String>,
    pub(super) autoincrement: bool,
}

/// A column.
#[derive(Debug, Clone, Default)]
pub(super) struct Column {
    /// In small letters.
    pub(super) name: String,
    /// As it was typed, without its quotes.
    pub(super) typed: String,
    /// In small letters, one blank between words.
    pub(super) data_type: String,
    /// `NOT NULL`, and what is done about it.
    pub(super) not_null: Option<String>,
    /// Its default, parentheses around it left out.
    pub(super) default: Option<String>,
    /// Whether the default was in parentheses.
    pub(super) default_is_expression: bool,
    pub(super) collation: Option<String>,
    pub(super) generated: Option<Generated>,
    /// The whole definition as it was typed.
    pub(super) text: String,
}

/// How a generated column is computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Generated {
    pub(super) expression: String,
    pub(super) stored: bool,
}

/// A constraint.
#[derive(Debug, Clone)]
pub(super) struct Constraint {
    pub(super) kind: Kind,
    /// All of it, name included.
    pub(super) says: String,
    /// The columns that it is on; those of a check are not told apart from other words.
    pub(super) columns: Vec<String>,
    /// The column that it stands with.
    pub(super) with: Option<String>,
}

/// What kind of constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    PrimaryKey,
    Unique,
    Check,
    /// With the other table.
    Foreign(String),
}

impl Column {
    /// Whether two are the same, their places and their constraints apart.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.name == other.name
            && self.data_type == other.data_type
            && self.not_null == other.not_null
            && self.default == other.default
            && self.collation == other.collation
            && self.generated == other.generated
    }
}

impl Shape {
    /// Reads a `CREATE TABLE`, names changed as `names` says.
    pub(super) fn of(sql: &str, names: &Names) -> Self {
        let mut all = Cursor::of(sql);
        let mut shape = Self::default();
        while all.peek().is_some() && all.word().as_deref() != Some("TABLE") {
            all.step();
        }
        all.step();
        shape.name = names.table(&all.name().unwrap_or_default());
        let Some(body) = all.parenthesised() else { return shape };
        for part in body.parts() {
            shape.part(part, names);
        }
        while let Some(word) = all.next_word() {
            match word.as_str() {
                "STRICT" => shape.options.push("strict".to_owned()),
                "WITHOUT" => shape.options.push("without rowid".to_owned()),
                _ => {}
            }
        }
        shape.options.sort();
        shape
    }

    /// Whether two are the same.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let constraints = |shape: &Self| {
            let mut says: Vec<String> = shape.constraints.iter().map(|it| it.says.clone()).collect();
            says.sort();
            // What is said twice holds once.
            says.dedup();
            says
        };
        self.name == other.name
            && self.options == other.options
            && self.columns.len() == other.columns.len()
            && self.columns.iter().all(|column| other.column(&column.name).is_some_and(|it| it.is_same(column)))
            && constraints(self) == constraints(other)
    }

    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Leaves out of its foreign keys the columns of the other table where they are its primary key, as it is meant where
    /// nothing is said.
    pub(super) fn leave_keys_out(&mut self, keys: &HashMap<String, String>) {
        for constraint in &mut self.constraints {
            let Kind::Foreign(table) = &constraint.kind else { continue };
            let Some(key) = keys.get(table) else { continue };
            let said = format!(" references {table} ({key})");
            if let Some(at) = constraint.says.find(&said) {
                constraint.says.replace_range(at..at + said.len(), &format!(" references {table}"));
            }
        }
    }

    /// The columns of its primary key, as a foreign key says them.
    pub(super) fn primary_key(&self) -> Option<String> {
        let key = self.constraints.iter().find(|constraint| constraint.kind == Kind::PrimaryKey)?;
        Some(key.columns.join(", "))
    }

    /// Whether its rows have no number of their own.
    pub(super) fn is_without_rowid(&self) -> bool {
        self.options.iter().any(|option| option == "without rowid")
    }

    /// The column that is the number of the row.
    pub(super) fn rowid_alias(&self) -> Option<&Column> {
        let key = self.constraints.iter().find(|constraint| constraint.kind == Kind::PrimaryKey)?;
        let [column] = key.columns.as_slice() else { return None };
        let column = self.column(column)?;
        let is_quirk = key.with.is_some() && key.says.ends_with("desc)");
        (column.data_type == "integer" && !self.is_without_rowid() && !is_quirk).then_some(column)
    }

    /// The other tables of its foreign keys.
    pub(super) fn references(&self) -> impl Iterator<Item = &str> {
        self.constraints.iter().filter_map(|constraint| match &constraint.kind {
            Kind::Foreign(table) => Some(table.as_str()),
            _ => None,
        })
    }

    fn part(&mut self, mut part: Cursor<'_>, names: &Names) {
        let is_constraint =
            matches!(part.word().as_deref(), Some("CONSTRAINT" | "PRIMARY" | "UNIQUE" | "CHECK" | "FOREIGN"));
        if is_constraint {
            let mut nameless = None;
            return self.clauses(part, &mut nameless, names);
        }
        let text = part.text();
        let Some(typed) = part.name() else { return };
        let before = part.clone();
        while part.peek().is_some() && !begins_clause(&part) {
            part.step();
        }
        let data_type = part
            .since(&before)
            .normal(&|_, _| None)
            .replace(" (", "(")
            .replace("( ", "(")
            .replace(" )", ")")
            .replace(" ,", ",");
        let name = names.column(&self.name, &typed);
        let mut column = Some(Column { name, typed, data_type, text, ..Column::default() });
        self.clauses(part, &mut column, names);
        self.columns.extend(column);
    }

    fn clauses(&mut self, mut part: Cursor<'_>, column: &mut Option<Column>, names: &Names) {
        let mut named = String::new();
        let own = self.name.clone();
        let renamed = |name: &str, qualifies: bool| {
            if qualifies { names.new_table(name).cloned() } else { names.new_column(&own, name).cloned() }
        };
        let expression = |cursor: &Cursor<'_>| without_parentheses(cursor).normal(&renamed);
        while let Some(word) = part.step() {
            let name = std::mem::take(&mut named);
            let with = column.as_ref().map(|column| column.name.clone());
            let mut constraint = |kind: Kind, what: String, columns: Vec<String>| {
                let says = format!("{name}{what}");
                self.constraints.push(Constraint { kind, says, columns, with: with.clone() });
            };
            match word.as_str() {
                "CONSTRAINT" => {
                    named = part
                        .name()
                        .map_or_else(String::new, |name| format!("constraint {} ", name.to_ascii_lowercase()));
                }
                "PRIMARY" | "UNIQUE" => {
                    let is_key = word == "PRIMARY";
                    if is_key {
                        part.step();
                    }
                    let listed = match &with {
                        Some(with) => {
                            let is_descending = part.word().as_deref() == Some("DESC");
                            if matches!(part.word().as_deref(), Some("ASC" | "DESC")) {
                                part.step();
                            }
                            // With the column, DESC keeps it from being the number of the row; by itself it does not.
                            format!(
                                "{}{with}{}",
                                if is_descending { "column " } else { "" },
                                if is_descending { " desc" } else { "" }
                            )
                        }
                        None => {
                            let list = part.parenthesised();
                            let terms = list.iter().flat_map(|list| list.clone().parts()).map(|term| {
                                let term = term.normal(&renamed);
                                term.strip_suffix(" asc").unwrap_or(&term).to_owned()
                            });
                            terms.collect::<Vec<_>>().join(", ")
                        }
                    };
                    let columns = match &with {
                        Some(with) => vec![with.clone()],
                        None => listed
                            .split(", ")
                            .map(|term| term.split(' ').next().unwrap_or_default().to_owned())
                            .collect(),
                    };
                    let conflict = conflict(&mut part);
                    if part.word().as_deref() == Some("AUTOINCREMENT") {
                        part.step();
                        self.autoincrement = true;
                    }
                    let (kind, what) =
                        if is_key { (Kind::PrimaryKey, "primary key") } else { (Kind::Unique, "unique") };
                    let auto = if is_key && self.autoincrement { " autoincrement" } else { "" };
                    let says = format!("{name}{what} ({listed}){conflict}{auto}");
                    self.constraints.push(Constraint { kind, says, columns, with });
                }
                "CHECK" => {
                    let Some(inner) = part.parenthesised() else { continue };
                    let columns =
                        crate::cursor::names(&inner.text()).map(|name| names.column(&self.name, &name)).collect();
                    // It is accepted, and heeded by nobody.
                    conflict(&mut part);
                    constraint(Kind::Check, format!("check ({})", expression(&inner)), columns);
                }
                "FOREIGN" | "REFERENCES" => {
                    let columns = match &with {
                        Some(with) => vec![with.clone()],
                        None => {
                            part.step();
                            let columns = part.columns();
                            part.step();
                            columns.iter().map(|column| names.column(&self.name, column)).collect()
                        }
                    };
                    let key = part.foreign_key(columns.clone());
                    let table = names.table(&key.table.name);
                    let references: Vec<String> = key.references.iter().map(|it| names.column(&table, it)).collect();
                    let mut what = format!("foreign key ({}) references {table}", columns.join(", "));
                    if !references.is_empty() {
                        what.push_str(&format!(" ({})", references.join(", ")));
                    }
                    for (on, action) in [("delete", &key.on_delete), ("update", &key.on_update)] {
                        if let Some(action) = action {
                            what.push_str(&format!(" on {on} {}", action.to_ascii_lowercase()));
                        }
                    }
                    if let Some(matching) = &key.matching {
                        what.push_str(&format!(" match {}", matching.to_ascii_lowercase()));
                    }
                    match part.timing() {
                        Timing::NotDeferrable => {}
                        Timing::Deferrable => what.push_str(" deferrable"),
                        Timing::Deferred => what.push_str(" deferrable initially deferred"),
                    }
                    constraint(Kind::Foreign(table), what, columns);
                }
                "NOT" => {
                    part.step();
                    let says = format!("{name}not null{}", conflict(&mut part));
                    if let Some(column) = column {
                        column.not_null = Some(says);
                    }
                }
                "NULL" => {
                    conflict(&mut part);
                }
                "COLLATE" => {
                    let collation = part.name().map(|name| name.to_ascii_lowercase()).filter(|name| name != "binary");
                    if let Some(column) = column {
                        column.collation = collation;
                    }
                }
                "DEFAULT" => {
                    let before = part.clone();
                    let is_expression = part.is_punct("(");
                    let default = if is_expression {
                        part.parenthesised().map(|inner| expression(&inner))
                    } else {
                        if part.is_punct("-") || part.is_punct("+") {
                            part.step();
                        }
                        part.step();
                        Some(part.since(&before).normal(&|_, _| None))
                    };
                    if let Some(column) = column {
                        column.default = default.filter(|default| default != "null");
                        column.default_is_expression = is_expression;
                    }
                }
                "AS" => {
                    let Some(inner) = part.parenthesised() else { continue };
                    let stored = part.word().as_deref() == Some("STORED");
                    if let Some(column) = column {
                        column.generated = Some(Generated { expression: expression(&inner), stored });
                    }
                }
                // GENERATED ALWAYS, STORED, VIRTUAL.
                _ => {}
            }
        }
    }
}

/// Whether what comes next is no part of a column's type.
fn begins_clause(part: &Cursor<'_>) -> bool {
    const CLAUSES: [&str; 10] =
        ["CONSTRAINT", "PRIMARY", "NOT", "NULL", "UNIQUE", "CHECK", "DEFAULT", "COLLATE", "REFERENCES", "AS"];
    part.word().is_some_and(|word| CLAUSES.contains(&word.as_str()) || word == "GENERATED")
}

/// `ON CONFLICT ...`, where that comes next and is not what holds anyway.
fn conflict(part: &mut Cursor<'_>) -> String {
    if part.word().as_deref() != Some("ON") {
        return String::new();
    }
    part.step();
    part.step();
    match part.step().unwrap_or_default().to_ascii_lowercase().as_str() {
        "abort" => String::new(),
        other => format!(" on conflict {other}"),
    }
}

/// An expression without the parentheses around all of it.
fn without_parentheses<'a>(cursor: &Cursor<'a>) -> Cursor<'a> {
    let mut inner = cursor.clone();
    match inner.parenthesised() {
        Some(within) if inner.peek().is_none() => without_parentheses(&within),
        _ => cursor.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(one: &str, other: &str) -> bool {
        Shape::of(one, &Names::default()).is_same(&Shape::of(other, &Names::default()))
    }

    #[test]
    fn tables_are_the_same_however_they_were_typed() {
        for (one, other) in [
            (
                "CREATE TABLE t (a INT, b TEXT)",
                "create table \"T\" (\n  `b` text, -- one\n  [a] int NULL DEFAULT NULL\n)",
            ),
            ("CREATE TABLE t (a INT UNIQUE)", "CREATE TABLE t (a INT, UNIQUE (a ASC))"),
            ("CREATE TABLE t (a INT CHECK (a > 0))", "CREATE TABLE t (a INT, CHECK (( \"a\">0 )))"),
            ("CREATE TABLE t (id INTEGER PRIMARY KEY)", "CREATE TABLE t (id integer, PRIMARY KEY (id))"),
            (
                "CREATE TABLE t (a REFERENCES p(id))",
                "CREATE TABLE t (a, FOREIGN KEY (a) REFERENCES p (id) ON DELETE NO ACTION)",
            ),
            ("CREATE TABLE t (a DEFAULT 1, b NUMERIC( 10,2 ))", "CREATE TABLE t (a DEFAULT (1), b NUMERIC(10, 2))"),
            (
                "CREATE TABLE t (a PRIMARY KEY) STRICT, WITHOUT ROWID",
                "CREATE TABLE t (a PRIMARY KEY) without rowid, strict",
            ),
        ] {
            assert!(same(one, other), "{one}\n{other}");
        }
    }

    #[test]
    fn tables_differ_in_all_that_counts() {
        for (one, other) in [
            ("CREATE TABLE t (a INT)", "CREATE TABLE t (a INTEGER)"),
            ("CREATE TABLE t (a INT)", "CREATE TABLE t (a INT NOT NULL)"),
            ("CREATE TABLE t (a INT NOT NULL)", "CREATE TABLE t (a INT NOT NULL ON CONFLICT IGNORE)"),
            ("CREATE TABLE t (a DEFAULT 'X')", "CREATE TABLE t (a DEFAULT 'x')"),
            ("CREATE TABLE t (a DEFAULT true)", "CREATE TABLE t (a DEFAULT \"true\")"),
            ("CREATE TABLE t (a INT UNIQUE)", "CREATE TABLE t (a INT)"),
            ("CREATE TABLE t (a COLLATE NOCASE)", "CREATE TABLE t (a)"),
            ("CREATE TABLE t (a, b AS (a))", "CREATE TABLE t (a, b AS (a) STORED)"),
            ("CREATE TABLE t (id INTEGER PRIMARY KEY)", "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)"),
            ("CREATE TABLE t (id INTEGER PRIMARY KEY DESC)", "CREATE TABLE t (id INTEGER, PRIMARY KEY (id DESC))"),
            ("CREATE TABLE t (a REFERENCES p)", "CREATE TABLE t (a REFERENCES p ON DELETE CASCADE)"),
            ("CREATE TABLE t (a REFERENCES p)", "CREATE TABLE t (a REFERENCES p DEFERRABLE INITIALLY DEFERRED)"),
            ("CREATE TABLE t (a INT)", "CREATE TABLE t (a INT) STRICT"),
            ("CREATE TABLE t (a, CONSTRAINT one CHECK (a))", "CREATE TABLE t (a, CONSTRAINT two CHECK (a))"),
        ] {
            assert!(!same(one, other), "{one}\n{other}");
        }
    }

    #[test]
    fn the_number_of_a_row_has_a_name() {
        let alias = |sql: &str| Shape::of(sql, &Names::default()).rowid_alias().map(|column| column.name.clone());
        assert_eq!(alias("CREATE TABLE t (ID INTEGER PRIMARY KEY)").as_deref(), Some("id"));
        assert_eq!(alias("CREATE TABLE t (id INTEGER, PRIMARY KEY (id DESC))").as_deref(), Some("id"));
        for none in [
            "(id INT PRIMARY KEY)",
            "(id INTEGER PRIMARY KEY DESC)",
            "(id INTEGER PRIMARY KEY) WITHOUT ROWID",
            "(a INTEGER, b, PRIMARY KEY (a, b))",
        ] {
            assert_eq!(alias(&format!("CREATE TABLE t {none}")), None, "{none}");
        }
    }
}
