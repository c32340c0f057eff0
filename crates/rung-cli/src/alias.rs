//! What newcomers from other tools type.

use std::ffi::OsString;

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use rung::sql::closest;

use crate::args::Arguments;
use crate::render::Failure;

/// What words of another tool are here.
#[derive(Debug, Clone, Copy)]
enum Here {
    /// These words.
    Is(&'static [&'static str]),
    /// Nothing that could be put in their place, but this can be said.
    Says(&'static str),
}

use Here::{Is, Says};

/// Words, and what they are here; longer ones before their beginnings.
const WORDS: &[(&[&str], Here)] = &[
    // Alembic
    (&["revision"], Is(&["new"])),
    (&["heads"], Is(&["status"])),
    (&["merge"], Says("several heads are fine here; two files with one number are mended by `rung renumber`")),
    // Supabase, diesel, sqlx, prisma
    (&["migration", "run"], Is(&["up"])),
    (
        &["migration", "repair"],
        Says("settle one migration with `rung resolve ID --done` or `--not-done`; see `rung check`"),
    ),
    (&["gen", "types", "typescript"], Is(&["types", "--lang", "typescript"])),
    (&["gen", "types"], Is(&["types"])),
    (&["migration"], Says("say what to do: `rung status`, `rung new NAME`, `rung up`, `rung down`")),
    (&["db", "push"], Is(&["up"])),
    (&["db", "migrate"], Is(&["up"])),
    (&["db"], Says("say what to do: `rung up`, `rung reset`, `rung seed`")),
    (&["database", "reset"], Is(&["reset", "--up"])),
    (&["database", "setup"], Is(&["up"])),
    (
        &["database"],
        Says("make the database with your server's tools (a SQLite file is made by `rung up`), then `rung up`"),
    ),
    (&["setup"], Is(&["init"])),
    (&["migrate", "run"], Is(&["up"])),
    (&["migrate", "dev"], Is(&["up"])),
    (&["migrate", "reset"], Is(&["reset", "--up"])),
    (&["migrate"], Is(&["up"])),
    // Rails
    (&["db:migrate"], Is(&["up"])),
    (&["db:rollback"], Is(&["down"])),
    (&["db:migrate:status"], Is(&["status"])),
    (&["db:seed"], Is(&["seed"])),
    // Django
    (&["showmigrations"], Is(&["status"])),
    (&["makemigrations"], Says("write the migration yourself: `rung new NAME`")),
    // Liquibase
    (&["update"], Is(&["up"])),
    (&["update-sql"], Is(&["up", "--dry-run"])),
    (&["changelog-sync"], Is(&["stamp", "head"])),
    // golang-migrate, goose, dbmate
    (&["up-by-one"], Is(&["up", "+1"])),
    (&["up-to"], Is(&["up", "--to"])),
    (&["up", "--all"], Is(&["up"])),
    (&["down", "--all"], Is(&["down", "--to", "0"])),
    (&["down-to"], Is(&["down", "--to"])),
    (&["goto"], Says("say which way: `rung up --to N` or `rung down --to N`")),
    (
        &["force"],
        Says("record what the database has with `rung stamp ID`, or settle one migration with `rung resolve ID`"),
    ),
    (&["version"], Is(&["current"])),
    (&["drop"], Says("`rung reset` drops everything in a database")),
];

/// Words that go before a command in other tools, and add nothing to it: `migration list`, `db seed`.
const BEFORE: [&str; 5] = ["db", "database", "migrate", "migration", "migrations"];

/// Global options that take a value, which is not to be taken for a command.
const WITH_VALUE: [&str; 6] = ["--url", "--dir", "--format", "--env", "--config", "--color"];

/// Puts our words in the place of other tools': `migration list` is `status`, `revision -m "add users"` is
/// `new "add users"`.
///
/// # Errors
/// What to type, where there is no word of ours to put there.
pub(crate) fn rewrite(mut arguments: Vec<OsString>) -> Result<Vec<OsString>, Failure> {
    let Some(at) = command_at(&arguments) else { return Ok(arguments) };
    let typed: Vec<&str> = arguments[at..].iter().map(|word| word.to_str().unwrap_or_default()).collect();
    let found = WORDS.iter().find(|(words, _)| typed.starts_with(words));
    if let [first, second, ..] = typed[..]
        && BEFORE.contains(&first)
        && found.is_none_or(|(words, _)| words.len() == 1)
        && Arguments::command().find_subcommand(second).is_some()
    {
        arguments.remove(at);
        return Ok(arguments);
    }
    let Some((words, here)) = found else { return Ok(arguments) };
    let ours = match here {
        Is(ours) => ours,
        Says(advice) => return Err(Failure::usage(format!("there is no command {}", words.join(" ")), *advice)),
    };
    let is_revision = words == &["revision"];
    arguments.splice(at..at + words.len(), ours.iter().map(OsString::from));
    if is_revision {
        arguments.retain(|argument| argument != "-m" && argument != "--message");
    }
    Ok(arguments)
}

/// Where the command is, among the options that may stand before it.
fn command_at(arguments: &[OsString]) -> Option<usize> {
    let mut at = 1;
    while let Some(word) = arguments.get(at) {
        let word = word.to_str()?;
        if !word.starts_with('-') {
            return Some(at);
        }
        at += if WITH_VALUE.contains(&word) { 2 } else { 1 };
    }
    None
}

/// The command that was meant by one that there is not.
pub(crate) fn meant(error: &clap::Error) -> Option<Failure> {
    if error.kind() != ErrorKind::InvalidSubcommand {
        return None;
    }
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidSubcommand) else { return None };
    let command = Arguments::command();
    let names: Vec<&str> = command
        .get_subcommands()
        .flat_map(|sub| std::iter::once(sub.get_name()).chain(sub.get_visible_aliases()))
        .collect();
    let next = match closest(typed, names) {
        Some(near) => format!("did you mean `rung {near}`? `rung --help` lists all commands"),
        None => "`rung --help` lists all commands".to_owned(),
    };
    Some(Failure::usage(format!("there is no command {typed}"), next))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn rewritten(line: &str) -> String {
        let arguments = line.split(' ').map(OsString::from).collect();
        let words: Vec<_> = rewrite(arguments).unwrap().into_iter().map(|word| word.into_string().unwrap()).collect();
        words.join(" ")
    }

    #[test]
    fn words_of_other_tools_become_ours() {
        for (typed, ours) in [
            ("rung migration list", "rung list"),
            ("rung migrations new add_users", "rung new add_users"),
            ("rung db status", "rung status"),
            ("rung migrate revert", "rung revert"),
            ("rung database reset", "rung reset --up"),
            ("rung --env dev migration new add_users", "rung --env dev new add_users"),
            ("rung revision -m add_users", "rung new add_users"),
            ("rung db reset --yes", "rung reset --yes"),
            ("rung migrate", "rung up"),
            ("rung migrate deploy", "rung deploy"),
            ("rung migrate --to 3", "rung up --to 3"),
            ("rung up-to 3", "rung up --to 3"),
            ("rung up", "rung up"),
        ] {
            assert_eq!(rewritten(typed), ours);
        }
    }

    #[test]
    fn only_the_command_is_looked_at() {
        for line in ["rung new migration list", "rung --env migrate up", "rung --dir db up", "rung -v", "rung"] {
            assert_eq!(rewritten(line), line);
        }
    }

    #[test]
    fn what_has_no_like_here_is_answered() {
        let advice = rewrite(["rung", "goto", "3"].map(OsString::from).into()).unwrap_err();
        assert!(advice.next[0].contains("rung up --to N"));
    }

    #[test]
    fn every_rewrite_is_a_command_of_ours() {
        let names = Arguments::command();
        for (_, here) in WORDS {
            if let Is([first, ..]) = here {
                assert!(names.find_subcommand(first).is_some(), "{first}");
            }
        }
    }

    #[test]
    fn what_was_meant_is_named() {
        let error = Arguments::try_parse_from(["rung", "statsu"]).unwrap_err();
        assert_eq!(meant(&error).unwrap().next, ["did you mean `rung status`? `rung --help` lists all commands"]);
        let error = Arguments::try_parse_from(["rung", "frobnicate"]).unwrap_err();
        assert_eq!(meant(&error).unwrap().next, ["`rung --help` lists all commands"]);
        let error = Arguments::try_parse_from(["rung", "up", "--nonsense"]).unwrap_err();
        assert!(meant(&error).is_none());
    }
}
