//! Reading the schema: `sqlite_schema` and the table-valued pragmas say what there is, and the statements that SQLite
//! keeps say the rest.

mod definition;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use rung_catalog::{
    Body, Catalog, Column, Dependency, Firing, Index, IndexKey, Key, Kind, Nature, NotNull, Object, Origin, Table,
    Trigger, Unknown, Value, View,
};
use rung_engine::DbError;
use rusqlite::{Connection, Row};

use crate::cursor::names;
use crate::error::convert;
use crate::tables;
use definition::Definition;

/// A row of `sqlite_schema`.
struct Entry {
    kind: String,
    name: String,
    table: String,
    /// `None` for an index that a constraint made.
    sql: Option<String>,
}

/// Reads the schema of the main database, rung's own tables left out. One statement after the other sees one moment
/// within a read transaction, which is opened where none is.
pub(crate) fn inspect(connection: &Connection, schema: &str) -> Result<Catalog, DbError> {
    let opened = connection.is_autocommit();
    if opened {
        connection.execute_batch("BEGIN").map_err(convert)?;
    }
    let catalog = read(connection, schema).map_err(convert);
    if opened {
        connection.execute_batch("ROLLBACK").map_err(convert)?;
    }
    catalog
}

fn read(connection: &Connection, schema: &str) -> rusqlite::Result<Catalog> {
    let own = tables::own_names(schema);
    let sql = format!(
        "SELECT type, name, tbl_name, sql FROM main.sqlite_schema WHERE tbl_name NOT IN ({own}) \
         AND (name NOT LIKE 'sqlite\\_%' ESCAPE '\\' OR type = 'index') ORDER BY rowid"
    );
    let entries = all(connection, &sql, [], |row| {
        Ok(Entry { kind: row.get(0)?, name: row.get(1)?, table: row.get(2)?, sql: row.get(3)? })
    })?;
    let kinds: HashMap<String, String> =
        all(connection, "SELECT name, type FROM pragma_table_list WHERE schema = 'main'", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .into_iter()
        .collect();
    let mut reader = Reader { connection, catalog: Catalog::new() };
    let is_shadow = |name: &str| kinds.get(name).is_some_and(|kind| kind == "shadow");
    for entry in entries.iter().filter(|entry| !is_shadow(&entry.table)) {
        match entry.kind.as_str() {
            "table" => reader.table(entry, kinds.get(&entry.name).is_some_and(|kind| kind == "virtual"))?,
            "view" => reader.view(entry)?,
            "index" => reader.index(entry)?,
            _ => reader.trigger(entry),
        }
    }
    let shadows = entries.iter().filter(|entry| entry.kind == "table" && is_shadow(&entry.name));
    reader.shadows(shadows.map(|entry| entry.name.as_str()));
    reader.settings()?;
    reader.dependencies();
    Ok(reader.catalog)
}

struct Reader<'a> {
    connection: &'a Connection,
    catalog: Catalog,
}

impl Reader<'_> {
    fn table(&mut self, entry: &Entry, is_virtual: bool) -> rusqlite::Result<()> {
        let sql = entry.sql.clone().unwrap_or_default();
        let mut table = Table { definition: Some(sql.clone()), ..Table::default() };
        let definition = if is_virtual { Definition::default() } else { Definition::of(&sql) };
        if is_virtual {
            table.access_method = definition::module(&sql);
        }
        match self.columns(&entry.name, &definition) {
            Ok(columns) => table.columns = columns,
            // A module that this program has not been built with.
            Err(error) if is_virtual => {
                let what = format!("the columns of virtual table {}", entry.name);
                let why = "its module is not part of rung";
                debug_assert!(error.to_string().contains("module"), "{error}");
                self.catalog.unknown.push(Unknown { what, why: why.into() });
            }
            Err(error) => return Err(error),
        }
        table.options.extend(definition.options.iter().cloned());
        self.catalog.insert(Object::new(Key::new(Kind::Table, None, &entry.name), Body::Table(Box::new(table))));
        for (name, constraint) in definition.constraints {
            let key = Key::new(Kind::Constraint, None, name).of(&entry.name);
            self.catalog.insert(Object::new(key, Body::Constraint(Box::new(constraint))));
        }
        Ok(())
    }

    fn columns(&self, table: &str, definition: &Definition) -> rusqlite::Result<Vec<Column>> {
        // Hidden: 1 a virtual table's own, 2 generated when read, 3 generated when written.
        let sql = "SELECT name, type, \"notnull\", dflt_value, hidden FROM pragma_table_xinfo(?1, 'main') WHERE hidden <> 1 ORDER BY cid";
        all(self.connection, sql, [table], |row| {
            let name: String = row.get(0)?;
            let said = definition.columns.iter().find(|column| column.name.eq_ignore_ascii_case(&name));
            let expression = || said.and_then(|column| column.generated.clone()).unwrap_or_default();
            let default: Option<String> = row.get(3)?;
            let value = match (row.get::<_, u8>(4)?, default) {
                (2, _) => Value::Virtual(expression()),
                (3, _) => Value::Stored(expression()),
                (_, Some(default)) => Value::Default(default),
                (_, None) => Value::None,
            };
            let data_type: String = row.get(1)?;
            // The pragma says it of generated columns as a part of the type.
            let data_type = data_type.trim_end_matches(" GENERATED ALWAYS").to_owned();
            Ok(Column {
                data_type,
                collation: said.and_then(|column| column.collation.clone()),
                not_null: row.get::<_, bool>(2)?.then(NotNull::default),
                value,
                name,
                ..Column::default()
            })
        })
    }

    fn view(&mut self, entry: &Entry) -> rusqlite::Result<()> {
        let key = Key::new(Kind::View, None, &entry.name);
        let sql = "SELECT name, type FROM pragma_table_info(?1, 'main') ORDER BY cid";
        let column = |row: &Row<'_>| Ok(Column { name: row.get(0)?, data_type: row.get(1)?, ..Column::default() });
        let columns = match all(self.connection, sql, [&entry.name], column) {
            Ok(columns) => columns,
            // What it speaks of is gone. It is a view all the same.
            Err(rusqlite::Error::SqliteFailure(_, Some(_)) | rusqlite::Error::SqlInputError { .. }) => {
                let what = format!("the columns of {key}");
                self.catalog.unknown.push(Unknown { what, why: "its query does not compile any more".into() });
                Vec::new()
            }
            Err(error) => return Err(error),
        };
        let view = View { columns, query: entry.sql.clone().unwrap_or_default(), ..View::default() };
        self.catalog.insert(Object::new(key, Body::View(Box::new(view))));
        Ok(())
    }

    fn index(&mut self, entry: &Entry) -> rusqlite::Result<()> {
        // Without a statement it is a constraint's.
        let Some(sql) = &entry.sql else { return Ok(()) };
        let (terms, predicate) = definition::index(sql);
        let columns = all(
            self.connection,
            "SELECT name FROM pragma_index_xinfo(?1, 'main') WHERE key ORDER BY seqno",
            [&entry.name],
            |row| row.get::<_, Option<String>>(0),
        )?;
        let unique = all(
            self.connection,
            "SELECT \"unique\" FROM pragma_index_list(?1, 'main') WHERE name = ?2",
            [&entry.table, &entry.name],
            |row| row.get::<_, bool>(0),
        )?;
        let keys = columns.into_iter().zip(terms).map(|(column, sql)| IndexKey { column, sql });
        let index = Index {
            table: Some(Arc::new(Key::new(Kind::Table, None, &entry.table))),
            unique: unique.first().copied().unwrap_or_default(),
            keys: keys.collect(),
            predicate,
            valid: true,
            definition: Some(sql.clone()),
            ..Index::default()
        };
        self.catalog.insert(Object::new(Key::new(Kind::Index, None, &entry.name), Body::Index(Box::new(index))));
        Ok(())
    }

    fn trigger(&mut self, entry: &Entry) {
        let key = Key::new(Kind::Trigger, None, &entry.name).of(&entry.table);
        let definition = entry.sql.clone().unwrap_or_default();
        let body = Body::Trigger(Trigger { definition, firing: Firing::Origin, origin: Origin::Local });
        self.catalog.insert(Object::new(key, body));
    }

    /// Tables of virtual tables: `docs_data` is that of `docs`. The longest name that fits is meant.
    fn shadows<'b>(&mut self, names: impl Iterator<Item = &'b str>) {
        for shadow in names {
            let is_of = |table: &&Object| {
                matches!(&table.body, Body::Table(it) if it.access_method.is_some())
                    && shadow.strip_prefix(&table.key.name).is_some_and(|rest| rest.starts_with('_'))
            };
            let of = self.catalog.of_kind(Kind::Table).filter(is_of).max_by_key(|table| table.key.name.len());
            let Some(key) = of.map(|table| Arc::clone(&table.key)) else { continue };
            if let Some(Body::Table(table)) = self.catalog.get_mut(&key).map(|object| &mut object.body) {
                table.shadows.push(shadow.to_owned());
                table.shadows.sort();
            }
        }
    }

    /// What is set in the file itself, which no statement of the schema says.
    fn settings(&mut self) -> rusqlite::Result<()> {
        for name in ["application_id", "user_version"] {
            let value: i64 = self.connection.pragma_query_value(None, name, |row| row.get(0))?;
            if value != 0 {
                let why = "a number that the program keeps in the file, no object";
                self.catalog.unknown.push(Unknown { what: format!("PRAGMA {name} = {value}"), why: why.into() });
            }
        }
        self.catalog.unknown.sort();
        Ok(())
    }

    /// What views and triggers speak of, and index expressions and virtual tables: their tables by name, which SQLite
    /// does not record.
    fn dependencies(&mut self) {
        let relations: HashMap<String, Arc<Key>> = self
            .catalog
            .iter()
            .filter(|object| matches!(object.key.kind, Kind::Table | Kind::View))
            .map(|object| (object.key.name.to_ascii_lowercase(), Arc::clone(&object.key)))
            .collect();
        let mut found: Vec<(Arc<Key>, BTreeSet<Arc<Key>>)> = Vec::new();
        for object in &self.catalog {
            let text = match &object.body {
                Body::View(view) => &view.query,
                Body::Trigger(trigger) => &trigger.definition,
                _ => continue,
            };
            let spoken = names(text).filter_map(|name| relations.get(&name.to_ascii_lowercase()));
            let others = spoken.filter(|key| ***key != *object.key && Some(&key.name) != object.key.parent.as_ref());
            found.push((Arc::clone(&object.key), others.cloned().collect()));
        }
        for (key, needed) in found {
            let needs =
                needed.into_iter().map(|on| Dependency { column: None, on, on_column: None, nature: Nature::Normal });
            if let Some(object) = self.catalog.get_mut(&key) {
                object.depends_on.extend(needs);
            }
        }
    }
}

fn all<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_map(parameters, read)?.collect()
}
