//! rung's own format: one SQL file a migration, perhaps with a companion that undoes it.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use rung_engine::{Body, Digest, Down, Migration, MigrationId, MigrationSet, SqlBody, Timeouts, Version};
use rung_sql::{
    Diagnostic, MigrationFile, Reading, Script, SourceFile, Span, Verify, Want, checksum, read_file, values,
};

use crate::LoadOptions;
use crate::files::{Content, File};

/// What a file is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role<'a> {
    /// A migration: its stem.
    Up(&'a str),
    /// Undoes the migration of a stem.
    Down(&'a str),
    /// Checks the migration of a stem.
    Verify(&'a str),
    /// Undoes the migration of a version.
    Rollback(u64),
    /// A program: its stem.
    Program(&'a str),
    /// SQL that no migration is.
    Stray,
    /// Not ours.
    Other,
}

fn role(name: &str) -> Role<'_> {
    if let Some((stem, file)) = name.split_once('/') {
        return match file {
            "up.sql" => Role::Up(stem),
            "down.sql" => Role::Down(stem),
            "verify.sql" => Role::Verify(stem),
            _ if file.ends_with(".sql") => Role::Stray,
            _ => Role::Other,
        };
    }
    if let Some(stem) = name.strip_suffix(".sh") {
        return if Version::of(stem).is_some() { Role::Program(stem) } else { Role::Other };
    }
    let Some(stem) = name.strip_suffix(".sql") else { return Role::Other };
    if let Some(number) = stem.strip_prefix("rollback-").or_else(|| stem.strip_prefix("rollback_")) {
        return number.parse().map_or(Role::Stray, Role::Rollback);
    }
    if let Some(stem) = stem.strip_suffix(".down") {
        return Role::Down(stem);
    }
    let stem = stem.strip_suffix(".up").unwrap_or(stem);
    if Version::of(stem).is_some() { Role::Up(stem) } else { Role::Stray }
}

/// Undoing and checking files, waiting for the migrations that they belong to.
#[derive(Default)]
struct Companions<'a> {
    downs: HashMap<&'a str, &'a File>,
    verifies: HashMap<&'a str, &'a File>,
    rollbacks: HashMap<u64, &'a File>,
}

pub(crate) fn load(files: Vec<File>, options: &LoadOptions<'_>) -> Result<MigrationSet, Vec<Diagnostic>> {
    let mut companions = Companions::default();
    let mut mains: Vec<(&str, &File)> = Vec::with_capacity(files.len());
    let mut warnings = Vec::new();
    for file in &files {
        match role(&file.name) {
            Role::Up(stem) | Role::Program(stem) => mains.push((stem, file)),
            Role::Down(stem) => drop(companions.downs.insert(stem, file)),
            Role::Verify(stem) => drop(companions.verifies.insert(stem, file)),
            Role::Rollback(version) => drop(companions.rollbacks.insert(version, file)),
            Role::Stray => warnings.push(stray(file, "its name has no number in front")),
            Role::Other => {}
        }
    }
    let (migrations, mut errors) = read_all(&mains, &companions, options, &mut warnings);
    let stems: HashSet<&str> = mains.iter().map(|(stem, _)| *stem).collect();
    for (stem, file) in companions.downs.iter().chain(&companions.verifies) {
        if !stems.contains(stem) {
            warnings.push(stray(file, "there is no migration that it belongs to"));
        }
    }
    let versions: HashSet<_> = stems.iter().filter_map(|stem| Version::of(stem)).collect();
    for (version, file) in &companions.rollbacks {
        if !versions.contains(&Version::Number(*version)) {
            warnings.push(stray(file, "there is no migration that it belongs to"));
        }
    }
    if errors.is_empty() {
        return MigrationSet::new(migrations, warnings);
    }
    errors.sort_by(|a, b| place(a).cmp(&place(b)));
    Err(errors)
}

fn place(diagnostic: &Diagnostic) -> Option<(&Path, usize)> {
    diagnostic.labels.first().map(|label| (label.source.path(), label.span.start))
}

fn stray(file: &File, why: &str) -> Diagnostic {
    Diagnostic::warning("stray-file", format!("{} is not a migration: {why}", file.path.display()))
}

/// A migration with its warnings, or what is wrong with it.
type Outcome = Result<(Migration, Vec<Diagnostic>), Vec<Diagnostic>>;

/// Reads files on as many threads as there are processors.
fn read_all(
    mains: &[(&str, &File)],
    companions: &Companions<'_>,
    options: &LoadOptions<'_>,
    warnings: &mut Vec<Diagnostic>,
) -> (Vec<Migration>, Vec<Diagnostic>) {
    /// Below this, a thread costs more than it saves.
    const SMALLEST_SHARE: usize = 64;
    let processors = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = mains.len().div_ceil(processors).max(SMALLEST_SHARE);
    let reading = options.reading();
    let read_share = |share: &[(&str, &File)]| -> Vec<Outcome> {
        share.iter().map(|(stem, file)| read_one(stem, file, companions, &reading)).collect()
    };
    let results: Vec<_> = if mains.len() <= share {
        read_share(mains)
    } else {
        thread::scope(|scope| {
            let shares: Vec<_> = mains.chunks(share).map(|share| scope.spawn(|| read_share(share))).collect();
            let join =
                |share: thread::ScopedJoinHandle<'_, _>| share.join().unwrap_or_else(|p| std::panic::resume_unwind(p));
            shares.into_iter().flat_map(join).collect()
        })
    };
    let mut migrations = Vec::with_capacity(results.len());
    let mut errors = Vec::new();
    for result in results {
        match result {
            Ok((migration, found)) => {
                migrations.push(migration);
                warnings.extend(found);
            }
            Err(found) => errors.extend(found),
        }
    }
    (migrations, errors)
}

fn source_of(file: &File) -> Result<Arc<SourceFile>, Vec<Diagnostic>> {
    let bytes = file.read().map_err(|error| {
        vec![Diagnostic::error("unreadable", format!("{} can't be read: {error}", file.path.display()))]
    })?;
    SourceFile::from_bytes(&file.path, bytes).map(Arc::new).map_err(|error| vec![*error])
}

fn read_one(stem: &str, file: &File, companions: &Companions<'_>, reading: &Reading<'_>) -> Outcome {
    let mut migration = bare_migration(stem).map_err(|error| vec![*error])?;
    let mut warnings = Vec::new();
    if matches!(role(&file.name), Role::Program(_)) {
        program(&mut migration, file)?;
    } else {
        let source = source_of(file)?;
        let read = read_file(&source, stem, reading)?;
        warnings = from_file(&mut migration, read);
    }
    let version = match migration.version {
        Version::Number(number) => companions.rollbacks.get(&number),
        Version::Repeatable => None,
    };
    // An `@down` section is nearest to what it undoes; then a companion file; then a comment.
    if !matches!(&migration.down, Some(Down::Sql(script)) if is_section(script, &migration.source))
        && let Some(file) = companions.downs.get(stem).or(version)
    {
        let source = source_of(file)?;
        let read = read_file(&source, stem, reading)?;
        migration.down = Some(Down::Sql(read.down.unwrap_or(read.up)));
        warnings.extend(read.warnings);
    }
    if let (Some(file), Body::Sql(body)) = (companions.verifies.get(stem), &mut migration.body) {
        let source = source_of(file)?;
        let read = read_file(&source, stem, reading)?;
        body.verify.push(Verify { script: read.up, want: Want::True });
        warnings.extend(read.warnings);
    }
    Ok((migration, warnings))
}

/// Whether a down stands in the migration's own file as SQL: a `ROLLBACK` comment does not, its lines are comments.
fn is_section(script: &Script, source: &Arc<SourceFile>) -> bool {
    if !Arc::ptr_eq(script.source(), source) {
        return false;
    }
    let at = script.source_offset(0);
    let line = source.text()[..at].rfind('\n').map_or(0, |end| end + 1);
    !source.text()[line..at].trim_start().starts_with("--")
}

/// A migration of which nothing is known but its id.
///
/// # Errors
/// The id has no version.
pub fn bare_migration(stem: &str) -> Result<Migration, Box<Diagnostic>> {
    let version = Version::of(stem).ok_or_else(|| {
        let message = format!("{stem} does not begin with a number that fits 64 bits");
        Box::new(Diagnostic::error("no-version", message).help("name it e.g. 001_create_users"))
    })?;
    let source = Arc::new(SourceFile::new(stem, ""));
    Ok(Migration {
        id: MigrationId::new(stem),
        version,
        description: None,
        declared_type: None,
        depends_on: None,
        only: Vec::new(),
        tags: Vec::new(),
        author: None,
        date: None,
        checksum: Digest(checksum(stem)),
        fingerprint: Digest(checksum(stem)),
        body: Body::Sql(SqlBody { up: Script::whole(Arc::clone(&source)), verify: Vec::new(), expects: Vec::new() }),
        source,
        down: None,
        repeatable: version == Version::Repeatable,
        no_transaction: None,
        timeouts: Timeouts::default(),
    })
}

fn from_file(migration: &mut Migration, file: MigrationFile) -> Vec<Diagnostic> {
    let MigrationFile { header, directives, .. } = file;
    migration.description = header.description;
    migration.declared_type = file.declared_type;
    migration.depends_on = header.depends_on;
    migration.only = values(&header.environments);
    migration.only.extend(values(&directives.only));
    migration.tags = values(&header.tags);
    migration.author = header.author;
    migration.date = header.date;
    migration.checksum = Digest(file.checksum);
    migration.fingerprint = Digest(file.fingerprint);
    migration.body = Body::Sql(SqlBody { up: file.up, verify: file.verify, expects: directives.expects });
    migration.down = file.down.or(file.rollback).map(Down::Sql);
    migration.repeatable |= directives.repeatable;
    migration.no_transaction = directives.no_transaction;
    migration.timeouts = Timeouts {
        lock: directives.lock_timeout.map(|timeout| timeout.value),
        statement: directives.statement_timeout.map(|timeout| timeout.value),
    };
    migration.source = file.source;
    file.warnings
}

fn program(migration: &mut Migration, file: &File) -> Result<(), Vec<Diagnostic>> {
    let problem = |code, message: String, help: String| vec![Diagnostic::error(code, message).help(help)];
    let shown = file.path.display();
    if matches!(file.content, Content::Embedded(_)) {
        let message = format!("{shown} is a program, which can't be embedded");
        return Err(problem("embedded-program", message, "register a function under its id instead".to_owned()));
    }
    if !is_executable(&file.path) {
        let message = format!("{shown} is not executable");
        return Err(problem("not-executable", message, format!("`chmod +x {shown}`")));
    }
    let source = source_of(file)?;
    // A script has comments of another kind; its header lines are read all the same.
    let as_sql: String = source
        .text()
        .lines()
        .filter(|line| !line.starts_with("#!"))
        .map_while(|line| if line.trim().is_empty() { Some("") } else { line.strip_prefix('#') })
        .map(|line| format!("--{line}\n"))
        .collect();
    let header_source = Arc::new(SourceFile::new(&file.path, &as_sql));
    let variables = std::collections::BTreeMap::new();
    let reading = Reading {
        dialect: "",
        syntax: &rung_sql::Syntax::SQLITE,
        variables: rung_sql::Variables { builtin: &[], own: &variables },
    };
    let header = read_file(&header_source, migration.id.as_str(), &reading)?;
    from_file(migration, header);
    migration.checksum = Digest(checksum(source.text()));
    migration.fingerprint = migration.checksum;
    for dependency in migration.depends_on.iter_mut().flatten() {
        dependency.span = Span::new(0, 0);
    }
    migration.source = source;
    migration.body = Body::Command(std::path::absolute(&file.path).unwrap_or_else(|_| file.path.clone()));
    Ok(())
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(_path: &Path) -> bool {
    true
}
