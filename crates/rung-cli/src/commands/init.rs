//! `rung init`.

use std::fs;
use std::path::Path;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::{NEXT, Terminal, paint};

const CONFIG: &str = "# The environment that is used where none is named with --env.
[env.dev]
url = \"sqlite:app.db\"

# [env.production]
# url = \"postgres://app@db.internal/app\"
# protected = true
";

pub(crate) fn init(terminal: &Terminal) -> Result<Exit, Failure> {
    let (config, migrations) = (Path::new("rung.toml"), Path::new("migrations"));
    let problem = |path: &Path, error: std::io::Error| {
        Failure::new(Exit::Failed, format!("{} can't be made: {error}", path.display()), "make the directory writable")
    };
    let mut made = Vec::new();
    if !config.exists() {
        fs::write(config, CONFIG).map_err(|error| problem(config, error))?;
        made.push("rung.toml (env \"dev\": sqlite app.db)");
    }
    if !migrations.is_dir() {
        fs::create_dir(migrations).map_err(|error| problem(migrations, error))?;
        made.push("migrations/");
    }
    match made.as_slice() {
        [] => terminal.line("rung.toml and migrations/ are here already"),
        made => terminal.line(format!("created {}", made.join(" and "))),
    }
    terminal.line(format!("{}: rung new create_users", paint(NEXT, "next")));
    Ok(Exit::Done)
}
