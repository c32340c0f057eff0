//! `rung stamp`, `resolve` and `tag`.

use rung::engine::Settled;
use rung::{Migrator, Status, Target};

use crate::args::{Arguments, Resolve, Stamp, TagArguments};
use crate::config::Project;
use crate::exit::Exit;
use crate::json;
use crate::prompt;
use crate::render::{Failure, Names, OK, Terminal, Zone, count, paint};

/// Asks before the history of a protected environment is changed.
pub(super) fn approve(
    project: &Project,
    migrator: &mut Migrator,
    terminal: &Terminal,
    what: &str,
) -> Result<(), Failure> {
    let Some(why) = project.caution(migrator.driver()) else { return Ok(()) };
    prompt::require(terminal, &format!("{why}. {what}?"), &why, "changed")
}

fn show(settled: &Settled, terminal: &Terminal) {
    if terminal.is_json() {
        let outcomes = settled.iter().map(|(id, status)| json::Outcome { id, now: status.as_str() }).collect();
        terminal.json(&json::Outcomes { version: json::VERSION, outcomes });
    }
    for (id, status) in settled {
        let state = match status {
            Status::Completed => "recorded as applied",
            Status::RolledBack => "recorded as not applied",
            Status::Pending => "will run again from its first statement",
            Status::Running | Status::Failed => "goes on with the next `rung up`",
        };
        terminal.say(format!("{} {id}: {state}", paint(OK, "✓")));
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
        terminal.say("nothing to do: the history says so already");
    } else {
        terminal.say(format!("{} recorded; nothing was run", count(settled.len(), "migration")));
    }
    Ok(Exit::Done)
}

pub(crate) fn resolve(arguments: &Arguments, resolve: &Resolve, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::resolve(arguments)?;
    let mut migrator = project.connect()?;
    let Target::Id(id) = migrator.target(&resolve.id)? else {
        return Err(Failure::usage(format!("{} is no migration", resolve.id), "resolve takes an id or a number"));
    };
    approve(&project, &mut migrator, terminal, &format!("Change the history of {id}"))?;
    let settled = migrator.resolve(&id, resolve.resolution())?;
    show(&settled, terminal);
    Ok(Exit::Done)
}

pub(crate) fn tag(arguments: &Arguments, tag: &TagArguments, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::resolve(arguments)?;
    match tag.name.as_deref() {
        None => list(&project, terminal),
        Some("list") if tag.id.is_none() && !tag.delete => list(&project, terminal),
        Some(name) => set(&project, name, tag, terminal),
    }
}

fn set(project: &Project, name: &str, tag: &TagArguments, terminal: &Terminal) -> Result<Exit, Failure> {
    let reserved = ["head", "heads", "latest", "base", "zero"].contains(&name);
    if reserved || name.is_empty() || name.starts_with(['+', '-', '@']) || name.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Failure::usage(
            format!("{name:?} can't be a tag: it means something else as a target"),
            "choose e.g. v1.2",
        ));
    }
    let mut migrator = project.connect()?;
    let id = match tag.id.as_deref().map(|text| migrator.target(text)).transpose()? {
        None => None,
        Some(Target::Id(id)) => Some(id),
        Some(_) => return Err(Failure::usage("a tag goes on one migration", "name it by its id or number")),
    };
    approve(project, &mut migrator, terminal, &format!("Change the tag {name}"))?;
    if tag.delete {
        migrator.untag(name)?;
        terminal.say(format!("{} {name} is gone", paint(OK, "✓")));
    } else {
        for (id, _) in migrator.tag(name, id.as_deref())? {
            terminal.say(format!("{} {name} is on {id}", paint(OK, "✓")));
        }
    }
    if terminal.is_json() {
        print(project, terminal)?;
    }
    Ok(Exit::Done)
}

fn list(project: &Project, terminal: &Terminal) -> Result<Exit, Failure> {
    if print(project, terminal)? == 0 && !terminal.is_json() {
        terminal.note("there are no tags; `rung tag v1.2` puts one on the newest applied migration");
    }
    Ok(Exit::Done)
}

/// Prints all tags; says how many there are.
fn print(project: &Project, terminal: &Terminal) -> Result<usize, Failure> {
    let tags = project.connect_only()?.tags()?;
    if terminal.is_json() {
        let tags = tags.iter().map(|tag| json::Tag {
            name: &tag.name,
            migration_id: &tag.migration_id,
            tagged_at: &tag.tagged_at,
        });
        terminal.json(&json::Tags { version: json::VERSION, tags: tags.collect() });
    }
    let (names, zone) = (Names::new(tags.iter().map(|tag| tag.name.as_str()), None, 0), Zone::here());
    for tag in &tags {
        terminal.show(format!("{}  {}  {}", names.cell(&tag.name), zone.minute(&tag.tagged_at), tag.migration_id));
    }
    Ok(tags.len())
}
