//! `rung stamp`, `resolve` and `tag`.

use rung::engine::Settled;
use rung::{Migrator, Resolution, Status, Target};

use crate::args::{Arguments, Resolve, Stamp, TagArguments};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::json;
use crate::project::Project;
use crate::terminal::{OK, Terminal, paint};
use crate::text::{column, count, local, pad};

/// Asks before the history of a protected environment is changed.
fn approve(project: &Project, migrator: &mut Migrator, terminal: &Terminal, what: &str) -> Result<(), Failure> {
    if !project.protected {
        return Ok(());
    }
    let title = project.title(migrator.driver());
    match terminal.confirm(&format!("{title} is protected. {what}?")) {
        Some(true) => Ok(()),
        Some(false) => Err(Failure::new(Exit::Failed, "not approved: nothing was changed", "")),
        None => {
            let message = format!("{title} is protected, and nobody is there to be asked; nothing was changed");
            Err(Failure::usage(message, "add --yes"))
        }
    }
}

fn show(settled: &Settled, terminal: &Terminal) {
    for (id, status) in settled {
        let state = match status {
            Status::Completed => "recorded as applied",
            Status::RolledBack => "recorded as not applied",
            Status::Pending => "will run again from its first statement",
            Status::Running | Status::Failed => "goes on with the next `rung up`",
        };
        terminal.line(format!("{} {id}: {state}", paint(OK, "✓")));
    }
}

pub(crate) fn stamp(arguments: &Arguments, stamp: &Stamp, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::resolve(arguments)?;
    let mut migrator = project.connect()?;
    let target = migrator.target(&stamp.target)?;
    approve(&project, &mut migrator, terminal, &format!("Record it as being at {}", stamp.target))?;
    let settled = migrator.stamp(&target)?;
    show(&settled, terminal);
    if settled.is_empty() {
        terminal.line("nothing to do: the history says so already");
    } else {
        terminal.line(format!("{}; nothing was run", count(settled.len(), "migration") + " recorded"));
    }
    Ok(Exit::Done)
}

pub(crate) fn resolve(arguments: &Arguments, resolve: &Resolve, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::resolve(arguments)?;
    let mut migrator = project.connect()?;
    let Target::Id(id) = migrator.target(&resolve.id)? else {
        return Err(Failure::usage(format!("{} is no migration", resolve.id), "resolve takes an id"));
    };
    let resolution = match (resolve.statement, resolve.done, resolve.accept, resolve.forget) {
        (Some(number), true, ..) => Resolution::StatementDone(number),
        (Some(number), ..) => Resolution::StatementNotDone(number),
        (None, true, ..) => Resolution::Done,
        (None, _, true, _) => Resolution::Accept,
        (None, _, _, true) => Resolution::Forget,
        _ => Resolution::NotDone,
    };
    approve(&project, &mut migrator, terminal, &format!("Change the history of {id}"))?;
    let settled = migrator.resolve(&id, resolution)?;
    show(&settled, terminal);
    Ok(Exit::Done)
}

pub(crate) fn tag(arguments: &Arguments, tag: &TagArguments, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::resolve(arguments)?;
    let Some(name) = &tag.name else { return list(&project, terminal) };
    let reserved = ["head", "heads", "latest", "base", "zero"].contains(&name.as_str());
    if reserved || name.is_empty() || name.starts_with(['+', '-', '@']) || name.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Failure::usage(
            format!("{name:?} can't be a tag: it means something else as a target"),
            "choose e.g. v1.2",
        ));
    }
    let mut migrator = project.connect()?;
    approve(&project, &mut migrator, terminal, &format!("Change the tag {name}"))?;
    if tag.delete {
        migrator.untag(name)?;
        terminal.line(format!("{} {name} is gone", paint(OK, "✓")));
        return Ok(Exit::Done);
    }
    let id = match &tag.id {
        None => None,
        Some(text) => match migrator.target(text)? {
            Target::Id(id) => Some(id),
            _ => return Err(Failure::usage(format!("{text} is no migration"), "tag takes an id")),
        },
    };
    for (id, _) in migrator.tag(name, id.as_deref())? {
        terminal.line(format!("{} {name} is on {id}", paint(OK, "✓")));
    }
    Ok(Exit::Done)
}

fn list(project: &Project, terminal: &Terminal) -> Result<Exit, Failure> {
    let tags = project.connect_only()?.tags()?;
    let width = column(tags.iter().map(|tag| tag.name.as_str()));
    for tag in &tags {
        terminal.line(format!("{}  {}  {}", pad(&tag.name, width), tag.migration_id, local(&tag.tagged_at)));
    }
    if terminal.json {
        let tags = tags.into_iter().map(|tag| json::Tag {
            name: tag.name,
            migration_id: tag.migration_id,
            tagged_at: tag.tagged_at,
        });
        terminal.json(&json::Tags { version: json::VERSION, tags: tags.collect() });
    } else if tags.is_empty() {
        terminal.note("there are no tags; `rung tag v1.2` puts one on the newest applied migration");
    }
    Ok(Exit::Done)
}
