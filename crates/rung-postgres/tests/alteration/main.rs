//! From one schema to another: an alteration is run, and then nothing tells one database from the other, neither rung nor
//! pg_dump.
//!
//! `pairs/*.sql` are tables of pairs: `-- @pair name` begins one, `-- @new` its second schema, `-- @rows` is run in between,
//! `-- @rows-back` on the way back, `-- @renamed`, `-- @refused` and `-- @needs 15` say what there is to say. Both directions are tried, online and plain.

mod counting;
mod needs;
mod proof;
mod random;
mod random_more;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use proof::{Outcome, prove, shown};
use rung_catalog::{Key, Kind, Rename};
use rung_engine::{Alteration, Cut, Locking};
use testkit::{Server, for_each_major};

/// One pair.
#[derive(Default)]
struct Pair {
    name: String,
    old: String,
    new: String,
    rows: String,
    rows_back: String,
    renames: Vec<Rename>,
    /// What the refusal says, forth or back.
    refused: Vec<(bool, String)>,
    /// What is in the statements, online and forth.
    says: Vec<String>,
    needs: u32,
}

fn pairs(text: &str) -> Vec<Pair> {
    let mut pairs: Vec<Pair> = Vec::new();
    let mut place = "";
    for line in text.lines() {
        if let Some(directive) = line.strip_prefix("-- @") {
            let (word, rest) = directive.split_once(' ').unwrap_or((directive, ""));
            if word == "pair" {
                pairs.push(Pair { name: rest.to_owned(), ..Pair::default() });
                place = "old";
                continue;
            }
            let pair = pairs.last_mut().expect("a pair begins with its name");
            match word {
                "new" => place = "new",
                "rows" => place = "rows",
                "rows-back" => place = "rows-back",
                "refused" => pair.refused.push((true, rest.to_owned())),
                "refused-back" => pair.refused.push((false, rest.to_owned())),
                "says" => pair.says.push(rest.to_owned()),
                "needs" => pair.needs = rest.parse().expect("a major"),
                "renamed" => pair.renames.push(rename(rest)),
                _ => panic!("@{word} is nothing that a pair could have"),
            }
            continue;
        }
        let Some(pair) = pairs.last_mut() else { continue };
        let text = match place {
            "new" => &mut pair.new,
            "rows" => &mut pair.rows,
            "rows-back" => &mut pair.rows_back,
            _ => &mut pair.old,
        };
        text.push_str(line);
        text.push('\n');
    }
    pairs
}

/// `table app.a app.b`, `column app.t a b`, `label app.mood a b`, `schema a b`.
fn rename(text: &str) -> Rename {
    let words: Vec<&str> = text.split_whitespace().collect();
    let key = |kind, name: &str| match name.split_once('.') {
        Some((schema, name)) => Arc::new(Key::new(kind, Some(schema), name)),
        None => Arc::new(Key::new(kind, None, name)),
    };
    match words[..] {
        ["column", table, from, to] => {
            Rename::Column { table: key(Kind::Table, table), from: from.to_owned(), to: to.to_owned() }
        }
        ["label", table, from, to] => {
            Rename::Column { table: key(Kind::Type, table), from: from.to_owned(), to: to.to_owned() }
        }
        [kind, from, to] => {
            let kind = Kind::parse(kind).expect("a kind");
            Rename::Object { from: key(kind, from), to: key(kind, to) }
        }
        _ => panic!("{text} is no rename"),
    }
}

fn check(text: &str) {
    let pairs = pairs(text);
    assert!(!pairs.is_empty(), "there are no pairs");
    for_each_major(|server| {
        // Forth online, back plain.
        let jobs: Vec<(&Pair, bool)> = pairs
            .iter()
            .filter(|pair| pair.needs <= server.major())
            .flat_map(|pair| [(pair, true), (pair, false)])
            .filter(|(pair, forth)| *forth || pair.renames.is_empty())
            .collect();
        let next = AtomicUsize::new(0);
        let wrong = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while let Some((pair, forth)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let found = one(server, pair, *forth);
                        wrong.lock().expect("no test panics with it").extend(found);
                    }
                });
            }
        });
        let wrong = wrong.into_inner().expect("no test panics with it");
        assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    });
}

/// What is wrong with a pair in one direction.
fn one(server: &'static Server, pair: &Pair, forth: bool) -> Option<String> {
    let (from, to, rows) = match forth {
        true => (&pair.old, &pair.new, pair.rows.as_str()),
        false => (&pair.new, &pair.old, pair.rows_back.as_str()),
    };
    let locking = if forth { Locking::Online } else { Locking::Plain };
    let outcome = prove(server, from, to, rows, locking, &pair.renames);
    let refused = pair.refused.iter().find(|(way, _)| *way == forth);
    let name = format!("{} {}", pair.name, if forth { "forth" } else { "back" });
    match (outcome, refused) {
        (Outcome::Proved(alteration), None) => {
            let text = shown(&alteration);
            let missing: Vec<&String> = pair.says.iter().filter(|said| !text.contains(said.as_str())).collect();
            (forth && !missing.is_empty()).then(|| format!("{name}: {missing:?} is not in\n{text}"))
        }
        (Outcome::Refused(all), Some((_, why))) if all.iter().any(|it| it.to_string().contains(why)) => None,
        (Outcome::Failed(alteration, why), _) => Some(format!("{name}:\n{}\n{why}", shown(&alteration))),
        (Outcome::Unloadable(error), _) => Some(format!("{name}: its schema can't be made: {error}")),
        (outcome, _) => Some(format!("{name}: {outcome:#?}")),
    }
}

#[test]
fn tables_and_columns() {
    check(include_str!("pairs/tables.sql"));
}

#[test]
fn types_and_what_hangs_on_them() {
    check(include_str!("pairs/types.sql"));
}

#[test]
fn indexes_and_constraints() {
    check(include_str!("pairs/indexes.sql"));
}

#[test]
fn partitions_and_heirs() {
    check(include_str!("pairs/partitions.sql"));
}

#[test]
fn every_other_kind() {
    check(include_str!("pairs/others.sql"));
}

#[test]
fn renames() {
    check(include_str!("pairs/renames.sql"));
}

#[test]
fn random_schemas_lead_to_each_other() {
    let cases = std::env::var("RUNG_ALTERATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(2);
    let first = std::env::var("RUNG_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    for_each_major(|server| {
        for seed in first..first + cases {
            let (one, two) = (random::schema(seed * 2, server.major()), random::schema(seed * 2 + 1, server.major()));
            for (from, to) in [(&one, &two), (&two, &one)] {
                let locking = if seed % 3 == 0 { Locking::Plain } else { Locking::Online };
                match prove(server, from, to, "", locking, &[]) {
                    Outcome::Proved(_) => {}
                    Outcome::Failed(alteration, why) => {
                        panic!("RUNG_SEED={seed}: {why}\n{}\n-- from\n{from}\n-- to\n{to}", shown(&alteration))
                    }
                    other => panic!("RUNG_SEED={seed}: {other:#?}\n-- from\n{from}\n-- to\n{to}"),
                }
            }
        }
    });
}

/// Which transaction a statement with these words is in: those before it, itself and those that it shares one with.
fn cuts(alteration: &Alteration, words: &str) -> Cut {
    alteration.steps.iter().find(|step| step.sql.contains(words)).unwrap_or_else(|| panic!("no {words}")).cut
}

#[test]
fn what_may_not_share_a_transaction_has_its_own() {
    let server = testkit::postgres();
    let old = "CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE u (id integer PRIMARY KEY); CREATE TABLE t (a integer, m mood);";
    let new = "CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE TABLE u (id integer PRIMARY KEY); \
        CREATE TABLE t (a integer, m mood DEFAULT 'glad', CONSTRAINT c CHECK (a > 0), \
        CONSTRAINT f FOREIGN KEY (a) REFERENCES u); CREATE INDEX i ON t (a); \
        CREATE TABLE n (a integer CHECK (a > 0)); CREATE INDEX j ON n (a);";
    let Outcome::Proved(online) = prove(server, old, new, "", Locking::Online, &[]) else { panic!("it is not proved") };
    assert!(online.steps[0].sql.contains("ADD VALUE") && online.steps[1].cut == Cut::New, "{}", shown(&online));
    assert_eq!(cuts(&online, "CONCURRENTLY i"), Cut::Outside);
    assert_eq!(cuts(&online, "VALIDATE CONSTRAINT c"), Cut::New);
    assert_eq!(cuts(&online, "VALIDATE CONSTRAINT f"), Cut::New);
    assert!(!shown(&online).contains("CONCURRENTLY j"), "nobody uses what is new");
    let Outcome::Proved(plain) = prove(server, old, new, "", Locking::Plain, &[]) else { panic!("it is not proved") };
    let apart = plain.steps.iter().filter(|step| step.cut != Cut::Joined).count();
    assert_eq!(apart, 1, "only the new word must be committed: {}", shown(&plain));
}

#[test]
fn what_is_lost_is_said() {
    let server = testkit::postgres();
    let old = "CREATE TABLE t (a integer, b integer, c numeric, d timestamp, e integer, twice integer GENERATED ALWAYS AS (a * 2) STORED); CREATE TABLE u (); \
        CREATE VIEW v AS SELECT a FROM t; CREATE SEQUENCE s;";
    let new = "CREATE TABLE t (a integer, c integer, d date, e bigint);";
    let Outcome::Proved(alteration) = prove(server, old, new, "", Locking::Online, &[]) else {
        panic!("it is not proved")
    };
    let mut lost: Vec<&str> = alteration.steps.iter().filter_map(|step| step.loses.as_deref()).collect();
    lost.sort_unstable();
    assert_eq!(
        lost,
        [
            "how far public.s has counted",
            "the decimals of public.t.c; the times of public.t.d",
            "the rows of public.u",
            "the values of public.t.b"
        ]
    );
}

#[test]
fn what_narrower_types_cut_off_is_said_and_nothing_else() {
    let server = testkit::postgres();
    let old = "CREATE TABLE t (a numeric(12,4), b timestamptz, c double precision, d integer, e text, g timestamp, h json, \
        i numeric, k bigint, l text, m interval); CREATE TYPE o AS (x numeric(9,3)); CREATE TABLE q OF o; \
        CREATE TABLE p (a numeric(9,3)) PARTITION BY LIST (a);";
    let new = "CREATE TABLE t (a numeric(10,2), b timestamptz(0), c real, d boolean, e \"char\", g date, h jsonb, \
        i integer, k real, l name, m interval day to second(2)); CREATE TYPE o AS (x numeric(9,1)); CREATE TABLE q OF o; \
        CREATE TABLE p (a numeric(9,1)) PARTITION BY LIST (a);";
    let lost = |from: &str, to: &str| {
        let Outcome::Proved(alteration) = prove(server, from, to, "", Locking::Online, &[]) else {
            panic!("it is not proved")
        };
        let mut lost: Vec<String> = alteration
            .steps
            .iter()
            .flat_map(|step| step.loses.iter().flat_map(|it| it.split("; ")))
            .map(str::to_owned)
            .collect();
        lost.sort_unstable();
        lost
    };
    let expected = [
        "all of public.t.e but the first letter",
        "digits of public.t.c beyond the first 6",
        "digits of public.t.k beyond the first 6",
        "fractions of a second of public.t.b",
        "fractions of a second of public.t.m beyond 2 digits",
        "how public.t.h was written, and keys that are there twice",
        "letters of public.t.l beyond 63 bytes",
        "the decimals of public.o.x beyond the first",
        "the decimals of public.p.a beyond the first",
        "the decimals of public.t.a beyond the first 2",
        "the decimals of public.t.i",
        "the numbers of public.t.d, but for 0",
        "the times of public.t.g",
    ];
    assert_eq!(lost(old, new), expected);
    // A real has decimals, whatever it was before.
    assert_eq!(lost(new, old), ["the decimals of public.t.k"]);
}
