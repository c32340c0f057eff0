//! Safe sequences: what takes the place of a statement, or of one action of an `ALTER TABLE`.

use rung_ddl::{Action, AlterTable, Column, Constraint, ConstraintKind, Ident, SmolStr};
use rung_sql::{Span, Syntax, TokenKind, tokens};

use crate::schema::Volatility;
use crate::{Context, Key};

/// With what a step is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runs {
    /// With what is around it.
    Together,
    /// As that, and never without it: in between something would be missing.
    Joined,
    /// By itself.
    Apart,
    /// With what comes after it, and not with what was before.
    Anew,
    /// With others like it, once the release is out.
    AfterDeploy,
}

/// A step of a safe sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its statement, without a `;`. Comments may stand above it.
    pub sql: String,
    /// With what it is committed.
    pub runs: Runs,
    /// What a migration that begins with it is called.
    pub name: String,
    /// What undoes it; `None` where nothing needs to.
    pub undo: Option<String>,
    /// A query that gives a row where it did not do all that it should.
    pub leaves: Option<String>,
}

impl Step {
    fn new(runs: Runs, name: impl Into<String>, sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), runs, name: name.into(), undo: None, leaves: None }
    }

    pub(crate) fn together(name: impl Into<String>, sql: impl Into<String>) -> Self {
        Self::new(Runs::Together, name, sql)
    }

    pub(crate) fn joined(name: impl Into<String>, sql: impl Into<String>) -> Self {
        Self::new(Runs::Joined, name, sql)
    }

    pub(crate) fn apart(name: impl Into<String>, sql: impl Into<String>) -> Self {
        Self::new(Runs::Apart, name, sql)
    }

    pub(crate) fn anew(name: impl Into<String>, sql: impl Into<String>) -> Self {
        Self::new(Runs::Anew, name, sql)
    }

    pub(crate) fn after_deploy(name: impl Into<String>, sql: impl Into<String>) -> Self {
        Self::new(Runs::AfterDeploy, name, sql)
    }

    pub(crate) fn undone_by(self, undo: impl Into<String>) -> Self {
        Self { undo: Some(undo.into()), ..self }
    }
}

/// What takes the place of a part of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// The number of the statement.
    pub statement: usize,
    /// What is replaced within it: all of it, or an action of an `ALTER TABLE`.
    pub replaces: Span,
    /// By what, in order.
    pub steps: Vec<Step>,
}

/// A name as SQL has it: in quotes where it needs them.
pub(crate) fn quoted(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// Names longer than this are cut by the server.
pub(crate) const LONGEST: usize = 63;

/// An `ALTER TABLE` that is written anew.
pub(crate) struct Altered<'c, 'a> {
    pub(crate) cx: &'c Context<'a>,
    pub(crate) alter: &'c AlterTable,
    /// `ALTER TABLE ONLY app.t `.
    head: &'a str,
    /// The table as it is written.
    pub(crate) table: &'a str,
}

const UNNAMED: &str = "it has no name, and which one the server would choose is not known: give it one";

/// Steps, or why there are none.
pub(crate) type Steps = Result<Vec<Step>, String>;

impl<'c, 'a> Altered<'c, 'a> {
    pub(crate) fn new(cx: &'c Context<'a>, alter: &'c AlterTable) -> Self {
        let first = alter.actions.first().map_or(0, |(_, span)| span.start);
        Self { cx, alter, head: cx.text(Span::new(0, first)), table: cx.text(alter.name.span) }
    }

    pub(crate) fn alter(&self, action: impl AsRef<str>) -> String {
        format!("{}{}", self.head, action.as_ref())
    }

    fn is_partitioned(&self) -> bool {
        self.cx.table(&self.alter.name).is_some_and(|table| table.partitioned)
    }

    /// The name of a constraint: its own, or the one that the server would choose.
    fn name(&self, constraint: &Constraint) -> Result<String, String> {
        let name = match &constraint.name {
            Some(name) => return Ok(self.cx.text(name.span).to_owned()),
            None => self.chosen(constraint),
        };
        match name {
            Some(name) if name.len() <= LONGEST => Ok(quoted(&name)),
            _ => Err(UNNAMED.to_owned()),
        }
    }

    /// The name that the server would choose, where nothing else has it: not another constraint of the statement either,
    /// nor a relation, in whose place an index would stand.
    fn chosen(&self, constraint: &Constraint) -> Option<SmolStr> {
        let schema = self.cx.schema;
        let table = schema.key(&self.alter.name);
        let name = schema.chosen_name(&table, constraint)?;
        let named = |other: &Constraint| match &other.name {
            Some(own) => own.name == name,
            None => schema.chosen_name(&table, other).as_ref() == Some(&name),
        };
        let added = self.alter.actions.iter().flat_map(|(action, _)| match action {
            Action::AddColumn { column, .. } => column.constraints.as_slice(),
            Action::AddConstraint(added) => std::slice::from_ref(added),
            _ => &[],
        });
        let is_relation = schema.table_at(&Key { schema: table.schema.clone(), name: name.clone() }).is_some();
        (!is_relation && added.filter(|other| named(other)).count() == 1).then_some(name)
    }

    /// A constraint that is added by itself, without looking at rows, and validated after that.
    pub(crate) fn validated_later(&self, constraint: &Constraint, added: Runs) -> Steps {
        if self.is_partitioned()
            && matches!(constraint.kind, ConstraintKind::ForeignKey(_))
            && self.cx.server().may_lack(18)
        {
            return Err("a partitioned table takes no foreign key with NOT VALID before PostgreSQL 18".to_owned());
        }
        let name = self.name(constraint)?;
        let body = self.body(constraint);
        let column = match &constraint.kind {
            // The column's own form leaves out what the table's has to say.
            ConstraintKind::ForeignKey(key) if first_word(&body) == "references" => {
                let columns: Vec<&str> = key.columns.iter().map(|column| self.cx.text(column.span)).collect();
                format!("FOREIGN KEY ({}) ", columns.join(", "))
            }
            _ => String::new(),
        };
        let add = self.alter(format!("ADD CONSTRAINT {name} {column}{body} NOT VALID"));
        let drop = self.alter(format!("DROP CONSTRAINT {name}"));
        let plain = name.trim_matches('"');
        Ok(vec![
            Step::new(added, format!("add_{plain}"), add).undone_by(drop),
            Step::apart(format!("validate_{plain}"), self.alter(format!("VALIDATE CONSTRAINT {name}"))),
        ])
    }

    /// What a constraint says, without its name.
    fn body(&self, constraint: &Constraint) -> String {
        let text = self.cx.text(constraint.span);
        let after_name = constraint.name.as_ref().map_or(0, |name| name.span.end.saturating_sub(constraint.span.start));
        text.get(after_name..).unwrap_or(text).trim().to_owned()
    }

    /// A column that is proved to have no NULL before it says so.
    pub(crate) fn not_null(&self, column: &str) -> Vec<Step> {
        let plain = column.trim_matches('"');
        let mut name = format!("{}_{plain}_is_not_null", self.alter.name.name);
        while name.len() > LONGEST {
            name.remove(0);
        }
        let name = quoted(&name);
        let undo = self.alter(format!("ALTER COLUMN {column} DROP NOT NULL"));
        let set = self.alter(format!("ALTER COLUMN {column} SET NOT NULL"));
        vec![
            Step::apart(
                format!("{}_{plain}_not_null", self.alter.name.name),
                self.alter(format!("ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL) NOT VALID")),
            ),
            Step::apart("", self.alter(format!("VALIDATE CONSTRAINT {name}"))),
            // Within one statement the constraint is dropped first, and proves nothing any more.
            Step::apart("", set).undone_by(undo),
            Step::apart("", self.alter(format!("DROP CONSTRAINT {name}"))),
        ]
    }

    /// A UNIQUE or a PRIMARY KEY whose index is built first.
    pub(crate) fn with_index(&self, constraint: &Constraint, own_column: Option<&str>) -> Steps {
        if self.is_partitioned() {
            return Err("an index of a partitioned table can't be built concurrently".to_owned());
        }
        let name = self.name(constraint)?;
        let body = self.body(constraint);
        let demand = Demanded::read(&body).ok_or("it says more than an index can be built for first")?;
        if constraint.name.is_none() && !demand.include.is_empty() {
            return Err(UNNAMED.to_owned());
        }
        let columns = match (demand.columns, own_column) {
            ("", Some(column)) => format!("({column})"),
            (columns, _) => columns.to_owned(),
        };
        let Demanded { word, include, nulls, tail, .. } = demand;
        let plain = name.trim_matches('"');
        let mut steps = Vec::new();
        if let ConstraintKind::PrimaryKey { columns, .. } = &constraint.kind {
            let table = self.cx.table(&self.alter.name);
            let is_proved = |column: &Ident| {
                table.is_some_and(|table| {
                    table.column(&column.name).is_some_and(|column| column.not_null)
                        || table.proves_not_null(&column.name)
                })
            };
            for column in columns.iter().filter(|column| !is_proved(column)) {
                // A key leaves NOT NULL behind when it is dropped; so do these.
                let kept = self.not_null(self.cx.text(column.span));
                steps.extend(kept.into_iter().map(|step| Step { undo: None, ..step }));
            }
        }
        let index = format!("CREATE UNIQUE INDEX CONCURRENTLY {name} ON {} {columns}{include}{nulls}", self.table);
        steps.push(Step::apart(format!("index_{plain}"), index));
        let add = self.alter(format!("ADD CONSTRAINT {name} {word} USING INDEX {name}{tail}"));
        let drop = self.alter(format!("DROP CONSTRAINT {name}"));
        steps.push(Step::apart(format!("add_{plain}"), add).undone_by(drop));
        Ok(steps)
    }

    /// A column that is added with what costs nothing, and gets the rest step by step.
    pub(crate) fn column(&self, column: &Column, span: Span) -> Steps {
        if column.not_null() && column.default().is_none_or(|default| default.null) {
            return Err("the rows that are there have no value for it".to_owned());
        }
        let name = self.cx.text(column.name.span);
        let is_filled = column.default().filter(|default| self.cx.schema.volatility(default) != Volatility::Steady);
        if is_filled.is_some() && self.is_partitioned() {
            return Err("a partitioned table is filled partition by partition".to_owned());
        }
        let has_value = column.default().is_some_and(|default| !default.null);
        let mut later: Vec<&Constraint> = Vec::new();
        for constraint in &column.constraints {
            let is_later = match &constraint.kind {
                ConstraintKind::NotNull(_) | ConstraintKind::Default(_) => is_filled.is_some(),
                ConstraintKind::Unique { .. } | ConstraintKind::Check(_) => true,
                ConstraintKind::ForeignKey(_) => has_value,
                ConstraintKind::PrimaryKey { .. } => {
                    return Err("a column that is the key has to be filled by hand".to_owned());
                }
                ConstraintKind::Generated { .. } | ConstraintKind::Identity if is_filled.is_some() => {
                    return Err("its value is computed".to_owned());
                }
                _ => false,
            };
            if is_later {
                later.push(constraint);
            }
        }
        let mut bare = self.cx.text(span).to_owned();
        for constraint in later.iter().rev() {
            let from = bare[..constraint.span.start - span.start].trim_end().len();
            bare.replace_range(from..constraint.span.end - span.start, "");
        }
        let mut steps = vec![
            Step::together(format!("add_{}", column.name), self.alter(&bare))
                .undone_by(self.alter(format!("DROP COLUMN {name}"))),
        ];
        if let Some(default) = is_filled {
            let default = self.cx.text(default.span);
            steps.push(Step::together("", self.alter(format!("ALTER COLUMN {name} SET DEFAULT {default}"))));
            // Rows that come later have it already.
            let fill = format!("fill_{}_{}", self.alter.name.name, column.name);
            steps.push(self.filled(&fill, &format!("{name} = DEFAULT"), &format!("{name} IS NULL")));
        }
        for constraint in later {
            match &constraint.kind {
                ConstraintKind::NotNull(_) => {
                    steps.extend(self.not_null(name).into_iter().map(|step| Step { undo: None, ..step }));
                }
                ConstraintKind::Unique { .. } => steps.extend(self.with_index(constraint, Some(name))?),
                ConstraintKind::Check(_) | ConstraintKind::ForeignKey(_) => {
                    steps.extend(self.validated_later(constraint, Runs::Apart)?);
                }
                _ => {}
            }
        }
        Ok(steps)
    }

    /// Writes what is to be set in the rows where it is missing, some pages at a time. `name` is the migration's.
    pub(crate) fn filled(&self, name: &str, set: &str, missing: &str) -> Step {
        let table = self.table;
        let regclass = table.replace('\'', "''");
        // Before 14, no range of places is looked up without reading the whole table.
        let place = if self.cx.server().may_have(14) {
            "ctid >= format('(%s,0)', page)::tid AND ctid < format('(%s,0)', page + pages)::tid"
        } else {
            "ctid = ANY (ARRAY(SELECT format('(%s,%s)', p, i)::tid\n                  FROM generate_series(page, page + pages - 1) p, generate_series(1, 300) i))"
        };
        let sql = format!(
            "-- @allow opaque-sql: fills the rows that are there some pages at a time, and commits after each\n\
             DO $fill$\n\
             DECLARE\n    \
                 page bigint := 0;\n    \
                 pages bigint := 16;\n    \
                 last bigint := pg_relation_size('{regclass}') / current_setting('block_size')::bigint;\n    \
                 began timestamptz;\n\
             BEGIN\n    \
                 WHILE page <= last LOOP\n        \
                     began := clock_timestamp();\n        \
                     UPDATE {table} SET {set}\n            \
                         WHERE {missing} AND {place};\n        \
                     COMMIT;\n        \
                     page := page + pages;\n        \
                     -- As many as take about a tenth of a second.\n        \
                     pages := CASE WHEN clock_timestamp() - began < interval '100 ms' THEN least(pages * 2, 4096)\n            \
                         ELSE greatest(pages / 2, 1) END;\n    \
                 END LOOP;\n\
             END\n\
             $fill$"
        );
        let leaves = Some(format!("SELECT 1 FROM {table} WHERE {missing} LIMIT 1"));
        Step { leaves, ..Step::apart(name, sql) }
    }
}

/// `UNIQUE (a) INCLUDE (b) DEFERRABLE`, in parts.
struct Demanded<'t> {
    word: &'static str,
    columns: &'t str,
    include: String,
    nulls: &'static str,
    tail: String,
}

impl<'t> Demanded<'t> {
    /// `None` where it says something else too: `WITH`, `USING INDEX`.
    fn read(text: &'t str) -> Option<Self> {
        let words: Vec<Span> = tokens(text, &Syntax::POSTGRES)
            .filter(|token| {
                !matches!(token.kind, TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment)
            })
            .map(|token| token.span)
            .collect();
        let mut at = 0;
        let is =
            |at: usize, word: &str| words.get(at).is_some_and(|span| text[span.range()].eq_ignore_ascii_case(word));
        let word = if is(0, "unique") {
            at += 1;
            "UNIQUE"
        } else if is(0, "primary") && is(1, "key") {
            at += 2;
            "PRIMARY KEY"
        } else {
            return None;
        };
        let mut nulls = "";
        if is(at, "nulls") {
            let not = is(at + 1, "not");
            at += if not { 3 } else { 2 };
            nulls = if not { " NULLS NOT DISTINCT" } else { "" };
        }
        let group = |at: usize| -> Option<(usize, &'t str)> {
            let mut depth = 0;
            for end in at..words.len() {
                depth += i32::from(is(end, "(")) - i32::from(is(end, ")"));
                if depth == 0 {
                    return Some((end + 1, &text[words[at].start..words[end].end]));
                }
            }
            None
        };
        let mut columns = "";
        if is(at, "(") {
            (at, columns) = group(at)?;
        }
        let mut include = String::new();
        if is(at, "include") {
            let (next, list) = group(at + 1)?;
            (at, include) = (next, format!(" INCLUDE {list}"));
        }
        let tail = words.get(at).map_or("", |span| text[span.start..].trim());
        let known = ["", "deferrable", "not", "initially"];
        known.contains(&first_word(tail).as_str()).then(|| Self {
            word,
            columns,
            include,
            nulls,
            tail: if tail.is_empty() { String::new() } else { format!(" {tail}") },
        })
    }
}

fn first_word(text: &str) -> String {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default().to_ascii_lowercase()
}

/// An index that is built without blocking writes, in the place of the statement that builds it.
pub(crate) fn concurrent_index(cx: &Context<'_>, create: &rung_ddl::CreateIndex) -> Option<Vec<Step>> {
    let word = cx.word("index")?;
    let text = cx.text(cx.whole());
    // IF NOT EXISTS would pass over an index that an interrupted build left behind.
    let rest = match cx.words(&["if", "not", "exists"]) {
        Some(words) if create.if_not_exists => text[words.end..].trim_start(),
        _ => text[word.end..].trim_start(),
    };
    let sql = format!("{} CONCURRENTLY {rest}", &text[..word.end]);
    let chosen = || {
        let table = cx.schema.key(&create.table).name;
        let columns = create.columns.iter().map(|column| column.as_ref().map_or("expr", |column| column.name.as_str()));
        let parts: Vec<&str> = std::iter::once(table.as_str()).chain(columns).chain(["idx"]).collect();
        parts.join("_")
    };
    let (plain, name) = match &create.name {
        Some(name) => (name.name.clone(), cx.text(name.span).to_owned()),
        None => (chosen().into(), quoted(&chosen())),
    };
    // An index is in the schema of its table, which need not be the first of the search path.
    let schema = cx.text(create.table.span).rsplit_once('.').map(|(schema, _)| format!("{schema}."));
    let undo = format!("DROP INDEX CONCURRENTLY {}{name}", schema.unwrap_or_default());
    Some(vec![Step::apart(format!("index_{plain}"), sql).undone_by(undo)])
}

/// A statement with CONCURRENTLY put in behind a word.
pub(crate) fn concurrently(cx: &Context<'_>, behind: Span, name: String) -> Vec<Step> {
    let text = cx.text(cx.whole());
    vec![Step::apart(name, format!("{} CONCURRENTLY{}", &text[..behind.end], &text[behind.end..]))]
}

/// Indexes that are dropped one by one, without waiting for queries in the way of others.
pub(crate) fn concurrent_drops(cx: &Context<'_>, names: &[rung_ddl::Name], if_exists: bool) -> Vec<Step> {
    let maybe = if if_exists { "IF EXISTS " } else { "" };
    let drop = |name: &rung_ddl::Name| {
        Step::apart(format!("drop_{}", name.name), format!("DROP INDEX CONCURRENTLY {maybe}{}", cx.text(name.span)))
    };
    names.iter().map(drop).collect()
}
