//! Proves alterations of pairs of schemas: `prove DIR..`, where each directory has `a.sql` and `b.sql`, and `prove 1..500`,
//! the random ones of these seeds. Both directions are tried, online, on the chosen server (`RUNG_TEST_PG`); with `-v`,
//! statements are shown.

#![expect(clippy::print_stdout, reason = "that is what it is for")]

#[path = "../tests/alteration/proof.rs"]
mod proof;
#[path = "../tests/alteration/random.rs"]
mod random;
#[path = "../tests/alteration/random_more.rs"]
mod random_more;

use std::path::Path;
use std::sync::{Arc, Mutex};

use proof::{Outcome, prove, shown};
use rung_engine::Locking;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let verbose = arguments.iter().any(|it| it == "-v");
    let plain = arguments.iter().any(|it| it == "--plain");
    let locking = if plain { Locking::Plain } else { Locking::Online };
    let server = testkit::postgres();
    let pairs = arguments.iter().filter(|it| !it.starts_with('-')).flat_map(|it| pairs(it, server.major()));
    let jobs: Mutex<Vec<Pair>> = Mutex::new(pairs.flat_map(both_ways).collect());
    let counts = Mutex::new([0_usize; 4]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(Pair { name, from, to }) = next(&jobs) {
                    let outcome = std::panic::catch_unwind(|| prove(server, &from(), &to(), "", locking, &[]));
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

/// A pair in one direction; its texts are made when its turn comes.
struct Pair {
    name: String,
    from: Text,
    to: Text,
}

type Text = Arc<dyn Fn() -> String + Send + Sync + std::panic::RefUnwindSafe>;

/// What an argument stands for: a directory, or seeds.
fn pairs(argument: &str, major: u32) -> Vec<(String, Text, Text)> {
    let seeds =
        argument.split_once("..").and_then(|(first, end)| Some((first.parse().ok()?, end.parse::<u64>().ok()?)));
    let Some((first, end)) = seeds else {
        let read = |name: &str| -> Text {
            let path = Path::new(argument).join(name);
            Arc::new(move || std::fs::read_to_string(&path).unwrap_or_default())
        };
        return vec![(argument.to_owned(), read("a.sql"), read("b.sql"))];
    };
    let made = |seed| -> Text { Arc::new(move || random::schema(seed, major)) };
    (first..end).map(|seed| (format!("seed {seed}"), made(seed * 2), made(seed * 2 + 1))).collect()
}

fn both_ways((name, one, two): (String, Text, Text)) -> [Pair; 2] {
    [
        Pair { name: format!("{name} forth"), from: one.clone(), to: two.clone() },
        Pair { name: format!("{name} back"), from: two, to: one },
    ]
}

fn next(jobs: &Mutex<Vec<Pair>>) -> Option<Pair> {
    jobs.lock().ok()?.pop()
}
