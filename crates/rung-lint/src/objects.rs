//! What a migration makes that has no rows and no columns, and what of it its down leaves.

use std::collections::{BTreeMap, HashSet};

use rung_ddl::{Action, Kind, Name, SmolStr, Statement};

use crate::schema::Schema;
use crate::{Key, ScriptLines};

/// An object by its kind, its name and the name of what it is on. Two functions of one name are one.
type Id = (Kind, SmolStr, Option<SmolStr>);

/// What a migration has made and not taken away.
#[derive(Default)]
pub(crate) struct Objects {
    /// With their schemas, and what they are on.
    made: BTreeMap<Id, (Option<SmolStr>, Option<Key>)>,
    /// What it has dropped, and may make anew.
    dropped: HashSet<Id>,
}

impl Objects {
    /// What is left of an up after a down, as clauses.
    pub(crate) fn left(up: &ScriptLines, down: &ScriptLines, changed: &Schema, after: &Schema) -> Vec<String> {
        let mut objects = Self::default();
        for (at, line) in up.lines.iter().enumerate() {
            objects.run(&line.parsed.statement, changed);
            let is_temporary = up.text(at).split_whitespace().take(4).any(|word| {
                let is = |wanted| word.eq_ignore_ascii_case(wanted);
                is("temp") || is("temporary")
            });
            if let (Statement::Create { kind, name: Some(name), on, replace: false, if_not_exists: false }, false) =
                (&line.parsed.statement, is_temporary)
                && is_watched(*kind)
            {
                objects.make(*kind, name, on.as_ref(), changed);
            }
        }
        for line in &down.lines {
            objects.run(&line.parsed.statement, changed);
            // It is made what it was.
            if let Statement::Create { kind, name: Some(name), on, .. } = &line.parsed.statement {
                objects.made.remove(&id(*kind, name, on.as_ref()));
            }
        }
        let stays = |on: &Key| changed.table_at(on).is_none() || after.table_at(on).is_some();
        objects.made.retain(|_, (_, on)| on.as_ref().is_none_or(stays));
        let said = |(kind, name, on): Id| {
            let of = on.map(|on| format!(" of {on}")).unwrap_or_default();
            format!("the {} {name}{of} is left", kind.as_str())
        };
        objects.made.into_keys().map(said).collect()
    }

    fn make(&mut self, kind: Kind, name: &Name, on: Option<&Name>, schema: &Schema) {
        let id = id(kind, name, on);
        if !self.dropped.iter().any(|gone| is_same(gone, &id)) {
            self.made.insert(id, (name.schema.clone(), on.map(|on| schema.key(on))));
        }
    }

    /// Takes away what a statement does.
    fn run(&mut self, statement: &Statement, schema: &Schema) {
        match statement {
            Statement::Drop { kind, names, cascade, on, .. } => {
                for name in names {
                    let gone = id(*kind, name, on.as_ref());
                    let there = self.made.len();
                    self.made.retain(|made, _| !is_same(&gone, made));
                    if self.made.len() == there {
                        self.dropped.insert(gone);
                    }
                    if *kind == Kind::Schema {
                        self.made.retain(|_, (schema, _)| schema.as_ref() != Some(&name.name));
                    }
                    let key = schema.key(name);
                    self.made.retain(|_, (_, on)| on.as_ref() != Some(&key));
                }
                if *cascade {
                    // What else goes along is not known.
                    self.made.retain(|(kind, ..), _| matches!(kind, Kind::Schema | Kind::Extension));
                }
            }
            Statement::AlterTable(alter) => {
                for (action, _) in &alter.actions {
                    match action {
                        Action::Rename(to) => self.rename(alter.kind, &alter.name, to),
                        // A sequence goes with the column that it belongs to.
                        Action::DropColumn { cascade, .. } => {
                            let key = schema.key(&alter.name);
                            self.made.retain(|(kind, ..), (_, on)| match kind {
                                Kind::Sequence => on.as_ref() != Some(&key),
                                Kind::Schema | Kind::Extension => true,
                                _ => !cascade,
                            });
                        }
                        _ => {}
                    }
                }
            }
            Statement::Rename { kind, name, to: Some(to) } => self.rename(*kind, name, to),
            Statement::Alter { kind: Kind::Sequence, name: Some(name), on: Some(on) } => {
                if let Some((_, owner)) = self.made.get_mut(&id(Kind::Sequence, name, None)) {
                    *owner = Some(schema.key(on));
                }
            }
            _ => {}
        }
    }

    fn rename(&mut self, kind: Kind, name: &Name, to: &rung_ddl::Ident) {
        if let Some(object) = self.made.remove(&id(kind, name, None)) {
            self.made.insert((kind, to.name.clone(), None), object);
        }
    }
}

/// Of a sequence, what it belongs to is no part of its name.
fn id(kind: Kind, name: &Name, on: Option<&Name>) -> Id {
    let on = on.filter(|_| matches!(kind, Kind::Trigger | Kind::Policy | Kind::Rule));
    let kind = if kind == Kind::Domain { Kind::Type } else { kind };
    (kind, name.name.clone(), on.map(|on| on.name.clone()))
}

/// Whether what is dropped is what is made: SQLite drops a trigger without saying what it is on.
fn is_same(dropped: &Id, made: &Id) -> bool {
    dropped.0 == made.0 && dropped.1 == made.1 && (dropped.2.is_none() || dropped.2 == made.2)
}

/// Whether it fails to be made again where it is left.
fn is_watched(kind: Kind) -> bool {
    !matches!(kind, Kind::Table | Kind::Index | Kind::Role | Kind::Database | Kind::Statistics | Kind::Other)
}
