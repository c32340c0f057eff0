//! `docs/cli.md`, from the arguments themselves.

use clap::{Command, CommandFactory};

use crate::exit;

/// `docs/cli.md`.
pub fn reference() -> String {
    let mut command = crate::args::Arguments::command();
    command.build();
    let mut text = String::from("# Command line\n\nWritten by `cargo xtask generated` from the program's own help.\n");
    text.push_str("\n## Exit codes\n\n| code | |\n|---|---|\n");
    for (code, meaning) in exit::TABLE {
        text.push_str(&format!("| {} | {meaning} |\n", code as u8));
    }
    section(&mut text, "Global options", &command, Options::Global);
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
        section(&mut text, &format!("rung {}", sub.get_name()), sub, Options::Own);
    }
    text
}

/// Which options of a command a section lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Options {
    Global,
    Own,
}

fn section(text: &mut String, title: &str, command: &Command, options: Options) {
    text.push_str(&format!("\n## {title}\n\n"));
    if let Some(about) = command.get_about().filter(|_| options == Options::Own) {
        text.push_str(&format!("{about}.\n"));
    }
    let aliases: Vec<&str> = command.get_visible_aliases().collect();
    if !aliases.is_empty() {
        text.push_str(&format!("\nAlso: `{}`\n", aliases.join("`, `")));
    }
    let rows: Vec<String> = command
        .get_arguments()
        .filter(|argument| argument.is_global_set() == (options == Options::Global) && !argument.is_hide_set())
        .filter(|argument| argument.get_id() != "help" && argument.get_id() != "version")
        .map(row)
        .collect();
    if !rows.is_empty() {
        text.push_str("\n| argument | |\n|---|---|\n");
        text.extend(rows);
    }
}

fn row(argument: &clap::Arg) -> String {
    let value = argument.get_value_names().and_then(|names| names.first()).map(|name| format!(" {name}"));
    let value = value.filter(|_| argument.get_action().takes_values());
    let name = match (argument.get_long(), argument.get_short()) {
        (Some(long), Some(short)) => format!("--{long}, -{short}{}", value.unwrap_or_default()),
        (Some(long), None) => format!("--{long}{}", value.unwrap_or_default()),
        _ => argument.get_id().to_string().to_uppercase(),
    };
    let mut help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let possible: Vec<String> =
        argument.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect();
    if !possible.is_empty() && argument.get_action().takes_values() && argument.get_id() != "shell" {
        help.push_str(&format!(": {}", possible.join(", ")));
    }
    let defaults: Vec<String> =
        argument.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    if !defaults.is_empty() && argument.get_action().takes_values() {
        help.push_str(&format!("; `{}` where it is not given", defaults.join(" ")));
    }
    format!("| `{name}` | {} |\n", help.replace('|', "\\|"))
}
