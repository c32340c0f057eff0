//! What readers have in common: making a migration of a script, and reading many files at once.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use rung_engine::{
    Asks, Body, Dialect, Digest, Down, Graph, Hints, Migration, MigrationId, MigrationSet, Order, Runs, ScriptPlan,
    SqlBody, Stage, Timeouts, Version,
};
use rung_sql::{
    Diagnostic, Inside, Script, SourceFile, Span, Statement, Syntax, TokenKind, checksum, fingerprint, split, tokens,
};

use crate::files::File;

/// A migration with its warnings, or what is wrong with it.
pub(crate) type Outcome = Result<(Migration, Vec<Diagnostic>), Vec<Diagnostic>>;

/// A migration of which nothing is known but its id.
///
/// # Errors
/// The id has no version.
pub fn bare_migration(stem: &str) -> Result<Migration, Box<Diagnostic>> {
    let version = Version::of(stem).ok_or_else(|| {
        let message = format!("{stem} does not begin with a number that fits 64 bits");
        Box::new(Diagnostic::error("no-version", message).help("name it e.g. 001_create_users"))
    })?;
    Ok(unwritten(stem, version))
}

/// A migration that has a name and no text.
pub(crate) fn unwritten(stem: &str, version: Version) -> Migration {
    let source = Arc::new(SourceFile::new(stem, ""));
    let mut migration = bare(stem, version, Script::whole(source), Hints::NATIVE);
    migration.checksum = Digest(checksum(stem));
    migration.fingerprint = migration.checksum;
    migration
}

fn bare(id: &str, version: Version, up: Script, hints: &'static Hints) -> Migration {
    Migration {
        id: MigrationId::new(id),
        former: None,
        description: None,
        declared_type: None,
        depends_on: None,
        only: Vec::new(),
        stage: Stage::PreDeploy,
        tags: Vec::new(),
        author: None,
        date: None,
        checksum: Digest([0; 32]),
        fingerprint: Digest([0; 32]),
        tool_checksums: Vec::new(),
        tool_name: None,
        source: Arc::clone(up.source()),
        body: Body::Sql(SqlBody { up, verify: Vec::new(), expects: Vec::new() }),
        down: None,
        runs: if version == Version::Repeatable { Runs::WhenChanged } else { Runs::Once },
        version,
        replaces: Vec::new(),
        no_transaction: None,
        down_no_transaction: None,
        order: Order::Strict,
        hints,
        timeouts: Timeouts::default(),
        allows: Vec::new(),
    }
}

/// A migration in another tool's format: its up, before anything is put in, and the way back. The checksum is that of the
/// up's file.
pub(crate) fn migration(
    id: &str,
    version: Version,
    up: Script,
    down: Option<Script>,
    hints: &'static Hints,
    syntax: &Syntax,
) -> Migration {
    let digests = (Digest(checksum(up.source().text())), Digest(fingerprint(up.text(), syntax)));
    let mut migration = bare(id, version, up, hints);
    (migration.checksum, migration.fingerprint) = digests;
    migration.down = down.map(Down::Sql);
    migration
}

/// A file of plain SQL as it is, a schema for one: no sections, no variables, no directives. Where its statements can't share
/// a transaction, they are run one by one.
///
/// # Errors
/// All that is wrong with it.
pub fn load_script(id: &str, source: Arc<SourceFile>, dialect: &dyn Dialect) -> Result<Migration, Vec<Diagnostic>> {
    let mut script = migration(id, Version::Unnumbered, Script::whole(source), None, Hints::NATIVE, dialect.syntax());
    let plan = |script: &Migration| match &script.body {
        Body::Sql(body) => ScriptPlan::new(&body.up, Asks::up(script), dialect).map(|_| ()),
        Body::Command(_) | Body::Code(_) => Ok(()),
    };
    if plan(&script).is_err() {
        script.no_transaction = Some(Span::default());
        plan(&script)?;
    }
    Ok(script)
}

/// The migration, if its scripts can be split.
pub(crate) fn checked(migration: Migration, warnings: Vec<Diagnostic>, syntax: &Syntax) -> Outcome {
    let mut errors = Vec::new();
    let mut check = |script: &Script| {
        // Only these tokens can keep a script from being split, and few scripts have any.
        let is_trouble = |kind| matches!(kind, TokenKind::Unterminated | TokenKind::MetaCommand);
        if tokens(script.text(), syntax).any(|token| is_trouble(token.kind)) {
            errors.extend(script.statements(syntax).err().into_iter().flatten());
        }
    };
    if let Body::Sql(body) = &migration.body {
        check(&body.up);
        body.verify.iter().for_each(|verify| check(&verify.script));
    }
    if let Some(Down::Sql(down)) = &migration.down {
        check(down);
    }
    if errors.is_empty() { Ok((migration, warnings)) } else { Err(errors) }
}

/// The script with `?` where it has `??`: to a JDBC driver a single one is a parameter, and so an operator is written twice.
pub(crate) fn without_escapes(script: &Script, syntax: &Syntax) -> Script {
    let text = script.text();
    if !text.contains("??") {
        return script.clone();
    }
    let mut marks = tokens(text, syntax).map(|token| token.span).filter(|span| text[span.range()] == *"?").peekable();
    let mut edits = Vec::new();
    while let Some(first) = marks.next() {
        edits.extend(marks.next_if(|next| next.start == first.end).map(|second| (second, "")));
    }
    script.replaced(&edits)
}

/// Leaves out what does nothing in the transaction that its tool runs it in, such as `PRAGMA foreign_keys`: run one by one,
/// it would do something. A script that controls transactions itself keeps it.
pub(crate) fn without_idle(migration: &mut Migration, dialect: &dyn Dialect, warnings: &mut Vec<Diagnostic>) {
    let how = migration.hints.no_transaction;
    let mut idle = |script: &mut Script| {
        // Nothing else is such a statement; to split a text is not paid for without one.
        if !script.text().as_bytes().windows(6).any(|word| word.eq_ignore_ascii_case(b"pragma")) {
            return;
        }
        let (statements, _) = split(script.text(), dialect.syntax());
        let facts = |statement: &Statement| dialect.facts(&script.text()[statement.span.range()]);
        let facts: Vec<_> = statements.iter().map(|statement| (statement.span, facts(statement))).collect();
        if facts.iter().any(|(_, facts)| facts.transaction.is_some()) {
            return;
        }
        let mut edits = Vec::new();
        for (span, outside) in facts.into_iter().filter_map(|(span, facts)| Some((span, facts.outside?))) {
            if outside.inside == Inside::DoesNothing {
                let mut warning = Diagnostic::warning("no-effect", format!("{outside}, and so is left out"));
                warning = warning.at(script.source(), script.source_span(span), "");
                warnings.push(match how {
                    Some(how) => warning.help(format!("to let it count, {how}")),
                    None => warning,
                });
                edits.push((span, ""));
            }
        }
        *script = script.replaced(&edits);
    };
    if let (Body::Sql(body), None) = (&mut migration.body, migration.no_transaction) {
        idle(&mut body.up);
    }
    if let (Some(Down::Sql(down)), None) = (&mut migration.down, migration.down_no_transaction) {
        idle(down);
    }
}

/// Lets statements that refuse a transaction be run one by one, beside others, as the tool does; a way to say so in the
/// file its format has not.
pub(crate) fn journalled_where_needed(migration: &mut Migration, dialect: &dyn Dialect) {
    journalled_where(migration, dialect, |_| true);
}

/// As [`journalled_where_needed`], for statements alone that a transaction makes nothing of.
pub(crate) fn journalled_where_idle(migration: &mut Migration, dialect: &dyn Dialect) {
    journalled_where(migration, dialect, |inside| inside == Inside::DoesNothing);
}

fn journalled_where(migration: &mut Migration, dialect: &dyn Dialect, is_meant: fn(Inside) -> bool) {
    let outside = |script: &Script| {
        let (statements, _) = split(script.text(), dialect.syntax());
        let refuses = |statement: &&Statement| {
            let facts = dialect.facts(&script.text()[statement.span.range()]);
            facts.outside.is_some_and(|outside| is_meant(outside.inside))
        };
        statements.iter().find(refuses).map(|statement| script.source_span(statement.span))
    };
    if let (Body::Sql(body), None) = (&migration.body, migration.no_transaction) {
        migration.no_transaction = outside(&body.up);
    }
    if let (Some(Down::Sql(down)), None) = (&migration.down, migration.down_no_transaction) {
        migration.down_no_transaction = outside(down);
    }
}

/// Makes migrations of items, on as many threads as there are processors, and a set of them.
///
/// # Errors
/// `errors`, and all that `read` finds.
pub(crate) fn read_each<T: Sync>(
    items: &[T],
    sorting: Sorting,
    mut warnings: Vec<Diagnostic>,
    mut errors: Vec<Diagnostic>,
    read: impl Fn(&T) -> Outcome + Sync,
) -> Result<MigrationSet, Vec<Diagnostic>> {
    /// Below this, a thread costs more than it saves.
    const SMALLEST_SHARE: usize = 64;
    let processors = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = items.len().div_ceil(processors).max(SMALLEST_SHARE);
    let read_share = |share: &[T]| -> Vec<Outcome> { share.iter().map(&read).collect() };
    let results: Vec<_> = if items.len() <= share {
        read_share(items)
    } else {
        thread::scope(|scope| {
            let shares: Vec<_> = items.chunks(share).map(|share| scope.spawn(|| read_share(share))).collect();
            let join =
                |share: thread::ScopedJoinHandle<'_, _>| share.join().unwrap_or_else(|p| std::panic::resume_unwind(p));
            shares.into_iter().flat_map(join).collect()
        })
    };
    let mut migrations = Vec::with_capacity(results.len());
    for result in results {
        match result {
            Ok((migration, found)) => {
                migrations.push(migration);
                warnings.extend(found);
            }
            Err(found) => errors.extend(found),
        }
    }
    let set = match sorting {
        Sorting::ByVersion => MigrationSet::new(migrations, warnings),
        Sorting::AsGiven => MigrationSet::ordered(migrations, warnings),
    };
    if errors.is_empty() {
        return set;
    }
    errors.extend(between(set, &errors));
    errors.sort_by(|a, b| place(a).cmp(&place(b)));
    Err(errors)
}

/// What is wrong between the files that could be read, beside `errors` in those that could not: two with one id,
/// dependencies that no file has, circles.
fn between(set: Result<MigrationSet, Vec<Diagnostic>>, errors: &[Diagnostic]) -> Vec<Diagnostic> {
    let set = match set {
        Ok(set) => set,
        Err(found) => return found,
    };
    let found = Graph::new(&set).err().into_iter().flatten().map(|error| error.diagnostic);
    // What is missing may well be one of those that could not be read.
    let Some(unread) = errors.iter().map(stem).collect::<Option<Vec<&str>>>() else { return Vec::new() };
    let is_unread = |name: &str| {
        let name = name.strip_suffix(".sql").or_else(|| name.strip_suffix(".sh")).unwrap_or(name);
        unread
            .iter()
            .any(|stem| *stem == name || Version::of(stem).is_some_and(|version| Version::of(name) == Some(version)))
    };
    let is_sure = |found: &Diagnostic| {
        found.code != "missing-dependency" || !found.labels.iter().any(|at| is_unread(at.source.slice(at.span)))
    };
    found.filter(is_sure).collect()
}

/// The id of the migration whose file an error is about, or part of it; `None` where it is about no file.
fn stem(error: &Diagnostic) -> Option<&str> {
    let path = error.labels.first()?.source.path();
    let name = path.file_stem()?.to_str()?;
    match name {
        "up" | "down" | "verify" => path.parent()?.file_name()?.to_str(),
        _ => Some(name.strip_suffix(".up").or_else(|| name.strip_suffix(".down")).unwrap_or(name)),
    }
}

/// What order items are run in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sorting {
    /// That of their versions.
    ByVersion,
    /// The one they come in.
    AsGiven,
}

fn place(diagnostic: &Diagnostic) -> Option<(&Path, usize)> {
    diagnostic.labels.first().map(|label| (label.source.path(), label.span.start))
}

/// The lines of a text without their ends, each with its place.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = (Span, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let content = line.trim_end_matches(['\n', '\r']);
        let span = Span::new(at, at + content.len());
        at += line.len();
        (span, content)
    })
}

/// Where the line after a place begins.
pub(crate) fn next_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |end| at + end + 1)
}

/// An error for every gap in numbers that are to go up from 1 one by one.
pub(crate) fn consecutive(items: &BTreeMap<u64, &File>) -> Vec<Diagnostic> {
    let is_due = |((number, file), due): ((&u64, &&File), u64)| {
        let message = format!("{} is the migration {number}, and there is no {due}", file.path.display());
        let help = format!("give it the number {due}, and go on from there: the numbers have no gaps");
        (*number != due).then(|| Diagnostic::error("gap", message).help(help))
    };
    items.iter().zip(1..).find_map(is_due).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_that_is_written_twice_is_one() {
        for (text, sent) in [
            ("a ?? b ? c ??| d", "a ? b ? c ?| d"),
            ("select '??', \"??\", $$??$$ -- ??", "select '??', \"??\", $$??$$ -- ??"),
            ("a ???? b", "a ?? b"),
        ] {
            let script = Script::whole(Arc::new(SourceFile::new("a.sql", text)));
            assert_eq!(without_escapes(&script, &Syntax::POSTGRES).text(), sent);
        }
    }
}
