//! What migrations do, in a few words each: for whoever writes about them.

use rung_ddl::{Action, AttributeChangeKind, ConstraintKind, Ident, Kind, Name, Statement, Verb as Rows};
use rung_engine::{Body, Dialect, Down, Migration};

use crate::{Born, File, Schema, language};

/// What a migration does, and what it builds on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outline {
    /// What its statements do, in their order; nothing of a program or a function, which can't be looked into.
    pub deeds: Vec<Deed>,
    /// Earlier migrations that made what it uses, by number, in their order.
    pub uses: Vec<Use>,
    /// What undoing it can't bring back, because it is gone: tables, columns and rows.
    pub gone: Vec<Loss>,
    /// What goes when it is undone, with what was put there since.
    pub undone: Vec<Loss>,
}

/// Data that goes away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// What of it: `the rows of`, `the values of`.
    pub what: &'static str,
    /// Of which tables, columns or schemas.
    pub of: Vec<String>,
}

/// What is used of an earlier migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// Its number.
    pub migration: usize,
    /// The objects that it made.
    pub objects: Vec<String>,
}

/// Something that a statement does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// What is done.
    pub verb: Verb,
    /// To what kind of object: `table`, `column`, `index`, `rows`.
    pub kind: String,
    /// Its name; empty where it has none.
    pub name: String,
    /// What that is on, or in: the table of a column or an index.
    pub of: Option<String>,
    /// Its columns, values or new name.
    pub with: Vec<String>,
}

/// What is done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// It is made.
    Creates,
    /// It is put into what was there.
    Adds,
    /// It is changed.
    Changes,
    /// It has another name.
    Renames,
    /// It is taken away.
    Drops,
    /// Rows are put in.
    Inserts,
    /// Rows are changed.
    Updates,
    /// Rows are taken away.
    Deletes,
    /// It is run.
    Runs,
}

impl Verb {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Creates => "creates",
            Self::Adds => "adds",
            Self::Changes => "changes",
            Self::Renames => "renames",
            Self::Drops => "drops",
            Self::Inserts => "inserts",
            Self::Updates => "updates",
            Self::Deletes => "deletes",
            Self::Runs => "runs",
        }
    }
}

/// The outlines of migrations, which are in the order of the run. Of a dialect that there is no linter for they are empty.
pub fn outline(migrations: &[&Migration], dialect: &dyn Dialect) -> Vec<Outline> {
    let Some(language) = language(dialect.name()) else { return vec![Outline::default(); migrations.len()] };
    let mut schema = Schema::new(language.search_path);
    let mut outlines = Vec::with_capacity(migrations.len());
    for (number, migration) in migrations.iter().enumerate() {
        let file = File::read(migration, dialect, language);
        let mut outline = Outline::default();
        if let Body::Command(path) = &migration.body {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            outline.deeds.push(deed(Verb::Runs, "program", name));
        }
        for (at, line) in file.lines().iter().enumerate() {
            let statement = &line.parsed.statement;
            for (maker, _, name) in schema.uses(&line.parsed).filter(|(maker, ..)| *maker != number) {
                uses(&mut outline.uses, maker, name.to_string());
            }
            deeds(&mut outline.deeds, statement);
            lost(&mut outline.gone, statement, Reach::Rows);
            if let Some(up) = &file.up {
                schema.apply(&line.parsed, up.text(at), Born::In(number));
            }
        }
        if let Some(down) = &file.down {
            for line in &down.lines {
                lost(&mut outline.undone, &line.parsed.statement, Reach::Objects);
            }
        }
        if matches!(migration.down, Some(Down::Code(_))) {
            outline.undone.push(Loss { what: "whatever its function takes away", of: Vec::new() });
        }
        schema.reset_search_path();
        outlines.push(outline);
    }
    outlines
}

fn uses(uses: &mut Vec<Use>, migration: usize, object: String) {
    let at = uses.partition_point(|it| it.migration < migration);
    if uses.get(at).is_none_or(|it| it.migration != migration) {
        uses.insert(at, Use { migration, objects: Vec::new() });
    }
    if !uses[at].objects.contains(&object) {
        uses[at].objects.push(object);
    }
}

/// What of a loss counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Of what is done: rows that are changed, too.
    Rows,
    /// Of what is undone: what holds anything.
    Objects,
}

/// What a statement takes away that held data.
fn lost(lost: &mut Vec<Loss>, statement: &Statement, reach: Reach) {
    let mut add = |what: &'static str, of: String| match lost.iter_mut().find(|loss| loss.what == what) {
        Some(loss) if loss.of.contains(&of) => {}
        Some(loss) => loss.of.push(of),
        None => lost.push(Loss { what, of: vec![of] }),
    };
    match statement {
        Statement::Drop { kind: Kind::Table, names, .. } => {
            names.iter().for_each(|name| add("the rows of", name.to_string()));
        }
        Statement::Drop { kind: Kind::Schema, names, .. } => {
            names.iter().for_each(|name| add("all in schema", name.to_string()));
        }
        Statement::AlterTable(alter) => {
            for (action, _) in &alter.actions {
                match action {
                    Action::DropColumn { column, .. } => {
                        add("the values of", format!("{}.{}", alter.name, column.name));
                    }
                    Action::SetType { column, .. } if reach == Reach::Rows => {
                        add("what a new type can't hold of", format!("{}.{}", alter.name, column.name));
                    }
                    _ => {}
                }
            }
        }
        Statement::AlterComposite { name, changes } => {
            for (change, _) in changes {
                if let AttributeChangeKind::Drop { attribute, .. } = &change.kind {
                    add("the values of", format!("{name}.{}", attribute.name));
                }
            }
        }
        Statement::Truncate { tables, .. } => tables.iter().for_each(|name| add("the rows of", name.to_string())),
        Statement::Data { verb: Rows::Delete, table: Some(table), .. } => add("deleted rows of", table.to_string()),
        Statement::Data { verb: Rows::Update | Rows::Merge, table: Some(table), .. } if reach == Reach::Rows => {
            add("what was before in the rows of", table.to_string());
        }
        _ => {}
    }
}

fn deed(verb: Verb, kind: impl Into<String>, name: impl ToString) -> Deed {
    Deed { verb, kind: kind.into(), name: name.to_string(), of: None, with: Vec::new() }
}

fn deeds(deeds: &mut Vec<Deed>, statement: &Statement) {
    // What is said twice of an object, such as a change of each of its properties, is said once.
    let mut add = |deed: Deed| {
        if !deeds.contains(&deed) {
            deeds.push(deed);
        }
    };
    match statement {
        Statement::CreateTable(create) => {
            let kind = match (&create.module, &create.partition_of) {
                (Some(_), _) => "virtual table",
                (_, Some(_)) => "partition",
                _ if create.partitioned => "partitioned table",
                _ => "table",
            };
            let with = create.columns.iter().map(|column| column.name.name.to_string()).collect();
            let of = create.partition_of.as_ref().map(ToString::to_string);
            add(Deed { of, with, ..deed(Verb::Creates, kind, &create.name) });
        }
        Statement::AlterTable(alter) => {
            for (action, _) in &alter.actions {
                add(action_deed(alter.kind, &alter.name, action));
            }
        }
        Statement::CreateIndex(create) => {
            let kind = if create.unique { "unique index" } else { "index" };
            let name = create.name.as_ref().map(ToString::to_string).unwrap_or_default();
            let with = create.columns.iter().map(|column| match column {
                Some(column) => column.name.to_string(),
                None => "an expression".to_owned(),
            });
            add(Deed { of: Some(create.table.to_string()), with: with.collect(), ..deed(Verb::Creates, kind, name) });
        }
        Statement::Create { kind, name, on, .. } => {
            let name = name.as_ref().map(ToString::to_string).unwrap_or_default();
            add(Deed { of: on.as_ref().map(ToString::to_string), ..deed(Verb::Creates, kind.as_str(), name) });
        }
        Statement::CreateEnum { name, values } => {
            add(Deed { with: values.clone(), ..deed(Verb::Creates, "enum", name) });
        }
        Statement::CreateComposite { name, attributes } => {
            let with = attributes.iter().map(|attribute| attribute.name.name.to_string()).collect();
            add(Deed { with, ..deed(Verb::Creates, "type", name) });
        }
        Statement::AlterComposite { name, changes } => {
            for (change, _) in changes {
                let (verb, attribute, with) = match &change.kind {
                    AttributeChangeKind::Add(added) => (Verb::Adds, &added.name, None),
                    AttributeChangeKind::Drop { attribute, .. } => (Verb::Drops, attribute, None),
                    AttributeChangeKind::SetType { attribute, .. } => (Verb::Changes, attribute, None),
                    AttributeChangeKind::Rename { from, to } => (Verb::Renames, from, Some(to)),
                };
                let with = with.into_iter().map(|to| to.name.to_string()).collect();
                add(Deed { of: Some(name.to_string()), with, ..deed(verb, "attribute", &attribute.name) });
            }
        }
        Statement::CreateDomain { name, .. } => add(deed(Verb::Creates, "domain", name)),
        Statement::AddEnumValue { name, value, .. } => {
            add(Deed { of: Some(name.to_string()), ..deed(Verb::Adds, "value", value) });
        }
        Statement::RenameEnumValue { name, from, to } => {
            add(Deed { of: Some(name.to_string()), with: vec![to.clone()], ..deed(Verb::Renames, "value", from) });
        }
        Statement::AlterDomain { name, .. } => add(deed(Verb::Changes, "domain", name)),
        Statement::Rename { kind, name, to } => {
            let with = to.iter().map(|to| to.name.to_string()).collect();
            add(Deed { with, ..deed(Verb::Renames, kind.as_str(), name) });
        }
        Statement::Alter { kind, name, on } if *kind != Kind::Other => {
            let name = name.as_ref().map(ToString::to_string).unwrap_or_default();
            add(Deed { of: on.as_ref().map(ToString::to_string), ..deed(Verb::Changes, kind.as_str(), name) });
        }
        Statement::Drop { kind, names, on, .. } => {
            for name in names {
                add(Deed { of: on.as_ref().map(ToString::to_string), ..deed(Verb::Drops, kind.as_str(), name) });
            }
        }
        Statement::Truncate { tables, .. } => {
            for table in tables {
                add(Deed { of: Some(table.to_string()), ..deed(Verb::Deletes, "all rows", "") });
            }
        }
        Statement::Data { verb, table: Some(table), .. } => {
            let verb = match verb {
                Rows::Insert | Rows::CopyIn => Verb::Inserts,
                Rows::Update | Rows::Merge => Verb::Updates,
                Rows::Delete => Verb::Deletes,
                Rows::Select | Rows::SelectForUpdate => return,
            };
            add(Deed { of: Some(table.to_string()), ..deed(verb, "rows", "") });
        }
        Statement::Opaque { .. } => add(deed(Verb::Runs, "a block of code", "")),
        _ => {}
    }
}

fn action_deed(kind: Kind, table: &Name, action: &Action) -> Deed {
    let of = |verb, kind: &str, name: &Ident| Deed { of: Some(table.to_string()), ..deed(verb, kind, &name.name) };
    match action {
        Action::AddColumn { column, .. } => of(Verb::Adds, "column", &column.name),
        Action::DropColumn { column, .. } => of(Verb::Drops, "column", column),
        Action::SetType { column, .. }
        | Action::SetNotNull(column)
        | Action::DropNotNull(column)
        | Action::SetDefault(column, _)
        | Action::DropDefault(column)
        | Action::Identity(column)
        | Action::SetExpression(column)
        | Action::DropExpression(column) => of(Verb::Changes, "column", column),
        Action::AddConstraint(constraint) => {
            let (kind, with) = match &constraint.kind {
                ConstraintKind::ForeignKey(key) => ("foreign key", vec![key.table.to_string()]),
                ConstraintKind::PrimaryKey { .. } => ("primary key", Vec::new()),
                ConstraintKind::Unique { .. } => ("unique constraint", Vec::new()),
                ConstraintKind::Check { .. } => ("check", Vec::new()),
                _ => ("constraint", Vec::new()),
            };
            let name = constraint.name.as_ref().map(|name| name.name.clone()).unwrap_or_default();
            Deed { of: Some(table.to_string()), with, ..deed(Verb::Adds, kind, name) }
        }
        Action::DropConstraint { name, .. } => of(Verb::Drops, "constraint", name),
        Action::ValidateConstraint(name) | Action::AlterConstraint { name, .. } => {
            of(Verb::Changes, "constraint", name)
        }
        Action::RenameConstraint { from, to } => {
            Deed { with: vec![to.name.to_string()], ..of(Verb::Renames, "constraint", from) }
        }
        Action::RenameColumn { from, to } => {
            Deed { with: vec![to.name.to_string()], ..of(Verb::Renames, "column", from) }
        }
        Action::Rename(to) | Action::SetSchema(to) => {
            Deed { with: vec![to.name.to_string()], ..deed(Verb::Renames, kind.as_str(), table) }
        }
        Action::RowSecurity { enable } => {
            let verb = if *enable { Verb::Adds } else { Verb::Drops };
            Deed { of: Some(table.to_string()), ..deed(verb, "row level security", "") }
        }
        Action::Attach { partition: other, .. } => {
            Deed { of: Some(table.to_string()), ..deed(Verb::Adds, "partition", other) }
        }
        Action::Detach { partition, .. } => {
            Deed { of: Some(table.to_string()), ..deed(Verb::Drops, "partition", partition) }
        }
        _ => deed(Verb::Changes, kind.as_str(), table),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(statement: &str) -> Vec<String> {
        let mut found = Vec::new();
        deeds(&mut found, &(language("postgres").unwrap().parse)(statement).statement);
        let say = |deed: &Deed| {
            let of = deed.of.as_ref().map(|of| format!(" of {of}")).unwrap_or_default();
            let with = if deed.with.is_empty() { String::new() } else { format!(": {}", deed.with.join(", ")) };
            format!("{} {} {}{of}{with}", deed.verb.as_str(), deed.kind, deed.name)
        };
        found.iter().map(say).collect()
    }

    #[test]
    fn statements_are_told_in_a_few_words() {
        for (sql, expected) in [
            ("CREATE TABLE a.t (id int, name text)", vec!["creates table a.t: id, name"]),
            ("CREATE UNIQUE INDEX i ON t (a, lower(b))", vec!["creates unique index i of t: a, an expression"]),
            ("ALTER TABLE t ADD COLUMN a int, DROP COLUMN b", vec!["adds column a of t", "drops column b of t"]),
            ("ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u", vec!["adds foreign key f of t: u"]),
            ("ALTER TABLE t ENABLE ROW LEVEL SECURITY", vec!["adds row level security  of t"]),
            ("CREATE TYPE e AS ENUM ('a', 'b')", vec!["creates enum e: a, b"]),
            ("DROP TABLE a, b", vec!["drops table a", "drops table b"]),
            ("INSERT INTO t VALUES (1)", vec!["inserts rows  of t"]),
            ("CREATE POLICY p ON t USING (true)", vec!["creates policy p of t"]),
            ("SELECT 1", vec![]),
        ] {
            assert_eq!(said(sql), expected, "{sql}");
        }
    }

    #[test]
    fn what_is_lost() {
        let lose = |statement: &str, reach| {
            let mut found = Vec::new();
            lost(&mut found, &(language("postgres").unwrap().parse)(statement).statement, reach);
            found.iter().map(|loss| format!("{} {}", loss.what, loss.of.join(", "))).collect::<Vec<_>>()
        };
        assert_eq!(lose("DROP TABLE a, b", Reach::Objects), ["the rows of a, b"]);
        assert_eq!(lose("ALTER TABLE t DROP COLUMN c", Reach::Objects), ["the values of t.c"]);
        assert_eq!(lose("UPDATE t SET a = 1", Reach::Rows), ["what was before in the rows of t"]);
        assert!(lose("UPDATE t SET a = 1", Reach::Objects).is_empty());
        assert!(lose("DROP VIEW v", Reach::Rows).is_empty());
    }
}
