//! Where the columns of views come from: the server notes it in the tree of a view's query.

use std::collections::HashMap;
use std::sync::Arc;

use rung_catalog::{Descent, Key, Kind, Lineage};
use rung_engine::{DbError, Session};

use crate::driver::Postgres;

/// Each column of each view, with whether it, and the view, can be written (`information_schema.views`). The server fails
/// where it is asked that of a foreign table whose wrapper has no handler, or of a view over one.
const COLUMNS: &str = "WITH RECURSIVE silent AS ( \
        SELECT t.ftrelid AS oid FROM pg_foreign_table t JOIN pg_foreign_server s ON s.oid = t.ftserver \
            JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw WHERE w.fdwhandler = 0 \
        UNION SELECT r.ev_class FROM silent JOIN pg_depend d ON d.refobjid = silent.oid \
            AND d.refclassid = 'pg_class'::regclass AND d.classid = 'pg_rewrite'::regclass \
            JOIN pg_rewrite r ON r.oid = d.objid) \
    SELECT c.oid, n.nspname, c.relname, c.relkind, a.attnum, a.attname, \
        CASE WHEN silent.oid IS NULL THEN pg_column_is_updatable(c.oid, a.attnum, false) ELSE false END, \
        CASE WHEN silent.oid IS NULL THEN (pg_relation_is_updatable(c.oid, false) & 20) = 20 ELSE false END \
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid \
        LEFT JOIN silent ON silent.oid = c.oid \
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped \
        AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY c.oid, a.attnum";

/// The trees of their queries.
const TREES: &str = "SELECT r.ev_class, r.ev_action FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class \
    JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind IN ('v', 'm') AND r.rulename = '_RETURN' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

/// A column of a relation, by oid and number.
type Place = (u32, i16);

pub(crate) fn lineage(postgres: &mut Postgres) -> Result<Vec<Lineage>, DbError> {
    let columns = postgres.query(COLUMNS)?;
    let origins: HashMap<Place, Place> = postgres
        .query(TREES)?
        .iter()
        .filter_map(|row| Some((row.first()?.as_deref()?.parse::<u32>().ok()?, row.get(1)?.as_deref()?)))
        .flat_map(|(view, tree)| origins(tree).into_iter().map(move |(number, of)| ((view, number), of)))
        .collect();
    let mut names: HashMap<Place, (Arc<Key>, String)> = HashMap::new();
    let mut views: Vec<(u32, Lineage)> = Vec::new();
    let mut last: Option<(u32, Arc<Key>)> = None;
    for row in &columns {
        let [Some(oid), Some(schema), Some(name), Some(kind), Some(number), Some(column), writable, view_writable] =
            row.as_slice()
        else {
            continue;
        };
        let (Ok(oid), Ok(number)) = (oid.parse::<u32>(), number.parse::<i16>()) else { continue };
        let is_view = matches!(kind.as_str(), "v" | "m");
        let key = match &last {
            Some((of, key)) if *of == oid => Arc::clone(key),
            _ => {
                let kind = if is_view { Kind::View } else { Kind::Table };
                Arc::new(Key::new(kind, Some(schema), name))
            }
        };
        last = Some((oid, Arc::clone(&key)));
        let is_true = |value: &Option<String>| value.as_deref() == Some("t");
        if is_view {
            if views.last().is_none_or(|(of, _)| *of != oid) {
                let is_updatable = is_true(view_writable);
                views.push((oid, Lineage { view: Arc::clone(&key), is_updatable, columns: Vec::new() }));
            }
            if let Some((_, lineage)) = views.last_mut() {
                let descent = Descent { name: column.clone(), is_updatable: is_true(writable), of: None };
                lineage.columns.push(descent);
            }
        }
        names.insert((oid, number), (key, column.clone()));
    }
    // A view's columns may be those of another view; columns of a view are numbered without gaps.
    for (oid, lineage) in &mut views {
        for (number, column) in (1..).zip(&mut lineage.columns) {
            let mut place = (*oid, number);
            while let Some(next) = origins.get(&place) {
                place = *next;
            }
            column.of = names.get(&place).filter(|(key, _)| key.kind == Kind::Table).cloned();
        }
    }
    Ok(views.into_iter().map(|(_, lineage)| lineage).collect())
}

/// The columns of the outermost query with the column that each is, from the tree as `pg_node_tree` writes it:
/// `({QUERY ... :targetList ({TARGETENTRY ... :resno 1 :resname id :ressortgroupref 0 :resorigtbl 4711 :resorigcol 1
/// :resjunk false} ...) ...})`. What stands in a name or text has a backslash before it.
fn origins(tree: &str) -> Vec<(i16, Place)> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    // The number, the table and its column of the entry that is being read.
    let mut entry: (Option<i16>, Option<u32>, Option<i16>) = (None, None, None);
    let spaced = tree.replace('{', " { ").replace('}', " } ").replace("\\ {", "\\{").replace("\\ }", "\\}");
    let mut words = spaced.split_ascii_whitespace();
    let mut is_target = false;
    while let Some(word) = words.next() {
        match word {
            "{" => depth += 1,
            "}" => {
                if depth == 2
                    && is_target
                    && let (Some(number), Some(table), Some(column)) = std::mem::take(&mut entry)
                    && table != 0
                {
                    found.push((number, (table, column)));
                }
                depth = depth.saturating_sub(1);
            }
            "TARGETENTRY" if depth == 2 => {
                is_target = true;
                entry = (None, None, None);
            }
            _ if depth == 1 && word.starts_with(':') => is_target = false,
            ":resno" if depth == 2 => entry.0 = words.next().and_then(|number| number.parse().ok()),
            ":resorigtbl" if depth == 2 => entry.1 = words.next().and_then(|number| number.parse().ok()),
            ":resorigcol" if depth == 2 => entry.2 = words.next().and_then(|number| number.parse().ok()),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_outermost_columns_count() {
        let tree = "({QUERY :commandType 1 :cteList ({COMMONTABLEEXPR :ctequery {QUERY :targetList ({TARGETENTRY :expr {VAR \
            :varno 1} :resno 1 :resname inner :resorigtbl 7 :resorigcol 7 :resjunk false})}}) :targetList ({TARGETENTRY :expr \
            {VAR :varno 1} :resno 1 :resname id :ressortgroupref 0 :resorigtbl 42 :resorigcol 3 :resjunk false} {TARGETENTRY \
            :expr {FUNCEXPR :args ({VAR :varno 1})} :resno 2 :resname o\\{dd\\ :resorigtbl :resorigtbl 0 :resorigcol 0 :resjunk \
            false}) :returningList <>})";
        assert_eq!(origins(tree), [(1, (42, 3))]);
    }
}
