//! rung's own format: one SQL file a migration, perhaps with a companion that undoes it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use rung_engine::{Body, Digest, Down, Former, Migration, MigrationSet, Runs, SqlBody, Stage, Timeouts, Version};
use rung_sql::{Diagnostic, MigrationFile, Reading, Script, SourceFile, Verify, Want, checksum, read_file, values};

use crate::files::{Content, File, Files};
use crate::format::{Format, Sign, Strength};
use crate::migration::{Outcome, Sorting, bare_migration, read_each, unwritten};
use crate::{LoadOptions, Unsaved};

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
    /// SQL that no migration is: why.
    Stray(&'static str),
    /// A migration's folder, numbered as another tool's are.
    Foreign,
    /// SQL that looks like a migration, in a folder that no migration is.
    Elsewhere(&'a str),
    /// Not ours.
    Other,
}

fn role(name: &str) -> Role<'_> {
    if let Some((stem, file)) = name.split_once('/') {
        return match file {
            // Such as diesel has, whose versions go on with a dash: to leave them out would be to leave out migrations.
            "up.sql" if unnumbered(stem) == Some(ENDS_ELSEWHERE) => Role::Foreign,
            _ if unnumbered(stem).is_some() || stem.starts_with("R__") || file.contains('/') => elsewhere(stem, file),
            "up.sql" => Role::Up(stem),
            "down.sql" => Role::Down(stem),
            "verify.sql" => Role::Verify(stem),
            _ if file.ends_with(".sql") => Role::Stray("it is not called up.sql, down.sql or verify.sql"),
            _ => Role::Other,
        };
    }
    if let Some(stem) = name.strip_suffix(".sh") {
        return if unnumbered(stem).is_none() { Role::Program(stem) } else { Role::Other };
    }
    let Some(stem) = name.strip_suffix(".sql") else { return Role::Other };
    if let Some(number) = stem.strip_prefix("rollback-").or_else(|| stem.strip_prefix("rollback_")) {
        return number.parse().map_or(Role::Stray("`rollback-` is followed by a migration's number"), Role::Rollback);
    }
    if let Some(stem) = stem.strip_suffix(".down") {
        return Role::Down(stem);
    }
    let stem = stem.strip_suffix(".up").unwrap_or(stem);
    unnumbered(stem).map_or(Role::Up(stem), Role::Stray)
}

/// Whether an id is one that a file of this format has.
pub(crate) fn is_name(id: &str) -> bool {
    let is_plain = id.chars().all(|c| c.is_alphanumeric() || "_-".contains(c));
    is_plain && unnumbered(id).is_none() && role(&format!("{id}.sql")) == Role::Up(id)
}

/// A file in a folder of another name, or deeper down.
fn elsewhere<'a>(folder: &'a str, file: &str) -> Role<'a> {
    let base = file.rsplit_once('/').map_or(file, |(_, base)| base);
    let is_numbered = base == "up.sql" || base.strip_suffix(".sql").is_some_and(|stem| unnumbered(stem).is_none());
    if is_numbered { Role::Elsewhere(folder) } else { Role::Other }
}

/// Why a stem is none of a migration that begins with a number.
const ENDS_ELSEWHERE: &str = "the number in front of its name does not end at a `_`";

/// Why a stem is none of a migration; `None` where it is one, though its number may be too large.
fn unnumbered(stem: &str) -> Option<&'static str> {
    let number = stem.split_once('_').map_or(stem, |(number, _)| number);
    match number.find(|c: char| !c.is_ascii_digit()) {
        _ if stem.starts_with("R__") => None,
        None if !number.is_empty() => None,
        None | Some(0) => Some("its name has no number in front"),
        Some(_) => Some(ENDS_ELSEWHERE),
    }
}

/// Undoing and checking files, waiting for the migrations that they belong to.
#[derive(Default)]
struct Companions<'a> {
    downs: HashMap<&'a str, &'a File>,
    verifies: HashMap<&'a str, &'a File>,
    rollbacks: HashMap<u64, &'a File>,
}

/// rung's own format.
pub(crate) struct Native;

/// One file by itself, whatever it is called, with the companions that stand beside it.
///
/// # Errors
/// All that is wrong with it.
pub fn load_file(path: &Path, unsaved: &Unsaved, options: &LoadOptions<'_>) -> Result<Migration, Vec<Diagnostic>> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let files = Files::list(&[dir.to_owned()])?.with(unsaved);
    let mut companions = Companions::default();
    for file in files.iter() {
        match role(&file.name) {
            Role::Down(stem) => drop(companions.downs.insert(stem, file)),
            Role::Verify(stem) => drop(companions.verifies.insert(stem, file)),
            Role::Rollback(version) => drop(companions.rollbacks.insert(version, file)),
            _ => {}
        }
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let stem = name.strip_suffix(".sql").map_or(name.as_str(), |stem| stem.strip_suffix(".up").unwrap_or(stem));
    let file = File { name: format!("{stem}.sql"), path: path.to_owned(), content: Content::OnDisk };
    let file = file.with(unsaved);
    let version = Version::of(stem).unwrap_or(Version::Unnumbered);
    read_one(unwritten(stem, version), stem, &file, &companions, &options.reading()).map(|(migration, _)| migration)
}

impl Format for Native {
    fn name(&self) -> &'static str {
        "native"
    }

    fn recognise(&self, files: &Files) -> Option<Sign> {
        // What was converted keeps its comments, among them perhaps those that were marks to another tool.
        if files.is_marked_throughout(is_mark) {
            return Some(Sign { strength: Strength::Certain, why: "each file has a mark of rung's own".to_owned() });
        }
        if let Some((name, line)) = files.marked(is_mark) {
            return Some(Sign::sure(format!("{name} has a line `{line}`")));
        }
        if files.iter().any(|file| role(&file.name) == Role::Foreign) {
            return None;
        }
        let first = files.iter().find(|file| matches!(role(&file.name), Role::Up(_)))?;
        Some(Sign::fits(format!("there is a file {}", first.name), files, &[("rung.toml", "")]))
    }

    fn load(&self, files: &Files, options: &LoadOptions<'_>) -> Result<MigrationSet, Vec<Diagnostic>> {
        let mut companions = Companions::default();
        let mut mains: Vec<(&str, &File)> = Vec::new();
        let mut warnings = Vec::new();
        let mut folders: BTreeMap<&str, &File> = BTreeMap::new();
        for file in files.iter() {
            match role(&file.name) {
                Role::Up(stem) | Role::Program(stem) => mains.push((stem, file)),
                Role::Down(stem) => drop(companions.downs.insert(stem, file)),
                Role::Verify(stem) => drop(companions.verifies.insert(stem, file)),
                Role::Rollback(version) => drop(companions.rollbacks.insert(version, file)),
                Role::Stray(why) => warnings.push(file.stray(why)),
                Role::Foreign => warnings.push(file.stray(ENDS_ELSEWHERE)),
                Role::Elsewhere(folder) => drop(folders.entry(folder).or_insert(file)),
                Role::Other => {}
            }
        }
        let within =
            |file: &&File| file.stray("folders are not looked into: name each with --dir, or move its files up");
        warnings.extend(folders.values().map(within));
        let stems: HashSet<&str> = mains.iter().map(|(stem, _)| *stem).collect();
        let versions: HashSet<_> = stems.iter().filter_map(|stem| Version::of(stem)).collect();
        let alone = companions.downs.iter().chain(&companions.verifies).filter(|(stem, _)| !stems.contains(*stem));
        let unnumbered =
            companions.rollbacks.iter().filter(|(version, _)| !versions.contains(&Version::Number(**version)));
        let alone = alone.map(|(_, file)| file).chain(unnumbered.map(|(_, file)| file));
        warnings.extend(alone.map(|file| file.stray("there is no migration that it belongs to")));
        let reading = options.reading();
        read_each(&mains, Sorting::ByVersion, warnings, Vec::new(), |(stem, file)| {
            let migration = bare_migration(stem).map_err(|error| vec![*error])?;
            read_one(migration, stem, file, &companions, &reading)
        })
    }
}

/// Comments that no other tool knows.
const MARKS: [&str; 4] = ["@up", "@down", "@verify", "@no-transaction"];

fn is_mark(line: &str) -> bool {
    let comment = line.trim_start().strip_prefix("--").map(str::trim_start);
    comment.is_some_and(|text| MARKS.iter().any(|mark| text.starts_with(mark)))
}

fn read_one(
    mut migration: Migration,
    stem: &str,
    file: &File,
    companions: &Companions<'_>,
    reading: &Reading<'_>,
) -> Outcome {
    let mut warnings = Vec::new();
    if matches!(role(&file.name), Role::Program(_)) {
        program(&mut migration, file)?;
    } else {
        let source = file.source()?;
        let read = read_file(&source, stem, reading)?;
        warnings = from_file(&mut migration, read);
    }
    let version = migration.version.number().and_then(|number| companions.rollbacks.get(&number));
    // An `@down` section is nearest to what it undoes; then a companion file; then a comment.
    if !matches!(&migration.down, Some(Down::Sql(script)) if is_section(script, &migration.source))
        && let Some(file) = companions.downs.get(stem).or(version)
    {
        let source = file.source()?;
        let read = read_file(&source, stem, reading)?;
        let (down, outside) = match read.down {
            Some(down) => (down, read.down_no_transaction),
            None => (read.up, read.up_no_transaction),
        };
        migration.down = Some(Down::Sql(down));
        migration.down_no_transaction = outside.or(migration.down_no_transaction);
        warnings.extend(read.warnings);
    }
    if let (Some(file), Body::Sql(body)) = (companions.verifies.get(stem), &mut migration.body) {
        let source = file.source()?;
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

fn from_file(migration: &mut Migration, file: MigrationFile) -> Vec<Diagnostic> {
    let MigrationFile { header, directives, .. } = file;
    migration.description = header.description;
    migration.former = header.formerly.map(|formerly| former(&formerly.value));
    migration.declared_type = file.declared_type;
    migration.depends_on = header.depends_on;
    migration.only = values(&header.environments);
    for name in values(&directives.only) {
        if !migration.only.contains(&name) {
            migration.only.push(name);
        }
    }
    if directives.post_deploy {
        migration.stage = Stage::PostDeploy;
    }
    migration.tags = values(&header.tags);
    migration.author = header.author;
    migration.date = header.date;
    migration.checksum = Digest(file.checksum);
    migration.fingerprint = Digest(file.fingerprint);
    migration.body = Body::Sql(SqlBody { up: file.up, verify: file.verify, expects: directives.expects });
    migration.down = file.down.or(file.rollback).map(Down::Sql);
    if directives.repeatable {
        migration.runs = Runs::WhenChanged;
    }
    if !directives.replaces.is_empty() {
        (migration.runs, migration.replaces) = (Runs::Checkpoint, directives.replaces);
    }
    migration.no_transaction = file.up_no_transaction;
    migration.down_no_transaction = file.down_no_transaction;
    migration.timeouts = Timeouts {
        lock: directives.lock_timeout.map(|timeout| timeout.value),
        statement: directives.statement_timeout.map(|timeout| timeout.value),
    };
    migration.allows = directives.allows;
    migration.source = file.source;
    file.warnings
}

/// `V1__users`, or `V1__users (FINGERPRINT)`.
fn former(text: &str) -> Former {
    let with = text.strip_suffix(')').and_then(|text| text.rsplit_once(" ("));
    match with.and_then(|(id, digits)| Some((id, Digest::from_hex(digits)?))) {
        Some((id, fingerprint)) => Former { id: id.to_owned(), fingerprint: Some(fingerprint) },
        None => Former { id: text.to_owned(), fingerprint: None },
    }
}

fn program(migration: &mut Migration, file: &File) -> Result<(), Vec<Diagnostic>> {
    let problem = |code, message: String, help: String| vec![Diagnostic::error(code, message).help(help)];
    let shown = file.path.display();
    if matches!(file.content, Content::Held(_)) {
        let message = format!("{shown} is a program, which can't be embedded");
        return Err(problem("embedded-program", message, "register a function under its id instead".to_owned()));
    }
    if !is_executable(&file.path) {
        let message = format!("{shown} is not executable");
        return Err(problem("not-executable", message, format!("`chmod +x {shown}`")));
    }
    let source = file.source()?;
    let header_source = Arc::new(SourceFile::new(&file.path, &header_as_sql(source.text())));
    let variables = std::collections::BTreeMap::new();
    let reading = Reading {
        dialect: "",
        syntax: &rung_sql::Syntax::SQLITE,
        variables: rung_sql::Variables { builtin: &[], own: &variables },
    };
    let header = read_file(&header_source, migration.id.as_str(), &reading).map_err(|mut errors| {
        for label in errors.iter_mut().flat_map(|error| &mut error.labels) {
            label.source = Arc::clone(&source);
        }
        errors
    })?;
    from_file(migration, header);
    migration.checksum = Digest(checksum(source.text()));
    migration.fingerprint = migration.checksum;
    migration.source = source;
    migration.body = Body::Command(std::path::absolute(&file.path).unwrap_or_else(|_| file.path.clone()));
    Ok(())
}

/// The comment lines at the top of a script as those of SQL, every byte in its place.
fn header_as_sql(text: &str) -> String {
    let mut sql = String::new();
    for line in text.split_inclusive('\n') {
        let comment = line.strip_prefix('#').filter(|_| !line.starts_with("#!"));
        match comment.and_then(|comment| comment.strip_prefix([' ', '\t'])) {
            Some(content) => sql.extend(["--", content]),
            // A line of `#` alone, or the first: nothing to read, and as long as it was.
            None if line.starts_with('#') || line.trim().is_empty() => {
                sql.extend(
                    line.chars().flat_map(|c| std::iter::repeat_n(if c == '\n' { c } else { ' ' }, c.len_utf8())),
                );
            }
            None => break,
        }
    }
    sql
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
