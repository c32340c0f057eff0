//! Making a table anew under another name, its rows copied, and giving it the name
//! (<https://sqlite.org/lang_altertable.html>, 7).

use super::quote::{name, names};
use super::shape::Shape;
use super::table::{Pair, losses};
use crate::cursor::Cursor;
use rung_engine::Dialect;

use crate::SQLITE;

/// The statements, and what each of them loses.
pub(super) struct Rebuild {
    pub(super) create: String,
    pub(super) copy: Option<String>,
    /// The number that the next row gets at least.
    pub(super) sequence: Vec<String>,
    pub(super) drop: String,
    pub(super) rename: String,
    pub(super) loses: Option<String>,
}

/// How `pair` is made anew under `temporary` first. Table and columns have the names of the second schema already.
pub(super) fn rebuild(pair: &Pair<'_>, temporary: &str) -> Rebuild {
    let (from, to) = (&pair.renamed, &pair.to.shape);
    let (old, new) = (name(&pair.to.key.name), name(temporary));
    let copy = match (pair.from.is_virtual(), pair.to.is_virtual()) {
        (false, false) => copy(from, to, &old, &new),
        _ => copy_virtual(pair, &old, &new),
    };
    let sequence = if from.autoincrement && to.autoincrement {
        let [was, is] = [&pair.to.key.name, temporary].map(|it| SQLITE.quote_literal(it));
        vec![
            format!("DELETE FROM sqlite_sequence WHERE name = {is}"),
            format!("INSERT INTO sqlite_sequence (name, seq) SELECT {is}, seq FROM sqlite_sequence WHERE name = {was}"),
        ]
    } else {
        Vec::new()
    };
    let mut lost = losses(from, to);
    if copy.is_none() && !pair.from.is_virtual() && !pair.to.is_virtual() {
        lost = vec![format!("the rows of {}", to.name)];
    }
    if (pair.from.is_virtual() || pair.to.is_virtual())
        && copy.is_none()
        && !is_external(pair.from.sql)
        && holds_rows(pair.from.table)
    {
        lost.push(format!("what {} has indexed", to.name));
    }
    Rebuild {
        create: called(pair.to.sql, &pair.to.key.name, temporary),
        copy,
        sequence,
        drop: format!("DROP TABLE {old}"),
        rename: format!("ALTER TABLE {new} RENAME TO {old}"),
        loses: (!lost.is_empty()).then(|| lost.join(", ")),
    }
}

/// A `CREATE TABLE` with another name for the table, also where its expressions name it.
pub(super) fn called(sql: &str, old: &str, new: &str) -> String {
    let mut cursor = Cursor::of(sql);
    while cursor.peek().is_some() && cursor.word().as_deref() != Some("TABLE") {
        cursor.step();
    }
    cursor.step();
    let Some(span) = cursor.span() else { return sql.to_owned() };
    let mut out = format!("{}{}", &sql[..span.start], name(new));
    let mut done = span.end;
    cursor.name();
    for place in cursor.qualifiers(old) {
        out.push_str(&sql[done..place.start]);
        out.push_str(&name(new));
        done = place.end;
    }
    out.push_str(&sql[done..]);
    out
}

fn copy(from: &Shape, to: &Shape, old: &str, new: &str) -> Option<String> {
    let mut targets: Vec<String> = Vec::new();
    let mut sources: Vec<String> = Vec::new();
    let is_there = |name: &str| from.column(name).is_some() || to.column(name).is_some();
    let is_number = |shape: &Shape, name: &str| shape.rowid_alias().is_some_and(|it| it.name == name);
    let is_plain = |shape: &Shape| !shape.is_without_rowid() && shape.rowid_alias().is_none();
    // Rows keep their numbers, though nothing but a foreign index could know them.
    if is_plain(from)
        && is_plain(to)
        && let Some(rowid) = ["rowid", "_rowid_", "oid"].into_iter().find(|it| !is_there(it))
    {
        targets.push(rowid.to_owned());
        sources.push(rowid.to_owned());
    }
    for is in to.columns.iter().filter(|it| it.generated.is_none()) {
        let Some(was) = from.column(&is.name) else { continue };
        let column = name(&is.typed);
        sources.push(match &is.default {
            Some(default) if is.not_null.is_some() && was.not_null.is_none() => {
                format!("coalesce({column}, {default})")
            }
            // SQLite would make up a number for NULL; a text is none, and an error.
            _ if is_number(to, &is.name) && !is_number(from, &was.name) => {
                format!("coalesce({column}, 'no NULL is the number of a row')")
            }
            _ => column.clone(),
        });
        targets.push(column);
    }
    // Rows stay rows, even if nothing of them does.
    if targets.is_empty() {
        return None;
    }
    // A row that the new table would pass over or put in the place of another is an error.
    let yields = |says: &str| says.contains(" on conflict ");
    let abort = to.constraints.iter().any(|it| yields(&it.says))
        || to.columns.iter().any(|it| it.not_null.as_deref().is_some_and(yields));
    let or_abort = if abort { "OR ABORT " } else { "" };
    Some(format!("INSERT {or_abort}INTO {new} ({}) SELECT {} FROM {old}", targets.join(", "), sources.join(", ")))
}

fn copy_virtual(pair: &Pair<'_>, old: &str, new: &str) -> Option<String> {
    let (from, to) = (pair.from.table, pair.to.table);
    if !holds_rows(from)
        || !holds_rows(to)
        || is_external(pair.from.sql)
        || is_external(pair.to.sql)
        || keeps_no_text(pair.from.sql)
    {
        return None;
    }
    let there = |name: &str| from.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
    let mut columns: Vec<&str> = to.columns.iter().map(|it| it.name.as_str()).filter(|name| there(name)).collect();
    if columns.is_empty() {
        return None;
    }
    let is_text = |table: &rung_catalog::Table| table.access_method.as_deref().is_some_and(is_text_index);
    if is_text(from) && is_text(to) {
        columns.insert(0, "rowid");
    }
    let columns = names(columns);
    Some(format!("INSERT INTO {new} ({columns}) SELECT {columns} FROM {old}"))
}

fn is_text_index(module: &str) -> bool {
    ["fts3", "fts4", "fts5"].iter().any(|it| module.eq_ignore_ascii_case(it))
}

/// Whether a table has rows of its own, and not a view of something else.
fn holds_rows(table: &rung_catalog::Table) -> bool {
    table.access_method.as_deref().is_none_or(|module| {
        is_text_index(module) || ["rtree", "rtree_i32", "geopoly"].iter().any(|it| module.eq_ignore_ascii_case(it))
    })
}

/// Whether a text index keeps its text in another table.
pub(super) fn is_external(sql: &str) -> bool {
    content(sql).is_some_and(|content| !content.is_empty())
}

/// Whether a text index keeps its text nowhere.
fn keeps_no_text(sql: &str) -> bool {
    content(sql).is_some_and(|content| content.is_empty())
}

/// What `content=` says.
fn content(sql: &str) -> Option<String> {
    let mut cursor = Cursor::of(sql);
    cursor.until(|cursor| cursor.is_punct("("));
    cursor.parenthesised()?.parts().find_map(|mut part| {
        let is_content = part.word().as_deref() == Some("CONTENT");
        part.step();
        (is_content && part.is_punct("=")).then(|| {
            part.step();
            part.name().unwrap_or_default()
        })
    })
}

/// Whether a module is one of a text index that can be made again from the table that keeps its text.
pub(super) fn is_rebuilt(table: &rung_catalog::Table, sql: &str) -> bool {
    table.access_method.as_deref().is_some_and(is_text_index) && is_external(sql)
}
