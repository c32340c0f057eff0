//! A directory of another tool, written anew in rung's own format: what its migrations do, and nothing of how the tool
//! wants it said.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

use rung_engine::{
    Body, Dialect, Digest, Down, Goal, History, Migration, MigrationSet, Order, PlanOptions, Runs, Version, plan,
};
use rung_sql::{Diagnostic, Script, Span, Syntax, TokenKind, Want, fingerprint, tokens};

use crate::native::is_name;

/// A directory to be written.
#[derive(Debug, Clone, Default)]
pub struct Conversion {
    /// Its files: names and texts.
    pub files: Vec<(String, String)>,
    /// The ids of all migrations, as they were and as they will be.
    pub ids: Vec<(String, String)>,
    /// What is to be known, and keeps nothing.
    pub warnings: Vec<Diagnostic>,
}

/// Writes migrations in rung's own format, as far as they run on one kind of database.
///
/// # Errors
/// All that its format can't say.
pub fn convert(set: &MigrationSet, dialect: &dyn Dialect) -> Result<Conversion, Vec<Diagnostic>> {
    let ids = ids(set);
    let id_of = |id: &str| ids.get(id).cloned().unwrap_or_else(|| id.to_owned());
    let mut conversion = Conversion::default();
    let mut errors = Vec::new();
    let mut before: Vec<String> = Vec::new();
    for migration in set.iter() {
        let id = id_of(migration.id.as_str());
        let stands_for: &[String] = if migration.runs == Runs::Checkpoint { &before } else { &[] };
        let format = set.format.unwrap_or("native");
        let mut writer = Writer { migration, id: &id, format, dialect, stands_for, text: String::new() };
        match writer.write(&id_of) {
            Ok(warnings) => {
                conversion.warnings.extend(warnings);
                conversion.files.push((format!("{id}.sql"), writer.text));
            }
            Err(found) => errors.extend(found),
        }
        if migration.runs == Runs::Checkpoint && before.is_empty() {
            let message = format!(
                "{} stands for what its tool did before, which no file has: {id} runs like any other",
                migration.id
            );
            let help = format!("where that is in the database already, `rung stamp {id}` before the first `rung up`");
            conversion.warnings.push(Diagnostic::warning("checkpoint", message).help(help));
        }
        if migration.runs == Runs::WhenChanged && !is_again(migration) {
            let message = format!("{} ran again whenever it had changed: {id} runs once", migration.id);
            let help = "write what changes in it as a migration of its own";
            conversion.warnings.push(Diagnostic::warning("runs-once", message).help(help));
        }
        match migration.runs {
            Runs::Once => before.push(id.clone()),
            Runs::Checkpoint => before.push(format!("baseline {id}")),
            Runs::WhenChanged | Runs::Always => {}
        }
        conversion.ids.push((migration.id.to_string(), id));
    }
    if set.iter().any(|migration| migration.order == Order::Any) {
        let message = "what is pending below the newest applied one was run without a question";
        let help = "to have it so as before, write `order = \"any\"` in rung.toml";
        conversion.warnings.push(Diagnostic::warning("order", message).help(help));
    }
    if set.seeds.as_ref().is_some_and(|seeds| !seeds.is_empty()) {
        let error = Diagnostic::warning("seeds", "its seed files stay where they are");
        conversion.warnings.push(error.help("move them to `seeds/`, for `rung seed`"));
    }
    if errors.is_empty() { Ok(conversion) } else { Err(errors) }
}

/// What differs between a directory and what became of it: statements, downs, checks, transactions, dependencies, order.
pub fn differences(
    from: &MigrationSet,
    to: &MigrationSet,
    ids: &[(String, String)],
    dialect: &dyn Dialect,
) -> Vec<Diagnostic> {
    let wrong = |id: &str, what: &str| {
        Diagnostic::error("convert", format!("{id} does not come out as it was: {what}"))
            .help("leave the directory in its own format, which rung goes on reading")
    };
    let names: HashMap<&str, &str> = ids.iter().map(|(old, new)| (old.as_str(), new.as_str())).collect();
    let name = |id: &str| names.get(id).copied().map_or_else(|| id.to_owned(), str::to_owned);
    // A checkpoint that has nothing to stand for is a migration like any other, and so is what ran again in its place.
    let becomes_once = |migration: &Migration| match migration.runs {
        Runs::Checkpoint => from.iter().next().is_some_and(|first| first.id == migration.id),
        Runs::WhenChanged => !is_again(migration),
        Runs::Once | Runs::Always => false,
    };
    let mut found = Vec::new();
    for (old, new) in ids {
        let (Some(old), Some(new)) = (from.get(old), to.get(new)) else {
            found.push(wrong(old, "it is not read again"));
            continue;
        };
        let parts = [
            ("its statements", statements(old, dialect) != statements(new, dialect)),
            ("its way down", way_down(old, dialect) != way_down(new, dialect)),
            ("its checks", checks(old, dialect) != checks(new, dialect)),
            ("when it runs again", old.runs != new.runs && !becomes_once(old)),
            ("where it runs", old.only != new.only),
            ("its transaction", old.no_transaction.is_some() != new.no_transaction.is_some()),
            ("the transaction of its way down", outside_down(old) != outside_down(new)),
            ("what it depends on", needs(old, &name) != needs(new, &str::to_owned)),
            ("its tags", old.tags != new.tags),
            ("its timeouts", old.timeouts != new.timeouts),
        ];
        found.extend(parts.iter().filter(|(_, differs)| *differs).map(|(what, _)| wrong(old.id.as_str(), what)));
    }
    if !found.is_empty() {
        return found;
    }
    let order = |set: &MigrationSet| -> Option<Vec<String>> {
        let plan = plan(set, &History::default(), &Goal::Latest, &PlanOptions::default(), dialect).ok()?;
        Some(plan.steps.into_iter().map(|step| step.id).collect())
    };
    let expected = order(from).map(|ids| ids.iter().map(|id| name(id)).collect());
    if expected != order(to) {
        let error = Diagnostic::error("convert", "the migrations would not run in the order that they had");
        found.push(error.help("leave the directory in its own format, which rung goes on reading"));
    }
    found
}

fn statements(migration: &Migration, dialect: &dyn Dialect) -> Option<[u8; 32]> {
    match &migration.body {
        Body::Sql(body) => Some(fingerprint(body.up.text(), dialect.syntax())),
        Body::Command(_) | Body::Code(_) => None,
    }
}

fn way_down(migration: &Migration, dialect: &dyn Dialect) -> Option<[u8; 32]> {
    match migration.down.as_ref()? {
        Down::Sql(down) => Some(fingerprint(down.text(), dialect.syntax())),
        Down::Code(_) => None,
    }
}

/// Whether what undoes it runs outside of a transaction; `None` where nothing does.
fn outside_down(migration: &Migration) -> Option<bool> {
    migration.down.as_ref().map(|_| migration.down_no_transaction.is_some())
}

/// What it says that it depends on; `None` where it says nothing, and so on all before it.
fn needs(migration: &Migration, name: &dyn Fn(&str) -> String) -> Option<BTreeSet<String>> {
    Some(migration.depends_on.as_ref()?.iter().map(|id| name(&id.value)).collect())
}

fn checks(migration: &Migration, dialect: &dyn Dialect) -> Vec<(Want, [u8; 32])> {
    let Body::Sql(body) = &migration.body else { return Vec::new() };
    body.verify.iter().map(|check| (check.want, fingerprint(check.script.text(), dialect.syntax()))).collect()
}

/// The id that each migration will have: its own, where all of them are names of rung's and in order; else one with the
/// number that it begins with, where that gives the same order; else numbers in sequence.
fn ids(set: &MigrationSet) -> BTreeMap<String, String> {
    let versioned: Vec<&Migration> = set.iter().map(|m| &**m).filter(|m| !is_again(m)).collect();
    let keeps = |migration: &&Migration| is_name(migration.id.as_str());
    let own: Vec<Option<u64>> = versioned.iter().map(|m| Version::of(m.id.as_str())?.number()).collect();
    let mut numbers: Vec<Option<u64>> = versioned.iter().map(|m| leading(m.id.as_str()).0).collect();
    if let [first @ None, Some(2..), ..] = numbers.as_mut_slice() {
        // What comes first without a number leaves theirs to all others.
        *first = Some(1);
    }
    let rises = |numbers: &[Option<u64>]| {
        numbers.iter().all(Option::is_some) && numbers.windows(2).all(|pair| pair[0] < pair[1])
    };
    let digits = versioned.get(1).map_or(0, |m| m.id.as_str().bytes().take_while(u8::is_ascii_digit).count());
    let width = versioned.len().to_string().len().max(3);
    let mut ids = BTreeMap::new();
    let all_keep = versioned.iter().all(keeps) && rises(&own);
    for (at, migration) in versioned.iter().enumerate() {
        let id = migration.id.as_str();
        let name = slug(leading(id).1);
        let new = match numbers[at].filter(|_| rises(&numbers)) {
            _ if all_keep => id.to_owned(),
            Some(number) => join(&written(id, number, digits), &name),
            None => join(&format!("{:0width$}", at + 1), &name),
        };
        ids.insert(id.to_owned(), new);
    }
    for migration in set.iter().filter(|migration| is_again(migration)) {
        let id = migration.id.as_str();
        let name = if is_name(id) { id.to_owned() } else { format!("R__{}", slug(leading(id).1)) };
        ids.insert(id.to_owned(), name);
    }
    ids
}

/// Whether it runs after all others whenever it has changed. What does so in its place can only run once in rung's own
/// format.
fn is_again(migration: &Migration) -> bool {
    migration.runs == Runs::WhenChanged && migration.version != Version::Unnumbered
}

fn join(number: &str, name: &str) -> String {
    if name.is_empty() { number.to_owned() } else { format!("{number}_{name}") }
}

/// A number with the zeros that stand before it in an id; with as many digits as `others` has, where the id has none.
fn written(id: &str, number: u64, others: usize) -> String {
    let digits: String =
        id.chars().skip_while(|c| c.is_ascii_alphabetic()).take_while(|c| c.is_ascii_digit()).collect();
    match digits.parse::<u64>() {
        Ok(same) if same == number => digits,
        Ok(_) => number.to_string(),
        Err(_) => format!("{number:0others$}"),
    }
}

/// The number that an id of another tool begins with, whatever divides its digits, and the name after it.
fn leading(id: &str) -> (Option<u64>, &str) {
    if let Some((_, rest)) = id.split_once("::") {
        // Liquibase: the path, the id, the author.
        return (None, rest.rsplit_once("::").map_or(rest, |(id, _)| id));
    }
    let body = id.strip_prefix(['V', 'U', 'B', 'R']).filter(|_| id.contains("__")).unwrap_or(id);
    if let Some((head, name)) = body.split_once("__").filter(|_| body.len() < id.len()) {
        return (head.parse().ok(), name);
    }
    let end = body.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(body.len());
    let head = body[..end].trim_end_matches('-');
    let digits: String = head.chars().filter(char::is_ascii_digit).collect();
    match digits.parse::<u64>() {
        Ok(number) if body[end..].is_empty() || body[end..].starts_with('_') || end > head.len() => {
            (Some(number), body[end..].trim_start_matches(['_', '-']))
        }
        _ => (None, id),
    }
}

/// Words in lower case, divided by `_`.
fn slug(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("_")
}

struct Writer<'a> {
    migration: &'a Migration,
    id: &'a str,
    format: &'a str,
    dialect: &'a dyn Dialect,
    /// What a checkpoint runs instead of, as `@replaces` names it.
    stands_for: &'a [String],
    text: String,
}

impl Writer<'_> {
    fn write(&mut self, id_of: &dyn Fn(&str) -> String) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
        let migration = self.migration;
        let mut errors = Vec::new();
        let mut refuse = |what: &str, help: &str| {
            let message = format!("{} can't be written in rung's own format: {what}", migration.id);
            errors
                .push(Diagnostic::error("convert", message).at(&migration.source, beginning(migration), "").help(help));
        };
        match &migration.body {
            Body::Sql(_) => {}
            Body::Command(_) => refuse("it is a program", "move it over yourself"),
            Body::Code(_) => refuse("it asks something first, and then may not run", "leave the directory as it is"),
        }
        match migration.runs {
            Runs::Always => refuse("it runs every time", "let whatever calls rung run it afterwards"),
            Runs::Once | Runs::WhenChanged | Runs::Checkpoint => {}
        }
        if migration.only.iter().any(|name| !name.chars().all(|c| c.is_alphanumeric() || "_-".contains(c))) {
            let what = format!("it is only for {}, which is no name of an environment", migration.only.join(", "));
            refuse(&what, "leave the directory as it is; rung goes on reading it");
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        self.header(id_of);
        let Body::Sql(body) = &migration.body else { return Ok(Vec::new()) };
        let (up, down) = match (migration.no_transaction, migration.down_no_transaction) {
            (Some(_), None) if migration.down.is_some() => ("@up no-transaction", "@down"),
            (None, Some(_)) => ("@up", "@down no-transaction"),
            _ => ("@up", "@down"),
        };
        self.section(up, &body.up);
        for check in &body.verify {
            match check.want {
                Want::True => self.section("@verify", &check.script),
                Want::NoRows => self.section("@verify no-rows", &check.script),
                Want::Success => self.section("@verify no-error", &check.script),
                Want::Count(..) => {}
            }
        }
        if let Some(Down::Sql(script)) = &migration.down {
            self.section(down, script);
        }
        let mut warnings = Vec::new();
        if body.up.text() != body.up.source().text()
            && Digest(fingerprint(body.up.text(), self.dialect.syntax())) != migration.fingerprint
        {
            let message = format!("{} has values filled in, as they are now", migration.id);
            warnings.push(
                Diagnostic::warning("convert", message).help("write `${name}` for those that differ by environment"),
            );
        }
        Ok(warnings)
    }

    fn header(&mut self, id_of: &dyn Fn(&str) -> String) {
        let migration = self.migration;
        let mut line = |key: &str, value: &str| {
            let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
            if !value.is_empty() {
                let _ = writeln!(self.text, "-- {key}: {value}");
            }
        };
        line("Migration", self.id);
        if migration.id.as_str() != self.id || self.is_filled() {
            let mut former = migration.id.to_string();
            if self.is_filled() {
                let _ = write!(former, " ({})", migration.fingerprint);
            }
            let _ = writeln!(self.text, "-- Formerly: {former}");
        }
        let mut line = |key: &str, value: &str| {
            let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
            if !value.is_empty() {
                let _ = writeln!(self.text, "-- {key}: {value}");
            }
        };
        line("Description", migration.description.as_deref().unwrap_or_default());
        line("Type", migration.declared_type.map(|kind| kind.as_str()).unwrap_or_default());
        line("Author", migration.author.as_deref().unwrap_or_default());
        line("Date", migration.date.as_deref().unwrap_or_default());
        line("Tags", &migration.tags.join(", "));
        if let Some(all) = &migration.depends_on {
            let all: Vec<String> = all.iter().map(|id| id_of(&id.value)).collect();
            let _ = writeln!(self.text, "-- Depends on: [{}]", all.join(", "));
        }
        let is_both = migration.down.is_none() || migration.down_no_transaction.is_some();
        if migration.no_transaction.is_some() && is_both {
            self.text.push_str("-- @no-transaction\n");
        }
        if is_again(migration) && !self.id.starts_with("R__") {
            self.text.push_str("-- @repeatable\n");
        }
        if !migration.only.is_empty() {
            let _ = writeln!(self.text, "-- @only {}", migration.only.join(" "));
        }
        let timeouts = [("lock", migration.timeouts.lock), ("statement", migration.timeouts.statement)];
        for (name, time) in timeouts.iter().filter_map(|(name, time)| Some((name, (*time)?))) {
            let _ = writeln!(self.text, "-- @{name}-timeout {}ms", time.as_millis());
        }
        for some in self.stands_for.chunks(3) {
            let _ = writeln!(self.text, "-- @replaces {}", some.join(" "));
        }
    }

    /// Whether what the history has of it is the fingerprint of a text with other values.
    fn is_filled(&self) -> bool {
        let now = statements(self.migration, self.dialect);
        now.is_some_and(|now| Digest(now) != self.migration.fingerprint)
    }

    fn section(&mut self, name: &str, script: &Script) {
        let text = without_marks(script.text(), self.format, self.dialect.syntax());
        let text = text.trim_matches(['\n', '\r']).trim_end();
        // A way down of nothing is not the same as none.
        let text = if text.is_empty() && name.starts_with("@down") { "-- nothing to undo" } else { text };
        let _ = write!(self.text, "\n-- {name}\n{text}\n");
    }
}

fn beginning(migration: &Migration) -> Span {
    match &migration.body {
        Body::Sql(body) => body.up.source_span(Span::new(0, 0)),
        Body::Command(_) | Body::Code(_) => Span::default(),
    }
}

/// Leaves out the comments that speak to a tool, and keeps others from speaking to rung.
fn without_marks(text: &str, format: &str, syntax: &Syntax) -> String {
    let mut out = String::with_capacity(text.len());
    for token in tokens(text, syntax) {
        let part = &text[token.span.range()];
        let lead = match token.kind {
            TokenKind::LineComment => 2,
            TokenKind::BlockComment => 2,
            _ => {
                out.push_str(part);
                continue;
            }
        };
        let content = part[lead..].trim_start_matches(['-', ' ', '\t']).trim().to_lowercase();
        let alone = out.rsplit('\n').next().unwrap_or_default().trim().is_empty();
        if token.kind == TokenKind::LineComment && marks(format).iter().any(|mark| content.starts_with(mark)) {
            if alone {
                // With its line.
                let end = out.trim_end_matches([' ', '\t', '\n', '\r']).len();
                out.truncate(end);
            }
            continue;
        }
        let bare = content.trim_matches(|c: char| !c.is_alphanumeric());
        let speaks = content.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '@').starts_with('@')
            || ["rollback", "roll back", "roll_back", "roll-back", "down"].iter().any(|word| {
                bare.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.trim_start().starts_with([':', '*']))
            });
        if speaks {
            let _ = write!(out, "{} was {}", &part[..lead], part[lead..].trim_start());
        } else {
            out.push_str(part);
        }
    }
    out
}

/// How comments begin that speak to a tool, in lower case.
fn marks(format: &str) -> &'static [&'static str] {
    match format {
        "dbmate" => &["migrate:"],
        "goose" => &["+goose"],
        "liquibase" => &[
            "liquibase formatted",
            "changeset ",
            "comment:",
            "comment ",
            "rollback ",
            "preconditions",
            "precondition-",
            "property ",
            "ignorelines:",
            "validchecksum",
        ],
        "atlas" => &["atlas:"],
        "drizzle" => &["> statement-breakpoint"],
        "graphile-migrate" => &["!"],
        "node-pg-migrate" => &["up migration", "down migration"],
        "postgres-migrations" => &["postgres-migrations disable-transaction"],
        "sqlx" => &["no-transaction"],
        "tern" => &["tern:", "create above"],
        "yoyo" => &["depends:", "transactional:"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_whatever_divides_them() {
        for (id, expected) in [
            ("2024-01-01-000000_users", (Some(20_240_101_000_000), "users")),
            ("V3__all_teams", (Some(3), "all_teams")),
            ("V1_2__two", (None, "two")),
            ("000001-users", (Some(1), "users")),
            ("000002", (Some(2), "")),
            ("a/b.sql::by-name::anna", (None, "by-name")),
            ("by_name#2", (None, "by_name#2")),
            ("ae10c4_users", (None, "ae10c4_users")),
        ] {
            assert_eq!(leading(id), expected, "{id}");
        }
    }

    #[test]
    fn comments_speak_to_nobody() {
        let text = "-- +goose StatementBegin\nSELECT '-- @up'; -- @down\n-- ROLLBACK: DROP TABLE x;\n-- a remark\n-- +goose StatementEnd\n";
        let plain = without_marks(text, "goose", &Syntax::POSTGRES);
        assert_eq!(plain, "\nSELECT '-- @up'; -- was @down\n-- was ROLLBACK: DROP TABLE x;\n-- a remark\n");
    }
}
