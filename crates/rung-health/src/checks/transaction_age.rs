//! `transaction-age`.

use super::prelude::*;

pub(super) static CHECK: Check = Check {
    name: "transaction-age",
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "A table whose oldest transaction is so old that its numbers may run out: 1 000 000 000 of the 2 100 000 000 that there are, where rung.toml says nothing else.",
    why: "Before they do, the server refuses every write (PostgreSQL, Preventing Transaction ID Wraparound Failures).",
    instead: "VACUUM the table; look for what keeps autovacuum away: an open transaction, a replication slot, a prepared transaction.",
    find: Find::Live(
        &[(
            "postgres",
            "SELECT n.nspname, c.relname, pg_catalog.age(c.relfrozenxid) FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relkind IN ('r', 'm', 't') AND pg_catalog.age(c.relfrozenxid) < 2147483647 \
             ORDER BY pg_catalog.age(c.relfrozenxid) DESC LIMIT 10",
        )],
        find,
    ),
    cases: &[Case::silent("CREATE TABLE t (a int);")],
};

fn find(cx: &mut Examination<'_>, rows: &[Row]) {
    for row in rows.iter().filter(|row| number(row, 2).is_some_and(|age: u64| age >= cx.options.transaction_age)) {
        let key = Arc::new(Key::new(Kind::Table, Some(text(row, 0)), text(row, 1)));
        let sql = cx.name(&key);
        cx.report(Some(&key), format!("{} has a transaction that is {} old", key.path(), text(row, 2)))
            .mend(format!("VACUUM (FREEZE, VERBOSE) {sql};"));
    }
}
