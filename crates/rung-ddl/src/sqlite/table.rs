//! Tables, their columns and their constraints.

use rung_sql::Span;
use smol_str::ToSmolStr;
use sqlite3_parser::ast::{
    AlterTableBody, ColumnConstraint, ColumnDefinition, CreateTableBody, ForeignKeyClause, IndexedColumn,
    Name as Written, NamedTableConstraint, QualifiedName, RefAct, RefArg, TabFlags, TableConstraint, Type, TypeSize,
};

use super::place::{Places, folded};
use crate::{
    Action, AlterTable, Column, Constraint, ConstraintKind, CreateTable, DataType, ForeignKey, Ident, Kind, Name,
    OnDelete, Persistence, Statement,
};

fn table(name: Name, if_not_exists: bool) -> CreateTable {
    CreateTable {
        name,
        persistence: Persistence::Permanent,
        if_not_exists,
        columns: Vec::new(),
        constraints: Vec::new(),
        partitioned: false,
        partition_of: None,
        default_partition: false,
        inherits: Vec::new(),
        like: Vec::new(),
        of_type: None,
        from_query: false,
        strict: false,
        without_rowid: false,
        module: None,
        options: Vec::new(),
    }
}

pub(super) fn create_table(
    temporary: bool,
    if_not_exists: bool,
    name: &QualifiedName<'_>,
    body: &CreateTableBody<'_>,
    places: &mut Places<'_>,
) -> Statement {
    let mut made = table(places.name(name), if_not_exists);
    if temporary || made.name.schema.as_deref() == Some("temp") {
        made.persistence = Persistence::Temporary;
    }
    match body {
        CreateTableBody::AsSelect(_) => made.from_query = true,
        CreateTableBody::ColumnsAndConstraints { columns, constraints, flags } => {
            made.columns = columns.iter().map(|written| column(written, places)).collect();
            made.constraints =
                constraints.iter().flat_map(|all| all.iter()).map(|written| constraint(written, places)).collect();
            made.strict = flags.contains(TabFlags::Strict);
            made.without_rowid = flags.contains(TabFlags::WithoutRowid);
        }
    }
    Statement::CreateTable(made)
}

pub(super) fn create_virtual_table(
    if_not_exists: bool,
    name: &QualifiedName<'_>,
    module: &Written<'_>,
    places: &mut Places<'_>,
) -> Statement {
    let name = places.name(name);
    Statement::CreateTable(CreateTable { module: Some(folded(module.0)), ..table(name, if_not_exists) })
}

pub(super) fn alter_table(name: &QualifiedName<'_>, body: &AlterTableBody<'_>, places: &mut Places<'_>) -> Statement {
    let name = places.name(name);
    let span = places.rest();
    let action = match body {
        AlterTableBody::RenameTo(to) => Action::Rename(places.ident(to)),
        AlterTableBody::AddColumn(written) => {
            Action::AddColumn { column: column(written, places), if_not_exists: false }
        }
        AlterTableBody::DropColumnNotNull(column) => Action::DropNotNull(places.ident(column)),
        AlterTableBody::SetColumnNotNull(column, _) => Action::SetNotNull(places.ident(column)),
        AlterTableBody::RenameColumn { old, new } => {
            let from = places.ident(old);
            Action::RenameColumn { from, to: places.ident(new) }
        }
        AlterTableBody::DropColumn(column) => {
            Action::DropColumn { column: places.ident(column), if_exists: false, cascade: false }
        }
        AlterTableBody::AddConstraint(written) => Action::AddConstraint(constraint(written, places)),
        AlterTableBody::DropConstraint(name) => {
            Action::DropConstraint { name: places.ident(name), if_exists: false, cascade: false }
        }
    };
    Statement::AlterTable(AlterTable {
        kind: Kind::Table,
        name,
        only: false,
        if_exists: false,
        actions: vec![(action, span)],
    })
}

fn column(written: &ColumnDefinition<'_>, places: &mut Places<'_>) -> Column {
    let name = places.ident(&written.col_name);
    let data_type = written.col_type.as_ref().map(|written| data_type(written, places));
    let mut constraints: Vec<Constraint> = Vec::new();
    let mut collation = None;
    for written in written.constraints {
        let label = written.name.as_ref().map(|name| places.ident(name));
        let (start, kind) = match &written.constraint {
            ColumnConstraint::PrimaryKey { auto_increment, .. } => {
                let columns = vec![name.clone()];
                let start = places.word("primary").start;
                places.word(if *auto_increment { "autoincrement" } else { "key" });
                (start, ConstraintKind::PrimaryKey { columns, index: None, autoincrement: *auto_increment })
            }
            ColumnConstraint::NotNull { nullable: false, .. } => {
                let start = places.word("not").start;
                places.word("null");
                (start, ConstraintKind::NotNull(name.clone()))
            }
            ColumnConstraint::NotNull { .. } => (places.word("null").start, ConstraintKind::Null),
            ColumnConstraint::Unique(_) => {
                let columns = vec![name.clone()];
                (places.word("unique").start, ConstraintKind::Unique { columns, index: None })
            }
            ColumnConstraint::Check(expression) => {
                let start = places.word("check").start;
                let span = places.operand();
                (start, ConstraintKind::Check(places.expression(expression, span)))
            }
            ColumnConstraint::Default(expression) => {
                let start = places.word("default").start;
                let span = places.operand();
                (start, ConstraintKind::Default(places.expression(expression, span)))
            }
            ColumnConstraint::Collate { collation_name } => {
                let start = places.word("collate").start;
                collation = Some(places.ident(collation_name).name);
                (start, ConstraintKind::Collate(folded(collation_name.0)))
            }
            ColumnConstraint::ForeignKey { clause, .. } => {
                let start = places.word("references").start;
                (start, ConstraintKind::ForeignKey(foreign_key(vec![name.clone()], clause, places)))
            }
            ColumnConstraint::Generated { expr, typ } => {
                let start = places.word("as").start;
                let span = places.operand();
                let stored = typ.as_ref().is_some_and(|kind| kind.0.eq_ignore_ascii_case("stored"));
                if let Some(kind) = typ {
                    places.word(kind.0);
                }
                (start, ConstraintKind::Generated { expression: places.expression(expr, span), stored })
            }
            ColumnConstraint::Defer(_) => continue,
        };
        let span = Span::new(start, places.end().max(start));
        constraints.push(Constraint {
            name: label,
            kind,
            not_valid: false,
            not_enforced: false,
            no_inherit: false,
            span,
        });
    }
    let span = Span::new(name.span.start, places.end().max(name.span.end));
    Column { name, data_type, collation, constraints, span }
}

fn data_type(written: &Type<'_>, places: &mut Places<'_>) -> DataType {
    let words: Vec<&str> = written.name.split_whitespace().collect();
    let start = words.first().map_or(places.rest(), |word| places.word(word)).start;
    words.iter().skip(1).for_each(|word| {
        places.word(word);
    });
    let arguments = match &written.size {
        None => Vec::new(),
        Some(TypeSize::MaxSize(size)) => vec![size.to_smolstr()],
        Some(TypeSize::TypeSize(first, second)) => vec![first.to_smolstr(), second.to_smolstr()],
    };
    if written.size.is_some() {
        places.pass_parentheses();
    }
    DataType {
        schema: None,
        name: words.iter().map(|word| folded(word)).collect::<Vec<_>>().join(" ").into(),
        arguments,
        array: false,
        span: Span::new(start, places.end().max(start)),
    }
}

fn constraint(written: &NamedTableConstraint<'_>, places: &mut Places<'_>) -> Constraint {
    let name = written.name.as_ref().map(|name| places.ident(name));
    let keys = |columns: &[sqlite3_parser::ast::SortedColumn<'_>], places: &mut Places<'_>| {
        columns.iter().filter_map(|column| places.column(&column.expr)).collect()
    };
    let (start, kind) = match &written.constraint {
        TableConstraint::PrimaryKey { columns, auto_increment, .. } => {
            let start = places.word("primary").start;
            let columns = keys(columns, places);
            (start, ConstraintKind::PrimaryKey { columns, index: None, autoincrement: *auto_increment })
        }
        TableConstraint::Unique { columns, .. } => {
            let start = places.word("unique").start;
            (start, ConstraintKind::Unique { columns: keys(columns, places), index: None })
        }
        TableConstraint::Check(expression, _) => {
            let start = places.word("check").start;
            let span = places.operand();
            (start, ConstraintKind::Check(places.expression(expression, span)))
        }
        TableConstraint::ForeignKey { columns, clause, .. } => {
            let start = places.word("foreign").start;
            let columns = idents(columns, places);
            (start, ConstraintKind::ForeignKey(foreign_key(columns, clause, places)))
        }
    };
    Constraint {
        name,
        kind,
        not_valid: false,
        not_enforced: false,
        no_inherit: false,
        span: Span::new(start, places.end().max(start)),
    }
}

fn idents(columns: &[IndexedColumn<'_>], places: &mut Places<'_>) -> Vec<Ident> {
    columns.iter().map(|column| places.ident(&column.col_name)).collect()
}

fn foreign_key(columns: Vec<Ident>, clause: &ForeignKeyClause<'_>, places: &mut Places<'_>) -> ForeignKey {
    let table = places.bare_name(&clause.tbl_name);
    let referenced = clause.columns.map(|columns| idents(columns, places)).unwrap_or_default();
    let on_delete = clause.args.iter().find_map(|argument| match argument {
        RefArg::OnDelete(RefAct::Cascade) => Some(OnDelete::Cascade),
        RefArg::OnDelete(RefAct::SetNull | RefAct::SetDefault) => Some(OnDelete::Set),
        _ => None,
    });
    ForeignKey { columns, table, referenced, on_delete: on_delete.unwrap_or(OnDelete::Refuse) }
}
