//! A migration written anew, as the safe sequences of its findings have it: as one file where that can be, else as
//! several that come one after the other.

mod down;
mod items;
mod text;
mod undo;

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rung_ddl::{Kind, Name, Statement};
use rung_engine::{Asks, Body, Dialect, Hints, Migration, Mode, ScriptPlan, Stage, Version};
use rung_sql::{SourceFile, Span, Syntax, TransactionControl, tokens};

use crate::file::ScriptLines;
use crate::{Born, Edit, File, Finding, Key, Language, Line, Runs, Schema, Sequence, Step, language};
use items::{Group, Item};
pub(crate) use text::{above, taken_out};
use text::{no_rows, section};

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
    /// Earlier migrations that made what it is about.
    needs: Vec<String>,
    directives: Vec<String>,
    up: Vec<String>,
    verify: String,
    /// `None` where the migration has none.
    down: Option<Vec<String>>,
    /// Whether it writes rows, which nothing in the migration's own down takes back.
    leaves_rows: bool,
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
            if down.is_empty() && self.leaves_rows {
                text.push_str(
                    "-- nothing to undo: the migration that it comes from leaves the rows as they are, too\n",
                );
            } else if down.is_empty() {
                text.push_str("-- nothing to undo: what is done above is in nobody's way\n");
            }
            down.iter().for_each(|statement| text.push_str(&format!("{statement};\n")));
        }
        text
    }
}

/// Writes migrations of a set anew. What it has to know of the others is read once.
pub struct Rewriter<'a> {
    migrations: &'a [Arc<Migration>],
    dialect: &'a dyn Dialect,
    language: Option<&'static Language>,
    makers: RefCell<Makers<'a>>,
    named: OnceCell<Named>,
}

/// What migrations name.
#[derive(Debug, Default)]
struct Named {
    /// Those that name a table, in order.
    by: HashMap<Key, Vec<usize>>,
    /// Those of which nobody knows what they name, in order.
    unclear: Vec<usize>,
    /// All, in order. What runs again whenever it changes comes behind everything anyway.
    all: Vec<usize>,
}

impl<'a> Rewriter<'a> {
    /// For migrations in the order of the run.
    pub fn new(migrations: &'a [Arc<Migration>], dialect: &'a dyn Dialect) -> Self {
        let language = language(dialect.name());
        let makers = RefCell::new(Makers { migrations, dialect, schema: Schema::default(), read: 0 });
        Self { migrations, dialect, language, makers, named: OnceCell::new() }
    }

    /// Writes the migration of a number anew, with the safe sequences of findings in place of what they replace. `None`
    /// where there are none.
    ///
    /// # Errors
    /// Why that can't be done, as a clause.
    pub fn rewrite(&self, number: usize, findings: &[&Finding]) -> Result<Option<Rewrite>, String> {
        let Some(language) = self.language else { return Ok(None) };
        let mut sequences: Vec<&Sequence> = findings.iter().flat_map(|finding| &finding.steps).collect();
        if sequences.is_empty() {
            return Ok(None);
        }
        // The first that speaks of a place is the one that holds; what only moves a statement comes after what mends it.
        let only_moves = |sequence: &Sequence| sequence.steps.iter().all(|step| step.runs == Runs::Anew);
        sequences.sort_by_key(|sequence| (sequence.statement, only_moves(sequence), sequence.replaces.start));
        sequences.dedup_by(|next, kept| {
            kept.statement == next.statement
                && kept.replaces.start < next.replaces.end
                && next.replaces.start < kept.replaces.end
        });
        let migration: &Migration = &self.migrations[number];
        let file = File::read(migration, self.dialect, language);
        let Some(up) = &file.up else { return Err("it is no SQL".to_owned()) };
        // Where one statement ends and the next begins is not certain then.
        if up
            .lines
            .iter()
            .chain(file.down.iter().flat_map(|down| &down.lines))
            .any(|line| !line.parsed.errors.is_empty())
        {
            return Err("a statement of it can't be read".to_owned());
        }
        let (dialect, down, makers) = (self.dialect, file.down.as_deref(), &self.makers);
        Writer { migration, dialect, language, up, down, sequences, makers, number }.write().map(Some)
    }

    /// The first migration behind a number that the parts of a rewrite can't come after, as it uses what they are about.
    pub fn in_the_way(&self, number: usize, written: &Rewrite) -> Option<&'a Migration> {
        let named = self.named.get_or_init(|| self.names());
        let behind = |numbers: &[usize]| numbers.get(numbers.partition_point(|at| *at <= number)).copied();
        let first = match &written.concerns {
            None => behind(&named.all),
            Some(concerns) => {
                let lists = concerns.iter().filter_map(|key| named.by.get(key)).chain([&named.unclear]);
                lists.filter_map(|list| behind(list)).min()
            }
        };
        self.migrations.get(first?).map(|migration| &**migration)
    }

    fn names(&self) -> Named {
        let mut found = Named::default();
        let Some(language) = self.language else { return found };
        let schema = Schema::new(language.search_path);
        let ordered = |(_, migration): &(usize, &Arc<Migration>)| migration.version != Version::Repeatable;
        for (number, migration) in self.migrations.iter().enumerate().filter(ordered) {
            found.all.push(number);
            let file = File::read(migration, self.dialect, language);
            let is_unclear = |line: &Line| matches!(line.parsed.statement, Statement::Opaque { .. } | Statement::Other);
            if file.up.is_none() || file.lines().iter().any(is_unclear) {
                found.unclear.push(number);
            }
            for line in file.lines() {
                for name in line.parsed.statement.tables().chain(&line.parsed.relations) {
                    let numbers = found.by.entry(schema.key(name)).or_default();
                    if numbers.last() != Some(&number) {
                        numbers.push(number);
                    }
                }
            }
        }
        found
    }
}

/// Who makes what, as far as somebody has asked.
struct Makers<'a> {
    migrations: &'a [Arc<Migration>],
    dialect: &'a dyn Dialect,
    /// What the first so many make.
    schema: Schema,
    read: usize,
}

impl Makers<'_> {
    /// Which migration before the one of a number made something. It is quick for numbers that ascend.
    fn of(&mut self, number: usize, kind: Kind, name: &Name) -> Option<String> {
        let language = language(self.dialect.name())?;
        if self.read == 0 || self.read > number {
            (self.schema, self.read) = (Schema::new(language.search_path), 0);
        }
        for (at, migration) in self.migrations.iter().enumerate().take(number).skip(self.read) {
            self.schema.replay(&File::read(migration, self.dialect, language), Born::In(at));
            self.schema.reset_search_path();
        }
        self.read = number;
        match self.schema.born(kind, name)? {
            Born::In(at) => Some(self.migrations[at].id.to_string()),
            Born::Before => None,
        }
    }
}

struct Writer<'a, 'm> {
    migration: &'a Migration,
    dialect: &'a dyn Dialect,
    language: &'static Language,
    up: &'a ScriptLines,
    down: Option<&'a ScriptLines>,
    /// In order; none overlap.
    sequences: Vec<&'a Sequence>,
    makers: &'a RefCell<Makers<'m>>,
    number: usize,
}

impl Writer<'_, '_> {
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
        let mut down = gone;
        // A way down that nothing is left of has to say so.
        let is_nothing = down.iter().all(|edit| edit.text.is_empty());
        let is_emptied = is_nothing && self.down.is_some_and(|script| script.lines.len() == down.len());
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
        // What is for after a release may well be overtaken.
        let now = || rest.iter().filter(|group| group.stage == Stage::PreDeploy);
        let later = || now().flat_map(|group| &group.items).filter(|item| !item.is_setting());
        let concerns = later().all(Item::is_clear).then(|| later().flat_map(|item| item.tables.clone()).collect());
        Ok(Rewrite { changes: edits, after, concerns })
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
        let mut of: HashMap<usize, Vec<&Item>> = HashMap::new();
        group.items.iter().for_each(|item| of.entry(item.line).or_default().push(item));
        let elsewhere: HashSet<usize> = rest.iter().flat_map(|group| &group.items).map(|item| item.line).collect();
        for at in 0..self.up.lines.len() {
            let own = of.remove(&at).unwrap_or_default();
            let statement = self.up.source_span(at, Span::new(0, self.up.text(at).len()));
            if own.is_empty() {
                if elsewhere.contains(&at) {
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
        let plain = self.up.lines.iter().filter(|line| line.facts.transaction.is_none());
        let ours: HashSet<Span> = plain.map(|line| line.span).collect();
        all.iter()
            .map(|statement| statement.span)
            .filter(|span| !ours.contains(span))
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
    fn parts(&self, groups: &[Group]) -> Result<(Vec<Part>, Vec<Edit>), String> {
        let mut gone = Vec::new();
        let downs = self.divided(groups, &mut gone)?;
        let mut names: HashMap<String, usize> = HashMap::new();
        let (directives, first) = (self.directives(), groups[0].items.iter().map(|item| item.line).collect());
        let mut parts = Vec::new();
        for (group, down) in groups.iter().zip(downs).skip(1) {
            let named = group.items.iter().find_map(|item| item.step.as_ref()).map(|step| step.name.clone());
            let name =
                named.filter(|name| !name.is_empty()).unwrap_or_else(|| format!("{}_rest", self.migration.id.name()));
            let same = *names.entry(name.clone()).and_modify(|same| *same += 1).or_insert(0);
            let mut directives = directives.clone();
            if group.apart && group.items.len() > 1 {
                directives.push("no-transaction".to_owned());
            }
            if group.stage == Stage::PostDeploy {
                directives.push("post-deploy".to_owned());
            }
            let leaves: Vec<&String> =
                group.items.iter().filter_map(|item| item.step.as_ref()?.leaves.as_ref()).collect();
            let mut needs: Vec<String> = group
                .items
                .iter()
                .flat_map(|item| &item.uses)
                .filter_map(|(kind, name)| self.maker(*kind, name))
                .collect();
            needs.sort_unstable();
            needs.dedup();
            parts.push(Part {
                needs,
                leaves_rows: group.items.iter().any(Item::changes_rows),
                name: if same > 0 { format!("{name}_{}", same + 1) } else { name },
                directives,
                up: (0..group.items.len()).map(|at| self.sql(&group.items, at, &first)).collect(),
                verify: if leaves.is_empty() { String::new() } else { no_rows(&leaves) },
                down,
            });
        }
        Ok((parts, gone))
    }

    /// Which earlier migration made something. Where the file says itself what it depends on, that is all that is needed.
    fn maker(&self, kind: Kind, name: &Name) -> Option<String> {
        let is_asked = self.migration.depends_on.is_none();
        is_asked.then(|| self.makers.borrow_mut().of(self.number, kind, name)).flatten()
    }

    /// An item as it is written elsewhere, with the comments that stand above it.
    fn sql(&self, items: &[Item], at: usize, first: &HashSet<usize>) -> String {
        let item = &items[at];
        let source = &self.migration.source;
        let statement = self.up.source_span(item.line, Span::new(0, self.up.text(item.line).len()));
        let above = self.taken_out(statement, true).start;
        let comments = source.slice(Span::new(above, statement.start));
        match &item.step {
            // What is said of a statement goes along with the first of what takes its place.
            Some(step) if first.contains(&item.line) || at > 0 && items[at - 1].line == item.line => step.sql.clone(),
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
            let step = Step::apart(name, repeatable(text, &script.lines[statement].parsed.statement));
            Sequence { statement, replaces: Span::new(0, text.len()), steps: vec![step] }
        })
        .collect()
}

/// A statement as it can be run again: nothing undoes a new value of an enum.
fn repeatable(text: &str, statement: &Statement) -> String {
    let words = || tokens(text, &Syntax::POSTGRES).filter(|token| !token.kind.is_trivia()).map(|token| token.span);
    let is = |span: Span, word: &str| text[span.range()].eq_ignore_ascii_case(word);
    let mut pairs = words().zip(words().skip(1));
    match (statement, pairs.find(|(add, value)| is(*add, "add") && is(*value, "value"))) {
        (Statement::AddEnumValue { if_not_exists: false, .. }, Some((_, value))) => {
            format!("{} IF NOT EXISTS{}", &text[..value.end], &text[value.end..])
        }
        _ => text.to_owned(),
    }
}
