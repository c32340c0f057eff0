//! Proves alterations of pairs of schemas: `prove DIR..`, where each directory has `a.sql` and `b.sql`. Both directions are
//! tried, online, on the chosen server (`RUNG_TEST_PG`); with `-v`, statements are shown.

#![expect(clippy::print_stdout, reason = "that is what it is for")]

#[path = "../tests/alteration/proof.rs"]
mod proof;

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use proof::{Outcome, prove, shown};
use rung_engine::Locking;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let verbose = arguments.iter().any(|it| it == "-v");
    let plain = arguments.iter().any(|it| it == "--plain");
    let locking = if plain { Locking::Plain } else { Locking::Online };
    let pairs: Vec<PathBuf> = arguments.iter().filter(|it| !it.starts_with('-')).map(PathBuf::from).collect();
    let jobs: Mutex<Vec<(&Path, bool)>> =
        Mutex::new(pairs.iter().rev().flat_map(|pair| [(pair.as_path(), false), (pair.as_path(), true)]).collect());
    let counts = Mutex::new([0_usize; 4]);
    let server = testkit::postgres();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((pair, is_back)) = next(&jobs) {
                    let read = |name: &str| std::fs::read_to_string(pair.join(name)).unwrap_or_default();
                    let (from, to) =
                        if is_back { (read("b.sql"), read("a.sql")) } else { (read("a.sql"), read("b.sql")) };
                    let outcome = std::panic::catch_unwind(|| prove(server, &from, &to, "", locking, &[]));
                    let name = format!("{} {}", pair.display(), if is_back { "back" } else { "forth" });
                    let (at, text) = match outcome {
                        Ok(Outcome::Proved(alteration)) if verbose => {
                            (0, format!("proved {name}\n{}", shown(&alteration)))
                        }
                        Ok(Outcome::Proved(_)) => (0, format!("proved {name}")),
                        Ok(Outcome::Refused(all)) => {
                            let why: Vec<String> = all.iter().map(|it| format!("  {it}; {}", it.instead)).collect();
                            (1, format!("refused {name}\n{}", why.join("\n")))
                        }
                        Ok(Outcome::Unloadable(error)) => (2, format!("unloadable {name}: {error}")),
                        Ok(Outcome::Failed(alteration, wrong)) => {
                            (3, format!("FAILED {name}\n{}\n{wrong}", shown(&alteration)))
                        }
                        Err(_) => (3, format!("FAILED {name}: panicked")),
                    };
                    println!("{text}");
                    if let Ok(mut counts) = counts.lock() {
                        counts[at] += 1;
                    }
                }
            });
        }
    });
    let [proved, refused, unloadable, failed] = *counts.lock().unwrap_or_else(|error| error.into_inner());
    println!("{proved} proved, {refused} refused, {unloadable} unloadable, {failed} failed");
}

fn next<'a>(jobs: &Mutex<Vec<(&'a Path, bool)>>) -> Option<(&'a Path, bool)> {
    jobs.lock().ok()?.pop()
}
