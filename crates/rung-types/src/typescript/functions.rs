//! Functions, as PostgREST calls them: by the names of their arguments, or with one argument that has none.

use rung_catalog::{Key, Scalar};

use super::{column, entry, object, or_null, record, string, type_of, union};
use crate::compare::by_name;
use crate::doc::Doc;
use crate::model::{Field, Function, Model, Parameter, Relation, Schema, Ty};

/// A schema that is being written.
pub(super) struct Reading<'r, 'a> {
    pub(super) model: &'r Model<'a>,
    pub(super) schema: &'r Schema<'a>,
}

impl<'r, 'a> Reading<'r, 'a> {
    /// Those that can be called, by name; several of one name are one or the other.
    pub(super) fn functions(&self) -> Vec<Doc> {
        let callable: Vec<&Function<'a>> = self.callable().collect();
        let groups = callable.chunk_by(|a, b| a.key.name == b.key.name);
        groups
            .map(|group| {
                let signatures = group.iter().map(|function| self.signature(function, group)).collect();
                entry(&group[0].key.name, "", union(signatures))
            })
            .collect()
    }

    fn callable(&self) -> impl Iterator<Item = &'r Function<'a>> {
        self.schema.functions.iter().filter(|function| is_callable(function))
    }

    /// What functions of a row add to it: columns that are computed.
    pub(super) fn computed(&self, relation: &Relation<'a>) -> impl Iterator<Item = Doc> {
        let of_a_row = move |function: &&Function<'a>| {
            matches!(function.takes.as_slice(), [one] if one.name.is_empty() && !one.has_default && one.of == Ty::Row(relation.key))
                && function.gives.is_empty()
        };
        let columns: Vec<Doc> = self
            .callable()
            .filter(of_a_row)
            .map(|function| entry(&function.key.name, "", or_null(self.row(function))))
            .collect();
        columns.into_iter()
    }

    fn signature(&self, function: &Function<'a>, group: &[&Function<'a>]) -> Doc {
        let arguments = match function.takes.as_slice() {
            // `never` would be less than that there are none: postgrest-js reads `Args extends { "": Row }` as a column
            // that is computed, and `never` extends everything.
            [] => Doc::text("Record<PropertyKey, never>"),
            takes => object(
                takes
                    .iter()
                    .map(|it| entry(&it.name, if it.has_default { "?" } else { "" }, type_of(self.model, &it.of)))
                    .collect(),
            ),
        };
        let mut entries = vec![entry("Args", "", arguments)];
        match self.refusal(function, group) {
            Some(why) => entries.push(entry("Returns", "", refused(&why))),
            None => {
                let to = self.target(function);
                // One row is an object only where the client knows what rows they are.
                let is_list = function.is_set && (!function.is_one_row || to.is_none());
                let mut returns = vec![self.row(function)];
                returns.extend(is_list.then(|| Doc::text("[]")));
                entries.push(entry("Returns", "", Doc::All(returns)));
                entries.extend(to.map(|to| entry("SetofOptions", "", options(function, to))));
            }
        }
        object(entries)
    }

    /// One of what a function returns.
    fn row(&self, function: &Function<'a>) -> Doc {
        if !function.gives.is_empty() {
            let columns = function.gives.iter().map(|it| entry(&it.name, "", type_of(self.model, &it.of)));
            return record(columns.collect());
        }
        let relation = match &function.returns {
            Ty::Row(key) if key.schema == function.key.schema => self.model.relation(key),
            _ => None,
        };
        match relation {
            Some(relation) => {
                let mut fields: Vec<&Field<'_>> = relation.fields.iter().collect();
                fields.sort_by(|a, b| by_name(a.name, b.name));
                record(fields.iter().map(|field| column(self.model, field, "")).collect())
            }
            None => type_of(self.model, &function.returns),
        }
    }

    /// The table, view or composite type whose rows a function returns.
    fn target(&self, function: &Function<'a>) -> Option<&'a Key> {
        match &function.returns {
            Ty::Row(key) if function.gives.is_empty() => Some(key),
            _ => None,
        }
    }

    /// Why PostgREST can't call a function.
    fn refusal(&self, function: &Function<'a>, group: &[&Function<'a>]) -> Option<String> {
        let name = format!("{}.{}", self.schema.name, function.key.name);
        let conflict = |candidates: &[String]| {
            format!(
                "Could not choose the best candidate function between: {}. Try renaming the parameters or the function \
                 itself in the database so function overloading can be resolved",
                candidates.join(", ")
            )
        };
        let mut others = group.iter().filter(|other| other.key != function.key);
        match function.takes.as_slice() {
            [] => {
                let other =
                    others.find(|it| matches!(it.takes.as_slice(), [one] if one.name.is_empty() && one.has_default))?;
                Some(conflict(&[format!("{name}()"), format!("{name}( => {})", other.result)]))
            }
            [one] if !one.name.is_empty() => {
                let same = |it: &&&Function<'a>| matches!(it.takes.as_slice(), [other] if other.name == one.name && other.sql != one.sql);
                let mut types: Vec<&str> = others.filter(same).map(|it| it.takes[0].sql.as_str()).collect();
                if types.is_empty() {
                    return None;
                }
                types.push(&one.sql);
                types.sort_unstable();
                Some(conflict(&types.iter().map(|of| format!("{name}({} => {of})", one.name)).collect::<Vec<_>>()))
            }
            // A column that is computed is read with its row.
            [one] if matches!(one.of, Ty::Row(_)) && self.target(function).is_none() => Some(format!(
                "the function {name} with parameter or with a single unnamed json/jsonb parameter, but no matches were \
                 found in the schema cache"
            )),
            _ => None,
        }
    }
}

/// Whether arguments can be given to a function: by name, or as the whole body of a request.
fn is_callable(function: &Function<'_>) -> bool {
    let is_unnamed = |it: &&Parameter<'_>| it.name.is_empty();
    let is_body = |it: &Parameter<'_>| matches!(&it.of, Ty::Scalar { means: Scalar::Json, .. }) || it.sql == "text";
    match function.takes.as_slice() {
        [one] if one.name.is_empty() => is_body(one) || matches!(one.of, Ty::Row(_)),
        takes => takes.iter().filter(is_unnamed).all(|it| it.has_default && is_body(it)),
    }
}

/// How a client makes a row, or rows, of a relation of what a function returns.
fn options(function: &Function<'_>, to: &Key) -> Doc {
    let from = match function.takes.as_slice() {
        [Parameter { of: Ty::Row(key), .. }] => key.name.as_str(),
        _ => "*",
    };
    record(vec![
        entry("from", "", Doc::text(string(from))),
        entry("to", "", Doc::text(string(&to.name))),
        entry("isOneToOne", "", Doc::text((!function.is_set || function.is_one_row).to_string())),
        entry("isSetofReturn", "", Doc::text(function.is_set.to_string())),
    ])
}

fn refused(why: &str) -> Doc {
    let mark = object(vec![entry("error", "", Doc::text("true"))]);
    Doc::All(vec![mark, Doc::text(format!(" & {}", string(why)))])
}
