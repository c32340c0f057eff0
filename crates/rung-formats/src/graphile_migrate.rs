//! graphile-migrate: `committed/000001-name.sql`, each with a header that names the hash of the one before, and the
//! migration being written in `current.sql` or `current/`.
//!
//! Facts from its `migration.ts`, `hash.ts`, `header.ts`, `current.ts` and `migrationFilename.ts`. What is current is run
//! by its `watch` again and again: here it is a repeatable migration of the environment `development`.

use std::collections::BTreeMap;
use std::sync::Arc;

use rung_engine::{Body, Hints, MigrationSet, Renumber, Runs, Version};
use rung_sql::{Diagnostic, Script, SourceFile, Span};
use sha1::{Digest as _, Sha1};

use crate::LoadOptions;
use crate::files::{File, Files};
use crate::format::{Format, Sign};
use crate::json::{Json, Node};
use crate::migration::{Outcome, Sorting, checked, lines, migration, read_each};

pub(crate) struct GraphileMigrate;

const HINTS: &Hints = &Hints {
    no_transaction: Some("write `--! no-transaction` as the first line below the header"),
    down: None,
    depends: None,
    renumber: Renumber::ByHand,
};

impl Format for GraphileMigrate {
    fn name(&self) -> &'static str {
        "graphile-migrate"
    }

    fn recognise(&self, files: &Files) -> Option<Sign> {
        let (name, line) = files.marked(|line| line.starts_with("--! Previous:"))?;
        Some(Sign::sure(format!("{name} has a line `{line}`")))
    }

    fn load(&self, files: &Files, options: &LoadOptions<'_>) -> Result<MigrationSet, Vec<Diagnostic>> {
        let mut committed: Vec<(u64, &File)> = files.iter().filter_map(|file| Some((number(file)?, file))).collect();
        committed.sort_by_key(|(number, file)| (*number, file.base()));
        let placeholders = Placeholders::read(files, options)?;
        let mut errors = Vec::new();
        let mut previous: Option<(String, &File)> = None;
        for (_, file) in &committed {
            match chain(file, previous.as_ref()) {
                Ok(hash) => previous = Some((hash, file)),
                Err(found) => errors.extend(found),
            }
        }
        let mut in_folder: Vec<&File> =
            files.iter().filter(|file| file.name.starts_with("current/") && file.name.ends_with(".sql")).collect();
        in_folder.sort_by_key(|file| numbered(file.base()));
        let current: Vec<&File> = match (files.get("current.sql"), in_folder.as_slice()) {
            (Some(file), []) => vec![file],
            (Some(file), [..]) => {
                let error = file.error("graphile-migrate", "stands beside a folder current/");
                return Err(vec![error.help("move one into the other")]);
            }
            (None, _) => in_folder,
        };
        let mut items: Vec<Item<'_>> = committed.iter().map(|(number, file)| Item::Committed(*number, file)).collect();
        items.extend(current.into_iter().map(Item::Current));
        let warnings = placeholders.warnings.clone();
        read_each(&items, Sorting::AsGiven, warnings, errors, |item| item.read(files, &placeholders, options))
    }
}

/// The number of a committed migration.
fn number(file: &File) -> Option<u64> {
    numbered(file.name.strip_prefix("committed/").unwrap_or(&file.name))
}

/// The number of `1.sql` or `000001-name.sql`.
fn numbered(name: &str) -> Option<u64> {
    let stem = name.strip_suffix(".sql").filter(|stem| !stem.contains('/'))?;
    let (digits, slug) = stem.split_once('-').unwrap_or((stem, ""));
    let is_slug = slug.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    Version::number_of(digits).filter(|_| is_slug)?.number()
}

/// A file's header, and where its body begins.
struct Header<'a> {
    lines: Vec<(&'a str, &'a str, Span)>,
    body: usize,
}

impl<'a> Header<'a> {
    fn of(text: &'a str) -> Self {
        let mut header = Self { lines: Vec::new(), body: 0 };
        for (span, line) in lines(text) {
            let Some(rest) =
                line.strip_prefix("--! ").filter(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
            else {
                break;
            };
            let (key, value) = rest.split_once(':').unwrap_or((rest, ""));
            header.lines.push((key, value.trim(), span));
            header.body = crate::migration::next_line(text, span.end);
        }
        header
    }

    fn get(&self, key: &str) -> Option<(&'a str, Span)> {
        self.lines.iter().find(|(name, ..)| *name == key).map(|(_, value, span)| (*value, *span))
    }
}

/// Checks a committed file's hash and that it follows the one before; returns the hash.
fn chain(file: &File, previous: Option<&(String, &File)>) -> Result<String, Vec<Diagnostic>> {
    let source = file.source()?;
    let header = Header::of(source.text());
    let wrong = |span: Span, message: String, help: &str| {
        vec![Diagnostic::error("graphile-migrate", message).at(&source, span, "").help(help)]
    };
    let need = |key: &str| {
        let help = "it was committed by hand: `graphile-migrate uncommit`, and commit it";
        header.get(key).ok_or_else(|| wrong(Span::new(0, 0), format!("the header has no `{key}`"), help))
    };
    let ((before, before_span), (hash, span)) = (need("Previous")?, need("Hash")?);
    let expected = previous.map_or("-", |(hash, _)| hash.as_str());
    if before != expected {
        let message = match previous {
            Some((_, file)) => format!("this is not the hash of {}, which comes before it", file.path.display()),
            None => "this is the first migration, and names one before it".to_owned(),
        };
        return Err(wrong(
            before_span,
            message,
            "two were committed side by side: uncommit the later one, and commit it again",
        ));
    }
    let real = graphile_hash(&source.text()[header.body..], Some(before).filter(|before| *before != "-"));
    if real != hash && header.get("AllowInvalidHash").is_none() {
        let help = "put the file back; or if it must be so, add a line `--! AllowInvalidHash` to the header";
        return Err(wrong(span, format!("the hash of what stands below is {real}"), help));
    }
    Ok(hash.to_owned())
}

/// The hash of a committed migration as graphile-migrate has it: SHA-1 over the hash of the one before and the body.
pub fn graphile_hash(body: &str, previous: Option<&str>) -> String {
    let text = format!("{}\n{}", previous.unwrap_or_default(), body.trim());
    let digest = Sha1::digest(format!("{}\n", text.trim()));
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha1:{hex}")
}

enum Item<'a> {
    Committed(u64, &'a File),
    Current(&'a File),
}

impl Item<'_> {
    fn read(&self, files: &Files, placeholders: &Placeholders, options: &LoadOptions<'_>) -> Outcome {
        let syntax = options.dialect.syntax();
        let (file, version) = match self {
            Self::Committed(number, file) => (*file, Version::Number(*number)),
            Self::Current(file) => (*file, Version::Repeatable),
        };
        let source = file.source()?;
        let header = Header::of(source.text());
        let raw = Script::slice(source.clone(), Span::new(header.body, source.text().len()));
        let id = file.name.strip_prefix("committed/").unwrap_or(&file.name).trim_end_matches(".sql");
        let mut migration = migration(id, version, raw.clone(), None, HINTS, syntax);
        migration.description = header.get("Message").map(|(message, _)| message.to_owned());
        let first = lines(raw.text()).find(|(_, line)| !line.trim().is_empty());
        migration.no_transaction = first.and_then(|(span, line)| {
            let word = line.strip_prefix("--!")?.trim_start().strip_prefix("no-transaction")?;
            let ends = !word.starts_with(|c: char| c.is_alphanumeric() || c == '_');
            ends.then(|| raw.source_span(span))
        });
        let mut script = raw;
        if let Self::Current(_) = self {
            (migration.runs, migration.only) = (Runs::WhenChanged, vec!["development".to_owned()]);
            script = included(&script, files, 0)?;
        }
        if let Body::Sql(body) = &mut migration.body {
            body.up = placeholders.fill(&script)?;
        }
        checked(migration, Vec::new(), syntax)
    }
}

/// Puts files of `fixtures/` where `--! include FILE` stands.
fn included(script: &Script, files: &Files, depth: usize) -> Result<Script, Vec<Diagnostic>> {
    let mut edits: Vec<(Span, String)> = Vec::new();
    for (span, line) in lines(script.text()) {
        let name = line.strip_prefix("--!").and_then(|line| line.trim().strip_prefix("include"));
        let Some(name) = name.filter(|name| name.starts_with([' ', '\t'])).map(str::trim) else { continue };
        let wrong = |message: String, help: &str| {
            let error =
                Diagnostic::error("graphile-migrate", message).at(script.source(), script.source_span(span), "");
            vec![error.help(help)]
        };
        if depth > 8 {
            return Err(wrong(format!("{name} includes itself"), "take one of the includes out"));
        }
        let file = files
            .get(&format!("fixtures/{name}"))
            .ok_or_else(|| wrong(format!("there is no fixtures/{name}"), "put it there, or take this line out"))?;
        let inner = included(&Script::whole(file.source()?), files, depth + 1)?;
        edits.push((span, inner.text().trim().to_owned()));
    }
    Ok(script.replaced(&edits))
}

/// The values of `:NAME`s, from `.gmrc`, the project's variables and the process.
struct Placeholders {
    /// `None` for what should have one, and has not.
    values: BTreeMap<String, Option<String>>,
    /// What its `pgSettings` ask for: a statement that is put before each migration.
    settings: String,
    warnings: Vec<Diagnostic>,
}

/// Where graphile-migrate is configured by a program.
const PROGRAMS: [&str; 3] = [".gmrc.js", ".gmrc.cjs", ".gmrc.mjs"];

/// What it runs besides migrations: SQL files and commands.
const ACTIONS: [&str; 3] = ["beforeAllMigrations", "afterAllMigrations", "afterCurrent"];

impl Placeholders {
    fn read(files: &Files, options: &LoadOptions<'_>) -> Result<Self, Vec<Diagnostic>> {
        let given = |name: &str| options.environment.get(&name[1..]).cloned();
        let own = |name: &str, known: &Option<String>| (name.to_owned(), given(name).or_else(|| known.clone()));
        let names = options.names;
        let mut values: BTreeMap<String, Option<String>> =
            [own(":DATABASE_NAME", &names.database), own(":DATABASE_OWNER", &names.user)].into();
        let (mut settings, mut warnings) = (String::new(), Vec::new());
        if let Some(path) = PROGRAMS.iter().find_map(|name| files.nearby(name)) {
            let message = format!("{} is a program, which rung does not run", path.display());
            let help = "write its placeholders in rung.toml: [vars] NAME = \"...\"; and its pgSettings into the URL: \
                        `?options=-csearch_path%3Dapp`";
            warnings.push(Diagnostic::warning("graphile-migrate", message).help(help));
        }
        if let Some(path) = files.nearby(".gmrc") {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let source = Arc::new(SourceFile::new(&path, &text));
            let root = Json::parse(source.text()).map_err(|(span, message)| {
                let error = Diagnostic::error("graphile-migrate", message).at(&source, span, "");
                vec![error.help("mend it; rung reads the placeholders in it")]
            })?;
            let listed = root.get("placeholders").map(Node::entries).unwrap_or_default();
            for (name, node) in listed {
                let value = node.text().unwrap_or_default();
                let value = match value.strip_prefix('!') {
                    Some("ENV") => given(name),
                    _ => Some(value.to_owned()),
                };
                values.insert(name.clone(), value);
            }
            if let Some(owner) = root.get("databaseOwner").and_then(Node::text) {
                values.insert(":DATABASE_OWNER".to_owned(), Some(owner.to_owned()));
            }
            let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
            let asked = root.get("pgSettings").map(Node::entries).unwrap_or_default();
            settings.extend(asked.iter().map(|(name, node)| {
                let value = node.text().map_or_else(|| node.raw(), str::to_owned);
                format!("SELECT pg_catalog.set_config({}, {}, false);\n", quoted(name), quoted(&value))
            }));
            let is_asked = |name: &&&str| root.get(name).and_then(Node::list).is_some_and(|list| !list.is_empty());
            for name in ACTIONS.iter().filter(is_asked) {
                let message = format!("rung does not run what {} has in {name}", path.display());
                let help = "let whatever calls rung run it; SQL that is to run after each change is a file `R__name.sql` \
                            of rung's own format";
                warnings.push(Diagnostic::warning("graphile-migrate", message).help(help));
            }
        }
        values.extend(options.variables.iter().map(|(name, value)| (format!(":{name}"), Some(value.clone()))));
        Ok(Self { values, settings, warnings })
    }

    /// Fills in wherever a name stands and a word ends after it, in quotes too.
    fn fill(&self, script: &Script) -> Result<Script, Vec<Diagnostic>> {
        let text = script.text();
        let mut edits: Vec<(Span, &str)> = Vec::new();
        let mut errors = Vec::new();
        let mut next = 0;
        for (at, _) in text.match_indices(':') {
            let word =
                text[at + 1..].find(|c: char| !c.is_alphanumeric() && c != '_').map_or(text.len(), |end| at + 1 + end);
            let name = &text[at..word];
            let Some(value) = self.values.get(name).filter(|_| at >= next) else { continue };
            next = word;
            match value {
                Some(value) => edits.push((Span::new(at, word), value)),
                None => {
                    let error = Diagnostic::error("graphile-migrate", format!("{name} has no value")).at(
                        script.source(),
                        script.source_span(Span::new(at, word)),
                        "",
                    );
                    errors.push(error.help(format!(
                        "give it one in rung.toml: [vars] {0} = \"...\"; or `export {0}=...`",
                        &name[1..]
                    )));
                }
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        edits.insert(0, (Span::new(0, 0), &self.settings));
        Ok(script.replaced(&edits))
    }
}
