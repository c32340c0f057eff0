//! `rung locks`.

use rung::engine::{BlockedSession, Blocker};

use crate::args::{Arguments, Locks};
use crate::config::Project;
use crate::exit::Exit;
use crate::json;
use crate::prompt;
use crate::render::{DIM, Failure, OK, Terminal, age, fit, held_by, paint};

pub(crate) fn locks(arguments: &Arguments, locks: &Locks, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::resolve(arguments)?;
    let mut driver = project.connect_only()?;
    let title = project.title(&*driver);
    if let Some(pid) = locks.kill {
        if let Some(why) = project.caution(&*driver) {
            prompt::require(terminal, &format!("{why}. End session {pid}?"), &why, "ended")?;
        }
        if !driver.kill(pid)? {
            return Err(Failure::new(Exit::Failed, format!("there is no session {pid}"), "see `rung locks`"));
        }
        terminal.say(format!("{} session {pid} was ended", paint(OK, "✓")));
        return Ok(Exit::Done);
    }
    let waiting = driver.blocked_sessions()?;
    if terminal.is_json() {
        let waiting = waiting.iter().map(|blocked| json::Waiting {
            wants: &blocked.wants,
            session: session(&blocked.waiting),
            blockers: blocked.blockers.iter().map(session).collect(),
        });
        terminal.json(&json::Locks { version: json::VERSION, waiting: waiting.collect() });
    } else if waiting.is_empty() {
        terminal.note(format!("nobody waits for anybody on {title}"));
    }
    for blocked in &waiting {
        terminal.show(lines(blocked));
    }
    Ok(Exit::Done)
}

fn lines(blocked: &BlockedSession) -> String {
    let who = &blocked.waiting;
    let name = if who.application.is_empty() { &who.user } else { &who.application };
    let query: Vec<&str> = who.query.split_whitespace().collect();
    let query = paint(DIM, fit(&query.join(" "), 60));
    let mut text = format!("{} \"{name}\" waits for {}, {}: {query}\n", who.pid, blocked.wants, age(who.age));
    for blocker in &blocked.blockers {
        text.push_str(&format!("    {}\n", held_by(blocker)));
    }
    text
}

fn session(blocker: &Blocker) -> json::Session<'_> {
    json::Session {
        pid: blocker.pid,
        application: &blocker.application,
        user: &blocker.user,
        state: &blocker.state,
        age_s: blocker.age.as_secs(),
        query: &blocker.query,
    }
}
