//! Programs against each other: in turns, so that a busy machine is busy for all of them, and by medians, so that one
//! slow run is none.

use std::fmt;
use std::time::Duration;

use testkit::Result;

use super::measure::Sample;

/// A program in a comparison: what makes everything ready, runs it once and checks what it did.
pub(crate) struct Contender<'a> {
    name: &'static str,
    run: Box<dyn FnMut() -> Result<Sample> + 'a>,
}

impl<'a> Contender<'a> {
    pub(crate) fn new(name: &'static str, run: impl FnMut() -> Result<Sample> + 'a) -> Self {
        Contender { name, run: Box::new(run) }
    }
}

/// What a contender must keep to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Limit {
    /// The time of one, as a multiple of the other's.
    Ratio {
        of: &'static str,
        to: &'static str,
        at_most: f64,
    },
    Wall {
        of: &'static str,
        at_most: Duration,
    },
    /// Processor time.
    Cpu {
        of: &'static str,
        at_most: Duration,
    },
    Memory {
        of: &'static str,
        megabytes: u64,
    },
    Bursts {
        of: &'static str,
        at_most: u64,
    },
}

/// The samples of all contenders, by round.
pub(crate) struct Comparison {
    names: Vec<&'static str>,
    rounds: Vec<Vec<Sample>>,
}

/// Runs everyone once in each round, each round beginning with another one.
///
/// # Errors
/// The first failure of a run: a comparison with one that does not work is none.
pub(crate) fn compare(mut contenders: Vec<Contender<'_>>, rounds: usize) -> Result<Comparison> {
    let names = contenders.iter().map(|contender| contender.name).collect();
    let count = contenders.len();
    let mut all = Vec::new();
    for round in 0..rounds {
        let mut samples = vec![Sample::default(); count];
        for turn in 0..count {
            let index = (turn + round) % count;
            samples[index] = (contenders[index].run)()?;
        }
        all.push(samples);
    }
    Ok(Comparison { names, rounds: all })
}

impl Comparison {
    fn index(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|other| *other == name)
    }

    fn median(&self, name: &str, value: impl Fn(&Sample) -> f64) -> Option<f64> {
        let index = self.index(name)?;
        Some(median(self.rounds.iter().map(|round| value(&round[index]))))
    }

    /// The median over the rounds of how much longer one took than the other in that very round.
    fn ratio(&self, of: &str, to: &str) -> Option<f64> {
        let (of, to) = (self.index(of)?, self.index(to)?);
        Some(median(self.rounds.iter().map(|round| round[of].wall.as_secs_f64() / round[to].wall.as_secs_f64())))
    }

    fn bursts(&self, name: &str) -> Option<u64> {
        let index = self.index(name)?;
        self.rounds.iter().map(|round| round[index].bursts).max()?
    }

    /// The name of a limit with what was measured, and whether it is kept; nothing where nobody of that name ran.
    pub(crate) fn judge(&self, limit: Limit) -> Option<(String, bool)> {
        let seconds = |time: Duration| time.as_secs_f64();
        Some(match limit {
            Limit::Ratio { of, to, at_most } => {
                let ratio = self.ratio(of, to)?;
                (format!("{of} takes {ratio:.2} of {to} (at most {at_most})"), ratio <= at_most)
            }
            Limit::Wall { of, at_most } => {
                let wall = self.median(of, |sample| seconds(sample.wall))?;
                (
                    format!("{of} takes {:.0} ms (at most {} ms)", wall * 1e3, at_most.as_millis()),
                    wall <= seconds(at_most),
                )
            }
            Limit::Cpu { of, at_most } => {
                let cpu = self.median(of, |sample| seconds(sample.cpu))?;
                let text = format!("{of} computes {:.0} ms (at most {} ms)", cpu * 1e3, at_most.as_millis());
                (text, cpu <= seconds(at_most))
            }
            Limit::Memory { of, megabytes } => {
                let memory = self.median(of, |sample| sample.memory as f64)? / 1e6;
                (format!("{of} takes {memory:.1} MB (at most {megabytes} MB)"), memory <= megabytes as f64)
            }
            Limit::Bursts { of, at_most } => {
                let bursts = self.bursts(of)?;
                (format!("{of} sends {bursts} bursts (at most {at_most})"), bursts <= at_most)
            }
        })
    }
}

impl fmt::Display for Comparison {
    /// A table of medians; ratios are to the last contender.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reference = self.names.last().copied().unwrap_or_default();
        writeln!(f, "  {:<16}{:>11}{:>9}{:>11}{:>11}{:>9}", "", "wall ms", "ratio", "cpu ms", "peak MB", "bursts")?;
        for name in &self.names {
            let wall = self.median(name, |sample| sample.wall.as_secs_f64() * 1e3).unwrap_or_default();
            let cpu = self.median(name, |sample| sample.cpu.as_secs_f64() * 1e3).unwrap_or_default();
            let memory = self.median(name, |sample| sample.memory as f64 / 1e6).unwrap_or_default();
            let ratio = self.ratio(name, reference).unwrap_or_default();
            let bursts = self.bursts(name).map_or_else(String::new, |bursts| bursts.to_string());
            writeln!(f, "  {name:<16}{wall:>11.1}{ratio:>9.2}{cpu:>11.1}{memory:>11.1}{bursts:>9}")?;
        }
        Ok(())
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[odd / 2],
        even => f64::midpoint(values[even / 2 - 1], values[even / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contender(name: &'static str, millis: &'static [u64]) -> Contender<'static> {
        let mut walls = millis.iter();
        Contender::new(name, move || {
            let wall = Duration::from_millis(*walls.next().expect("a wall for each round"));
            Ok(Sample { wall, cpu: wall / 2, memory: 5_000_000, bursts: Some(wall.as_millis() as u64) })
        })
    }

    #[test]
    fn ratios_are_by_round_and_medians_forget_one_slow_run() {
        let comparison = compare(vec![contender("a", &[10, 90, 12]), contender("b", &[20, 180, 16])], 3).unwrap();
        assert_eq!(comparison.ratio("a", "b"), Some(0.5));
        let judge = |limit| comparison.judge(limit).unwrap();
        let ratio = |at_most| Limit::Ratio { of: "a", to: "b", at_most };
        assert_eq!(judge(ratio(0.5)), ("a takes 0.50 of b (at most 0.5)".to_owned(), true));
        assert!(!judge(ratio(0.49)).1);
        assert_eq!(
            judge(Limit::Wall { of: "a", at_most: Duration::from_millis(11) }).0,
            "a takes 12 ms (at most 11 ms)"
        );
        assert!(judge(Limit::Cpu { of: "a", at_most: Duration::from_millis(6) }).1);
        assert!(!judge(Limit::Memory { of: "a", megabytes: 4 }).1);
        assert!(!judge(Limit::Bursts { of: "a", at_most: 89 }).1);
        assert!(comparison.judge(Limit::Memory { of: "c", megabytes: 4 }).is_none());
        assert!(comparison.to_string().contains("  a                      12.0     0.50"), "{comparison}");
    }

    #[test]
    fn everyone_gets_to_be_first() {
        let order = std::cell::RefCell::new(String::new());
        let noting = |name: &'static str| {
            let order = &order;
            Contender::new(name, move || {
                order.borrow_mut().push_str(name);
                Ok(Sample::default())
            })
        };
        compare(vec![noting("a"), noting("b"), noting("c")], 3).unwrap();
        assert_eq!(*order.borrow(), "abcbcacab");
    }
}
