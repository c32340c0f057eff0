//! Rows of partitioned tables: each must be of a part that takes it.

use rung_catalog::{Body, Catalog, Column, Kind, Object, Table};

use super::{Asker, Need};

/// What the bound of the part says that takes what no other does.
const DEFAULT: &str = "DEFAULT";

/// A part, with which it is.
struct Part<'a> {
    object: &'a Object,
    bound: &'a str,
}

fn parts<'a>(catalog: &'a Catalog, whole: &Object) -> Vec<Part<'a>> {
    let part = |object: &'a Object| match &object.body {
        Body::Table(table) if table.inherits.first() == Some(&whole.key) => {
            table.bound.as_deref().map(|bound| Part { object, bound })
        }
        _ => None,
    };
    catalog.of_kind(Kind::Table).filter_map(part).collect()
}

impl Asker<'_> {
    /// What the rows of a table must be that is partitioned afterwards, and of its parts.
    pub(super) fn of_parts(&self, to: &Catalog, object: &Object, table: &Table) -> Vec<Need> {
        let (Some((before, old)), Some(by)) = (self.table(&object.key), &table.partition_by) else { return Vec::new() };
        let named: Vec<&Column> = object.columns().iter().filter(|it| self.names(by, &it.name)).collect();
        let is_same = |column: &&Column| {
            before.columns().iter().any(|was| was.name == column.name && was.data_type == column.data_type)
        };
        let all = parts(to, object);
        if old.partition_by.as_ref() == Some(by) && named.iter().all(is_same) {
            return self.of_bounds(before, by, &all);
        }
        // Tables that were none of its parts come with their rows.
        let was = parts(self.from, before);
        let comes = |part: &&Part<'_>| was.iter().all(|it| it.object.key != part.object.key);
        let mut needs: Vec<Need> =
            all.iter().filter(comes).filter_map(|part| self.of_bound(object, by, part, &all)).collect();
        // It is made anew, and each row looks for its part.
        if all.iter().any(|part| part.bound == DEFAULT) {
            return needs;
        }
        let taken: Option<Vec<String>> = all.iter().map(|part| self.dialect.takes(object, by, part.bound)).collect();
        let Some((rows, taken)) = self.rows_of(to, object, &named, None).zip(taken) else { return needs };
        let what = format!("every row of {} to be of one of its partitions", before.key.path());
        let asked = match taken.as_slice() {
            [] => String::new(),
            [taken] => format!(" WHERE {taken} IS NOT TRUE"),
            taken => format!(" WHERE ({}) IS NOT TRUE", taken.join(" OR ")),
        };
        needs.push(self.need(before, what, format!("SELECT count(*) FROM {rows}{asked}")));
        needs
    }

    /// What the rows of a table must be that becomes a part of `whole`, beside all others.
    fn of_bound(&self, whole: &Object, by: &str, part: &Part<'_>, all: &[Part<'_>]) -> Option<Need> {
        let misfit = match part.bound {
            DEFAULT => {
                let others = all.iter().filter(|it| it.bound != DEFAULT);
                let taken: Option<Vec<String>> = others.map(|it| self.dialect.takes(whole, by, it.bound)).collect();
                let taken = taken.map(|taken| taken.join(" OR ")).filter(|taken| !taken.is_empty())?;
                format!("({taken}) IS TRUE")
            }
            bound => format!("{} IS NOT TRUE", self.dialect.takes(whole, by, bound)?),
        };
        let (before, _) = self.table(&part.object.key)?;
        let what = format!("every row of {} to be of {}", before.key.path(), part.bound);
        let name = self.dialect.object_name(&before.key);
        Some(self.need(before, what, format!("SELECT count(*) FROM {name} WHERE {misfit}")))
    }

    /// What rows must be where only parts come, go or have other bounds.
    fn of_bounds(&self, whole: &Object, by: &str, all: &[Part<'_>]) -> Vec<Need> {
        let was = parts(self.from, whole);
        let is_kept = |part: &Part<'_>| was.iter().any(|it| it.object.key == part.object.key && it.bound == part.bound);
        let rest = all.iter().find(|part| part.bound == DEFAULT);
        let mut needs = Vec::new();
        for part in all.iter().filter(|part| !is_kept(part)) {
            needs.extend(self.of_bound(whole, by, part, all));
            // What others took that no part takes as yet goes elsewhere.
            if let Some(rest) = rest.filter(|rest| is_kept(rest))
                && let Some(taken) = self.dialect.takes(whole, by, part.bound)
            {
                let path = rest.object.key.path();
                let what = format!("no row of {path} that is of {}", part.object.key.path());
                let name = self.dialect.object_name(&rest.object.key);
                needs.push(self.need(rest.object, what, format!("SELECT count(*) FROM {name} WHERE {taken}")));
            }
        }
        needs
    }
}
