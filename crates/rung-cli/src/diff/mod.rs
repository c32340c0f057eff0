//! From one schema to another: what it takes, as a migration that was tried before anybody sees it.

mod names;
mod proof;
mod rows;

use std::sync::Arc;

use rung::catalog::Rename;
use rung::engine::{AlterOptions, Alteration, Checks, Dialect, DumpOptions, Pieces, Refusal};
use rung::sql::{Diagnostic, MigrationType, SourceFile, infer_type};

use self::names::Schemas;
pub(crate) use self::proof::{Proof, Witness};
use crate::args::{Arguments, Way};
use crate::exit::Exit;
use crate::render::{Failure, Terminal, WARN, paint};
use crate::side::Schema;
use crate::workbench::Workbench;

/// One of the two, with the file that made it where that is one file.
pub(crate) struct End {
    pub(crate) schema: Schema,
    pub(crate) file: Option<Arc<SourceFile>>,
}

/// What is to be found out.
pub(crate) struct Question<'a> {
    pub(crate) from: End,
    pub(crate) to: End,
    pub(crate) dialect: &'static dyn Dialect,
    /// The version of the server that the migration is for.
    pub(crate) version: Option<u32>,
    pub(crate) way: &'a Way,
    pub(crate) compared: DumpOptions,
    /// Whether the way back is asked for too.
    pub(crate) back: Back,
}

/// Whether a way back is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Back {
    Wanted,
    Unwanted,
}

/// A migration from one schema to another, proved.
pub(crate) struct Answer {
    pub(crate) renames: Vec<Rename>,
    pub(crate) up: Alteration,
    /// The way back, or why there is none; `None` where none was wanted.
    pub(crate) down: Option<Result<Alteration, Vec<Refusal>>>,
    pub(crate) pieces: Pieces,
    pub(crate) kind: MigrationType,
    pub(crate) checks: Checks,
    dialect: &'static dyn Dialect,
}

/// Finds the way from one schema to the other, and tries it on the bench. `None` where they are the same. What the trial
/// has shown is told.
///
/// # Errors
/// What is ambiguous; every difference that has no statement; a migration that does not lead where it should.
pub(crate) fn answer(
    question: Question<'_>,
    arguments: &Arguments,
    terminal: &Terminal,
    bench: &Workbench<'_>,
) -> Result<Option<(Answer, Proof)>, Failure> {
    let Question { from, to, dialect, version, way, compared, back } = question;
    for end in [&from, &to] {
        for unknown in &end.schema.catalog.unknown {
            let (what, title) = (&unknown.what, end.schema.title());
            terminal.note(format!("{} not compared: {what} of {title} ({})", paint(WARN, "warning:"), unknown.why));
        }
    }
    let schemas = Schemas {
        from: &from.schema.catalog,
        to: &to.schema.catalog,
        from_file: from.file.as_ref(),
        to_file: to.file.as_ref(),
    };
    let renames = names::decide(&schemas, way, dialect, arguments, terminal)?;
    let options = |renames: Vec<Rename>| AlterOptions { renames, locking: way.locking(), version, compared };
    let up = dialect.alteration(schemas.from, schemas.to, &options(renames.clone())).map_err(refused)?;
    if up.is_empty() {
        return Ok(None);
    }
    let down = (back == Back::Wanted)
        .then(|| dialect.alteration(schemas.to, schemas.from, &options(names::inverse(&renames))));
    let is_one = |alteration: &Alteration| alteration.is_one_transaction();
    let all_one = is_one(&up) && down.iter().flatten().all(is_one);
    let pieces = if all_one { Pieces::One } else { Pieces::Several };
    let facts: Vec<_> = up.steps.iter().map(|step| dialect.facts(&step.sql)).collect();
    let kind = infer_type(facts.iter());
    let checks = up.checks(schemas.from, schemas.to, dialect);
    let answer = Answer { renames, up, down, pieces, kind, checks, dialect };
    let proof = proof::prove(&answer, &from.schema, &to.schema, &options(Vec::new()), bench)?;
    let ways = if answer.down().is_some() { "up and down" } else { "up" };
    proof.lines(ways).iter().for_each(|line| terminal.note(line));
    Ok(Some((answer, proof)))
}

fn refused(refusals: Vec<Refusal>) -> Failure {
    let found = |refusal: Refusal| Diagnostic::error("refused", refusal.to_string()).help(refusal.instead);
    Failure::of(Exit::Failed, refusals.into_iter().map(found).collect()).saying("Nothing was written.")
}

impl Answer {
    /// The directives of the file, each on its line.
    pub(crate) fn directives(&self) -> &'static str {
        match self.pieces {
            Pieces::One => "",
            Pieces::Several => "-- @no-transaction\n",
        }
    }

    /// The sections of the file.
    pub(crate) fn sections(&self) -> String {
        let section = |name: &str, text: &str| match text {
            "" => String::new(),
            text => format!("\n-- @{name}\n{text}"),
        };
        let down = self.down().unwrap_or_default();
        format!("-- @up\n{}{}{}", self.up(), section("verify", &self.checks.verify), section("down", &down))
    }

    /// What leads there, with what is expected of it.
    pub(crate) fn up(&self) -> String {
        self.checks.expects.clone() + &self.statements()
    }

    /// What leads there.
    pub(crate) fn statements(&self) -> String {
        let mut text = self.up.section(self.dialect, self.pieces);
        if let Some(Err(refusals)) = &self.down {
            text.push_str("\n-- There is no way back:\n");
            for refusal in refusals {
                text.push_str(&format!("--   {}\n", refusal.to_string().replace('\n', " ")));
            }
        }
        text
    }

    /// What leads back, if there is a way; it says what it does not bring back.
    pub(crate) fn down(&self) -> Option<String> {
        let Some(Ok(down)) = &self.down else { return None };
        let lost = self.up.losses().map(|loses| format!("-- lossy: it does not bring back {loses}\n"));
        let section = match down.is_empty() {
            // What was only built anew stays as it is.
            true => "-- There is nothing to undo.\n".to_owned(),
            false => down.section(self.dialect, self.pieces),
        };
        Some(lost.collect::<String>() + &section)
    }
}
