//! Names as they are written: with quotes where they need them.

use rung_engine::Dialect;

use crate::SQLITE;

/// <https://sqlite.org/lang_keywords.html>, and the two constants.
const KEYWORDS: &str = "abort action add after all alter always analyze and as asc attach autoincrement before begin between \
    by cascade case cast check collate column commit conflict constraint create cross current current_date current_time \
    current_timestamp database default deferrable deferred delete desc detach distinct do drop each else end escape except \
    exclude exclusive exists explain fail false filter first following for foreign from full generated glob group groups \
    having if ignore immediate in index indexed initially inner insert instead intersect into is isnull join key last left \
    like limit match materialized natural no not nothing notnull null nulls of offset on or order others outer over \
    partition plan pragma preceding primary query raise range recursive references regexp reindex release rename replace \
    restrict returning right rollback row rows savepoint select set table temp temporary then ties to transaction trigger \
    true unbounded union unique update using vacuum values view virtual when where window with within without";

/// A name as SQL.
pub(crate) fn name(name: &str) -> String {
    let is_plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_plain && !KEYWORDS.split_whitespace().any(|keyword| keyword.eq_ignore_ascii_case(name)) {
        name.to_owned()
    } else {
        SQLITE.quote_identifier(name)
    }
}

/// Names as SQL, commas between them.
pub(super) fn names<'a>(list: impl IntoIterator<Item = &'a str>) -> String {
    list.into_iter().map(name).collect::<Vec<_>>().join(", ")
}
