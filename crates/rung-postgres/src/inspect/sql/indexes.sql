-- Indexes, those of constraints among them.
SELECT c.tableoid, i.indexrelid, i.indrelid, n.nspname, c.relname, i.indisunique, i.indisvalid, i.indisclustered,
    i.indisreplident, c.relkind = 'I', c.reloptions, ts.spcname, i.indkey, i.indnkeyatts, pg_get_indexdef(c.oid)
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_tablespace ts ON ts.oid = c.reltablespace
WHERE $space
