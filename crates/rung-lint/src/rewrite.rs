//! A migration written anew, as the safe sequences of its findings have it: as one file where that can be, else as
//! several that come one after the other.

use std::collections::HashMap;
use std::sync::Arc;

use rung_ddl::{Action, Kind, Name, Statement};
use rung_engine::{Asks, Body, Dialect, Down, Hints, Migration, Mode, ScriptPlan};
use rung_sql::{SourceFile, Span, TransactionControl};

use crate::file::ScriptLines;
use crate::{Born, Edit, File, Finding, Key, Language, Line, Runs, Schema, Sequence, Step, Table, language};

/// A migration written anew.
#[derive(Debug, Clone)]
pub struct Rewrite {
    /// What changes in the files that are there; no edits of a file overlap.
    pub changes: Vec<(Arc<SourceFile>, Vec<Edit>)>,
    /// The migrations that come after it, in order.
    pub after: Vec<Part>,
    /// The tables that the later ones are about; `None` where that can't be seen.
    pub concerns: Option<Vec<Key>>,
}

/// A migration that takes over a part of another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its name, without a number.
    pub name: String,
    /// Earlier migrations whose tables it is about.
    needs: Vec<String>,
    directives: Vec<String>,
    up: Vec<String>,
    verify: String,
    /// `None` where the migration has none.
    down: Option<Vec<String>>,
}

impl Part {
    /// Its file, as rung's own format has it. `before` is the id of what comes before it.
    pub fn text(&self, before: &str) -> String {
        let depends_on: Vec<&str> = self.needs.iter().map(String::as_str).chain([before]).collect();
        let mut text = format!("-- Depends on: [{}]\n", depends_on.join(", "));
        for line in &self.directives {
            text.push_str(&format!("-- @{line}\n"));
        }
        text.push_str("-- @up\n");
        self.up.iter().for_each(|statement| text.push_str(&format!("{statement};\n")));
        text.push_str(&self.verify);
        if let Some(down) = &self.down {
            text.push_str("-- @down\n");
            if down.is_empty() {
                text.push_str("-- nothing to undo: what is done above is in nobody's way\n");
            }
            down.iter().for_each(|statement| text.push_str(&format!("{statement};\n")));
        }
        text
    }
}

impl Rewrite {
    /// Whether the later migrations can't be behind another one, which uses what they are about.
    pub fn is_in_the_way_of(&self, other: &Migration, dialect: &dyn Dialect) -> bool {
        let (Some(concerns), Some(language)) = (&self.concerns, language(dialect.name())) else { return true };
        let schema = Schema::new(language.search_path);
        let file = File::read(other, dialect, language);
        let Some(up) = &file.up else { return true };
        up.lines.iter().any(|line| {
            let mut named = line.parsed.statement.tables().chain(&line.parsed.relations);
            matches!(line.parsed.statement, Statement::Opaque { .. } | Statement::Other)
                || named.any(|name| concerns.contains(&schema.key(name)))
        })
    }
}

/// Writes a migration anew, with the safe sequences in place of what they replace. `None` where there are none. `earlier`
/// are the migrations before it.
///
/// # Errors
/// Why that can't be done, as a clause.
pub fn rewrite(
    migration: &Migration,
    earlier: &[&Migration],
    dialect: &dyn Dialect,
    findings: &[&Finding],
) -> Result<Option<Rewrite>, String> {
    let Some(language) = language(dialect.name()) else { return Ok(None) };
    let mut sequences: Vec<&Sequence> = findings.iter().flat_map(|finding| &finding.steps).collect();
    if sequences.is_empty() {
        return Ok(None);
    }
    // The first that speaks of a place is the one that holds.
    sequences.sort_by_key(|sequence| (sequence.statement, sequence.replaces.start));
    let mut kept: Vec<&Sequence> = Vec::new();
    for sequence in sequences {
        let overlaps = |other: &&Sequence| {
            other.statement == sequence.statement
                && other.replaces.start < sequence.replaces.end
                && sequence.replaces.start < other.replaces.end
        };
        if !kept.iter().any(overlaps) {
            kept.push(sequence);
        }
    }
    let file = File::read(migration, dialect, language);
    let Some(up) = &file.up else { return Err("it is no SQL".to_owned()) };
    let writer = Writer { migration, earlier, dialect, language, up, down: file.down.as_ref(), sequences: kept };
    writer.write().map(Some)
}

struct Writer<'a> {
    migration: &'a Migration,
    earlier: &'a [&'a Migration],
    dialect: &'a dyn Dialect,
    language: &'static Language,
    up: &'a ScriptLines,
    down: Option<&'a ScriptLines>,
    sequences: Vec<&'a Sequence>,
}

/// A statement, as it stands or as it takes the place of one.
#[derive(Debug, Clone)]
struct Item {
    /// The statement of the file that it is, or comes from.
    line: usize,
    /// `None` for one that is kept as it is.
    step: Option<Step>,
    statement: Statement,
    tables: Vec<Key>,
}

impl Item {
    fn runs(&self) -> Runs {
        self.step.as_ref().map_or(Runs::Together, |step| step.runs)
    }

    fn is_setting(&self) -> bool {
        self.step.is_none() && matches!(self.statement, Statement::Set { .. })
    }

    /// Whether it says all that it is about, so that it may wait until others are done.
    fn is_clear(&self) -> bool {
        match &self.statement {
            Statement::CreateIndex(_)
            | Statement::AlterTable(_)
            | Statement::CreateTable(_)
            | Statement::Reindex { .. }
            | Statement::Data { .. }
            | Statement::Comment { .. } => true,
            Statement::Drop { kind, .. } => matches!(kind, Kind::Index | Kind::Table),
            _ => false,
        }
    }

    fn is_in_the_way_of(&self, other: &Self) -> bool {
        !self.is_clear() || !other.is_clear() || self.tables.iter().any(|table| other.tables.contains(table))
    }
}

/// The statements of one migration.
#[derive(Debug, Default)]
struct Group {
    items: Vec<Item>,
    apart: bool,
}

impl Group {
    fn has_own(&self) -> bool {
        self.items.iter().any(|item| item.step.is_none() && !item.is_setting())
    }
}

impl Writer<'_> {
    fn write(&self) -> Result<Rewrite, String> {
        let items = self.items()?;
        let groups = self.grouped(items);
        if groups.len() > 1 {
            self.may_be_several()?;
        } else if self.migration.hints != Hints::NATIVE && self.needs_directive(&groups[0]) {
            return Err("its format has no word for statements that are committed one by one".to_owned());
        }
        let mut edits: Vec<(Arc<SourceFile>, Vec<Edit>)> = Vec::new();
        let source = Arc::clone(&self.migration.source);
        let (first, rest) = groups.split_first().ok_or("there is nothing in it")?;
        let mut own = self.first(first, rest)?;
        let (mut after, gone) = self.parts(&groups)?;
        let mut down: Vec<Edit> = gone.into_iter().map(|span| Edit { span, text: String::new() }).collect();
        // A way down that nothing is left of has to say so.
        let is_emptied = self.down.is_some_and(|script| script.lines.len() == down.len());
        if let Some(last) = down.last_mut().filter(|_| is_emptied) {
            last.text = "-- nothing to undo: that is with the migrations after it\n".to_owned();
        }
        match self.down {
            Some(script) if script.script.source().path() != source.path() => {
                edits.push((Arc::clone(script.script.source()), down));
            }
            _ => own.extend(down),
        }
        if let Some(last) = after.last_mut() {
            let verify = self.verify_sections();
            last.verify.insert_str(0, &verify.iter().map(|span| source.slice(*span)).collect::<String>());
            own.extend(verify.into_iter().map(|span| Edit { span, text: String::new() }));
        }
        edits.insert(0, (source, own));
        edits.retain(|(_, edits)| !edits.is_empty());
        let later = || rest.iter().flat_map(|group| &group.items).filter(|item| !item.is_setting());
        let concerns = later().all(Item::is_clear).then(|| later().flat_map(|item| item.tables.clone()).collect());
        Ok(Rewrite { changes: edits, after, concerns })
    }

    /// Every statement of the new sequence, those of one statement with what may share a transaction first.
    fn items(&self) -> Result<Vec<Item>, String> {
        let schema = Schema::new(self.language.search_path);
        let item = |line: usize, step: Option<Step>, sql: &str| {
            let parsed = (self.language.parse)(sql);
            let named = parsed.statement.tables().chain(&parsed.relations);
            let mut tables: Vec<Key> = named.map(|name| schema.key(name)).collect();
            if let Statement::Drop { kind: Kind::Index, names, .. } = &parsed.statement {
                tables.extend(names.iter().map(|name| schema.key(name)));
            }
            Item { line, step, statement: parsed.statement, tables }
        };
        let mut items = Vec::new();
        for at in 0..self.up.lines.len() {
            let mut own: Vec<&&Sequence> = self.sequences.iter().filter(|sequence| sequence.statement == at).collect();
            if own.is_empty() {
                items.push(item(at, None, self.up.text(at)));
                continue;
            }
            let text = self.up.text(at);
            if self.up.script.source().slice(self.up.source_span(at, Span::new(0, text.len()))) != text {
                return Err("a variable stands in the statement".to_owned());
            }
            own.sort_by_key(|sequence| sequence.replaces.start);
            let is_whole = own[0].replaces == Span::new(0, text.len());
            let mut steps: Vec<Step> = match (&self.up.lines[at].parsed.statement, is_whole) {
                (Statement::AlterTable(alter), false) => exploded(text, &alter.actions, &own),
                _ => own[0].steps.clone(),
            };
            steps.sort_by_key(|step| step.runs == Runs::Apart);
            items.extend(steps.into_iter().map(|step| {
                let sql = step.sql.clone();
                item(at, Some(step), &sql)
            }));
        }
        Ok(items)
    }

    /// The items of each migration, in order.
    fn grouped(&self, items: Vec<Item>) -> Vec<Group> {
        let own = items.iter().any(|item| item.step.is_none() && !item.is_setting());
        let apart = items.iter().any(|item| item.runs() == Runs::Apart);
        let anew = items.iter().any(|item| item.runs() == Runs::Anew);
        if self.is_apart() || !anew && (!own || !apart) {
            return vec![Group { items, apart: apart || self.is_apart() }];
        }
        let settings: Vec<Item> = items.iter().filter(|item| item.is_setting()).cloned().collect();
        let mut groups: Vec<Group> = Vec::new();
        let mut together = Group::default();
        let mut later = Group { apart: true, ..Group::default() };
        let close = |groups: &mut Vec<Group>, together: &mut Group, later: &mut Group| {
            for group in [std::mem::take(together), std::mem::replace(later, Group { apart: true, ..Group::default() })]
            {
                // Settings alone do nothing for anybody.
                if group.items.iter().any(|item| !item.is_setting()) {
                    groups.push(group);
                }
            }
        };
        for item in items {
            match item.runs() {
                Runs::Apart => later.items.push(item),
                Runs::Anew => {
                    close(&mut groups, &mut together, &mut later);
                    together.items.push(item);
                }
                Runs::Together => {
                    if !item.is_setting() && later.items.iter().any(|waiting| waiting.is_in_the_way_of(&item)) {
                        close(&mut groups, &mut together, &mut later);
                    }
                    together.items.push(item);
                }
            }
        }
        close(&mut groups, &mut together, &mut later);
        // What is set for the statements that it stood above is set for them where they are now.
        for group in groups.iter_mut().skip(1) {
            let first = group.items.first().map_or(0, |item| item.line);
            let above = settings.iter().filter(|setting| setting.line < first && !is_timeout(setting));
            let missing: Vec<Item> =
                above.filter(|setting| group.items.iter().all(|item| item.line != setting.line)).cloned().collect();
            group.items.splice(0..0, missing);
        }
        groups
    }

    /// Whether every statement is committed by itself already.
    fn is_apart(&self) -> bool {
        let Body::Sql(body) = &self.migration.body else { return false };
        let plan = ScriptPlan::new(&body.up, Asks::up(self.migration), self.dialect);
        matches!(plan, Ok(plan) if plan.mode != Mode::Transaction)
    }

    fn needs_directive(&self, group: &Group) -> bool {
        group.apart && self.migration.no_transaction.is_none() && group.items.len() > 1
    }

    /// Whether files of rung's own can be made of it.
    fn may_be_several(&self) -> Result<(), String> {
        let Body::Sql(body) = &self.migration.body else { return Err("it is no SQL".to_owned()) };
        if self.migration.hints != Hints::NATIVE {
            return Err("it has to become several migrations, and it is not of rung's own format".to_owned());
        }
        if self.migration.runs.again() {
            return Err("it has to become several migrations, and it runs again when it changes".to_owned());
        }
        if !body.expects.is_empty() {
            return Err("it has to become several migrations, and it has an `@expect`".to_owned());
        }
        let sections = self.migration.source.text().lines().filter_map(section);
        if sections.clone().filter(|words| words.first() == Some(&"up")).count() > 1
            || sections.clone().any(|words| words.len() > 1 && words[0] == "up")
        {
            return Err("it has to become several migrations, and it has sections for several databases".to_owned());
        }
        let controls = |control: Option<TransactionControl>| control.is_some();
        if self.up.own_transactions
            || self.up.lines.iter().skip(1).rev().skip(1).any(|line| controls(line.facts.transaction))
        {
            return Err("it controls transactions itself".to_owned());
        }
        Ok(())
    }

    /// The edits that leave the first group in the file.
    fn first(&self, group: &Group, rest: &[Group]) -> Result<Vec<Edit>, String> {
        let mut edits = Vec::new();
        for at in 0..self.up.lines.len() {
            let own: Vec<&Item> = group.items.iter().filter(|item| item.line == at).collect();
            let statement = self.up.source_span(at, Span::new(0, self.up.text(at).len()));
            if own.is_empty() {
                if rest.iter().any(|group| group.items.iter().any(|item| item.line == at)) {
                    edits.push(Edit { span: self.taken_out(statement, true), text: String::new() });
                }
            } else if own.iter().any(|item| item.step.is_some()) {
                let steps = own.iter().filter_map(|item| item.step.as_ref()).map(|step| step.sql.as_str());
                edits.push(Edit { span: statement, text: steps.collect::<Vec<_>>().join(";\n") });
            }
        }
        if group.apart {
            edits.extend(
                self.wrappers().into_iter().map(|span| Edit { span: self.taken_out(span, false), text: String::new() }),
            );
        }
        let mut lines = String::new();
        if self.needs_directive(group) {
            lines.push_str("-- @no-transaction\n");
        }
        let leaves: Vec<&String> = group.items.iter().filter_map(|item| item.step.as_ref()?.leaves.as_ref()).collect();
        if !lines.is_empty() {
            let first = self.up.lines.first().map_or(0, |line| self.up.script.source_span(line.span).start);
            let at = above(self.migration.source.text(), first);
            edits.push(Edit { span: Span::new(at, at), text: lines });
        }
        if !leaves.is_empty() && rest.is_empty() {
            let at = self.below()?;
            let end = if self.migration.source.text()[..at].ends_with('\n') { "" } else { "\n" };
            let text = format!("{end}{}", no_rows(&leaves));
            edits.push(Edit { span: Span::new(at, at), text });
        }
        Ok(edits)
    }

    /// Where a section behind the up is put in.
    fn below(&self) -> Result<usize, String> {
        let text = self.migration.source.text();
        let mut at = 0;
        let mut is_up = false;
        for line in text.split_inclusive('\n') {
            match section(line) {
                Some(words) if words[0] == "up" => is_up = true,
                Some(_) if is_up => return Ok(at),
                _ => {}
            }
            at += line.len();
        }
        if is_up { Ok(text.len()) } else { Err("write a line `-- @up` above its statements first".to_owned()) }
    }

    /// `BEGIN` and `COMMIT` around it all, which rung's own transaction stands for.
    fn wrappers(&self) -> Vec<Span> {
        let all = self.up.script.statements(self.language.syntax).unwrap_or_default();
        let is_ours =
            |span: Span| self.up.lines.iter().any(|line| line.span == span && line.facts.transaction.is_none());
        all.iter()
            .map(|statement| statement.span)
            .filter(|span| !is_ours(*span))
            .map(|span| self.up.script.source_span(span))
            .collect()
    }

    /// A statement with its `;`, the rest of its last line, and the comments right above it that are its own.
    fn taken_out(&self, statement: Span, with_comments: bool) -> Span {
        taken_out(self.migration.source.text(), statement, with_comments)
    }

    /// The sections that check.
    fn verify_sections(&self) -> Vec<Span> {
        let text = self.migration.source.text();
        let mut found: Vec<Span> = Vec::new();
        let (mut at, mut open) = (0, None);
        for line in text.split_inclusive('\n') {
            if let Some(words) = section(line) {
                if let Some(start) = open.take() {
                    found.push(Span::new(start, at));
                }
                open = (words[0] == "verify").then_some(at);
            }
            at += line.len();
        }
        found.extend(open.map(|start| Span::new(start, at)));
        found
    }

    /// The migrations after the first, and what is taken out of the down for them.
    fn parts(&self, groups: &[Group]) -> Result<(Vec<Part>, Vec<Span>), String> {
        let mut gone = Vec::new();
        let downs = self.divided(groups, &mut gone)?;
        let makers = self.makers();
        let mut names: Vec<String> = Vec::new();
        let mut parts = Vec::new();
        for (group, down) in groups.iter().zip(downs).skip(1) {
            let named = group.items.iter().find_map(|item| item.step.as_ref()).map(|step| step.name.clone());
            let name =
                named.filter(|name| !name.is_empty()).unwrap_or_else(|| format!("{}_rest", self.migration.id.name()));
            let same = names.iter().filter(|other| **other == name).count();
            names.push(name.clone());
            let mut directives = self.directives();
            if group.apart && group.items.len() > 1 {
                directives.push("no-transaction".to_owned());
            }
            let leaves: Vec<&String> =
                group.items.iter().filter_map(|item| item.step.as_ref()?.leaves.as_ref()).collect();
            let mut needs: Vec<String> =
                group.items.iter().flat_map(|item| &item.tables).filter_map(|key| makers.get(key).cloned()).collect();
            needs.sort_unstable();
            needs.dedup();
            parts.push(Part {
                needs,
                name: if same > 0 { format!("{name}_{}", same + 1) } else { name },
                directives,
                up: (0..group.items.len()).map(|at| self.sql(&group.items, at, &groups[0])).collect(),
                verify: if leaves.is_empty() { String::new() } else { no_rows(&leaves) },
                down,
            });
        }
        Ok((parts, gone))
    }

    /// Which earlier migration made a table. Where the file says itself what it depends on, that is all that is needed.
    fn makers(&self) -> HashMap<Key, String> {
        if self.migration.depends_on.is_some() {
            return HashMap::new();
        }
        let mut schema = Schema::new(self.language.search_path);
        for (number, migration) in self.earlier.iter().enumerate() {
            schema.replay(&File::read(migration, self.dialect, self.language), Born::In(number));
        }
        let maker = |table: &Table| match table.born {
            Born::In(number) => Some(self.earlier[number].id.to_string()),
            Born::Before => None,
        };
        schema.tables().filter_map(|(key, table)| Some((key.clone(), maker(table)?))).collect()
    }

    /// An item as it is written elsewhere, with the comments that stand above it.
    fn sql(&self, items: &[Item], at: usize, first: &Group) -> String {
        let item = &items[at];
        let source = &self.migration.source;
        let statement = self.up.source_span(item.line, Span::new(0, self.up.text(item.line).len()));
        let above = self.taken_out(statement, true).start;
        let comments = source.slice(Span::new(above, statement.start));
        match &item.step {
            // What is said of a statement goes along with the first of what takes its place.
            Some(step) if items[..at].iter().chain(&first.items).any(|other| other.line == item.line) => {
                step.sql.clone()
            }
            Some(step) => format!("{}{}", comments.trim_start(), step.sql),
            None if item.is_setting() => source.slice(statement).to_owned(),
            None => format!("{}{}", comments.trim_start(), source.slice(statement)),
        }
    }

    /// Lines that hold for each part.
    fn directives(&self) -> Vec<String> {
        let written = |line: &str| {
            let words = line.trim().strip_prefix("--")?.trim().strip_prefix('@')?.trim().to_owned();
            let kept = ["only", "lock-timeout", "statement-timeout"];
            kept.contains(&words.split_whitespace().next()?).then_some(words)
        };
        self.migration.source.text().lines().filter_map(written).collect()
    }

    /// What undoes each group: what the migration's down has for it, and what its steps say themselves.
    fn divided(&self, groups: &[Group], gone: &mut Vec<Span>) -> Result<Vec<Option<Vec<String>>>, String> {
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
            let undo = item.step.as_ref().and_then(|step| step.undo.as_deref());
            undo.map(|sql| things(&(self.language.parse)(sql).statement, &schema)).unwrap_or_default()
        };
        let things = |group: &Group| -> Vec<Thing> {
            group.items.iter().flat_map(|item| [things(&item.statement, &schema), undone(item)].concat()).collect()
        };
        let made: Vec<Vec<Thing>> = groups.iter().map(things).collect();
        let own: Vec<usize> = (0..groups.len()).filter(|at| groups[*at].has_own()).collect();
        let mut downs: Vec<Vec<String>> = groups
            .iter()
            .map(|group| {
                let undos = group.items.iter().rev().filter_map(|item| item.step.as_ref()?.undo.clone());
                if group.has_own() { Vec::new() } else { undos.collect() }
            })
            .collect();
        for at in 0..down.lines.len() {
            let speaks_of = self::things(&down.lines[at].parsed.statement, &schema);
            let fits: Vec<usize> =
                (0..groups.len()).filter(|group| speaks_of.iter().any(|thing| made[*group].contains(thing))).collect();
            let group = match (fits.as_slice(), own.as_slice()) {
                ([one], _) => *one,
                ([], [one]) => *one,
                ([], []) => 0,
                _ => {
                    let line = down.source_span(at, Span::new(0, 0)).start;
                    let line = down.script.source().line_column(line).line;
                    return Err(format!("what line {line} undoes is in several of the migrations that it becomes"));
                }
            };
            if group == 0 {
                continue;
            }
            let span = down.source_span(at, Span::new(0, down.text(at).len()));
            let text = down.script.source().text();
            let line = text[..span.start].rfind('\n').map_or(0, |line| line + 1);
            if text[line..].trim_start().starts_with("--") {
                return Err("its way down is a comment, and would have to be divided".to_owned());
            }
            gone.push(taken_out(text, span, true));
            if groups[group].has_own() || downs[group].is_empty() {
                downs[group].push(built_anew(&down.lines[at].parsed.statement, down.text(at), groups[group].apart));
            }
        }
        Ok(downs.into_iter().map(Some).collect())
    }
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

fn is_timeout(item: &Item) -> bool {
    matches!(&item.statement, Statement::Set { name, .. } if name.ends_with("_timeout"))
}

/// The words of a line that begins a section.
fn section(line: &str) -> Option<Vec<&str>> {
    let words: Vec<&str> = line.trim().strip_prefix("--")?.trim().strip_prefix('@')?.split_whitespace().collect();
    words.first().is_some_and(|word| ["up", "down", "verify"].contains(word)).then_some(words)
}

/// Where a line about the whole file is put in: above the first section, else above the first statement.
pub(crate) fn above(text: &str, first: usize) -> usize {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if section(line).is_some_and(|words| words[0] == "up") {
            return at;
        }
        at += line.len();
    }
    text[..first].rfind('\n').map_or(0, |line| line + 1)
}

fn no_rows(queries: &[&String]) -> String {
    let queries: String = queries.iter().map(|query| format!("{query};\n")).collect();
    format!("-- @verify no-rows\n{queries}")
}

/// A statement or a line with what belongs to it, so that nothing is left of it.
pub(crate) fn taken_out(text: &str, statement: Span, with_comments: bool) -> Span {
    let mut start = statement.start;
    let line = text[..start].rfind('\n').map_or(0, |line| line + 1);
    let begins_line = text[line..start].trim().is_empty();
    if begins_line {
        start = line;
        while with_comments && start > 0 {
            let above = text[..start - 1].rfind('\n').map_or(0, |line| line + 1);
            let comment = text[above..start].trim();
            let is_own = comment.starts_with("--")
                && comment
                    .trim_start_matches('-')
                    .trim_start()
                    .strip_prefix('@')
                    .is_none_or(|rest| rest.starts_with("allow"));
            // What stands at the top of the file speaks of all of it.
            if !is_own || above == 0 {
                break;
            }
            start = above;
        }
        let begins_file = text[..start].lines().all(|line| line.trim().starts_with("--") && section(line).is_none());
        if begins_file {
            start = line;
        }
    }
    let mut end = statement.end;
    let rest = text[end..].trim_start();
    if rest.starts_with(';') {
        end = text.len() - rest.len() + 1;
    }
    let blank = text[end..].find(|c: char| !matches!(c, ' ' | '\t' | '\r')).map_or(text.len(), |at| end + at);
    match text[blank..].chars().next() {
        Some('\n') if begins_line => end = blank + 1,
        None => end = blank,
        _ if !begins_line => {}
        _ => end = blank,
    }
    Span::new(start, end)
}

/// An `ALTER TABLE` with steps in the place of some of its actions; the others stay together.
fn exploded(text: &str, actions: &[(Action, Span)], sequences: &[&&Sequence]) -> Vec<Step> {
    let head = &text[..actions.first().map_or(0, |(_, span)| span.start)];
    let mut steps = Vec::new();
    let mut kept: Vec<&str> = Vec::new();
    let flush = |kept: &mut Vec<&str>, steps: &mut Vec<Step>| {
        if !kept.is_empty() {
            steps.push(Step::together("", format!("{head}{}", std::mem::take(kept).join(", "))));
        }
    };
    for (_, span) in actions {
        match sequences.iter().find(|sequence| sequence.replaces == *span) {
            Some(sequence) => {
                flush(&mut kept, &mut steps);
                steps.extend(sequence.steps.iter().cloned());
            }
            None => kept.push(&text[span.range()]),
        }
    }
    flush(&mut kept, &mut steps);
    steps
}

/// What a statement makes or takes away, by name: a statement of a down is held against those of the up by it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Thing {
    Object(Kind, Key),
    Column(Key, String),
    Constraint(Key, String),
    NotNull(Key, String),
    Default(Key, String),
    Type(Key, String),
    Partition(Key),
}

fn things(statement: &Statement, schema: &Schema) -> Vec<Thing> {
    let object = |kind: Kind, name: &Name| Thing::Object(kind, Key { schema: String::new(), ..schema.key(name) });
    match statement {
        Statement::CreateTable(create) => vec![object(Kind::Table, &create.name)],
        Statement::CreateIndex(create) => create.name.iter().map(|name| object(Kind::Index, name)).collect(),
        Statement::Create { kind, name: Some(name), .. } => vec![object(*kind, name)],
        Statement::CreateEnum { name, .. } | Statement::CreateDomain { name, .. } => vec![object(Kind::Type, name)],
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

/// The statements of a refused script that are to run outside of a transaction, each by itself.
pub(crate) fn by_themselves(script: &ScriptLines) -> Vec<Sequence> {
    use rung_sql::Effect;
    let is_outside =
        |line: &Line| line.facts.outside.is_some() || matches!(line.facts.effect, Effect::AddEnumValue { .. });
    let outside = (0..script.lines.len()).filter(|at| is_outside(&script.lines[*at]));
    outside
        .map(|statement| {
            let text = script.text(statement);
            let name = match &script.lines[statement].facts.effect {
                Effect::CreateIndex { name: Some(name), .. } => format!("index_{}", name.name),
                Effect::AddEnumValue { name, .. } => format!("extend_{}", name.name),
                _ => String::new(),
            };
            let step = Step::apart(name, text);
            Sequence { statement, replaces: Span::new(0, text.len()), steps: vec![step] }
        })
        .collect()
}
