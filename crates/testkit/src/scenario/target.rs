//! The databases that a scenario runs on, and the guards that choose among them.

use std::fmt;

use crate::install::{Install, pg_dump};

/// A database that a scenario runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Sqlite,
    Postgres(Install),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Sqlite => f.write_str("sqlite"),
            Target::Postgres(install) => write!(f, "pg{}", install.major),
        }
    }
}

/// A condition in brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guard {
    Sqlite,
    Postgres,
    /// PostgreSQL of that major or a newer one.
    From(u32),
    /// PostgreSQL older than that.
    Before(u32),
    /// PostgreSQL that a pg_dump of this machine reads.
    Dumped,
    /// PostgreSQL that no pg_dump of this machine reads.
    Undumped,
}

impl Guard {
    /// Reads what stands between the brackets.
    pub(crate) fn parse(text: &str) -> Option<Guard> {
        match text {
            "sqlite" => Some(Guard::Sqlite),
            "postgres" => Some(Guard::Postgres),
            "pg_dump" => Some(Guard::Dumped),
            "no pg_dump" => Some(Guard::Undumped),
            _ => {
                let from = text.strip_prefix("pg>=").map(|major| major.parse().map(Guard::From));
                from.or_else(|| text.strip_prefix("pg<").map(|major| major.parse().map(Guard::Before)))?.ok()
            }
        }
    }

    pub(crate) fn holds(self, target: &Target) -> bool {
        match (self, target) {
            (Guard::Sqlite, Target::Sqlite) | (Guard::Postgres, Target::Postgres(_)) => true,
            (Guard::From(major), Target::Postgres(install)) => install.major >= major,
            (Guard::Before(major), Target::Postgres(install)) => install.major < major,
            (Guard::Dumped, Target::Postgres(install)) => pg_dump(install.major).is_some(),
            (Guard::Undumped, Target::Postgres(install)) => pg_dump(install.major).is_none(),
            _ => false,
        }
    }
}

impl fmt::Display for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Guard::Sqlite => f.write_str("[sqlite]"),
            Guard::Postgres => f.write_str("[postgres]"),
            Guard::From(major) => write!(f, "[pg>={major}]"),
            Guard::Before(major) => write!(f, "[pg<{major}]"),
            Guard::Dumped => f.write_str("[pg_dump]"),
            Guard::Undumped => f.write_str("[no pg_dump]"),
        }
    }
}

/// Takes the guards off the front of a line.
pub(crate) fn split_guards(line: &str) -> Result<(Vec<Guard>, &str), String> {
    let mut guards = Vec::new();
    let mut rest = line;
    while let Some((inside, after)) = rest.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
        guards.push(Guard::parse(inside).ok_or_else(|| format!("unknown guard [{inside}]"))?);
        rest = after.trim_start();
    }
    Ok((guards, rest))
}

/// Whether all of them hold.
pub(crate) fn all_hold(guards: &[Guard], target: &Target) -> bool {
    guards.iter().all(|guard| guard.holds(target))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::install::Origin;

    #[test]
    fn guards_choose() {
        let pg = |major| Target::Postgres(Install { major, bin: "/".into(), origin: Origin::System });
        let holds = |text: &str, target: &Target| {
            let (guards, rest) = split_guards(text).unwrap();
            assert_eq!(rest, "x");
            all_hold(&guards, target)
        };
        assert!(
            holds("x", &Target::Sqlite)
                && holds("[sqlite] x", &Target::Sqlite)
                && !holds("[postgres] x", &Target::Sqlite)
        );
        assert!(holds("[pg>=14] x", &pg(14)) && !holds("[pg>=14] x", &pg(13)) && !holds("[pg>=14] x", &Target::Sqlite));
        assert!(holds("[pg>=14][pg<16] x", &pg(15)) && !holds("[pg>=14] [pg<16] x", &pg(16)));
        assert!(!holds("[pg_dump] x", &Target::Sqlite) && !holds("[no pg_dump] x", &Target::Sqlite));
        assert_ne!(holds("[pg_dump] x", &pg(18)), holds("[no pg_dump] x", &pg(18)));
        assert_eq!(split_guards("[mysql] x").unwrap_err(), "unknown guard [mysql]");
    }
}
