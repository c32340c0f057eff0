//! sqitch: a plan, and for each of its changes a script in `deploy`, and perhaps one in `revert` and in `verify`.
//!
//! Facts from its `Plan.pm`, `Plan/Change.pm`, `Plan/Line.pm`, `Target.pm` and `Engine.pm`: the plan's order is that of
//! running; a change that is reworked later has its old scripts under `name@tag`; scripts are psql's, and a verify script
//! has only to run without an error.

mod plan;
mod settings;

use std::collections::BTreeSet;
use std::sync::Arc;

use rung_engine::{Body, Hints, MigrationSet, Renumber, Version};
use rung_sql::{
    Diagnostic, Script, SourceFile, Span, Spanned, Statement, Syntax, TransactionControl, Verify, Want, split,
};

use crate::LoadOptions;
use crate::files::{File, Files};
use crate::format::{Format, Sign};
use crate::migration::{Outcome, Sorting, checked, journalled_where_needed, migration, read_each};
use crate::psql;
use plan::{Change, Plan};
use settings::Settings;

pub(crate) struct Sqitch;

const HINTS: &Hints = &Hints {
    no_transaction: None,
    down: Some("write what undoes it into its script in `revert`"),
    depends: Some("the brackets of its line in the plan"),
    renumber: Renumber::ByHand,
};

/// What a plan is called where nothing else is said.
const PLAN: &str = "sqitch.plan";

impl Format for Sqitch {
    fn name(&self) -> &'static str {
        "sqitch"
    }

    fn recognise(&self, files: &Files) -> Option<Sign> {
        let plan = files.iter().find(|file| file.base() == PLAN)?;
        Some(Sign::sure(format!("there is a file {}", plan.name)))
    }

    fn load(&self, files: &Files, options: &LoadOptions<'_>) -> Result<MigrationSet, Vec<Diagnostic>> {
        let settings = Settings::read(files, options.dialect.name());
        let file = match settings.plan(files).as_slice() {
            [only] => *only,
            [] => {
                let error = Diagnostic::error("sqitch", format!("there is no {PLAN}"));
                return Err(vec![error.help("name the directory that it is in: `--dir DIR`")]);
            }
            several => {
                let names: Vec<String> = several.iter().map(|file| file.path.display().to_string()).collect();
                let error = Diagnostic::error("sqitch", format!("there are several plans: {}", names.join(", ")));
                return Err(vec![error.help("name the directory of one of them: `--dir DIR`")]);
            }
        };
        let folder = file.name.strip_suffix(file.base()).unwrap_or_default();
        let source = file.source()?;
        let plan = Plan::parse(&source)?;
        let project = Project { files, folder, settings, source: &source, plan: &plan, options };
        let warnings = project.strays();
        let all: Vec<usize> = (0..plan.changes.len()).collect();
        read_each(&all, Sorting::AsGiven, warnings, Vec::new(), |at| project.read(&plan.changes[*at]))
    }
}

/// What sqitch knows the changes of a plan by, each with its id here.
///
/// # Errors
/// All that is wrong with the plan.
pub fn sqitch_change_ids(plan: &Arc<SourceFile>) -> Result<Vec<(String, String)>, Vec<Diagnostic>> {
    Ok(Plan::parse(plan)?.changes.into_iter().map(|change| (change.id, change.change_id)).collect())
}

struct Project<'a> {
    files: &'a Files,
    /// The folder that the plan is in, with a `/` at the end; empty where it is the directory itself.
    folder: &'a str,
    settings: Settings,
    source: &'a Arc<SourceFile>,
    plan: &'a Plan,
    options: &'a LoadOptions<'a>,
}

impl<'a> Project<'a> {
    /// Where a change's script of a kind may be, the best place first: where the configuration says, then beside the plan.
    fn paths(&self, kind: &str, change: &Change, stem: &str) -> Vec<String> {
        let mut folders = self.settings.folders(kind, !change.rework_tags.is_empty(), self.files);
        folders.push(format!("{}{kind}", self.folder));
        let path = |folder: &String| format!("{folder}/{stem}.{}", self.settings.extension);
        folders.iter().map(|folder| path(folder).trim_start_matches('/').to_owned()).collect()
    }

    fn script(&self, kind: &str, change: &Change, stem: &str) -> Option<&'a File> {
        self.paths(kind, change, stem).iter().find_map(|path| self.files.get(path))
    }

    /// The name that a change's scripts have.
    fn stem(&self, change: &Change) -> String {
        let tagged = |tag: &String| format!("{}@{tag}", change.name);
        let is_there = |stem: &String| self.script("deploy", change, stem).is_some();
        let named = change.rework_tags.iter().map(tagged).find(is_there);
        named.or_else(|| change.rework_tags.first().map(tagged)).unwrap_or_else(|| change.name.clone())
    }

    /// Deploy scripts beside those of the plan that it does not name.
    fn strays(&self) -> Vec<Diagnostic> {
        let script = |change: &Change| self.script("deploy", change, &self.stem(change));
        let known: BTreeSet<&str> = self.plan.changes.iter().filter_map(script).map(|file| &*file.name).collect();
        let mut folders = self.settings.folders("deploy", true, self.files);
        folders.push(format!("{}deploy", self.folder));
        let is_deploy = |file: &&File| {
            file.name.ends_with(".sql")
                && folders.iter().any(|folder| {
                    file.name
                        .strip_prefix(folder.as_str())
                        .is_some_and(|rest| folder.is_empty() || rest.starts_with('/'))
                })
        };
        let deploys = self.files.iter().filter(is_deploy);
        deploys
            .filter(|file| !known.contains(&*file.name))
            .map(|file| file.stray("the plan does not name it"))
            .collect()
    }

    fn read(&self, change: &Change) -> Outcome {
        let syntax = self.options.dialect.syntax();
        let stem = self.stem(change);
        let Some(deploy) = self.script("deploy", change, &stem) else {
            let message = format!("there is no {}", self.paths("deploy", change, &stem)[0]);
            let error = Diagnostic::error("sqitch", message).at(self.source, change.span, "planned here");
            return Err(vec![error.help("put it back from version control")]);
        };
        let up = Script::whole(deploy.source()?);
        let mut migration = migration(&change.id, Version::Unnumbered, up.clone(), None, HINTS, syntax);
        let mut variables = self.settings.variables.clone();
        variables.extend(self.options.variables.clone());
        let filled = |file: &File| psql::fill(&Script::whole(file.source()?), &variables, syntax);
        let needs = change.requires.iter().map(|at| &self.plan.changes[*at].id);
        migration.depends_on = Some(needs.map(|id| Spanned { value: id.clone(), span: Span::new(0, 0) }).collect());
        migration.tags.clone_from(&change.tags);
        migration.author = Some(change.planner.clone());
        migration.date = Some(change.date.clone());
        migration.description = Some(change.note.clone()).filter(|note| !note.is_empty());
        if let Some(file) = self.script("revert", change, &stem) {
            migration.down = Some(rung_engine::Down::Sql(filled(file)?));
        }
        let verify = self.script("verify", change, &stem).filter(|_| self.settings.verifies());
        let verify = verify.map(filled).transpose()?;
        if let Body::Sql(body) = &mut migration.body {
            body.up = psql::fill(&up, &variables, syntax)?;
            body.verify.extend(
                verify.map(|script| Verify { script: within(&script, syntax, self.options), want: Want::Success }),
            );
        }
        journalled_where_needed(&mut migration, self.options.dialect);
        let foreign = change.elsewhere.iter().map(|(span, text)| {
            let message =
                format!("{} requires {text}, which is another project's: rung does not look for it", change.name);
            Diagnostic::warning("sqitch", message).at(self.source, *span, "")
        });
        checked(migration, foreign.collect(), syntax)
    }
}

/// A verify script whose own transaction is a savepoint, so that what it rolls back is its own only.
fn within(script: &Script, syntax: &Syntax, options: &LoadOptions<'_>) -> Script {
    let (statements, _) = split(script.text(), syntax);
    let instead = |statement: &Statement| {
        let text = match options.dialect.facts(&script.text()[statement.span.range()]).transaction? {
            TransactionControl::Begin => "SAVEPOINT sqitch_verify",
            TransactionControl::Rollback => "ROLLBACK TO SAVEPOINT sqitch_verify",
            TransactionControl::Commit => "RELEASE SAVEPOINT sqitch_verify",
            _ => return None,
        };
        Some((statement.span, text))
    };
    script.replaced(&statements.iter().filter_map(instead).collect::<Vec<_>>())
}
