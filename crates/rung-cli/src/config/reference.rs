//! `docs/config.md`, from the structs that the file is read into.

use super::{Config, Docs, Env, Health, History, Lint, Scratch, Seeds, Table, Types, Verify};

pub(super) const TABLES: [Table; 10] = [
    Config::TABLE,
    History::TABLE,
    Seeds::TABLE,
    Lint::TABLE,
    Health::TABLE,
    Verify::TABLE,
    Scratch::TABLE,
    Docs::TABLE,
    Types::TABLE,
    Env::TABLE,
];

/// A whole file, to start from.
const EXAMPLE: &str = r#"dir = "migrations"            # or dirs = ["a", "b"]; relative to this file
order = "strict"              # or "any": run pending migrations below the newest applied one
default_env = "dev"
lock_timeout = "3s"
statement_timeout = "0"       # none

[history]
schema = "rung"               # where rung keeps its own tables; on SQLite, their prefix

[seeds]
dir = "seeds"

[lint]
deny = "warning"              # what `rung lint` fails for
rules = { rename = "off" }    # levels of rules: docs/rules.md

[health]
row_security = ["public"]     # where every table must have it
sequence_used = 0.5           # more than half of a sequence's values are gone
[docs]
output = "MIGRATIONS.md"

[types]
lang = "typescript"
output = "src/database.types.ts"

[verify]
ignore = ["audit.*"]          # what others put into the database

[scratch]
server = "postgres://dev@localhost/postgres"   # where things are tried out
setup = ["db/platform.sql"]   # what runs in each scratch database first

[vars]                        # ${name} in migrations
schema = "app"

[env.dev]
url = "sqlite:app.db"         # relative to this file

[env.production]
url = "postgres://app@db.internal/app"   # ${NAME} is taken from the environment or .env
protected = true              # ask before writing, refuse `reset`
lock_timeout = "5s"
order = "strict"
schema = "rung"
foreign_keys = false          # SQLite: enforce foreign keys
vars = { schema = "prod" }
"#;

/// `docs/config.md`.
pub fn reference() -> String {
    let mut text = String::from(
        "# rung.toml\n\nWritten by `cargo xtask generated` from the structs that the file is read into.\n\n\
         rung takes the `rung.toml` of the current directory, or of the nearest one above it; `--config FILE` names \
         another. With\n`--url` and `--dir` none is needed. Unknown keys are errors. Passwords are better kept out of it: \
         in `~/.pgpass`, or in a\nvariable that `${NAME}` names.\n\n\
         The database is the first of these that is there: `--url`; the environment that `--env`, else `RUNG_ENV` names; \
         `DATABASE_URL`;\n`default_env`. A `.env` file beside `rung.toml` is read too; the process' own environment goes \
         before it.\n\n\
         PostgreSQL is connected to as `psql` does it: URLs, conninfo strings, `PGHOST` and its like, services, `.pgpass`, \
         `sslmode` up\nto `verify-full`, Unix sockets.\n\n",
    );
    text.push_str(&format!("```toml\n{EXAMPLE}```\n"));
    for table in &TABLES {
        text.push_str(&format!("\n## {}\n\n", code(table.heading)));
        text.push_str(&format!("{}\n\n| key | example | |\n|---|---|---|\n", joined(table.about)));
        for key in table.keys.iter().filter(|key| !key.example.is_empty()) {
            text.push_str(&format!("| `{}` | `{}` | {} |\n", key.name, key.example, joined(key.about)));
        }
    }
    text.push_str("\n## `[vars]`\n\nValues for `${name}` in migrations and seeds: `name = \"value\"`. A value may itself name `${VARIABLES}` of the environment.\n");
    text
}

fn code(heading: &str) -> String {
    if heading.starts_with('[') { format!("`{heading}`") } else { heading.to_owned() }
}

fn joined(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_example_is_a_file_that_can_be_read() {
        let config: super::Config = toml::from_str(super::EXAMPLE).unwrap();
        assert!(config.env["production"].protected);
    }
}
