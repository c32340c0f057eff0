//! The reference of the command line, from the arguments themselves.

use clap::{Command, CommandFactory};

/// `docs/cli.md`.
pub fn reference() -> String {
    let mut command = crate::args::Arguments::command();
    command.build();
    let mut text = String::from("# Command line\n\nWritten by `cargo xtask generated` from the program's own help.\n");
    text.push_str(
        "\nExit codes: 0 done · 1 a migration or check failed · 2 usage or configuration · 3 pending migrations\n",
    );
    text.push_str("(`status --exit-code`) · 4 files and history have come apart · 5 the lock was not to be had · 130 interrupted.\n");
    section(&mut text, "Global options", &mut command.clone().disable_version_flag(true), true);
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        section(&mut text, &format!("rung {}", sub.get_name()), &mut sub.clone(), false);
    }
    text
}

fn section(text: &mut String, title: &str, command: &mut Command, global: bool) {
    text.push_str(&format!("\n## {title}\n\n"));
    if let Some(about) = command.get_about().filter(|_| !global) {
        text.push_str(&format!("{about}\n"));
    }
    let aliases: Vec<&str> = command.get_visible_aliases().collect();
    if !aliases.is_empty() {
        text.push_str(&format!("\nAlso: `{}`\n", aliases.join("`, `")));
    }
    let rows: Vec<String> = command
        .get_arguments()
        .filter(|argument| argument.is_global_set() == global && !argument.is_hide_set())
        .filter(|argument| argument.get_id() != "help" && argument.get_id() != "version")
        .map(|argument| {
            let value = argument.get_value_names().and_then(|names| names.first()).map(|name| format!(" {name}"));
            let takes = argument.get_action().takes_values();
            let name = match (argument.get_long(), argument.get_short()) {
                (Some(long), Some(short)) => format!("--{long}, -{short}"),
                (Some(long), None) => format!("--{long}"),
                _ => argument.get_id().to_string().to_uppercase(),
            };
            let value = if takes && argument.get_long().is_some() { value.unwrap_or_default() } else { String::new() };
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            format!("| `{name}{value}` | {} |\n", help.replace('|', "\\|"))
        })
        .collect();
    if !rows.is_empty() {
        text.push_str("\n| argument | |\n|---|---|\n");
        text.extend(rows);
    }
}
