//! `rung lint`.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rung::engine::Dialect;
use rung::lint::{self, Finding, Options, Schema, Standing, Subject};
use rung::sql::{Diagnostic, Level, closest};
use rung::{Migration, MigrationSet};

use crate::args::{Arguments, Deny, Lint, ReportFormat};
use crate::config::Project;
use crate::exit::Exit;
use crate::json;
use crate::render::{BAD, DIM, Failure, OK, Terminal, WARN, count, pad, paint, render_coded};

pub(crate) fn lint(arguments: &Arguments, options: &Lint, terminal: &Terminal) -> Result<Exit, Failure> {
    if let Some(name) = &options.explain {
        return explain(name, terminal);
    }
    if options.rules {
        terminal.show(rules());
        return Ok(Exit::Done);
    }
    let project = Project::offline(arguments)?;
    let dialect = dialect(&project, options, terminal)?;
    let chosen = choose(&project, options, dialect).map_err(|errors| Failure::of(Exit::Failed, errors))?;
    let subjects: Vec<Subject<'_>> = chosen
        .iter()
        .map(|(migration, lint)| Subject { migration, standing: Standing::Applied, lint: *lint })
        .collect();
    let linting = Options { timeouts: project.timeouts(), ..Options::default() };
    let path = lint::language(dialect.name()).map_or(&[] as &[&str], |language| language.search_path);
    let report = lint::lint(&subjects, dialect, &linting, Schema::new(path));
    let linted = subjects.iter().filter(|subject| subject.lint).count();
    show(&report.findings, linted, dialect, options, terminal);
    let denied = report.findings.iter().any(|finding| is_denied(finding, options.deny));
    Ok(if denied { Exit::Failed } else { Exit::Done })
}

/// Whether a finding is bad enough to fail for.
fn is_denied(finding: &Finding, deny: Deny) -> bool {
    let level = finding.diagnostic.level;
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
    if !project.url.is_empty() {
        return Ok(rung::dialect_of(&project.url)?);
    }
    let first = rung::dialects().next();
    let dialect = first.ok_or_else(|| Failure::usage("this rung was built without a database", ""))?;
    terminal.note(format!("read as {}, since nothing names a database (--dialect does)", dialect.title()));
    Ok(dialect)
}

/// What is read, in the order of the run, and whether it is linted.
fn choose(
    project: &Project,
    options: &Lint,
    dialect: &'static dyn Dialect,
) -> Result<Vec<(Arc<Migration>, bool)>, Vec<Diagnostic>> {
    let builder = |dirs: Vec<PathBuf>| project.builder_of(dirs).map_err(|failure| failure.into_diagnostics());
    let whole = |set: &MigrationSet, lint: &dyn Fn(&Migration) -> bool| -> Vec<(Arc<Migration>, bool)> {
        set.iter().map(|migration| (Arc::clone(migration), lint(migration))).collect()
    };
    if options.paths.is_empty() {
        return Ok(whole(&builder(project.dirs.clone())?.load(dialect)?, &|_| true));
    }
    let (dirs, files): (Vec<PathBuf>, Vec<PathBuf>) = options.paths.iter().cloned().partition(|path| path.is_dir());
    let mut chosen = Vec::new();
    if !dirs.is_empty() {
        chosen.extend(whole(&builder(dirs)?.load(dialect)?, &|_| true));
    }
    let own: HashSet<PathBuf> = project.dirs.iter().filter_map(|dir| dir.canonicalize().ok()).collect();
    let is_own = |file: &Path| file.canonicalize().is_ok_and(|file| file.ancestors().any(|above| own.contains(above)));
    let (ours, alone): (Vec<PathBuf>, Vec<PathBuf>) = files.into_iter().partition(|file| is_own(file));
    if !ours.is_empty() {
        let named: HashSet<PathBuf> = ours.iter().filter_map(|file| file.canonicalize().ok()).collect();
        let set = builder(project.dirs.clone())?.load(dialect)?;
        chosen.extend(whole(&set, &|migration| {
            migration.source.path().canonicalize().is_ok_and(|path| named.contains(&path))
        }));
    }
    if !alone.is_empty() {
        let files = builder(Vec::new())?.load_files(&alone, dialect)?;
        chosen.extend(files.into_iter().map(|migration| (migration, true)));
    }
    Ok(chosen)
}

fn show(findings: &[Finding], linted: usize, dialect: &dyn Dialect, options: &Lint, terminal: &Terminal) {
    let listed = || findings.iter().map(json::LintFinding::from).collect();
    if options.report_format() == ReportFormat::Json {
        let findings: Vec<json::LintFinding> = listed();
        return terminal.json(&findings);
    }
    if terminal.is_json() {
        return terminal.json(&json::Lint { version: json::VERSION, migrations: linted, findings: listed() });
    }
    let notes_too = terminal.is_verbose() || options.deny == Deny::Note;
    let shown = findings.iter().filter(|finding| notes_too || finding.diagnostic.level > Level::Note);
    for finding in shown {
        terminal.show(render_coded(&finding.diagnostic) + "\n");
        terminal.data("\n");
    }
    let of = |level| findings.iter().filter(|finding| finding.diagnostic.level == level).count();
    let levels = [(Level::Error, "error", BAD), (Level::Warning, "warning", WARN), (Level::Note, "note", DIM)];
    let found: Vec<String> = levels
        .into_iter()
        .filter(|(level, ..)| of(*level) > 0)
        .map(|(level, noun, style)| paint(style, count(of(level), noun)))
        .collect();
    let migrations = format!("{} for {}", count(linted, "migration"), dialect.title());
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
