//! The proof: the migration is run by rung's own engine on a scratch database that has the first schema. What it ends in
//! must be the second schema, and the way back must end in the first, as rung reads them and as somebody else does.

use std::sync::Arc;

use rung::catalog::Catalog;
use rung::engine::{AlterOptions, Dialect, Goal, MigrationSet, ScratchDatabase, Target, Testimony};
use rung::sql::{Diagnostic, SourceFile};

use super::Answer;
use crate::exit::Exit;
use crate::render::Failure;
use crate::side::Schema;
use crate::workbench::{Workbench, both};

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
) -> Result<Witness, Failure> {
    let dialect = answer.dialect;
    let made = |schema: &Schema| {
        let text = dialect.dump(&schema.catalog, &options.compared);
        Arc::new(SourceFile::new(format!("{} as rung writes it", schema.title()), &text))
    };
    let start = bench.set_of_script(&made(from))?;
    let text = format!("{}{}", answer.directives(), answer.sections());
    let migration = bench.set_of_migration("the migration", text)?;
    let all = joined(&start, &migration)?;

    let heard = |mut database: ScratchDatabase| -> Result<_, Failure> {
        let asked = bench.scratch()?.witness(&mut database)?;
        Ok((asked.map(Testimony::hear).transpose()?, database))
    };
    let ((at_start, mut database), (at_end, _)) =
        both(|| heard(bench.replay_only(&start)?), || heard(bench.script(&made(to))?))?;
    let heard = at_end.is_some();
    let to = Expected { catalog: &to.catalog, title: to.title(), witnessed: at_end };
    let from = Expected { catalog: &from.catalog, title: from.title(), witnessed: at_start };
    bench.run_on(&mut database, &all, &Goal::Latest).map_err(|failure| unproved(failure, "up"))?;
    compare(&mut database, &to, "up", dialect, options, bench)?;
    if answer.down().is_some() {
        bench.run_on(&mut database, &all, &Goal::Down(Target::Back(1))).map_err(|failure| unproved(failure, "down"))?;
        compare(&mut database, &from, "down", dialect, options, bench)?;
    }
    Ok(if heard { Witness::Heard } else { Witness::None })
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
    let message = format!("the {way} that rung has made does not lead to {}", expected.title);
    let mut found = Diagnostic::error("unproved", message);
    found.notes = differs;
    let mut failure =
        Failure::of(Exit::Failed, vec![found]).saying("It was tried on a scratch database; nothing was written.");
    failure.next.push("write this migration by hand, and report the two schemas".to_owned());
    Err(failure)
}
