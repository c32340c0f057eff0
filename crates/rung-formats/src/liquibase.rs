//! Liquibase: change sets in SQL (`--liquibase formatted sql`), the changelogs that include them, and what Liquibase has
//! printed for change sets in another language.
//!
//! Facts from its `AbstractFormattedChangeLogParser`, `FormattedSqlChangeLogParser`, `StringUtil.isDelimiter` and
//! `ContextExpression`: what is pending runs wherever it stands; with no contexts chosen, all of them run; a change set
//! that runs again keeps its place.

mod changelog;
mod changeset;
mod chosen;
mod expression;
mod printed;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use md5::{Digest as _, Md5};
use rung_engine::{Body, Hints, Migration, MigrationSet, Order, Renumber, Runs, Version};
use rung_sql::{Diagnostic, Script, Span, TokenKind, tokens};

use crate::LoadOptions;
use crate::files::Files;
use crate::format::{Format, Sign};
use crate::migration::{Outcome, Sorting, checked, lines, migration, read_each, without_escapes};
use changelog::{Included, Member, PRECONDITIONS, Tree};
use changeset::{Attributes, ChangeSet, Formatted, Property};
use chosen::{Chosen, Place, is_for};
use printed::Printed;

pub(crate) struct Liquibase;

const HINTS: &Hints = &Hints {
    no_transaction: Some("add `runInTransaction:false` to its `--changeset` line"),
    down: Some(
        "write what undoes it as lines `--rollback SQL` below it; `--rollback empty` where there is nothing to undo",
    ),
    depends: None,
    renumber: Renumber::ByHand,
};

impl Format for Liquibase {
    fn name(&self) -> &'static str {
        "liquibase"
    }

    fn recognise(&self, files: &Files) -> Option<Sign> {
        if let Some((name, line)) = files.marked(changeset::is_first_line) {
            return Some(Sign::sure(format!("{name} has a line `{line}`")));
        }
        let names = ["changelog", "master"];
        let looks = |name: &str| names.iter().any(|part| name.contains(part)) && !name.ends_with(".md");
        let log = files.iter().filter(|file| looks(file.base())).find(|file| changelog::is_changelog(file))?;
        Some(Sign::sure(format!("{} is a changelog", log.name)))
    }

    fn load(&self, files: &Files, options: &LoadOptions<'_>) -> Result<MigrationSet, Vec<Diagnostic>> {
        let mut tree = Tree::grow(files);
        let (mut errors, mut warnings) = (std::mem::take(&mut tree.errors), std::mem::take(&mut tree.warnings));
        let printed = Printed::read(files, options.dialect.syntax())?;
        let chosen = Chosen::read(files, options);
        let mut parameters: BTreeMap<String, String> = options.variables.clone();
        // The first that holds here counts.
        let mut define = |all: &[Property]| {
            let here = all.iter().filter(|own| is_for(&own.dbms, options.dialect.name()) && chosen.has(&own.context));
            for property in here {
                parameters.entry(property.name.clone()).or_insert_with(|| property.value.clone());
            }
        };
        define(&chosen.parameters);
        define(&tree.properties);
        let mut items = Vec::new();
        let mut unchosen = BTreeSet::new();
        for included in &tree.included {
            let (path, formatted) = match changesets(included, &printed, &mut warnings) {
                Ok(found) => found,
                Err(found) => {
                    errors.extend(found);
                    continue;
                }
            };
            define(&formatted.properties);
            warnings.extend(formatted.warnings);
            let path = formatted.logical_path.as_deref().unwrap_or(path);
            for changeset in formatted.changesets {
                match chosen.place(&changeset, &included.contexts, &included.labels, options.dialect.name()) {
                    Ok(Place::Nowhere) => {}
                    // Another change set's SQL may be for another database, and is not asked for then.
                    Ok(_) if changeset.up.is_empty() => errors.push(unprinted(&changeset)),
                    Ok(place) => {
                        unchosen.extend(place.unchosen());
                        let own = changeset.attributes.get("logicalfilepath").map(|(value, _)| value.clone());
                        let path = own.unwrap_or_else(|| path.to_owned());
                        let id = format!("{path}::{}::{}", changeset.id, changeset.author);
                        items.push(Item { id, changeset, place });
                    }
                    Err(error) => errors.push(*error),
                }
            }
        }
        if !unchosen.is_empty() {
            let names: Vec<&str> = unchosen.iter().map(String::as_str).collect();
            let message = format!("change sets of all contexts and labels run: {}", names.join(", "));
            let help = "as in Liquibase where none is chosen; choose with `export LIQUIBASE_COMMAND_CONTEXTS=...`";
            warnings.push(Diagnostic::warning("liquibase", message).help(help));
        }
        let all: BTreeMap<(&str, &str), &Item> =
            items.iter().map(|item| ((item.changeset.id.as_str(), item.changeset.author.as_str()), item)).collect();
        let reader = Reader { all, parameters: &parameters, options };
        read_each(&items, Sorting::AsGiven, warnings, errors, |item| reader.read(item))
    }
}

/// The change sets of a member, and the path that they have. One that Liquibase has not printed has no statements.
fn changesets<'a>(
    included: &Included<'a>,
    printed: &Printed,
    warnings: &mut Vec<Diagnostic>,
) -> Result<(&'a str, Formatted), Vec<Diagnostic>> {
    let (log, source, span, given) = match &included.member {
        Member::File(file) => {
            let source = file.source()?;
            let is_formatted = changelog::is_formatted(file);
            let formatted = if is_formatted { Formatted::parse(&source)? } else { Formatted::raw(&source) };
            return Ok((&file.name, formatted));
        }
        Member::Own { log, source, span, attributes } => (*log, source, *span, attributes),
    };
    let get = |key: &str| given.get(key).map_or("", String::as_str);
    let path = given.get("logicalFilePath").map_or(log.name.as_str(), String::as_str);
    let [up, down] = printed.get(path, get("id"), get("author"));
    let (up, place) = up.map_or((None, (source, span)), |up| (Some(up), (&up.source, up.line)));
    let parts = up.map_or_else(Vec::new, |up| up.parts.clone());
    let mut changeset = ChangeSet::new(place.0, get("author").to_owned(), get("id").to_owned(), parts);
    changeset.span = place.1;
    changeset.attributes = given.iter().map(|(key, value)| (key.to_lowercase(), (value.clone(), place.1))).collect();
    changeset.checksum = up.and_then(|up| up.checksum.clone());
    if let Some(down) = down {
        (changeset.rollback, changeset.rollback_source) = (Some(down.parts.clone()), down.source.clone());
    }
    if up.is_some() && given.contains_key(PRECONDITIONS) {
        let message = format!("the preconditions of {}:{} are not asked", get("author"), get("id"));
        let help = "what Liquibase has printed runs wherever it is pending; where it must not, `rung stamp` it there";
        warnings.push(Diagnostic::warning("liquibase", message).at(source, span, "").help(help));
    }
    Ok((&log.name, Formatted { changesets: vec![changeset], ..Formatted::default() }))
}

/// An error about a change set of which rung has no SQL.
fn unprinted(changeset: &ChangeSet) -> Diagnostic {
    let message = format!("the change set {}:{} is not in SQL", changeset.author, changeset.id);
    Diagnostic::error("liquibase-changeset", message).at(&changeset.source, changeset.span, "").help(
        "let Liquibase print what such change sets do beside its changelogs, and rung reads it there: \
         `liquibase update-sql --url='offline:postgresql?outputLiquibaseSql=all' --output-file=update.sql`",
    )
}

struct Item {
    id: String,
    changeset: ChangeSet,
    place: Place,
}

struct Reader<'a> {
    all: BTreeMap<(&'a str, &'a str), &'a Item>,
    parameters: &'a BTreeMap<String, String>,
    options: &'a LoadOptions<'a>,
}

impl Reader<'_> {
    fn read(&self, item: &Item) -> Outcome {
        let ChangeSet { attributes, source, .. } = &item.changeset;
        let syntax = self.options.dialect.syntax();
        let flag = |key: &str, default: bool| match attributes.get(key) {
            None => Ok(default),
            Some((value, _)) if value.eq_ignore_ascii_case("true") => Ok(true),
            Some((value, _)) if value.eq_ignore_ascii_case("false") => Ok(false),
            Some((value, span)) => {
                let error = Diagnostic::error("liquibase", format!("{key} is true or false, not {value}"));
                Err(vec![error.at(source, *span, "").help("write one of the two")])
            }
        };
        if let (false, Some((_, span))) = (flag("failonerror", true)?, attributes.get("failonerror")) {
            let error = Diagnostic::error("liquibase", "rung goes on after no error").at(source, *span, "");
            return Err(vec![
                error.help("write the statements so that they can't fail (IF EXISTS and the like), and take this out"),
            ]);
        }
        let raw = Script::joined(source.clone(), &item.changeset.up);
        let sql: Vec<&str> = item.changeset.sql.iter().map(|span| source.slice(*span)).collect();
        let down = self.rollback(item)?;
        let mut migration = migration(&item.id, Version::Unnumbered, raw.clone(), down, HINTS, syntax);
        migration.order = Order::Any;
        // What Liquibase has printed without its checksum has none that rung could know.
        if !sql.is_empty() || item.changeset.checksum.is_some() {
            let own = || checksum(&self.with_parameters(&sql.join("\n")));
            migration.tool_checksums.push(item.changeset.checksum.clone().unwrap_or_else(own));
            migration.tool_checksums.extend(item.changeset.valid_checksums.iter().cloned());
        }
        migration.author = Some(item.changeset.author.clone());
        migration.description.clone_from(&item.changeset.comment);
        if !flag("runintransaction", true)? {
            let span = attributes.get("runintransaction").map(|(_, span)| *span);
            (migration.no_transaction, migration.down_no_transaction) = (span, span);
        }
        migration.runs = match (flag("runalways", false)?, flag("runonchange", false)?) {
            (true, _) => Runs::Always,
            (false, true) => Runs::WhenChanged,
            (false, false) => Runs::Once,
        };
        if let Place::Elsewhere(names) = &item.place {
            migration.only.clone_from(names);
        }
        let up = self.filled(&raw, attributes, "enddelimiter")?;
        let (mut migration, warnings) = checked(with_up(migration, up), Vec::new(), syntax)?;
        if !item.changeset.checks.is_empty() {
            guard(&mut migration, &item.changeset, self.options)?;
        }
        Ok((migration, warnings))
    }

    fn rollback(&self, item: &Item) -> Result<Option<Script>, Vec<Diagnostic>> {
        let ChangeSet { attributes, rollback_source: source, rollback, .. } = &item.changeset;
        let Some(parts) = rollback else { return Ok(None) };
        let script = match parts.as_slice() {
            [] => Script::slice(source.clone(), Span::new(0, 0)),
            parts => Script::joined(source.clone(), parts),
        };
        let words = script.text().trim().to_lowercase();
        if matches!(words.trim_end_matches(';'), "empty" | "not required") {
            return Ok(Some(Script::slice(source.clone(), Span::new(parts[0].start, parts[0].start))));
        }
        if words.starts_with("changesetid:") {
            let text = script.text().trim().to_owned();
            let value = |key: &str| {
                let at = text.to_lowercase().find(key)? + key.len();
                text[at..].split_whitespace().next()
            };
            let (id, author) =
                (value("changesetid:").unwrap_or_default(), value("changesetauthor:").unwrap_or_default());
            let Some(other) = self.all.get(&(id, author)) else {
                let message = format!("there is no change set {author}:{id}");
                let error = Diagnostic::error("liquibase", message).at(source, parts[0], "");
                return Err(vec![error.help("write what undoes this one as SQL")]);
            };
            let up = Script::joined(other.changeset.source.clone(), &other.changeset.up);
            return self.filled(&up, &other.changeset.attributes, "enddelimiter").map(Some);
        }
        self.filled(&script, attributes, "rollbackenddelimiter").map(Some)
    }

    /// What parameters in a text stand for, each at its place. What has no value stays as it is.
    fn parameters_in(&self, text: &str) -> Vec<(Span, &str)> {
        let places = text.match_indices("${").filter_map(|(at, _)| Some((at, at + text[at..].find('}')?)));
        let value = |(at, end)| Some((Span::new(at, end + 1), self.parameters.get(&text[at + 2..end])?.as_str()));
        places.filter_map(value).collect()
    }

    fn with_parameters(&self, text: &str) -> String {
        let edits = self.parameters_in(text);
        edits.iter().rev().fold(text.to_owned(), |mut text, (span, value)| {
            text.replace_range(span.range(), value);
            text
        })
    }

    /// The script with parameters filled in, and `;` where a delimiter of its own ends a statement.
    fn filled(&self, script: &Script, attributes: &Attributes, key: &str) -> Result<Script, Vec<Diagnostic>> {
        let script = script.replaced(&self.parameters_in(script.text()));
        let delimiter = attributes.get(key).filter(|(value, _)| !value.is_empty() && value != ";");
        let text = script.text();
        let mut ends: Vec<(Span, &str)> = Vec::new();
        match delimiter {
            None => {
                ends.extend(lines(text).filter(|(_, line)| printed::ends_statement(line)).map(|(span, _)| (span, ";")));
            }
            Some((value, span)) => {
                let plain = value.replace("\\n", "\n").replace("\\s*", "").replace("\\r", "");
                let plain = plain.trim_end_matches('$').trim_start_matches('^');
                let plain = if plain.is_empty() { value.as_str() } else { plain };
                if plain.contains(['[', ']', '(', ')', '*', '+', '?', '|', '{', '}', '\\']) {
                    let message = format!("the delimiter {value} is a pattern that rung does not read");
                    let source = attributes.get(key).map(|_| script.source()).unwrap_or(script.source());
                    let error = Diagnostic::error("liquibase", message).at(source, *span, "");
                    return Err(vec![error.help("write a delimiter of plain characters; one like `//` or `@@`")]);
                }
                let syntax = self.options.dialect.syntax();
                let is_code = |kind: TokenKind| !matches!(kind, TokenKind::String) && !kind.is_trivia();
                let code: Vec<Span> =
                    tokens(text, syntax).filter(|token| is_code(token.kind)).map(|token| token.span).collect();
                let is_outside = |at: usize| {
                    plain.starts_with(['\n', '-']) || code.iter().any(|span| (span.start..span.end).contains(&at))
                };
                let at_start = |at: usize| plain != "/" || text[..at].trim_end_matches([' ', '\t']).ends_with('\n');
                let found = text.match_indices(plain).filter(|(at, _)| is_outside(*at) && at_start(*at));
                ends.extend(found.map(|(at, _)| (Span::new(at, at + plain.len()), "\n;\n")));
            }
        }
        Ok(without_escapes(&script.replaced(&ends), self.options.dialect.syntax()))
    }
}

/// The checksum of Liquibase since 4.22, `ChecksumVersion.V9`: of the SQL without blanks, then of that of all changes, of
/// which there is one.
fn checksum(sql: &str) -> String {
    let bytes = sql.bytes().filter(|byte| !b" \t\r\n".contains(byte)).collect::<Vec<_>>();
    let of = |bytes: &[u8]| Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("9:{}", of(format!("9:{}:", of(&bytes)).as_bytes()))
}

fn with_up(mut migration: Migration, up: Script) -> Migration {
    if let Body::Sql(body) = &mut migration.body {
        body.up = up;
    }
    migration
}

/// Makes a change set look at its preconditions before it runs: a query has to be answered first, so that it becomes a
/// function.
fn guard(migration: &mut Migration, changeset: &ChangeSet, options: &LoadOptions<'_>) -> Result<(), Vec<Diagnostic>> {
    let Body::Sql(body) = &migration.body else { return Ok(()) };
    let on = |key: &str| changeset.preconditions.get(key).map_or("HALT", |(value, _)| value.as_str());
    let place = changeset.checks[0].span;
    let refuse = |message: String, help: &str| {
        Err(vec![Diagnostic::error("liquibase", message).at(&changeset.source, place, "").help(help)])
    };
    let marks = match on("onfail").to_uppercase().as_str() {
        "HALT" => false,
        "MARK_RAN" => true,
        "WARN" => return Ok(()),
        other => return refuse(format!("rung can't go on with onFail:{other}"), "write MARK_RAN, HALT or WARN"),
    };
    if on("onerror").eq_ignore_ascii_case("HALT") && migration.no_transaction.is_some() {
        return refuse(
            "a change set outside of a transaction has no preconditions".to_owned(),
            "write it so that it may run twice, and take them out",
        );
    }
    let script = body.up.clone();
    let statements = script.statements(options.dialect.syntax())?;
    let at = changeset.source.line_column(place.start).line;
    let shown = format!("{}:{at}", changeset.source.path().display());
    let checks: Vec<(String, String)> =
        changeset.checks.iter().map(|check| (check.query.clone(), check.expected.clone())).collect();
    migration.body = Body::Code(Arc::new(move |session| {
        for (query, expected) in &checks {
            let rows = session.query(query)?;
            let answer = rows.first().and_then(|row| row.first()).and_then(Option::as_deref).unwrap_or("NULL");
            if answer == expected {
                continue;
            }
            if marks {
                return Ok(());
            }
            return Err(format!("{shown}: the precondition `{query}` gives {answer} and not {expected}").into());
        }
        for statement in &statements {
            session.execute(&script.text()[statement.span.range()])?;
        }
        Ok(())
    }));
    Ok(())
}
