//! Linting a set of migrations.

use std::num::NonZero;
use std::ops::Range;
use std::panic::resume_unwind;
use std::thread;
use std::time::Duration;

use rung_ddl::Statement;
use rung_engine::{Dialect, Migration, MigrationId, Names};
use rung_sql::{Level, Span};

use crate::allow::settle;
use crate::context::{Indexed, Reported, is_fresh_key};
use crate::past::{Past, Topics};
use crate::rewrite::by_themselves;
use crate::{
    Born, Check, Context, File, Finding, Group, Impact, Language, Memory, Options, RULES, Rule, Schema, ScriptLines,
    language,
};

/// Whether a migration is in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is, or nobody knows: what it makes is in use.
    Applied,
    /// It is not: nobody uses what it makes.
    Pending,
}

/// A migration, and what to do with it.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The migration.
    pub migration: &'a Migration,
    /// Whether it is in the database.
    pub standing: Standing,
    /// Whether it is linted; what is not is read for what comes after it.
    pub lint: bool,
}

/// What was found, and what each statement does.
#[derive(Debug, Default)]
pub struct Report {
    /// The findings, in the order of the run.
    pub findings: Vec<Finding>,
    /// What each migration that was linted does to others, in the order of the run.
    pub effects: Vec<Effect>,
}

/// What a migration does to those who use the database while it runs.
#[derive(Debug, Clone)]
pub struct Effect {
    /// The migration.
    pub migration: MigrationId,
    /// What all its statements do together, to tables that were there before.
    pub impact: Impact,
    /// About how long their work takes; `None` where the tables' sizes are not known.
    pub about: Option<Duration>,
    /// How much is gone through; `None` where the tables' sizes are not known.
    pub bytes: Option<u64>,
    /// The same, statement by statement.
    pub statements: Vec<StatementEffect>,
}

/// What a statement does to those who use the database while it runs.
#[derive(Debug, Clone)]
pub struct StatementEffect {
    /// Its place in the migration's file.
    pub span: Span,
    /// What it does to tables that were there before.
    pub impact: Impact,
    /// About how long its work takes; `None` where the tables' sizes are not known.
    pub about: Option<Duration>,
}

/// Lints migrations, which are in the order of the run. `schema` is what is known before the first.
///
/// A dialect that there is no linter for gives an empty report.
pub fn lint(subjects: &[Subject<'_>], dialect: &dyn Dialect, options: &Options, schema: Schema) -> Report {
    lint_again(&mut Memory::default(), subjects, dialect, options, schema)
}

/// As [`lint`], without reading what was read before: for whoever lints after each change.
pub fn lint_again(
    memory: &mut Memory,
    subjects: &[Subject<'_>],
    dialect: &dyn Dialect,
    options: &Options,
    schema: Schema,
) -> Report {
    let Some(language) = language(dialect.name()) else { return Report::default() };
    let files = read_all(subjects, dialect, language, memory);
    memory.keep(&files);
    let rules: Vec<(&'static Rule, Level)> = RULES
        .iter()
        .filter(|rule| rule.is_for(language.name))
        .filter_map(|rule| Some((*rule, level_of(rule, options)?)))
        .collect();
    let indexed = indexed(&files);
    let names = Names::new(subjects.iter().map(|subject| subject.migration));
    let work = Work { language, options, subjects, files: &files, rules: &rules, indexed: &indexed, names: &names };
    // What comes after the last that is linted is not looked at.
    let shares = shares(subjects.len()).into_iter().filter_map(|share| {
        let last = subjects[share.clone()].iter().rposition(|subject| subject.lint)?;
        Some(share.start..share.start + last + 1)
    });
    let shares: Vec<Range<usize>> = shares.collect();
    if let [only] = shares.as_slice() {
        let mut before = schema;
        (0..only.start).for_each(|number| work.replay(number, &mut before));
        return work.lint(only.clone(), before);
    }
    // What comes before a share is replayed while the shares before it are linted.
    let (mut before, mut replayed) = (schema, 0);
    thread::scope(|scope| {
        let mut running = Vec::new();
        for share in shares {
            (replayed..share.start).for_each(|number| work.replay(number, &mut before));
            replayed = share.start;
            let (work, before) = (&work, before.clone());
            running.push(scope.spawn(move || work.lint(share, before)));
        }
        let mut whole = Report::default();
        for share in running {
            let report = share.join().unwrap_or_else(|panic| resume_unwind(panic));
            whole.findings.extend(report.findings);
            whole.effects.extend(report.effects);
        }
        whole
    })
}

/// The indexes of all rows that migrations make.
fn indexed<'a>(files: &'a [File<'a>]) -> Indexed<'a> {
    let mut indexed = Indexed::new();
    for (number, file) in files.iter().enumerate() {
        for line in file.lines() {
            let Statement::CreateIndex(create) = &line.parsed.statement else { continue };
            for column in create.columns.iter().flatten().filter(|_| !create.partial) {
                indexed.entry((&create.table.name, &column.name)).or_default().push((number, create));
            }
        }
    }
    indexed
}

/// What all threads share.
#[derive(Clone, Copy)]
struct Work<'a> {
    language: &'static Language,
    options: &'a Options,
    subjects: &'a [Subject<'a>],
    files: &'a [File<'a>],
    rules: &'a [(&'static Rule, Level)],
    indexed: &'a Indexed<'a>,
    names: &'a Names<'a>,
}

impl Work<'_> {
    /// Carries out what a migration runs.
    fn replay(&self, number: usize, schema: &mut Schema) {
        let applied = self.subjects[number].standing == Standing::Applied;
        if let Some(up) = &self.files[number].up {
            let born = Born::In(number);
            for (at, line) in up.lines.iter().enumerate() {
                if !(applied && schema.credit(&line.parsed, born)) {
                    schema.apply(&line.parsed, up.text(at), born);
                }
            }
        }
        schema.reset_search_path();
    }

    /// Lints a share of the migrations, on what those before it leave.
    fn lint(&self, share: Range<usize>, mut schema: Schema) -> Report {
        let mut report = Report::default();
        for number in share {
            if !self.subjects[number].lint {
                self.replay(number, &mut schema);
                continue;
            }
            let file = &self.files[number];
            let mut run = Run { work: self, number, file, found: Vec::new() };
            let effect = run.lint(&mut schema);
            let mut found = run.found;
            settle(file, self.options, self.language, &mut found);
            // As the file is read, and not as the rules stand in their table.
            found.sort_by_key(|finding| finding.diagnostic.labels.first().map(|label| label.span.start));
            report.findings.extend(found);
            report.effects.push(effect);
            schema.reset_search_path();
        }
        report
    }
}

/// The shares of so many migrations, one for each processor.
fn shares(count: usize) -> Vec<Range<usize>> {
    /// Below this, a thread costs more than it saves.
    const SMALLEST: usize = 16;
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let share = count.div_ceil(processors).max(SMALLEST);
    (0..count.div_ceil(share).max(1)).map(|at| at * share..((at + 1) * share).min(count)).collect()
}

/// The level of a rule in a project.
pub(crate) fn level_of(rule: &Rule, options: &Options) -> Option<Level> {
    options.levels.get(rule.name).copied().unwrap_or(rule.level)
}

/// Reads files on all processors.
fn read_all<'a>(
    subjects: &[Subject<'a>],
    dialect: &dyn Dialect,
    language: &Language,
    memory: &Memory,
) -> Vec<File<'a>> {
    let read = |share: Range<usize>| -> Vec<File<'a>> {
        let read = |subject: &Subject<'a>| File::remembered(subject.migration, dialect, language, memory);
        subjects[share].iter().map(read).collect()
    };
    let shares = shares(subjects.len());
    if let [all] = shares.as_slice() {
        return read(all.clone());
    }
    thread::scope(|scope| {
        let running: Vec<_> = shares.into_iter().map(|share| scope.spawn(|| read(share))).collect();
        running.into_iter().flat_map(|share| share.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

struct Run<'a> {
    work: &'a Work<'a>,
    number: usize,
    file: &'a File<'a>,
    found: Vec<Finding>,
}

/// A statement of the migration, or its end, and what is known there.
#[derive(Clone, Copy)]
struct Moment<'s> {
    schema: &'s Schema,
    impact: &'s Impact,
    past: &'s Past,
    topics: &'s Topics<'s>,
    start: &'s Schema,
    at: usize,
}

impl<'a> Run<'a> {
    fn lint(&mut self, schema: &mut Schema) -> Effect {
        let Work { language, options, subjects, .. } = *self.work;
        let (mut past, topics) = (Past::default(), Topics::of(self.file.lines()));
        let mut effect = Effect {
            migration: self.file.migration.id.clone(),
            impact: Impact::default(),
            about: Some(Duration::ZERO),
            bytes: Some(0),
            statements: Vec::new(),
        };
        self.unreadable();
        let scripts = || self.file.up.iter().chain(&self.file.down).flat_map(|script| &script.lines);
        let start = match self.file.down {
            Some(_) => schema.part(scripts().map(|line| &line.parsed.statement)),
            None => Schema::default(),
        };
        if let Some(up) = &self.file.up {
            for (at, line) in up.lines.iter().enumerate() {
                // `IF EXISTS` of what is not there does nothing.
                let nowhere = matches!(&line.parsed.statement, Statement::AlterTable(alter)
                    if alter.if_exists && schema.is_nowhere(alter.kind, &alter.name, self.number));
                let impact = match nowhere {
                    true => Impact::default(),
                    false => (language.impact)(&line.parsed, up.text(at), schema, options.server),
                };
                past.enter(line.transaction);
                let first = self.found.len();
                self.ask(&Moment { schema, impact: &impact, past: &past, topics: &topics, start: &start, at });
                if nowhere {
                    self.found[first..].iter_mut().for_each(|finding| {
                        Reported::of(finding).nowhere(true);
                    });
                }
                past.told.extend(self.found[first..].iter().map(|found| (found.rule, at)));
                let felt = impact.felt(|key| is_fresh_key(schema, subjects, self.number, key));
                past.lock(at, &felt);
                let about = felt.about(schema);
                self.weigh(first, &felt, about, schema);
                effect.about = effect.about.zip(about).map(|(sum, about)| sum + about);
                effect.bytes = effect.bytes.zip(felt.bytes(schema)).map(|(sum, bytes)| sum + bytes);
                let span = up.script.source_span(line.span);
                effect.statements.push(StatementEffect { span, impact: felt, about });
                if nowhere {
                    continue;
                }
                schema.apply(&line.parsed, up.text(at), Born::In(self.number));
            }
        }
        effect.impact = Impact::together(effect.statements.iter().map(|statement| &statement.impact));
        let nothing = Impact::default();
        let at = self.file.lines().len();
        let after = Moment { schema, impact: &nothing, past: &past, topics: &topics, start: &start, at };
        for (rule, level) in self.work.rules {
            if let Check::Migration(check) = rule.check {
                check(&mut self.context(&after, rule, *level));
            }
        }
        effect
    }

    /// Lets findings about locks be as bad as the time is long that others wait, where that is known.
    fn weigh(&mut self, first: usize, felt: &Impact, about: Option<Duration>, schema: &Schema) {
        /// Nobody notices a shorter wait.
        const SHORT: Duration = Duration::from_millis(100);
        let Some(about) = about else { return };
        let Some((table, size)) = felt.heaviest().and_then(|task| Some((&task.table, schema.size(&task.table)?)))
        else {
            return;
        };
        let is_lock =
            |name: &str| self.work.rules.iter().any(|(rule, _)| rule.name == name && rule.group == Group::Locks);
        for finding in self.found[first..].iter_mut().filter(|finding| is_lock(finding.rule)) {
            let level = &mut finding.diagnostic.level;
            if about < SHORT {
                *level = Level::Note;
            }
            finding.diagnostic.notes.push(format!(
                "{table} has {} rows in {}: {}",
                size.rows,
                bytes(size.bytes + size.index_bytes),
                duration(about)
            ));
            finding.diagnostic.notes.push(size.traffic());
        }
    }

    fn ask(&mut self, moment: &Moment<'_>) {
        let statement = &self.file.lines()[moment.at].parsed.statement;
        for (rule, level) in self.work.rules {
            match rule.check {
                Check::Statement(check) => check(&mut self.context(moment, rule, *level), statement),
                Check::Action(check) => {
                    if let Statement::AlterTable(alter) = statement {
                        for (action, span) in &alter.actions {
                            if moment.schema.is_there(&alter.name, action) {
                                continue;
                            }
                            check(&mut self.context(moment, rule, *level), alter, action, *span);
                        }
                    }
                }
                Check::Migration(_) | Check::Linter => {}
            }
        }
    }

    fn context<'s>(&'s mut self, moment: &Moment<'s>, rule: &'static Rule, level: Level) -> Context<'s> {
        let Moment { schema, impact, past, topics, start, at } = *moment;
        let Work { language, options, subjects, indexed, names, .. } = *self.work;
        Context {
            schema,
            file: self.file,
            impact,
            at,
            options,
            past,
            topics,
            start,
            language,
            indexed,
            subjects,
            names,
            number: self.number,
            rule,
            level,
            findings: &mut self.found,
        }
    }

    /// Says what can't be read, and what can't be run.
    fn unreadable(&mut self) {
        let scripts: Vec<&ScriptLines> = self.file.up.iter().chain(&self.file.down).map(|script| &**script).collect();
        for script in scripts {
            for refused in &script.refused {
                let rule = match refused.code {
                    "mixed-transaction" => "concurrently-in-transaction",
                    _ => "unrunnable",
                };
                let before = self.found.len();
                self.push(rule, None, refused.clone());
                if let (Some(found), "mixed-transaction") = (self.found.get_mut(before), refused.code) {
                    found.steps = by_themselves(script);
                }
            }
            if let Some(needs) = &script.needs {
                let (language, server) = (self.work.language, self.work.options.server);
                let before = self.found.len();
                if server.may_lack(needs.version_number / language.major) {
                    self.push("concurrently-in-transaction", None, needs.refusal.clone());
                }
                // Where nobody says which server it is, it may be new enough.
                if let Some(found) = self.found.get_mut(before).filter(|_| !server.is_known()) {
                    found.diagnostic.level = found.diagnostic.level.min(Level::Warning);
                }
            }
            for (at, line) in script.lines.iter().enumerate() {
                if line.parsed.too_deep {
                    let span = script.source_span(at, Span::new(0, 0));
                    let diagnostic = rung_sql::Diagnostic::warning("not-linted", "this is nested too deep to be read")
                        .at(script.script.source(), span, "")
                        .note("the statement is sent as it is, and nothing is known of what it does");
                    self.push("not-linted", Some(at), diagnostic);
                }
                // One mistake makes a parser find many.
                if let Some(error) = line.parsed.errors.first() {
                    let span = script.source_span(at, error.span);
                    let diagnostic = rung_sql::Diagnostic::error("syntax", error.message.clone())
                        .at(script.script.source(), span, "")
                        .note("the statement is not looked at any further");
                    self.push("syntax", Some(at), diagnostic);
                }
            }
        }
    }

    fn push(&mut self, name: &str, statement: Option<usize>, diagnostic: rung_sql::Diagnostic) {
        let Some((rule, level)) = self.work.rules.iter().find(|(rule, _)| rule.name == name) else { return };
        let diagnostic = rung_sql::Diagnostic { level: *level, code: rule.name, ..diagnostic };
        self.found.push(Finding::new(rule.name, self.file.migration.id.clone(), statement, diagnostic));
    }
}

/// A size for people.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "kB", "MB", "GB", "TB"];
    let mut unit = 0;
    let mut rest = bytes;
    while rest >= 10_000 && unit + 1 < UNITS.len() {
        rest /= 1000;
        unit += 1;
    }
    format!("{rest} {}", UNITS[unit])
}

/// An estimate for people.
pub fn duration(about: Duration) -> String {
    match about.as_secs() {
        0 if about.as_millis() < 10 => "< 10 ms".to_owned(),
        0 => format!("~ {} ms", about.as_millis() / 10 * 10),
        seconds @ 1..120 => format!("~ {seconds} s"),
        seconds @ 120..7200 => format!("~ {} min", seconds / 60),
        seconds => format!("~ {} h", seconds / 3600),
    }
}
