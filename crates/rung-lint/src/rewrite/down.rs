//! What undoes a migration, divided among those that it becomes.

use std::collections::{BTreeSet, HashMap, HashSet};

use rung_ddl::{Action, Kind, Name, SmolStr, Statement};
use rung_engine::Down;
use rung_sql::Span;

use super::Writer;
use super::items::{Group, Item};
use super::text::taken_out;
use super::undo::Undo;
use crate::file::ScriptLines;
use crate::{Edit, Key, Runs, Schema};

impl Writer<'_, '_> {
    /// What undoes each group: what the migration's down has for it, and what its steps say themselves.
    pub(super) fn divided(
        &self,
        groups: &[Group],
        changed: &mut Vec<Edit>,
    ) -> Result<Vec<Option<Vec<String>>>, String> {
        let Some(down) = self.down else {
            return match &self.migration.down {
                Some(Down::Code(_)) => Err("a function undoes it".to_owned()),
                _ => Ok(vec![None; groups.len()]),
            };
        };
        if groups.len() == 1 {
            return Ok(vec![None]);
        }
        let schema = Schema::new(self.language.search_path);
        let undone = |item: &Item| -> Vec<Thing> {
            let undo = item.undo.sql();
            undo.map(|sql| things(&(self.language.parse)(sql).statement, &schema)).unwrap_or_default()
        };
        let things = |group: &Group| -> Vec<Thing> {
            group.items.iter().flat_map(|item| [things(&item.statement, &schema), undone(item)].concat()).collect()
        };
        let mut made: HashMap<Thing, BTreeSet<usize>> = HashMap::new();
        for (at, group) in groups.iter().enumerate() {
            for thing in things(group) {
                made.entry(thing).or_default().insert(at);
            }
        }
        let own: Vec<usize> = (0..groups.len()).filter(|at| groups[*at].has_own()).collect();
        let mut downs: Vec<Vec<String>> = groups
            .iter()
            .map(|group| {
                let undos = group.items.iter().rev().filter_map(|item| item.undo.sql());
                if group.has_own() { Vec::new() } else { undos.map(str::to_owned).collect() }
            })
            .collect();
        let bridges = self.bridges(groups, &schema);
        for at in 0..down.lines.len() {
            let speaks_of = self::things(&down.lines[at].parsed.statement, &schema);
            let mut bridged =
                bridges.iter().filter(|bridge| speaks_of.iter().any(|thing| bridge.things.contains(thing)));
            if let Some(bridge) = bridged.next() {
                let is_first = bridge.group == 0;
                let place = self.of_down(down, at, !is_first)?;
                if !is_first {
                    changed.push(Edit { span: place, text: String::new() });
                    if groups[bridge.group].has_own() {
                        downs[bridge.group].splice(0..0, bridge.first.iter().cloned());
                        downs[bridge.group].push(bridge.own.clone());
                    }
                    continue;
                }
                // Whatever else is undone must not find in its way what stood in for the old name.
                let top: String = bridge.first.iter().map(|undo| format!("{undo};\n")).collect();
                if at == 0 {
                    changed.push(Edit { span: place, text: format!("{top}{}", bridge.own) });
                } else {
                    let start = self.of_down(down, 0, true)?.start;
                    changed.push(Edit { span: Span::new(start, start), text: top });
                    changed.push(Edit { span: place, text: bridge.own.clone() });
                }
                continue;
            }
            let fits: BTreeSet<usize> =
                speaks_of.iter().filter_map(|thing| made.get(thing)).flatten().copied().collect();
            let group = match (fits.len(), own.as_slice()) {
                (1, _) => fits.first().copied().unwrap_or(0),
                (0, [one]) => *one,
                (0, []) => 0,
                _ => {
                    let line = down.source_span(at, Span::new(0, 0)).start;
                    let line = down.script.source().line_column(line).line;
                    return Err(format!("what line {line} undoes is in several of the migrations that it becomes"));
                }
            };
            if group == 0 {
                continue;
            }
            changed.push(Edit { span: self.of_down(down, at, true)?, text: String::new() });
            if groups[group].has_own() || downs[group].is_empty() {
                downs[group].push(built_anew(&down.lines[at].parsed.statement, down.text(at), groups[group].apart));
            }
        }
        for (group, down) in groups.iter().zip(&mut downs).skip(1) {
            self.complete(group, down, &schema)?;
        }
        Ok(downs.into_iter().map(Some).collect())
    }

    /// Undoes first what else a group makes: what the migration's own down takes along with something of an earlier group
    /// is still there when only this one is undone.
    fn complete(&self, group: &Group, down: &mut Vec<String>, schema: &Schema) -> Result<(), String> {
        let undoes = |sql: &str| things(&(self.language.parse)(sql).statement, schema);
        let told: HashSet<Thing> = down.iter().flat_map(|sql| undoes(sql)).collect();
        let goes = |table: &Key| {
            told.contains(&Thing::Object(Kind::Table, Key { schema: SmolStr::default(), ..table.clone() }))
        };
        let mut rest = Vec::new();
        for item in group.items.iter().rev().filter(|item| !item.tables.iter().any(goes)) {
            match &item.undo {
                Undo::By(sql) if group.has_own() && undoes(sql).iter().all(|thing| !told.contains(thing)) => {
                    rest.push(sql.clone());
                }
                Undo::By(_) | Undo::Nothing => {}
                Undo::Unnamed => {
                    let line = self.up.source_span(item.line, Span::new(0, 0)).start;
                    let line = self.up.script.source().line_column(line).line;
                    return Err(format!("what line {line} makes has no name to undo it by: give it one"));
                }
            }
        }
        down.splice(0..0, rest);
        Ok(())
    }

    /// The place of a statement of the down in its file, or all that goes with it.
    fn of_down(&self, down: &ScriptLines, at: usize, with_all: bool) -> Result<Span, String> {
        let span = down.source_span(at, Span::new(0, down.text(at).len()));
        let text = down.script.source().text();
        let line = text[..span.start].rfind('\n').map_or(0, |line| line + 1);
        if text[line..].trim_start().starts_with("--") {
            return Err("its way down is a comment, and would have to be divided".to_owned());
        }
        Ok(if with_all { taken_out(text, span, true) } else { span })
    }

    /// What keeps an old name until a release is out, where it is made, and what undoes it.
    fn bridges(&self, groups: &[Group], schema: &Schema) -> Vec<Bridge> {
        let waiting = groups.iter().flat_map(|group| &group.items).filter(|item| item.runs() == Runs::AfterDeploy);
        let lines: BTreeSet<usize> = waiting.map(|item| item.line).collect();
        let bridge = |line: usize| {
            let is_of_it = |item: &&Item| item.line == line && item.runs() != Runs::AfterDeploy;
            let group = groups.iter().position(|group| group.items.iter().any(|item| is_of_it(&item)))?;
            let own = groups[group].items.iter().rev().filter(is_of_it);
            let mut undos: Vec<String> = own.filter_map(|item| item.undo.sql().map(str::to_owned)).collect();
            let own = undos.pop()?;
            Some(Bridge { things: things(&self.up.lines[line].parsed.statement, schema), group, first: undos, own })
        };
        lines.into_iter().filter_map(bridge).collect()
    }
}

/// A statement that became what keeps an old name beside a new one.
struct Bridge {
    /// What the statement is about.
    things: Vec<Thing>,
    /// The migration that has it.
    group: usize,
    /// What undoes all but its first step, in order.
    first: Vec<String>,
    /// What undoes that.
    own: String,
}

/// A statement of a down where it stands by itself: an index is built again without blocking anybody.
fn built_anew(statement: &Statement, text: &str, apart: bool) -> String {
    match (statement, text.to_ascii_lowercase().find("index ")) {
        (Statement::CreateIndex(create), Some(at)) if apart && !create.concurrently => {
            format!("{} CONCURRENTLY{}", &text[..at + 5], &text[at + 5..])
        }
        _ => text.to_owned(),
    }
}

/// What a statement makes or takes away, by name: a statement of a down is held against those of the up by it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Thing {
    Object(Kind, Key),
    Column(Key, SmolStr),
    Constraint(Key, SmolStr),
    NotNull(Key, SmolStr),
    Default(Key, SmolStr),
    Type(Key, SmolStr),
    Partition(Key),
}

fn things(statement: &Statement, schema: &Schema) -> Vec<Thing> {
    let object = |kind: Kind, name: &Name| Thing::Object(kind, Key { schema: SmolStr::default(), ..schema.key(name) });
    match statement {
        Statement::CreateTable(create) => vec![object(Kind::Table, &create.name)],
        Statement::CreateIndex(create) => create.name.iter().map(|name| object(Kind::Index, name)).collect(),
        Statement::Create { kind, name: Some(name), .. } => vec![object(*kind, name)],
        Statement::CreateEnum { name, .. }
        | Statement::CreateComposite { name, .. }
        | Statement::CreateDomain { name, .. } => vec![object(Kind::Type, name)],
        Statement::Drop { kind, names, .. } => names.iter().map(|name| object(*kind, name)).collect(),
        Statement::AlterTable(alter) => {
            let table = schema.key(&alter.name);
            let of = |action: &Action| -> Vec<Thing> {
                let table = table.clone();
                match action {
                    Action::AddColumn { column, .. } => vec![Thing::Column(table, column.name.name.clone())],
                    Action::DropColumn { column, .. } => vec![Thing::Column(table, column.name.clone())],
                    Action::RenameColumn { from, to } => {
                        vec![Thing::Column(table.clone(), from.name.clone()), Thing::Column(table, to.name.clone())]
                    }
                    Action::Rename(to) => {
                        let to = Key { schema: SmolStr::default(), name: to.name.clone() };
                        vec![object(alter.kind, &alter.name), Thing::Object(alter.kind, to)]
                    }
                    Action::SetSchema(_) => vec![object(alter.kind, &alter.name)],
                    Action::SetNotNull(column) | Action::DropNotNull(column) => {
                        vec![Thing::NotNull(table, column.name.clone())]
                    }
                    Action::SetDefault(column, _) | Action::DropDefault(column) => {
                        vec![Thing::Default(table, column.name.clone())]
                    }
                    Action::SetType { column, .. } => vec![Thing::Type(table, column.name.clone())],
                    Action::AddConstraint(added) => {
                        added.name.iter().map(|name| Thing::Constraint(table.clone(), name.name.clone())).collect()
                    }
                    Action::DropConstraint { name, .. } => vec![Thing::Constraint(table, name.name.clone())],
                    Action::Attach { partition, .. } | Action::Detach { partition, .. } => {
                        vec![Thing::Partition(schema.key(partition))]
                    }
                    _ => Vec::new(),
                }
            };
            alter.actions.iter().flat_map(|(action, _)| of(action)).collect()
        }
        _ => Vec::new(),
    }
}
