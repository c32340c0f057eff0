//! What newcomers from other tools type.

use std::ffi::OsString;

/// Two words of another tool, and what they are here.
const PAIRS: [(&str, &str, &[&str]); 12] = [
    ("migration", "list", &["status"]),
    ("migration", "new", &["new"]),
    ("migration", "up", &["up"]),
    ("migration", "down", &["down"]),
    ("migrate", "up", &["up"]),
    ("migrate", "down", &["down"]),
    ("migrate", "status", &["status"]),
    ("migrate", "deploy", &["up"]),
    ("db", "push", &["up"]),
    ("db", "reset", &["reset"]),
    ("db", "migrate", &["up"]),
    ("migrate", "run", &["up"]),
];

/// Puts our words in the place of other tools': `migration list` is `status`, `revision -m "add users"` is `new "add users"`.
pub(crate) fn rewrite(mut arguments: Vec<OsString>) -> Vec<OsString> {
    // Options may stand before the command; their values don't look like these words.
    for at in 1..arguments.len() {
        let word = arguments[at].to_str().unwrap_or_default();
        if word == "revision" {
            arguments[at] = "new".into();
            arguments.retain(|argument| argument != "-m" && argument != "--message");
            return arguments;
        }
        let next = arguments.get(at + 1).and_then(|next| next.to_str()).unwrap_or_default();
        if let Some((_, _, ours)) = PAIRS.iter().find(|(first, second, _)| *first == word && *second == next) {
            arguments.splice(at..at + 2, ours.iter().map(OsString::from));
            return arguments;
        }
        if word == "migrate" && (next.is_empty() || next.starts_with('-')) {
            arguments[at] = "up".into();
            return arguments;
        }
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(line: &str) -> String {
        let arguments = line.split(' ').map(OsString::from).collect();
        let words: Vec<_> = rewrite(arguments).into_iter().map(|word| word.into_string().unwrap()).collect();
        words.join(" ")
    }

    #[test]
    fn words_of_other_tools_become_ours() {
        assert_eq!(rewritten("rung migration list"), "rung status");
        assert_eq!(rewritten("rung --env dev migration new add_users"), "rung --env dev new add_users");
        assert_eq!(rewritten("rung revision -m add_users"), "rung new add_users");
        assert_eq!(rewritten("rung db reset --yes"), "rung reset --yes");
        assert_eq!(rewritten("rung migrate"), "rung up");
        assert_eq!(rewritten("rung up"), "rung up");
    }
}
