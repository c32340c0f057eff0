//! The proof: the migration is run by rung's own engine on a scratch database that has the first schema. What it ends in
//! must be the second schema, and the way back must end in the first, as rung reads them and as somebody else does.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use rung::catalog::{Body, Catalog, Index, Key, Object, Rename};
use rung::engine::{
    AlterOptions, Dialect, Driver, DumpOptions, Goal, MigrationSet, Need, ScratchDatabase, Target, Testimony, needs,
};
use rung::sql::{Diagnostic, SourceFile};

use super::rows::{Now, Rows, renamed};
use super::{Answer, names};
use crate::exit::Exit;
use crate::render::{Failure, WARN, paint};
use crate::side::Schema;
use crate::workbench::{Workbench, both};

/// What was found out on a scratch database.
pub(crate) struct Proof {
    pub(crate) witness: Witness,
    pub(crate) rows: Rows,
    /// Why the migration does not take the rows that were made up, where it was proved without those of some tables.
    pub(crate) refused: Option<String>,
    /// What the rows that there are must be.
    pub(crate) needs: Vec<Need>,
    /// What those must be that there are behind the way up, for the way down; only what some were not.
    pub(crate) back: Vec<Need>,
}

impl Proof {
    /// How many rows went there and back; `None` where none did.
    pub(crate) fn survivors(&self) -> Option<usize> {
        Some(self.rows.rows).filter(|rows| *rows > 0)
    }

    /// What there is to say of it, a line each.
    pub(crate) fn lines(&self, way: &str) -> Vec<String> {
        let with = match &self.refused {
            _ if !self.rows.is_empty() => format!("; {} kept", self.rows.title()),
            Some(_) => " on empty tables".to_owned(),
            None => String::new(),
        };
        let mut lines = vec![format!("proved {way}{with}")];
        if self.witness == Witness::None {
            lines.push("proved by what rung reads alone: there is no pg_dump here that knows the server".to_owned());
        }
        lines.extend(
            self.refused
                .iter()
                .map(|why| format!("{} it may fail where tables have rows: {why}", paint(WARN, "warning:"))),
        );
        let need = |who: &str, need: &Need| match need.count.as_str() {
            "" => vec![format!(
                "{who} needs {}: nothing to ask before, as the migration makes what that takes",
                need.what
            )],
            count => vec![format!("{who} needs {}", need.what), format!("  {count};")],
        };
        lines.extend(self.needs.iter().flat_map(|it| need("it", it)));
        lines.extend(self.back.iter().flat_map(|it| need("the way back", it)));
        lines.extend(self.rows.empty.iter().map(|table| format!("no rows could be made up for {table}")));
        lines
    }
}

/// Who has said the same as rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Witness {
    /// Nobody was there.
    None,
    /// Another reader of schemas.
    Heard,
}

/// A schema as it is to come out.
struct Expected<'a> {
    catalog: &'a Catalog,
    title: String,
    witnessed: Option<Vec<String>>,
}

/// Proves a migration.
///
/// # Errors
/// It fails, or leads elsewhere; the schemas can't be made on a scratch database.
pub(super) fn prove(
    answer: &Answer,
    from: &Schema,
    to: &Schema,
    options: &AlterOptions,
    bench: &Workbench<'_>,
) -> Result<Proof, Failure> {
    let dialect = answer.dialect;
    let written = |schema: &Schema| {
        let text =
            dialect.dump(&with_valid_indexes(&schema.catalog), &DumpOptions { versions: true, ..options.compared });
        bench.set_of_dump(Arc::new(SourceFile::new(format!("{} as rung writes it", schema.title()), &text)))
    };
    let own = own_files(from, to, options);
    let (mut start, target) = match own {
        Some((one, other)) => (one.clone(), other.clone()),
        None => (written(from)?, written(to)?),
    };
    let text = format!("{}{}", answer.directives(), answer.sections());
    let migration = bench.set_of_migration("the migration", text)?;

    let heard = |set: &MigrationSet| -> Result<_, Failure> {
        let mut database = bench.replay_only(set)?;
        let asked = bench.scratch()?.witness(&mut database)?;
        Ok((asked.map(Testimony::hear).transpose()?, database))
    };
    let (at_start, (at_end, _)) = both(|| heard(&start), || heard(&target))?;
    let witness = if at_end.is_some() { Witness::Heard } else { Witness::None };
    let (one, other) = (&from.catalog, &to.catalog);
    let back = names::inverse(&answer.renames);
    let trial = |start: &MigrationSet, (at_start, mut database): (_, ScratchDatabase), none: &Tables| {
        let ends = Ends {
            all: &joined(start, &migration)?,
            from: Expected { catalog: one, title: from.title(), witnessed: at_start },
            to: Expected { catalog: other, title: to.title(), witnessed: at_end.clone() },
            renames: &answer.renames,
            goes_back: answer.down().is_some(),
            options,
        };
        let driver = &mut *database.driver;
        let rows = Rows::fill(driver, one, other, &answer.renames, none, dialect).map_err(rung::Error::from)?;
        let needs = asked(driver, needs(one, other, &back, dialect));
        let outcome = there_and_back(&mut database, &ends, &rows, dialect, bench);
        Ok::<_, Failure>((rows, needs, outcome))
    };
    let mut none = Tables::new();
    let (mut rows, mut needs, mut outcome) = trial(&start, at_start, &none)?;
    if own.is_some() && matches!(outcome, Err(Stopped::Run { .. })) {
        // It may be that rows that the user's own files have put there do not suit what the second schema asks for.
        start = written(from)?;
        (rows, needs, outcome) = trial(&start, heard(&start)?, &none)?;
    }
    // Or those that were made up: it is tried without those that are known not to suit.
    let (mut refused, mut unmet_back) = (None, Vec::new());
    let empty = std::mem::take(&mut rows.empty);
    while let Err(Stopped::Run { failure, back_needs }) = outcome {
        let new = |need: &&Need| !none.contains(&need.table);
        let of = |wanted: Met| needs.iter().filter(move |(_, met)| *met == wanted).map(|(need, _)| need);
        let own_name = |need: &Need| Need { table: renamed(&back, &need.table).into(), ..need.clone() };
        let found_back: Vec<Need> = back_needs.iter().map(own_name).collect();
        let tables = |needs: &mut dyn Iterator<Item = &Need>| -> Tables {
            needs.filter(new).map(|need| Arc::clone(&need.table)).collect()
        };
        let known = tables(&mut of(Met::No).chain(&found_back));
        // Where no query explains it, it may be what can't be asked.
        let tables = if known.is_empty() { tables(&mut of(Met::Unasked)) } else { known };
        if rows.is_empty() {
            return Err(failure);
        }
        if tables.is_empty() {
            let all: Tables = one.iter().map(|object| Arc::clone(&object.key)).collect();
            let works_on_none = trial(&start, heard(&start)?, &all)?.2.is_ok();
            return Err(if works_on_none { unexplained(failure) } else { failure });
        }
        refused.get_or_insert_with(|| reason(&failure));
        none.extend(tables);
        unmet_back.extend(found_back);
        (rows, needs, outcome) = trial(&start, heard(&start)?, &none)?;
    }
    outcome?;
    // What rows went through without is no need.
    let is_told = |(need, met): &(Need, Met)| *met == Met::Yes || *met == Met::Unasked && none.contains(&need.table);
    let needs = needs.into_iter().filter(is_told).map(|(need, _)| need).collect();
    rows.empty = empty;
    Ok(Proof { witness, rows, refused, needs, back: unmet_back })
}

/// The files that make the two schemas, where both are made by files: the migration is tried on what the user's own SQL
/// makes, and the witness sees that, so that nothing escapes it that rung does not read. What can't be so is what rung
/// writes of a schema: where a side is a database, which others use; where not all is compared, or not all was read, which
/// has been told; and where a file would run once more with the migration.
fn own_files<'a>(
    from: &'a Schema,
    to: &'a Schema,
    options: &AlterOptions,
) -> Option<(&'a MigrationSet, &'a MigrationSet)> {
    let is_whole = options.compared.owners && options.compared.privileges;
    let is_read = from.catalog.unknown.is_empty() && to.catalog.unknown.is_empty();
    let (one, other) = (from.files.as_ref()?, to.files.as_ref()?);
    (is_whole && is_read && !one.iter().any(|migration| migration.runs.again())).then_some((one, other))
}

/// A schema as if no build of an index had failed: nothing makes such an index on purpose, and what mends it needs it there.
fn with_valid_indexes(catalog: &Catalog) -> Cow<'_, Catalog> {
    let mended = |object: &Object| match &object.body {
        Body::Index(index) if !index.valid && !index.on_only => {
            let index = Index { valid: true, ..(**index).clone() };
            Some(Object { body: Body::Index(index.into()), ..object.clone() })
        }
        _ => None,
    };
    let all: Vec<Object> = catalog.iter().filter_map(mended).collect();
    if all.is_empty() {
        return Cow::Borrowed(catalog);
    }
    let mut catalog = catalog.clone();
    all.into_iter().for_each(|object| _ = catalog.insert(object));
    Cow::Owned(catalog)
}

/// Tables that are left empty.
type Tables = BTreeSet<Arc<Key>>;

/// Whether rows are what they must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Met {
    Yes,
    No,
    /// The query takes what the migration makes: a function that a new condition calls.
    Unasked,
}

/// Whether the rows that there are meet each need that the schema can be asked for. A query that fails has found one that
/// does not, unless it fails before it looks at any.
fn asked(driver: &mut dyn Driver, needs: Vec<Need>) -> Vec<(Need, Met)> {
    let ask = |need: Need| {
        if driver.query(&format!("{} LIMIT 0", need.count)).is_err() {
            return (Need { count: String::new(), ..need }, Met::Unasked);
        }
        let rows = driver.query(&need.count).unwrap_or_default();
        let is_none = rows.first().and_then(|row| row.first()?.as_deref()) == Some("0");
        (need, if is_none { Met::Yes } else { Met::No })
    };
    needs.into_iter().map(ask).collect()
}

/// Where the migration begins and where it leads.
struct Ends<'a> {
    all: &'a MigrationSet,
    from: Expected<'a>,
    to: Expected<'a>,
    renames: &'a [Rename],
    goes_back: bool,
    options: &'a AlterOptions,
}

/// What keeps a proof from being one.
enum Stopped {
    /// A statement fails; on the way back, with what that needs of rows which are not so.
    Run { failure: Failure, back_needs: Vec<Need> },
    /// What came out is not what should have.
    Wrong(Failure),
}

impl From<Stopped> for Failure {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Run { failure, .. } | Stopped::Wrong(failure) => failure,
        }
    }
}

fn there_and_back(
    database: &mut ScratchDatabase,
    ends: &Ends<'_>,
    rows: &Rows,
    dialect: &dyn Dialect,
    bench: &Workbench<'_>,
) -> Result<(), Stopped> {
    let back = Goal::Down(Target::Back(1));
    let ways = [("up", Goal::Latest, &ends.to, Now::After), ("down", back, &ends.from, Now::Before)];
    for (way, goal, expected, now) in ways.into_iter().take(1 + usize::from(ends.goes_back)) {
        let mut back_needs = Vec::new();
        if now == Now::Before && !rows.is_empty() {
            let needs = needs(ends.to.catalog, ends.from.catalog, ends.renames, dialect);
            let found = asked(&mut *database.driver, needs).into_iter().filter(|(_, met)| *met == Met::No);
            back_needs = found.map(|(need, _)| need).collect();
        }
        let stopped = |failure| Stopped::Run { failure: unproved(failure, way), back_needs };
        bench.run_on(database, ends.all, &goal).map_err(stopped)?;
        compare(database, expected, way, dialect, ends.options, bench).map_err(Stopped::Wrong)?;
        let missing = rows.missing(&mut *database.driver, dialect, now);
        let missing = missing.map_err(|error| Stopped::Wrong(rung::Error::from(error).into()))?;
        if !missing.is_empty() {
            return Err(Stopped::Wrong(wrong(format!("the {way} that rung has made does not keep all rows"), missing)));
        }
    }
    Ok(())
}

/// What the database had to say.
fn reason(failure: &Failure) -> String {
    let found = failure.findings.first().map(|finding| &finding.diagnostic);
    let said = found.and_then(|found| found.labels.first()).map(|label| label.text.clone());
    said.filter(|text| !text.is_empty()).or_else(|| found.map(|found| found.message.clone())).unwrap_or_default()
}

fn joined(start: &MigrationSet, migration: &MigrationSet) -> Result<MigrationSet, Failure> {
    let all = start.iter().chain(migration.iter()).map(|migration| (**migration).clone());
    Ok(MigrationSet::ordered(all.collect(), Vec::new()).map_err(rung::Error::Files)?)
}

fn unproved(mut failure: Failure, way: &str) -> Failure {
    failure.said = vec![format!(
        "This is the {way} that rung has made, tried on a scratch database: it fails, so nothing was written."
    )];
    failure.next = vec!["write this migration by hand, and report the two schemas".to_owned()];
    failure
}

/// A migration that is right where tables are empty, and fails on rows that suit both schemas for all that is known.
fn unexplained(mut failure: Failure) -> Failure {
    failure.said.push(
        "It works where tables are empty. These had rows, made up to suit both schemas: it may be that it works on none."
            .to_owned(),
    );
    failure
}

/// Compares what came out with what should have.
fn compare(
    database: &mut ScratchDatabase,
    expected: &Expected<'_>,
    way: &str,
    dialect: &dyn Dialect,
    options: &AlterOptions,
    bench: &Workbench<'_>,
) -> Result<(), Failure> {
    let asked = bench.scratch()?.witness(database)?;
    let got = database.driver.inspect().map_err(rung::Error::from)?;
    let mut differs: Vec<String> = match dialect.alteration(&got, expected.catalog, options) {
        Ok(left) => left.steps.into_iter().map(|step| format!("still to do: {}", step.sql)).collect(),
        Err(refusals) => refusals.iter().map(ToString::to_string).collect(),
    };
    if let (Some(wanted), Some(got)) = (&expected.witnessed, asked.map(Testimony::hear).transpose()?) {
        differs.extend(got.iter().filter(|line| !wanted.contains(line)).map(|line| format!("there is: {line}")));
        differs.extend(wanted.iter().filter(|line| !got.contains(line)).map(|line| format!("there is not: {line}")));
    }
    if differs.is_empty() {
        return Ok(());
    }
    Err(wrong(format!("the {way} that rung has made does not lead to {}", expected.title), differs))
}

fn wrong(message: String, notes: Vec<String>) -> Failure {
    let mut found = Diagnostic::error("unproved", message);
    found.notes = notes;
    let mut failure =
        Failure::of(Exit::Failed, vec![found]).saying("It was tried on a scratch database; nothing was written.");
    failure.next.push("write this migration by hand, and report the two schemas".to_owned());
    failure
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use rung::engine::{AlterStep, Alteration, Checks, Cut, DumpOptions, Locking, Pieces};
    use rung::sql::MigrationType;

    use super::*;
    use crate::args::Arguments;
    use crate::config::Project;
    use crate::known::Made;

    const FROM: &str = "CREATE TABLE users (id integer PRIMARY KEY AUTOINCREMENT, mail text NOT NULL, name text);";
    /// SQLite has no ALTER for this: the table is made anew, and its rows are copied.
    const TO: &str = "CREATE TABLE users (id integer PRIMARY KEY AUTOINCREMENT, mail text, name text DEFAULT 'x');";

    /// The proof of a migration that somebody has been at: of its way there, and its way back.
    fn proof_of(break_it: impl FnOnce(&mut Alteration, &mut Alteration)) -> Result<Proof, Failure> {
        proof_between([FROM, FROM], [TO, TO], break_it)
    }

    /// The same between two schemas, each with what is read of it, and what its file is.
    fn proof_between(
        from: [&str; 2],
        to: [&str; 2],
        break_it: impl FnOnce(&mut Alteration, &mut Alteration),
    ) -> Result<Proof, Failure> {
        let arguments = Arguments::parse_from(["rung", "--url", "sqlite::memory:", "status"]);
        let project = Project::offline(&arguments)?;
        let dialect = rung::dialect_of("sqlite::memory:")?;
        let bench = Workbench::new(&project, dialect, None, None)?;
        let schema = |[read, file]: [&str; 2]| -> Result<Schema, Failure> {
            let set = |text| bench.set_of_script(&Arc::new(SourceFile::new("schema.sql", text)));
            let made = Made::on(bench.replay_only(&set(read)?)?)?;
            Ok(Schema { files: Some(set(file)?), ..Schema::of_files(made, "schema.sql".to_owned()) })
        };
        let (from, to) = (schema(from)?, schema(to)?);
        let compared = DumpOptions::default();
        let options = AlterOptions { renames: Vec::new(), locking: Locking::Plain, version: None, compared };
        let mut up = dialect.alteration(&from.catalog, &to.catalog, &options).unwrap();
        let mut down = dialect.alteration(&to.catalog, &from.catalog, &options).unwrap();
        break_it(&mut up, &mut down);
        let (renames, kind) = (Vec::new(), MigrationType::AlterTable);
        let checks = Checks::default();
        let answer = Answer { renames, up, down: Some(Ok(down)), pieces: Pieces::One, kind, checks, dialect };
        prove(&answer, &from, &to, &options, &bench)
    }

    fn also(way: &mut Alteration, sql: &str) {
        let last = way.steps.last().unwrap().clone();
        way.steps.push(AlterStep { sql: sql.to_owned(), cut: Cut::Joined, ..last });
    }

    /// Another text in the statements that have one.
    fn instead(way: &mut Alteration, one: &str, other: &str) {
        let mut steps: Vec<_> = way.steps.iter_mut().filter(|step| step.sql.contains(one)).collect();
        assert!(!steps.is_empty(), "there is no {one:?}");
        steps.iter_mut().for_each(|step| step.sql = step.sql.replace(one, other));
    }

    #[track_caller]
    fn assert_wrong(break_it: impl FnOnce(&mut Alteration, &mut Alteration), message: &str, note: &str) {
        let failure = proof_of(break_it).err().expect("it is seen");
        let found = &failure.findings[0].diagnostic;
        assert_eq!(found.message, message, "{:?}", found.notes);
        assert!(found.notes.iter().any(|it| it.contains(note)), "{:?}", found.notes);
    }

    const UP: &str = "the up that rung has made does not keep all rows";
    const DOWN: &str = "the down that rung has made does not keep all rows";

    #[test]
    fn what_keeps_its_rows_is_proved_with_them() {
        assert_eq!(proof_of(|_, _| {}).ok().and_then(|proof| proof.survivors()), Some(3));
    }

    #[test]
    fn rows_that_are_lost_or_changed_are_seen_on_the_way_there() {
        assert_wrong(|up, _| also(up, "DELETE FROM users WHERE id = 2"), UP, "users had 3 rows and has 2");
        assert_wrong(|up, _| also(up, "INSERT INTO users (mail) VALUES ('x')"), UP, "users had 3 rows and has 4");
        assert_wrong(
            |up, _| also(up, "UPDATE users SET name = 'y' WHERE id = 1"),
            UP,
            "users.name had '1' and has 'y'",
        );
        assert_wrong(|up, _| also(up, "DELETE FROM sqlite_sequence"), UP, "a sequence is elsewhere than before");
    }

    #[test]
    fn a_rebuild_that_copies_wrongly_is_seen() {
        assert_wrong(|up, _| instead(up, "FROM users", "FROM users LIMIT 1"), UP, "users had 3 rows and has 1");
        assert_wrong(|up, _| instead(up, "SELECT id, mail, name", "SELECT id, name, mail"), UP, "users.mail");
    }

    #[test]
    fn rows_that_are_lost_or_changed_are_seen_on_the_way_back() {
        assert_wrong(|_, down| also(down, "DELETE FROM users"), DOWN, "users had 3 rows and has 0");
        assert_wrong(|_, down| also(down, "UPDATE users SET mail = 'y'"), DOWN, "users.mail had");
    }
    #[test]
    fn what_is_not_read_of_a_file_is_seen_by_the_witness() {
        let index = "CREATE INDEX names ON users (name);";
        let (from, to) = (format!("{FROM}{index}"), format!("{TO}{index}"));
        let failed = |from: [&str; 2], to: [&str; 2], way: &str| {
            let failure = proof_between(from, to, |_, _| {}).err().expect("it is seen");
            let found = &failure.findings[0].diagnostic;
            assert!(found.message.contains(way), "{}", found.message);
            assert!(found.notes.iter().any(|it| it.starts_with("there is not: index users names")), "{found:?}");
        };
        // As though indexes were nothing that rung could read: one is not made, and one goes with the table that is made
        // anew and does not come back.
        failed([FROM, FROM], [TO, &to], "the up ");
        failed([FROM, &from], [TO, TO], "the down ");
    }

    #[test]
    fn rows_that_a_file_has_brought_and_that_do_not_suit_keep_nothing_from_being_proved() {
        let to = "CREATE TABLE users (id integer PRIMARY KEY AUTOINCREMENT, mail text NOT NULL, name text NOT NULL);";
        let from = format!("{FROM}INSERT INTO users (mail) VALUES ('a');");
        let proof = proof_between([FROM, &from], [to, to], |_, _| {}).expect("it is proved");
        assert_eq!((proof.survivors(), proof.refused), (Some(3), None));
    }
}
