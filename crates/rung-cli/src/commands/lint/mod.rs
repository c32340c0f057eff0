//! `rung lint`.

mod broken;
mod fix;
mod rebuild;
mod report;

use std::collections::{BTreeMap, HashSet};
use std::mem::{ManuallyDrop, forget};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rung::engine::{Dialect, Down};
use rung::lint::{self, Finding, Memory, Reach, Runner, Schema, Standing, Subject};
use rung::sql::{Diagnostic, Level, SourceFile, closest};
use rung::{Goal, Migration, MigrationSet, Migrator};

use crate::args::{Arguments, Deny, FixChoice, Lint, ReportFormat};
use crate::config::Project;
use crate::exit::Exit;
use crate::git::changed_since;
use crate::json;
use crate::render::{BAD, DIM, Failure, OK, Terminal, WARN, count, pad, paint};

pub(crate) use fix::Mending;
use fix::Preview;

pub(crate) fn lint(arguments: &Arguments, options: &Lint, terminal: &Terminal) -> Result<Exit, Failure> {
    /// What a mend leaves may want another.
    const ROUNDS: usize = 6;
    if let Some(name) = &options.explain {
        return explain(name, terminal);
    }
    if options.rules {
        terminal.show(rules());
        return Ok(Exit::Done);
    }
    let (mut mended, mut preview, mut first) = (0, Preview::default(), None);
    // What was read is kept for the next round, and never taken apart: the process ends, and of thousands of files that
    // would be a tenth of all work.
    let mut memory = ManuallyDrop::new(Memory::default());
    for round in 0.. {
        // A database is asked only where an environment was named, and all that is pending there is meant.
        let live = arguments.global.env.is_some() && options.paths.is_empty() && options.since.is_none();
        let project = if live { Project::resolve(arguments)? } else { Project::offline(arguments)? };
        project.has_environment()?;
        let (mut linted, wrong) = if live {
            broken::read(preview.texts(), |texts| pending(&project, texts.clone(), terminal))?
        } else {
            let dialect = dialect(&project, options, terminal)?;
            let (chosen, wrong) = broken::read(preview.texts(), |texts| {
                choose(&project, options, texts.clone(), dialect).map_err(|errors| Failure::of(Exit::Failed, errors))
            })?;
            (files(&project, options, chosen, dialect, &mut memory)?, wrong)
        };
        broken::report(&mut linted, wrong);
        if let Some(choice) = options.fix.filter(|_| round < ROUNDS) {
            rebuild::mend(&mut linted, &project, arguments, terminal);
            let Linted { findings, dialect, order, applied, .. } = &linted;
            let mending =
                Mending { project: &project, dialect: *dialect, migrations: order, applied: applied.as_ref() };
            let now = mending.of(&findings.iter().collect::<Vec<_>>())?;
            let is_something = now.count > 0;
            match choice {
                FixChoice::Write => mended += fix::write(now, terminal)?,
                FixChoice::Show => preview.take(now),
            }
            match choice {
                FixChoice::Write if is_something => continue,
                FixChoice::Show if is_something && preview.goes_on() => {
                    first.get_or_insert(linted);
                    continue;
                }
                FixChoice::Write | FixChoice::Show => {}
            }
        }
        preview.show(terminal);
        // What is only shown is not mended.
        let linted = first.unwrap_or(linted);
        if mended > 0 && options.fix == Some(FixChoice::Write) {
            terminal.say(format!("{} mended {}", paint(OK, "✓"), count(mended, "finding")));
        }
        let deny = options.deny.unwrap_or_else(|| project.denied());
        show(&linted, options, deny, terminal);
        let denied = linted.findings.iter().any(|finding| is_denied(finding.diagnostic.level, deny));
        forget(linted);
        return Ok(if denied { Exit::Failed } else { Exit::Done });
    }
    Ok(Exit::Done)
}

/// Migrations as files: all of the project, or those that were named.
fn files(
    project: &Project,
    options: &Lint,
    Chosen { migrations: chosen, reach }: Chosen,
    dialect: &'static dyn Dialect,
    memory: &mut Memory,
) -> Result<Linted, Failure> {
    let changed = options.since.as_deref().map(changed_since).transpose()?;
    let is_changed = |migration: &Migration| {
        let scripts = [Some(&migration.source), down_of(migration)];
        let paths = scripts.into_iter().flatten().filter_map(|source| source.path().canonicalize().ok());
        changed.as_ref().is_none_or(|changed| paths.into_iter().any(|path| changed.contains(&path)))
    };
    // What a branch adds is applied nowhere yet.
    let standing = if changed.is_some() { Standing::Pending } else { Standing::Applied };
    let subjects: Vec<Subject<'_>> = chosen
        .iter()
        .map(|(migration, lint)| (migration, *lint && is_changed(migration)))
        .map(|(migration, lint)| Subject { migration, standing: if lint { standing } else { Standing::Applied }, lint })
        .collect();
    let path = lint::language(dialect.name()).map_or(&[] as &[&str], |language| language.search_path);
    // Files that stand in no project, with no database named, are run by who knows what.
    let nothing_known = project.files.source.is_none() && project.url.is_empty();
    let alone = nothing_known && options.paths.iter().any(|path| path.is_file());
    let runner = if alone { Runner::Anyone } else { Runner::Rung };
    let wanted = lint::Options { runner, reach, ..project.linting()? };
    let report = lint::lint_again(memory, &subjects, dialect, &wanted, Schema::new(path));
    let linted = subjects.iter().filter(|subject| subject.lint).map(|subject| named(subject.migration)).collect();
    let order = chosen.iter().map(|(migration, _)| Arc::clone(migration)).collect();
    // What a branch adds is applied nowhere, and may be given other numbers.
    let applied = options.since.as_ref().map(|_| {
        let others = chosen.iter().filter(|(migration, _)| !is_changed(migration));
        others.map(|(migration, _)| migration.id.to_string()).collect()
    });
    Ok(Linted { findings: report.findings, migrations: linted, dialect, order, applied })
}

/// What was linted, and what was found.
struct Linted {
    findings: Vec<Finding>,
    /// Ids and files.
    migrations: Vec<(String, String)>,
    dialect: &'static dyn Dialect,
    /// All that was read, in the order of the run.
    order: Vec<Arc<Migration>>,
    /// What is applied, where that is known.
    applied: Option<HashSet<String>>,
}

fn named(migration: &Migration) -> (String, String) {
    (migration.id.to_string(), migration.source.path().display().to_string())
}

fn down_of(migration: &Migration) -> Option<&Arc<SourceFile>> {
    match &migration.down {
        Some(Down::Sql(script)) => Some(script.source()),
        _ => None,
    }
}

/// What is pending in an environment, with what its database tells of versions and sizes; `texts` are read instead of the
/// files.
fn pending(project: &Project, texts: BTreeMap<PathBuf, Arc<str>>, terminal: &Terminal) -> Result<Linted, Failure> {
    let mut migrator = project.builder()?.unsaved(texts).connect(&project.url)?;
    super::warn(&migrator, terminal);
    // What keeps a migration from being planned is found in it.
    let pending = migrator.status()?.pending;
    let report = migrator.lint_these(&pending, project.linting()?)?;
    let migrations = pending.iter().filter_map(|id| Some(named(migrator.set().get(id)?))).collect();
    let dialect = migrator.driver().dialect_of();
    let applied = Some(migrator.driver().history()?.iter().map(|row| row.id.clone()).collect());
    let order = migrator.set().iter().cloned().collect();
    Ok(Linted { findings: report.findings, migrations, dialect, order, applied })
}

/// Refuses a run on a protected environment that has denied findings.
///
/// # Errors
/// There are some; and whatever keeps the run from being planned.
pub(super) fn refuse(project: &Project, migrator: &mut Migrator, goal: &Goal) -> Result<(), Failure> {
    let plan = migrator.plan(goal).map_err(|error| super::run::explained(migrator, error, None))?;
    let report = migrator.lint(&plan, project.linting()?)?;
    let deny = project.denied();
    let denied = report.findings.into_iter().filter(|finding| is_denied(finding.diagnostic.level, deny));
    let denied: Vec<Diagnostic> = denied
        .map(|finding| {
            let message = format!("{} ({})", finding.diagnostic.message, finding.rule);
            Diagnostic { message, ..finding.diagnostic }
        })
        .collect();
    if denied.is_empty() {
        return Ok(());
    }
    let caution = project.caution(migrator.driver()).unwrap_or_default();
    let mut failure = Failure::of(Exit::Failed, denied).saying(format!("{caution}: nothing was run."));
    failure.next.push("mend the migration; or allow a finding that is meant, with `-- @allow RULE: reason`".to_owned());
    Err(failure)
}

/// Whether a finding is bad enough to fail for.
fn is_denied(level: Level, deny: Deny) -> bool {
    match deny {
        Deny::Note => true,
        Deny::Warning => level >= Level::Warning,
        Deny::Error => level >= Level::Error,
        Deny::Never => false,
    }
}

fn dialect(project: &Project, options: &Lint, terminal: &Terminal) -> Result<&'static dyn Dialect, Failure> {
    if let Some(name) = &options.dialect {
        let named = rung::dialects().find(|dialect| dialect.name() == name);
        return named.ok_or_else(|| Failure::usage(format!("there is no dialect {name}"), ""));
    }
    let dialect = project.dialect()?;
    if project.url.is_empty() {
        terminal.note(format!("read as {}, since nothing names a database (--dialect does)", dialect.title()));
    }
    Ok(dialect)
}

/// What is read.
struct Chosen {
    /// In the order of the run, and whether each is linted.
    migrations: Vec<(Arc<Migration>, bool)>,
    reach: Reach,
}

/// What is read: all of the project, or what was named.
fn choose(
    project: &Project,
    options: &Lint,
    texts: BTreeMap<PathBuf, Arc<str>>,
    dialect: &'static dyn Dialect,
) -> Result<Chosen, Vec<Diagnostic>> {
    let builder = |dirs: Vec<PathBuf>| {
        let builder = project.builder_of(dirs).map_err(|failure| failure.into_diagnostics())?;
        Ok::<_, Vec<Diagnostic>>(builder.unsaved(texts.clone()))
    };
    let whole = |set: &MigrationSet, lint: &dyn Fn(&Migration) -> bool| -> Vec<(Arc<Migration>, bool)> {
        set.iter().map(|migration| (Arc::clone(migration), lint(migration))).collect()
    };
    if options.paths.is_empty() {
        let migrations = whole(&builder(project.dirs.clone())?.load(dialect)?, &|_| true);
        return Ok(Chosen { migrations, reach: Reach::All });
    }
    let (dirs, files): (Vec<PathBuf>, Vec<PathBuf>) = options.paths.iter().cloned().partition(|path| path.is_dir());
    let mut migrations = Vec::new();
    if !dirs.is_empty() {
        migrations.extend(whole(&builder(dirs)?.load(dialect)?, &|_| true));
    }
    let own: HashSet<PathBuf> = project.dirs.iter().filter_map(|dir| dir.canonicalize().ok()).collect();
    let is_own = |file: &Path| file.canonicalize().is_ok_and(|file| file.ancestors().any(|above| own.contains(above)));
    let (ours, alone): (Vec<PathBuf>, Vec<PathBuf>) = files.into_iter().partition(|file| is_own(file));
    if !ours.is_empty() {
        let named: HashSet<PathBuf> = ours.iter().filter_map(|file| file.canonicalize().ok()).collect();
        let set = builder(project.dirs.clone())?.load(dialect)?;
        migrations.extend(whole(&set, &|migration| {
            migration.source.path().canonicalize().is_ok_and(|path| named.contains(&path))
        }));
    }
    if !alone.is_empty() {
        let files = builder(Vec::new())?.load_files(&alone, dialect)?;
        migrations.extend(files.into_iter().map(|migration| (migration, true)));
        return Ok(Chosen { migrations, reach: Reach::Some });
    }
    Ok(Chosen { migrations, reach: Reach::All })
}

fn show(linted: &Linted, options: &Lint, deny: Deny, terminal: &Terminal) {
    let Linted { findings, migrations, .. } = linted;
    let format = options.report_format();
    if format == ReportFormat::Text && !terminal.is_json() {
        return tell(linted, deny, terminal);
    }
    if format == ReportFormat::Json {
        return report::list(findings, terminal);
    }
    let listed: Vec<json::LintFinding> = findings.iter().map(json::LintFinding::from).collect();
    match format {
        ReportFormat::Sarif => terminal.json(&report::sarif(&listed)),
        ReportFormat::Gitlab => terminal.json(&report::gitlab(&listed)),
        ReportFormat::Github => terminal.data(&report::github(&listed)),
        ReportFormat::Junit => {
            let denied = |finding: &json::LintFinding| is_denied(finding.severity, deny);
            terminal.data(&report::junit(migrations, &listed, &denied));
        }
        ReportFormat::Text | ReportFormat::Json => {
            let migrations = migrations.len();
            terminal.json(&json::Lint { version: json::VERSION, migrations, findings: listed });
        }
    }
}

/// Shows findings to people.
fn tell(linted: &Linted, deny: Deny, terminal: &Terminal) {
    let Linted { findings, migrations, dialect, .. } = linted;
    let notes_too = terminal.is_verbose() || deny == Deny::Note;
    let is_shown = |finding: &&Finding| notes_too || finding.diagnostic.level > Level::Note;
    report::text(&findings.iter().filter(is_shown).collect::<Vec<_>>(), terminal);
    let of = |level| findings.iter().filter(|finding| finding.diagnostic.level == level).count();
    let levels = [(Level::Error, "error", BAD), (Level::Warning, "warning", WARN), (Level::Note, "note", DIM)];
    let found: Vec<String> = levels
        .into_iter()
        .filter(|(level, ..)| of(*level) > 0)
        .map(|(level, noun, style)| paint(style, count(of(level), noun)))
        .collect();
    let migrations = format!("{} for {}", count(migrations.len(), "migration"), dialect.title());
    terminal.say(if found.is_empty() {
        format!("{} {migrations} linted: nothing found", paint(OK, "✓"))
    } else {
        let hidden = !notes_too && of(Level::Note) > 0;
        let hidden = if hidden { " (-v shows notes)" } else { "" };
        format!("{}{hidden} in {migrations}; `rung lint --explain RULE` tells why", found.join(", "))
    });
}

fn explain(name: &str, terminal: &Terminal) -> Result<Exit, Failure> {
    let rule = lint::rule(name).ok_or_else(|| {
        let near = closest(name, lint::RULES.iter().map(|rule| rule.name));
        let help = near
            .map_or_else(|| "list them with `rung lint --rules`".to_owned(), |near| format!("did you mean {near}?"));
        Failure::usage(format!("there is no rule {name}"), help)
    })?;
    terminal.data(&lint::explain(rule));
    Ok(Exit::Done)
}

fn rules() -> String {
    let longest = lint::RULES.iter().map(|rule| rule.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for group in lint::Group::ALL {
        text.push_str(&format!("{}\n", group.title()));
        for rule in lint::RULES.iter().filter(|rule| rule.group == group) {
            let level = rule.level.map_or("off", json::level);
            text.push_str(&format!("  {}  {}  {}\n", pad(rule.name, longest), pad(level, 7), rule.what));
        }
    }
    text
}
