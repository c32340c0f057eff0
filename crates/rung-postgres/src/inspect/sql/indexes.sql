-- Indexes, those of constraints among them. Their text takes the server long: it is asked for only where the rest does not
-- tell it, of indexes with expressions or conditions, with an operator class that is not that of the very type, with a
-- collation that is not the column's, or with options of operator classes.
SELECT c.tableoid, i.indexrelid, i.indrelid, n.nspname, c.relname, i.indisunique, i.indisvalid, i.indisclustered,
    i.indisreplident, c.relkind = 'I', c.reloptions, ts.spcname, i.indkey, i.indnkeyatts, am.amname, i.indoption,
    #15{i.indnullsnotdistinct}{false}#,
    CASE WHEN i.indexprs IS NOT NULL OR i.indpred IS NOT NULL OR i.indexrelid IN (
        SELECT x.indexrelid FROM pg_index x
        CROSS JOIN LATERAL unnest(x.indkey::int2[], x.indclass::oid[], x.indcollation::oid[]) AS k (attnum, opclass, coll)
        JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.attnum AND a.attnum > 0
        JOIN pg_opclass o ON o.oid = k.opclass
        WHERE x.indexrelid >= 16384 AND (NOT o.opcdefault OR o.opcintype <> a.atttypid OR k.coll <> a.attcollation)
        UNION ALL SELECT attrelid FROM pg_attribute WHERE attoptions IS NOT NULL
    ) THEN pg_get_indexdef(c.oid) END
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_am am ON am.oid = c.relam
LEFT JOIN pg_tablespace ts ON ts.oid = c.reltablespace
WHERE $space
