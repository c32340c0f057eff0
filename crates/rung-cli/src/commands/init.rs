//! `rung init`.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use crate::args::Arguments;
use crate::config::redacted;
use crate::exit::Exit;
use crate::render::{Failure, NEXT, Terminal, paint};

/// Where other tools' projects keep their migrations.
const KNOWN_DIRS: [&str; 4] = ["migrations", "db/migrations", "supabase/migrations", "sql/migrations"];

pub(crate) fn init(arguments: &Arguments, terminal: &Terminal) -> Result<Exit, Failure> {
    let url = arguments.global.url.as_deref().unwrap_or("sqlite:app.db");
    if redacted(url) != url {
        return Err(Failure::usage(
            "the URL holds a password, which does not belong in rung.toml",
            "write it as a variable: `rung init --url 'postgres://app:${DB_PASSWORD}@host/app'`, or use ~/.pgpass",
        ));
    }
    let dir = match arguments.global.dir.first() {
        Some(dir) => dir.as_path(),
        None => Path::new(KNOWN_DIRS.into_iter().find(|dir| Path::new(dir).is_dir()).unwrap_or("migrations")),
    };
    let config = Path::new("rung.toml");
    let mut made = Vec::new();
    match fs::OpenOptions::new().write(true).create_new(true).open(config) {
        Ok(mut file) => {
            file.write_all(text(url, dir).as_bytes()).map_err(|error| problem(config, &error))?;
            made.push(format!("rung.toml (env \"dev\": {})", url.replacen("sqlite:", "sqlite ", 1)));
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(problem(config, &error)),
    }
    let is_new = !dir.is_dir();
    if is_new {
        fs::create_dir_all(dir).map_err(|error| problem(dir, &error))?;
        made.push(format!("{}/", dir.display()));
    }
    if made.is_empty() {
        terminal.say(format!("rung.toml and {}/ are here already", dir.display()));
    } else {
        terminal.say(format!("created {}", made.join(" and ")));
    }
    let next = if is_new { "rung new create_users" } else { "rung status" };
    terminal.say(format!("{}: {next}", paint(NEXT, "next")));
    Ok(Exit::Done)
}

fn text(url: &str, dir: &Path) -> String {
    let mut text = String::new();
    if dir != Path::new("migrations") {
        text.push_str(&format!("dir = {:?}\n\n", dir.display().to_string()));
    }
    text.push_str(&format!(
        "# The environment that is used where none is named with --env.\n[env.dev]\nurl = {url:?}\n\n\
         # [env.production]\n# url = \"postgres://app@db.internal/app\"\n# protected = true\n"
    ));
    text
}

fn problem(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Exit::Failed, format!("{} can't be made: {error}", path.display()), "make the directory writable")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    #[test]
    fn what_it_writes_can_be_read() {
        let text = text("sqlite:app.db", Path::new("db/migrations"));
        let (config, _) = parse(Path::new("rung.toml"), &text).unwrap();
        assert_eq!(config.dir.as_deref(), Some("db/migrations"));
        assert_eq!(config.env["dev"].url.as_ref().unwrap().get_ref(), "sqlite:app.db");
    }
}
