//! Tables that have to be made anew: what that takes is worked out on a scratch database, and proved there.

use std::path::Path;
use std::sync::Arc;

use rung::MigrationSet;
use rung::engine::DumpOptions;
use rung::lint::{Edit, Fix, Rebuild, Written};
use rung::sql::SourceFile;

use super::Linted;
use crate::args::{Arguments, Way};
use crate::config::Project;
use crate::diff::{Back, End, Question, answer};
use crate::render::{Failure, Terminal};
use crate::side::Schema;
use crate::workbench::Workbench;

/// Gives findings that ask for another table what makes it; where that can't be had, why.
pub(super) fn mend(linted: &mut Linted, project: &Project, arguments: &Arguments, terminal: &Terminal) {
    let mending = Rebuilding { project, arguments, terminal, linted };
    let outcomes: Vec<(usize, Result<Vec<Edit>, String>)> = mending
        .linted
        .findings
        .iter()
        .enumerate()
        .filter_map(|(at, finding)| Some((at, mending.edits(finding.migration.as_str(), finding.rebuild.as_ref()?))))
        .collect();
    for (at, outcome) in outcomes {
        let finding = &mut linted.findings[at];
        match outcome {
            Ok(edits) => finding.fix = Some(Fix { title: "make the table anew".to_owned(), edits }),
            Err(why) => finding.left = Some(why),
        }
    }
}

struct Rebuilding<'a> {
    project: &'a Project,
    arguments: &'a Arguments,
    terminal: &'a Terminal,
    linted: &'a Linted,
}

impl Rebuilding<'_> {
    fn edits(&self, id: &str, rebuild: &Rebuild) -> Result<Vec<Edit>, String> {
        let Linted { order, dialect, .. } = self.linted;
        let at = order.iter().position(|migration| migration.id.as_str() == id).ok_or("its file is not there")?;
        let said = |failure: Failure| failure.message();
        let bench = Workbench::new(self.project, *dialect, None, None).map_err(said)?;
        let before = order[..at].iter().map(|migration| (**migration).clone()).collect();
        let before = MigrationSet::ordered(before, Vec::new()).map_err(|_| "what comes before it can't be read")?;
        let from = bench
            .made(&before)
            .map_err(|failure| format!("what comes before it does not run on a scratch database: {}", said(failure)))?;
        let dump = rebuild.applied(&dialect.dump(&from.catalog, &DumpOptions::default()), *dialect)?;
        let title = Path::new("the table as it is to be");
        let to = bench
            .set_of_dump(Arc::new(SourceFile::new(title, &dump)))
            .and_then(|set| bench.made_only(&set))
            .map_err(said)?;
        let end = |made, title: &str| End { schema: Schema::of_files(made, title.to_owned()), file: None };
        let (from, to) = (end(from, "what comes before it"), end(to, "the table as it is to be"));
        let version = Some(from.schema.facts.version_number);
        let (way, compared) = (Way::default(), DumpOptions::default());
        let question = Question { from, to, dialect: *dialect, version, way: &way, compared, back: Back::Wanted };
        let answer = answer(question, self.arguments, self.terminal, &bench).map_err(said)?;
        let (answer, _) = answer.ok_or("it changes nothing")?;
        let (up, down) = (answer.up(), answer.down());
        let written = Written { directives: answer.directives(), up: &up, down: down.as_deref() };
        rebuild.edits(&order[at], *dialect, written)
    }
}
