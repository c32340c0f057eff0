//! What rows must be: each query counts those that are not, and only those.

use rung_engine::{Need, needs};
use rung_postgres::POSTGRES;
use testkit::{TestDb, for_each_major};

use crate::proof::inspect;

/// Of a query that fails at the first row that does not suit.
const FAILS: usize = usize::MAX;

/// How a table of one column begins and ends, rows that do not suit, and rows that do.
type Kind = (&'static str, &'static str, &'static str, &'static str, usize);
const KINDS: &[Kind] = &[
    ("a integer", "a integer NOT NULL", "(NULL), (1), (NULL)", "(1), (2)", 2),
    ("a integer", "a integer, b integer NOT NULL", "(1)", "", 1),
    ("a integer", "a integer UNIQUE", "(1), (1), (2), (NULL), (NULL)", "(1), (2), (NULL), (NULL)", 1),
    ("a integer", "a integer PRIMARY KEY", "(1), (1)", "(1), (2)", 1),
    ("a integer", "a integer CHECK (a > 0)", "(0), (1), (NULL)", "(1), (NULL)", 1),
    ("a integer", "a integer REFERENCES other", "(1), (5), (NULL)", "(1), (NULL)", 1),
    ("a text", "a varchar(3)", "('abcd'), ('abc'), ('abc   '), (NULL)", "('abc'), ('abc   '), (NULL)", 1),
    ("a varchar(9)", "a varchar(3)", "('abcd')", "('abc')", 1),
    ("a varchar(3)", "a varchar(9)", "", "('abc')", 0),
    ("a text", "a integer", "('x'), ('1.5'), (' 7 '), ('9999999999'), (''), (NULL)", "(' -7 '), ('+1'), (NULL)", 4),
    ("a bigint", "a integer", "(2147483648), (2147483647)", "(-2147483648), (NULL)", 1),
    ("a integer", "a smallint", "(32768), (7)", "(-32768)", 1),
    ("a numeric", "a integer", "(2147483647.5), ('NaN'), (1.5)", "(2147483647.4), (NULL)", 2),
    ("a double precision", "a smallint", "(40000)", "(1.25)", 1),
    ("a numeric", "a numeric(4, 2)", "(100), (99.995), (99.994)", "(99.99), (NULL)", 2),
    ("a text", "a numeric(4, 2)", "('x'), ('100'), ('1e1')", "('1e1'), ('.5'), ('-7.'), (NULL)", 2),
    ("a text", "a boolean", "('x'), ('t')", "('T'), (' yes '), ('off'), (NULL)", 1),
    (
        "a text",
        "a uuid",
        "('x'), ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1')",
        "('{A0EEBC99-9c0b4ef8-bb6d-6bb9bd380a11}'), (NULL)",
        2,
    ),
    ("a text", "a mood", "('sad'), ('so')", "('glad'), (NULL)", 1),
    ("a old_mood", "a mood", "('sad'), ('glad')", "('glad'), (NULL)", 1),
    ("a text", "a date", "('2024-02-30'), ('x')", "('2024-02-29'), (NULL)", FAILS),
    ("a jsonb", "a integer", "('{}')", "('7'), (NULL)", FAILS),
    ("a integer", "a uuid", "(1)", "(NULL)", FAILS),
    ("a jsonb", "a date", "('{}')", "('\"2024-01-01\"'), (NULL)", FAILS),
    ("a text[]", "a jsonb", "", "('{x,y}'), (NULL)", 0),
    ("a text", "a short", "('abcd'), (NULL), ('abc')", "('abc')", 2),
    ("a text", "a few", "('4'), ('3')", "('3'), (NULL)", 1),
    ("a sized", "a sized", "('abc'), ('ab')", "('ab'), (NULL)", 1),
    ("a integer", "a integer, b short", "(1)", "", 1),
    // What a column will be, not what it is.
    ("a text", "a integer CHECK (a > 1)", "('1')", "('2'), (NULL)", 1),
    ("a integer", "a integer, b integer DEFAULT 5, CHECK (a > b)", "(5), (6)", "(6), (NULL)", 1),
    ("a integer", "a integer, b integer DEFAULT 5 UNIQUE", "(1), (2)", "(1)", 1),
    ("a integer", "a integer, b integer DEFAULT 5 REFERENCES other", "(1)", "", 1),
    ("a integer", "a integer REFERENCES fresh", "(1), (NULL)", "(NULL)", 1),
    ("a integer", "a integer, b integer GENERATED ALWAYS AS (a * 2) STORED NOT NULL", "(1), (NULL)", "(1)", 1),
    (
        "a integer, b integer NOT NULL",
        "a integer, b integer NOT NULL GENERATED ALWAYS AS (a * 2) STORED",
        "(1, 1), (NULL, 1)",
        "(1, 1)",
        1,
    ),
    (
        "a integer, b int4range",
        "a integer, b int4range, EXCLUDE USING gist (b WITH &&)",
        "(1, '[1,3)'), (2, '[2,4)')",
        "(1, '[1,2)'), (2, '[2,4)'), (3, NULL)",
        1,
    ),
    // The type is made anew, with its attributes the other way round.
    ("a spot[]", "a spot[]", "('{\"(1,2)\"}'), ('{}')", "('{}'), (NULL)", 1),
];

#[test]
fn each_query_counts_the_rows_that_do_not_suit() {
    for_each_major(|server| {
        let (one, two) = (TestDb::on(server), TestDb::on(server));
        let schema = |column: fn(&Kind) -> &'static str| -> String {
            let spot = if column(&KINDS[0]) == KINDS[0].0 { "x integer, y integer" } else { "y integer, x integer" };
            let (sized, fresh) = match column(&KINDS[0]) == KINDS[0].0 {
                true => ("", ""),
                false => (" CHECK (length(VALUE) < 3)", " CREATE TABLE fresh (id integer PRIMARY KEY);"),
            };
            let around = format!(
                "CREATE TYPE mood AS ENUM ('so', 'glad'); CREATE TYPE old_mood AS ENUM ('sad', 'glad'); \
                 CREATE TYPE spot AS ({spot}); CREATE TABLE other (id integer PRIMARY KEY); \
                 CREATE DOMAIN short AS text NOT NULL CHECK (length(VALUE) < 4); \
                 CREATE DOMAIN few AS integer CHECK (VALUE < 4); \
                 CREATE DOMAIN sized AS text{sized};{fresh}"
            );
            let tables = KINDS.iter().enumerate().map(|(at, kind)| format!("CREATE TABLE t{at} ({});", column(kind)));
            around + &tables.collect::<String>()
        };
        one.query(&format!("{} INSERT INTO other VALUES (1)", schema(|kind| kind.0)));
        two.query(&schema(|kind| kind.1));
        let found = needs(&inspect(&one), &inspect(&two), &[], &POSTGRES);
        for (at, (before, after, bad, good, wrong)) in KINDS.iter().enumerate() {
            let is_its = |count: &str| {
                count
                    .split(&format!("public.t{at}"))
                    .skip(1)
                    .any(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
            };
            let own: Vec<&Need> = found.iter().filter(|need| is_its(&need.count)).collect();
            let counted = |rows: &str| -> usize {
                let fill = if rows.is_empty() { String::new() } else { format!("INSERT INTO t{at} VALUES {rows};") };
                one.query(&format!("TRUNCATE t{at}; {fill}"));
                let count = |need: &&Need| match one.try_query(&need.count) {
                    Ok(count) => count.trim().parse::<usize>().expect("a number"),
                    Err(_) => FAILS,
                };
                own.iter().map(count).max().unwrap_or_default()
            };
            assert_eq!((counted(bad), counted(good)), (*wrong, 0), "{before} to {after}: {own:?}");
            // The server takes what is not counted.
            if own.iter().any(|need| need.what.contains(" takes")) && !after.contains([',', '(']) && *wrong != FAILS {
                let to = after.split_once(' ').expect("a type").1;
                let cast = if before.ends_with("mood") { "a::text::" } else { "a::" };
                let value = if to.starts_with("varchar") { "a".to_owned() } else { format!("{cast}{to}") };
                one.query(&format!("ALTER TABLE t{at} ALTER COLUMN a TYPE {to} USING {value}"));
            }
        }
    });
}

#[test]
fn rows_must_have_a_part_that_takes_them() {
    for_each_major(|server| {
        let (one, two) = (TestDb::on(server), TestDb::on(server));
        let parted = |name: &str, by: &str, parts: &[(&str, &str)]| {
            let part = |(part, bound): &(&str, &str)| format!("CREATE TABLE {part} PARTITION OF {name} {bound};");
            format!(
                "CREATE TABLE {name} (a integer, b text) PARTITION BY {by};{}",
                parts.iter().map(part).collect::<String>()
            )
        };
        let range = |parts: &[(&str, &str)]| parted("p", "RANGE (a)", parts);
        one.query("CREATE TABLE plain (a integer, b text); INSERT INTO plain VALUES (1, 'x'), (2, 'y'), (NULL, NULL)");
        one.query(&range(&[
            ("p1", "FOR VALUES FROM (0) TO (100)"),
            ("p2", "FOR VALUES FROM (100) TO (200)"),
            ("rest", "DEFAULT"),
        ]));
        one.query("INSERT INTO p VALUES (49), (50), (99), (150), (300), (301), (NULL)");
        two.query(&parted(
            "plain",
            "LIST (b)",
            &[("pl1", "FOR VALUES IN ('x', 'z')"), ("pl2", "FOR VALUES IN (NULL)")],
        ));
        two.query(&range(&[
            ("p1", "FOR VALUES FROM (MINVALUE) TO (50)"),
            ("p2", "FOR VALUES FROM (100) TO (200)"),
            ("p3", "FOR VALUES FROM (300) TO (MAXVALUE)"),
            ("rest", "DEFAULT"),
        ]));
        let found = needs(&inspect(&one), &inspect(&two), &[], &POSTGRES);
        let counted: Vec<(&str, String)> =
            found.iter().map(|need| (need.what.as_str(), one.query(&need.count).trim().to_owned())).collect();
        let expected = [
            ("every row of public.p1 to be of FOR VALUES FROM (MINVALUE) TO (50)", "2"),
            ("every row of public.plain to be of one of its partitions", "1"),
            ("no row of public.rest that is of public.p1", "0"),
            ("no row of public.rest that is of public.p3", "2"),
        ];
        assert_eq!(counted, expected.map(|(what, count)| (what, count.to_owned())));
        assert!(found.iter().all(|need| ["p", "plain"].contains(&need.table.name.as_str())), "{found:?}");
    });
}

#[test]
fn no_two_rows_are_alike_in_what_a_unique_index_is_on() {
    for_each_major(|server| {
        let (one, two) = (TestDb::on(server), TestDb::on(server));
        let table = "CREATE TABLE t (a text, b integer);";
        one.query(&format!("{table} INSERT INTO t VALUES ('x', 1), ('X', 1), ('y', NULL), ('Y', NULL), ('z', 3)"));
        for (index, wrong) in [
            ("ON t (lower(a))", 2),
            ("ON t (lower(a) COLLATE \"C\" DESC NULLS LAST, b)", 1),
            ("ON t ((b + 1))", 1),
            ("ON t ((true))", 1),
            ("ON t ((b * 0)) WHERE b > 1", 0),
        ] {
            two.query(&format!("DROP TABLE IF EXISTS t; {table} CREATE UNIQUE INDEX i {index}"));
            let found = needs(&inspect(&one), &inspect(&two), &[], &POSTGRES);
            let [need] = found.as_slice() else { panic!("{index}: {found:?}") };
            assert_eq!(one.query(&need.count).trim(), wrong.to_string(), "{index}: {need:?}");
        }
    });
}
