//! `rung diff`.

use rung::engine::{AlterStep, Alteration, Cut, DumpOptions};
use serde::Serialize;

use crate::args::{Arguments, Diff, Way};
use crate::config::Project;
use crate::diff::{Answer, Back, End, Proof, Question, Witness, answer};
use crate::exit::Exit;
use crate::json;
use crate::render::{Failure, Terminal};
use crate::side::{Side, common_dialect};
use crate::workbench::{Workbench, both, read_source};

pub(crate) fn diff(arguments: &Arguments, diff: &Diff, terminal: &Terminal) -> Result<Exit, Failure> {
    let sides = [Side::parse(&diff.from)?, Side::parse(&diff.to)?];
    let back = if diff.up_only { Back::Unwanted } else { Back::Wanted };
    let Compared { titles, answer } = compare(&sides, &diff.way, diff.compared(), back, arguments, terminal)?;
    if terminal.is_json() {
        terminal.json(&Shape::of(&titles, answer.as_ref()));
    } else if let Some((answer, _)) = &answer {
        terminal.data(&text(answer, &titles));
    }
    Ok(if answer.is_some() && diff.exit_code { Exit::Drift } else { Exit::Done })
}

/// What came out.
pub(super) struct Compared {
    /// What the two are called.
    pub(super) titles: [String; 2],
    /// `None` where they are the same.
    pub(super) answer: Option<(Answer, Proof)>,
}

/// Compares two schemas.
///
/// # Errors
/// One can't be read; there is no way from one to the other that can be told and proved.
pub(super) fn compare(
    sides: &[Side; 2],
    way: &Way,
    compared: DumpOptions,
    back: Back,
    arguments: &Arguments,
    terminal: &Terminal,
) -> Result<Compared, Failure> {
    let project = Project::offline(arguments)?;
    let dev_url = way.dev_url.as_deref();
    let dialect = common_dialect(&[&sides[0], &sides[1]], arguments, &project, dev_url)?;
    // A server that is looked at says of which version the scratch databases are to be.
    let bench = Workbench::new(&project, dialect, dev_url, None)?;
    let live = |side: &Side| match side.is_live() {
        true => Ok(Some(End { schema: side.read(arguments, &project, &bench)?, file: None })),
        false => Ok(None),
    };
    let (from, to) = both(|| live(&sides[0]), || live(&sides[1]))?;
    let version = [&from, &to].into_iter().flatten().next().map(|end| end.schema.facts.version_number);
    let bench = Workbench::new(&project, dialect, dev_url, version)?.forgetful(way.no_cache);
    let read = |end: Option<End>, side: &Side| match end {
        Some(end) => Ok(end),
        None => read_end(side, arguments, &project, &bench),
    };
    let (from, to) = both(|| read(from, &sides[0]), || read(to, &sides[1]))?;
    for (side, end) in sides.iter().zip([&from, &to]) {
        side.doubt(&end.schema, &bench).iter().for_each(|doubt| terminal.warn(doubt));
    }
    let titles = [from.schema.title(), to.schema.title()];
    // It is tried on what files are run on, which may be older than a database that is looked at.
    let version = Some(from.schema.facts.version_number.min(to.schema.facts.version_number));
    let question = Question { from, to, dialect, version, way, compared, back };
    let answer = answer(question, arguments, terminal, &bench)?;
    Ok(Compared { titles, answer })
}

/// Reads a side, and the file that it is.
fn read_end(side: &Side, arguments: &Arguments, project: &Project, bench: &Workbench<'_>) -> Result<End, Failure> {
    let file = match side {
        Side::File(path) => Some(read_source(path)?),
        _ => None,
    };
    Ok(End { schema: side.read(arguments, project, bench)?, file })
}

/// The migration file.
fn text(answer: &Answer, [from, to]: &[String; 2]) -> String {
    let header = format!("-- Description: From {from} to {to}\n-- Type: {}\n", answer.kind);
    format!("{header}{}\n{}", answer.directives(), answer.sections())
}

/// `diff --json`.
#[derive(Debug, Serialize)]
struct Shape<'a> {
    version: u32,
    from: &'a str,
    to: &'a str,
    /// Whether there is nothing to do.
    equal: bool,
    /// What is another name, in words.
    renames: Vec<String>,
    up: Vec<Step<'a>>,
    /// Absent where there is no way back, or none was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    down: Option<Vec<Step<'a>>>,
    /// Why there is no way back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    no_way_back: Vec<String>,
    /// Whether somebody else than rung has seen that it leads there: pg_dump, or the pragmas of SQLite.
    #[serde(skip_serializing_if = "Option::is_none")]
    witnessed: Option<bool>,
    /// How many rows that were made up were as they should be, behind the way there and back; absent where there were none,
    /// or the migration does not take them.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<usize>,
    /// What rows must be for it to go through.
    needs: Vec<Needed<'a>>,
    /// The migration file.
    sql: String,
}

/// Something that rows must be.
#[derive(Debug, Serialize)]
struct Needed<'a> {
    what: &'a str,
    /// A query for one number, which must be 0; null where it would take what the migration makes.
    count: Option<&'a str>,
}

/// A statement.
#[derive(Debug, Serialize)]
struct Step<'a> {
    sql: &'a str,
    object: String,
    /// `joined` with the one before, `new`, or `outside` of any.
    transaction: &'static str,
    /// What no way back brings back.
    #[serde(skip_serializing_if = "Option::is_none")]
    loses: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
}

impl<'a> Shape<'a> {
    fn of(titles: &'a [String; 2], answer: Option<&'a (Answer, Proof)>) -> Self {
        let [from, to] = titles;
        let (answer, proof) = answer.map(|(answer, proof)| (answer, proof)).unzip();
        let steps = |alteration: &'a Alteration| alteration.steps.iter().map(Step::of).collect();
        let refusals = answer.and_then(|answer| answer.down.as_ref()?.as_ref().err());
        Self {
            version: json::VERSION,
            from,
            to,
            equal: answer.is_none(),
            renames: answer.iter().flat_map(|answer| &answer.renames).map(ToString::to_string).collect(),
            up: answer.map(|answer| steps(&answer.up)).unwrap_or_default(),
            down: answer.and_then(|answer| answer.down.as_ref()?.as_ref().ok()).map(steps),
            no_way_back: refusals.into_iter().flatten().map(ToString::to_string).collect(),
            witnessed: proof.map(|proof| proof.witness == Witness::Heard),
            rows: proof.and_then(Proof::survivors),
            needs: proof
                .iter()
                .flat_map(|proof| &proof.needs)
                .map(|it| Needed { what: &it.what, count: Some(it.count.as_str()).filter(|sql| !sql.is_empty()) })
                .collect(),
            sql: answer.map(|answer| text(answer, titles)).unwrap_or_default(),
        }
    }
}

impl<'a> Step<'a> {
    fn of(step: &'a AlterStep) -> Self {
        Self {
            sql: &step.sql,
            object: step.key.to_string(),
            transaction: match step.cut {
                Cut::Joined => "joined",
                Cut::New => "new",
                Cut::Outside => "outside",
            },
            loses: step.loses.as_deref(),
            note: step.note.as_deref(),
        }
    }
}
