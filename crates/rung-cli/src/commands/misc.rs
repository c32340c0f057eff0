//! `rung wait`, `env`, `locks`, `completions` and `man`.

use clap::CommandFactory;
use rung::engine::Blocker;
use rung::postgres::connect::{Environment, Settings};

use crate::args::{Arguments, Locks, Wait};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::json;
use crate::project::{Files, Project};
use crate::terminal::{DIM, OK, STRONG, Terminal, paint};
use crate::text::{age, pad};

pub(crate) fn wait(arguments: &Arguments, wait: &Wait, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::resolve(arguments)?;
    let driver = rung::wait_for(&project.url, &project.connecting(), wait.timeout)?;
    terminal.line(format!("{} {} is there", paint(OK, "✓"), project.title(&*driver)));
    Ok(Exit::Done)
}

/// A URL without its password.
fn redacted(url: &str) -> String {
    if url.starts_with("sqlite") {
        return url.to_owned();
    }
    match Settings::resolve(url, &Environment::empty()) {
        Ok(settings) => settings.redacted_url(),
        // What can't be read may hold a password anywhere.
        Err(_) => "(not a URL that can be read)".to_owned(),
    }
}

pub(crate) fn env(arguments: &Arguments, terminal: &Terminal) -> Result<Exit, Failure> {
    let files = Files::find(arguments)?;
    let Some(config) = &files.config else {
        return Err(Failure::usage("there is no rung.toml here or above", "make one with `rung init`"));
    };
    let chosen = Project::resolve(arguments).ok().and_then(|project| project.name);
    let environments: Vec<json::Env> = config
        .env
        .iter()
        .map(|(name, env)| json::Env {
            name: name.clone(),
            // Variables stay as they are written: their values are nobody's business here.
            url: match env.url.as_deref() {
                Some(url) if url.contains("${") => url.to_owned(),
                Some(url) => redacted(url),
                None => "(DATABASE_URL)".to_owned(),
            },
            protected: env.protected,
            default: chosen.as_ref() == Some(name),
        })
        .collect();
    for env in &environments {
        let mark = if env.default { paint(OK, "*") } else { " ".to_owned() };
        let protected = if env.protected { paint(STRONG, "  protected") } else { String::new() };
        terminal.line(format!("{mark} {}  {}{protected}", pad(&env.name, 14), env.url));
    }
    if terminal.json {
        terminal.json(&json::Envs { version: json::VERSION, environments });
    }
    Ok(Exit::Done)
}

fn session(blocker: &Blocker) -> json::Session {
    json::Session {
        pid: blocker.pid,
        application: blocker.application.clone(),
        user: blocker.user.clone(),
        state: blocker.state.clone(),
        age_s: blocker.age.as_secs(),
        query: blocker.query.clone(),
    }
}

pub(crate) fn locks(arguments: &Arguments, locks: &Locks, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::resolve(arguments)?;
    let mut driver = project.connect_only()?;
    if let Some(pid) = locks.kill {
        let title = project.title(&*driver);
        if project.protected && terminal.confirm(&format!("{title} is protected. End session {pid}?")) != Some(true) {
            return Err(Failure::usage(format!("{title} is protected: session {pid} was left alone"), "add --yes"));
        }
        if driver.kill(pid)? {
            terminal.line(format!("{} session {pid} was ended", paint(OK, "✓")));
            return Ok(Exit::Done);
        }
        return Err(Failure::new(Exit::Failed, format!("there is no session {pid}"), "see `rung locks`"));
    }
    let waiting = driver.blocked_sessions()?;
    if terminal.json {
        let waiting = waiting.iter().map(|blocked| json::Waiting {
            wants: blocked.wants.clone(),
            session: session(&blocked.waiting),
            blockers: blocked.blockers.iter().map(session).collect(),
        });
        terminal.json(&json::Locks { version: json::VERSION, waiting: waiting.collect() });
        return Ok(Exit::Done);
    }
    if waiting.is_empty() {
        terminal.line("nobody waits for anybody");
    }
    for blocked in &waiting {
        let who = &blocked.waiting;
        terminal.line(format!(
            "{} \"{}\" waits for {}: {}",
            who.pid,
            who.application,
            blocked.wants,
            paint(DIM, &who.query)
        ));
        for blocker in &blocked.blockers {
            terminal.line(format!(
                "    held by {} \"{}\" for {} ({}): {}      end it: rung locks --kill {}",
                blocker.pid,
                blocker.application,
                age(blocker.age),
                blocker.state,
                paint(DIM, &blocker.query),
                blocker.pid
            ));
        }
    }
    Ok(Exit::Done)
}

pub(crate) fn completions(shell: clap_complete::Shell, terminal: &Terminal) -> Result<Exit, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "rung", &mut text);
    terminal.data(&String::from_utf8_lossy(&text));
    Ok(Exit::Done)
}

pub(crate) fn man(terminal: &Terminal) -> Result<Exit, Failure> {
    let mut text = Vec::new();
    let rendered = clap_mangen::Man::new(Arguments::command()).render(&mut text);
    rendered.map_err(|error| Failure::new(Exit::Failed, format!("the manual page can't be written: {error}"), ""))?;
    terminal.data(&String::from_utf8_lossy(&text));
    Ok(Exit::Done)
}
