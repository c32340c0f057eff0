//! Extended statistics, of which the server says what they are on in the order of the table's columns.

use crate::types::parts;

/// A `CREATE STATISTICS` with what it is on in an order that does not tell when a column was added.
pub(crate) fn in_order(sql: &str) -> String {
    let found = sql.split_once(" ON ").and_then(|(head, rest)| {
        let (on, table) = rest.split_once(" FROM ")?;
        Some((head, on, table))
    });
    let Some((head, on, table)) = found.filter(|_| sql.starts_with("CREATE STATISTICS ")) else {
        return sql.to_owned();
    };
    let mut on = parts(on);
    // Expressions come after the columns, in the order in which they were written.
    let columns = on.iter().take_while(|part| !part.ends_with(')')).count();
    on[..columns].sort_unstable();
    format!("{head} ON {} FROM {table}", on.join(", "))
}

#[cfg(test)]
mod tests {
    use super::in_order;

    #[test]
    fn the_order_of_columns_tells_nothing() {
        for (said, sorted) in [
            ("CREATE STATISTICS s.x ON b, a FROM s.t", "CREATE STATISTICS s.x ON a, b FROM s.t"),
            (
                "CREATE STATISTICS s.x (mcv) ON b, a, lower((c || ','::text)) FROM t;\nALTER STATISTICS s.x SET STATISTICS 5",
                "CREATE STATISTICS s.x (mcv) ON a, b, lower((c || ','::text)) FROM t;\nALTER STATISTICS s.x SET STATISTICS 5",
            ),
            (
                "CREATE STATISTICS s.x ON b, \"A\", lower(c), (a + 1) FROM s.t",
                "CREATE STATISTICS s.x ON \"A\", b, lower(c), (a + 1) FROM s.t",
            ),
            ("CREATE VIEW v AS SELECT 1 ON b, a FROM t", "CREATE VIEW v AS SELECT 1 ON b, a FROM t"),
        ] {
            assert_eq!(in_order(said), sorted);
        }
    }
}
