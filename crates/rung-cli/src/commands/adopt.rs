//! `rung adopt`.

use std::fmt::Write as _;

use anstyle::Style;
use rung::adopt::{Adoption, Asked, Decisions, Keeping, Line, Purpose, Settled, Source, Standing};

use super::settle::approve;
use super::status::heading;
use super::warn;
use crate::args::{Adopt, Arguments};
use crate::config::Project;
use crate::exit::Exit;
use crate::json;
use crate::render::{BAD, DIM, Failure, NEXT, Names, OK, Terminal, WARN, Zone, count, paint};

pub(crate) fn adopt(arguments: &Arguments, adopt: &Adopt, terminal: &Terminal) -> Result<Exit, Failure> {
    if adopt.check_downs {
        return super::downs::check(arguments, adopt.dev_url.as_deref(), terminal);
    }
    let project = Project::resolve(arguments)?;
    if let (true, Some(Source::Tool(tool))) = (adopt.stop_writing, &adopt.from) {
        return stop_writing(&project, tool, terminal);
    }
    let mut asked = asked(adopt);
    let mut migrator = match &adopt.from {
        Some(Source::Tool(tool)) => project.connect_for(tool)?,
        Some(Source::Table { .. }) => project.connect()?,
        None => {
            // Some tools' tables are alike; what the files are then tells whose one is.
            let format = project.format().or_else(|| project.connect().ok()?.set().format);
            let tool = rung::adopt::only(&mut *project.connect_only()?, format)?;
            asked.from = Some(Source::Tool(tool));
            project.connect_for(tool)?
        }
    };
    warn(&migrator, terminal);
    let mut adoption = migrator.adopt(&asked)?;
    let recording = !adopt.dry_run && adoption.problems.is_empty();
    if recording {
        approve(&project, &mut migrator, terminal, &format!("Take over the history of {}", adoption.tool))?;
        asked.purpose = Purpose::Record;
        adoption = migrator.adopt(&asked)?;
    }
    if terminal.is_json() {
        terminal.json(&as_json(&adoption));
    } else {
        let title = migrator.driver().dialect_of().title();
        let heading = heading(project.name.as_deref(), migrator.driver().facts(), title);
        terminal.show(heading + &lines(&adoption, terminal.columns(), &Zone::here()));
    }
    if !adoption.problems.is_empty() {
        let failure = Failure::from(rung::Error::from(rung::engine::PlanErrors(adoption.problems)));
        return Err(failure.saying("Nothing was recorded."));
    }
    say(&adoption, project.lacks_format(adoption.tool), terminal);
    Ok(Exit::Done)
}

fn stop_writing(project: &Project, tool: &str, terminal: &Terminal) -> Result<Exit, Failure> {
    let mut migrator = project.connect_for(tool)?;
    approve(project, &mut migrator, terminal, &format!("Leave the table of {tool} as it is from now on"))?;
    terminal.say(match migrator.stop_writing(tool)? {
        true => format!("the table of {tool} is not written any more"),
        false => format!("nothing to do: the table of {tool} is not written"),
    });
    Ok(Exit::Done)
}

fn asked(adopt: &Adopt) -> Asked {
    Asked {
        from: adopt.from.clone(),
        table: adopt.table.clone(),
        decisions: Decisions {
            accept: adopt.accept.clone(),
            forget: adopt.forget.clone(),
            done: adopt.done.clone(),
            not_done: adopt.not_done.clone(),
        },
        purpose: Purpose::Look,
        keeping: if adopt.keep_writing { Keeping::Keep } else { Keeping::AsBefore },
    }
}

fn say(adoption: &Adoption, lacks_format: bool, terminal: &Terminal) {
    let adopted = adoption.lines.iter().filter(|line| line.is_adopted()).count();
    let (tool, table) = (adoption.tool, &adoption.table);
    let whose = if tool == "table" { table.clone() } else { tool.to_owned() };
    match (adoption.is_recorded, adopted) {
        (false, _) => terminal.say("nothing was recorded (--dry-run)"),
        (true, 0) if adoption.lines.iter().any(|line| line.standing == Standing::Known) => {
            terminal.say("nothing to take over: the history has it already");
        }
        (true, 0) => terminal.say(format!("nothing to take over: {whose} has nothing applied")),
        (true, _) => terminal.say(format!("took over {} from {whose}; nothing was run", count(adopted, "migration"))),
    }
    if adoption.is_recorded && adoption.is_kept {
        terminal.say(format!("{table} is written along from now on, until `rung adopt --from {tool} --stop-writing`"));
    }
    let next = paint(NEXT, "next");
    if lacks_format {
        terminal.say(format!(
            "{next}: write `format = \"{tool}\"` in rung.toml: without it these files are read as rung's own"
        ));
    }
    if adoption.is_recorded && adoption.lines.iter().any(is_pending) {
        terminal.say(format!("{next}: rung up"));
    }
}

fn is_pending(line: &Line) -> bool {
    matches!(line.standing, Standing::Pending | Standing::Failed { settled: Some(Settled::NotApplied), .. })
}

fn lines(adoption: &Adoption, columns: Option<usize>, zone: &Zone) -> String {
    let here = |line: &&Line| line.is_adopted() || line.standing == Standing::Known;
    let applied = adoption.lines.iter().filter(here).count();
    let pending = adoption.lines.iter().filter(|line| is_pending(line)).count();
    let mut text = format!("      {}: {applied} applied · {pending} pending\n", adoption.table);
    let names = Names::new(adoption.lines.iter().map(|line| line.id.as_str()), columns, 44);
    for line in &adoption.lines {
        let (style, sign, remark) = shown(line);
        let _ = write!(text, "  {style}{sign}{style:#} ");
        names.write(&mut text, &line.id);
        let at = line.applied_at.as_deref().map(|at| zone.minute(at)).unwrap_or_default();
        let _ = write!(text, "  {at:<16}  {style}{remark}{style:#}");
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

fn shown(line: &Line) -> (Style, &'static str, String) {
    match &line.standing {
        Standing::Applied { verified: true } => (OK, "✓", "checksum verified".to_owned()),
        Standing::Applied { verified: false } => (OK, "✓", String::new()),
        Standing::Known => (OK, "✓", "recorded already".to_owned()),
        Standing::Pending => (DIM, "·", "pending".to_owned()),
        Standing::Changed => (BAD, "≠", "changed since".to_owned()),
        Standing::Unknown => (BAD, "?", "no file has it".to_owned()),
        Standing::Forgotten => (DIM, "-", "no file has it: left behind".to_owned()),
        Standing::Failed { why, settled: None } => (BAD, "✗", why.clone()),
        Standing::Failed { why, settled: Some(Settled::Applied) } => (OK, "✓", format!("{why}; all of it is there")),
        Standing::Failed { why, settled: Some(Settled::NotApplied) } => {
            (WARN, "·", format!("{why}; nothing of it is there: pending"))
        }
    }
}

fn as_json(adoption: &Adoption) -> json::Adoption<'_> {
    let migration = |line: &'_ Line| -> (&'static str, bool) {
        match &line.standing {
            Standing::Applied { verified } => ("applied", *verified),
            Standing::Known => ("known", false),
            Standing::Pending => ("pending", false),
            Standing::Changed => ("changed", false),
            Standing::Unknown => ("unknown", false),
            Standing::Forgotten => ("forgotten", false),
            Standing::Failed { settled: None, .. } => ("failed", false),
            Standing::Failed { settled: Some(Settled::Applied), .. } => ("failed_applied", false),
            Standing::Failed { settled: Some(Settled::NotApplied), .. } => ("failed_not_applied", false),
        }
    };
    let migrations = adoption.lines.iter().map(|line| {
        let (state, verified) = migration(line);
        json::Adopted { id: &line.id, state, verified, applied_at: line.applied_at.as_deref() }
    });
    json::Adoption {
        version: json::VERSION,
        tool: adoption.tool,
        table: &adoption.table,
        recorded: adoption.is_recorded,
        keep_writing: adoption.is_kept,
        migrations: migrations.collect(),
    }
}
