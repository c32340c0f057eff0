//! Reading the statements that SQLite keeps, by their tokens: what no pragma tells. They compiled once, so that what
//! can't be read here is no error; the statement itself is what a dump writes.

use std::sync::Arc;

use rung_catalog::{Constraint, ConstraintKind, ForeignKey, Key, Kind, Origin, Timing, Validity};

use crate::cursor::Cursor;

/// What a `CREATE TABLE` says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Definition {
    pub(super) columns: Vec<SaidColumn>,
    /// Those of columns too, each with its name, or with what it says where it has none.
    pub(super) constraints: Vec<(String, Constraint)>,
    /// `STRICT`, `WITHOUT ROWID`.
    pub(super) options: Vec<String>,
}

/// What of a column no pragma tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct SaidColumn {
    pub(super) name: String,
    pub(super) collation: Option<String>,
    /// The expression of a generated column, without its parentheses.
    pub(super) generated: Option<String>,
}

impl Definition {
    /// Reads a `CREATE TABLE`.
    pub(super) fn of(sql: &str) -> Self {
        let mut all = Cursor::of(sql);
        let mut definition = Self::default();
        all.until(|cursor| cursor.is_punct("("));
        let Some(body) = all.parenthesised() else { return definition };
        for part in body.parts() {
            definition.part(part);
        }
        while let Some(word) = all.next_word() {
            match word.as_str() {
                "STRICT" => definition.options.push("STRICT".to_owned()),
                "WITHOUT" => definition.options.push("WITHOUT ROWID".to_owned()),
                _ => {}
            }
        }
        definition.options.sort();
        definition
    }

    fn part(&mut self, mut part: Cursor<'_>) {
        let is_table_constraint =
            matches!(part.word().as_deref(), Some("CONSTRAINT" | "PRIMARY" | "UNIQUE" | "CHECK" | "FOREIGN"));
        if is_table_constraint {
            return self.constraints_in(part, None);
        }
        let Some(name) = part.name() else { return };
        self.columns.push(SaidColumn { name: name.clone(), ..SaidColumn::default() });
        self.constraints_in(part, Some(&name));
    }

    /// Reads constraints one after the other, and what else is said of a column.
    fn constraints_in(&mut self, mut part: Cursor<'_>, column: Option<&str>) {
        let mut name: Option<String> = None;
        let here: Vec<String> = column.map(str::to_owned).into_iter().collect();
        while let Some(word) = part.step() {
            let listed = |part: &mut Cursor<'_>| {
                if column.is_some() { here.clone() } else { part.columns() }
            };
            let kind = match word.as_str() {
                "CONSTRAINT" => {
                    name = part.name();
                    continue;
                }
                "PRIMARY" => {
                    part.step();
                    ConstraintKind::PrimaryKey { columns: listed(&mut part), without_overlaps: false }
                }
                "UNIQUE" => ConstraintKind::Unique { columns: listed(&mut part), without_overlaps: false },
                "CHECK" => match part.parenthesised() {
                    Some(inner) => ConstraintKind::Check(inner.text()),
                    None => continue,
                },
                "FOREIGN" => {
                    part.step();
                    let columns = part.columns();
                    part.step();
                    ConstraintKind::Foreign(Box::new(part.foreign_key(columns)))
                }
                "REFERENCES" => ConstraintKind::Foreign(Box::new(part.foreign_key(here.clone()))),
                "COLLATE" => {
                    let collation = part.name();
                    self.last().collation = collation;
                    continue;
                }
                "AS" => {
                    self.last().generated = part.parenthesised().map(|inner| inner.text());
                    continue;
                }
                // Its expression is not ours to look into.
                "DEFAULT" => {
                    if part.is_punct("(") {
                        part.parenthesised();
                    }
                    continue;
                }
                _ => continue,
            };
            let timing = part.timing();
            let constraint = Constraint {
                kind,
                timing,
                validity: Validity::Valid,
                no_inherit: false,
                origin: Origin::Local,
                index: None,
                index_comment: None,
            };
            let name = name.take().unwrap_or_else(|| described(&constraint.kind));
            self.constraints.push((name, constraint));
        }
    }

    fn last(&mut self) -> &mut SaidColumn {
        if self.columns.is_empty() {
            self.columns.push(SaidColumn::default());
        }
        let last = self.columns.len() - 1;
        &mut self.columns[last]
    }
}

/// What a constraint without a name is called.
fn described(kind: &ConstraintKind) -> String {
    match kind {
        ConstraintKind::PrimaryKey { .. } => "PRIMARY KEY".to_owned(),
        ConstraintKind::Unique { columns, .. } => format!("UNIQUE ({})", columns.join(", ")),
        ConstraintKind::Check(condition) => {
            format!("CHECK ({})", condition.split_whitespace().collect::<Vec<_>>().join(" "))
        }
        ConstraintKind::Exclude(of) => of.clone(),
        ConstraintKind::Foreign(foreign) => {
            format!("FOREIGN KEY ({}) REFERENCES {}", foreign.columns.join(", "), foreign.table.name)
        }
    }
}

/// The module of a `CREATE VIRTUAL TABLE`.
pub(super) fn module(sql: &str) -> Option<String> {
    let mut cursor = Cursor::of(sql);
    cursor.until(|cursor| cursor.word().as_deref() == Some("USING"));
    cursor.step();
    cursor.name()
}

/// The terms of a `CREATE INDEX` as they were typed, and its condition.
pub(super) fn index(sql: &str) -> (Vec<String>, Option<String>) {
    let mut cursor = Cursor::of(sql);
    cursor.until(|cursor| cursor.word().as_deref() == Some("ON"));
    cursor.until(|cursor| cursor.is_punct("("));
    let terms = cursor.parenthesised().map(|body| body.parts().map(|part| part.text()).collect());
    let is_partial = cursor.step().as_deref() == Some("WHERE");
    (terms.unwrap_or_default(), is_partial.then(|| cursor.text()))
}

impl Cursor<'_> {
    /// What follows `REFERENCES`.
    pub(crate) fn foreign_key(&mut self, columns: Vec<String>) -> ForeignKey {
        let table = Arc::new(Key::new(Kind::Table, None, self.name().unwrap_or_default()));
        let references = self.columns();
        let mut foreign =
            ForeignKey { columns, table, references, period: false, matching: None, on_update: None, on_delete: None };
        loop {
            match self.word().as_deref() {
                Some("ON") => {
                    self.step();
                    let which = self.step();
                    let first = self.step().unwrap_or_default();
                    let action = match first.as_str() {
                        "SET" | "NO" => format!("{first} {}", self.step().unwrap_or_default()),
                        _ => first,
                    };
                    let action = Some(action).filter(|action| action != "NO ACTION");
                    if which.as_deref() == Some("DELETE") {
                        foreign.on_delete = action
                    } else {
                        foreign.on_update = action
                    }
                }
                Some("MATCH") => {
                    self.step();
                    foreign.matching = self.step().filter(|matching| matching != "SIMPLE");
                }
                _ => return foreign,
            }
        }
    }

    /// `[NOT] DEFERRABLE [INITIALLY DEFERRED|IMMEDIATE]`, where that comes next.
    pub(crate) fn timing(&mut self) -> Timing {
        let before = self.clone();
        let is_not = self.word().as_deref() == Some("NOT");
        if is_not {
            self.step();
        }
        if self.word().as_deref() != Some("DEFERRABLE") {
            *self = before;
            return Timing::NotDeferrable;
        }
        self.step();
        let mut is_deferred = false;
        if self.word().as_deref() == Some("INITIALLY") {
            self.step();
            is_deferred = self.step().as_deref() == Some("DEFERRED");
        }
        match (is_not, is_deferred) {
            (true, _) => Timing::NotDeferrable,
            (false, false) => Timing::Deferrable,
            (false, true) => Timing::Deferred,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_by_its_tokens() {
        let definition = Definition::of(
            "CREATE TABLE [od(d] (id INTEGER PRIMARY KEY AUTOINCREMENT, \"na,me\" TEXT COLLATE NOCASE NOT NULL DEFAULT (upper('a,b')) \
             CONSTRAINT named CHECK (length(\"na,me\") > 0) UNIQUE, up TEXT GENERATED ALWAYS AS (upper('(' || id)) STORED, \
             org REFERENCES orgs (id) ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED, \
             b INT /* ) */ NOT NULL, -- ,\n UNIQUE (id, b DESC), FOREIGN KEY (b, id) REFERENCES other MATCH FULL) STRICT, WITHOUT ROWID",
        );
        let names: Vec<&str> = definition.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["id", "na,me", "up", "org", "b"]);
        assert_eq!(definition.columns[1].collation.as_deref(), Some("NOCASE"));
        assert_eq!(definition.columns[2].generated.as_deref(), Some("upper('(' || id)"));
        let constraints: Vec<&str> = definition.constraints.iter().map(|(name, _)| name.as_str()).collect();
        let expected = [
            "PRIMARY KEY",
            "named",
            "UNIQUE (na,me)",
            "FOREIGN KEY (org) REFERENCES orgs",
            "UNIQUE (id, b)",
            "FOREIGN KEY (b, id) REFERENCES other",
        ];
        assert_eq!(constraints, expected);
        let (_, foreign) = &definition.constraints[3];
        assert_eq!(foreign.timing, Timing::Deferred);
        let ConstraintKind::Foreign(key) = &foreign.kind else { panic!("{foreign:?}") };
        assert_eq!((key.on_delete.as_deref(), key.on_update.as_deref()), (Some("SET NULL"), Some("CASCADE")));
        assert_eq!(definition.options, ["STRICT", "WITHOUT ROWID"]);
    }

    #[test]
    fn indexes_and_modules() {
        let (terms, predicate) =
            index("CREATE UNIQUE INDEX \"on\" ON t(lower(a), b COLLATE NOCASE DESC) WHERE a > (1)");
        assert_eq!(terms, ["lower(a)", "b COLLATE NOCASE DESC"]);
        assert_eq!(predicate.as_deref(), Some("a > (1)"));
        assert_eq!(index("CREATE INDEX i ON t(a)").1, None);
        assert_eq!(module("CREATE VIRTUAL TABLE docs USING fts5(title, body)").as_deref(), Some("fts5"));
    }
}
