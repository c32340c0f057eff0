-- Tables, views, sequences and composite types.
SELECT c.tableoid, c.oid, n.nspname, c.relname, c.relkind, pg_get_userbyid(c.relowner), c.relacl,
    CASE WHEN c.relacl IS NOT NULL THEN acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner) END,
    -- Before 15 no sequence is unlogged, not even that of an unlogged table's column.
    #15{c.relpersistence}{CASE WHEN c.relkind = 'S' THEN coalesce((SELECT t.relpersistence FROM pg_depend d JOIN pg_class t ON t.oid = d.refobjid
        WHERE d.classid = c.tableoid AND d.objid = c.oid AND d.deptype = 'i' AND d.refclassid = c.tableoid), 'p') ELSE c.relpersistence END}#,
    c.reloptions, tc.reloptions, ts.spcname,
    CASE WHEN am.amname <> 'heap' THEN am.amname END,
    c.relreplident, c.relrowsecurity, c.relforcerowsecurity,
    CASE c.relkind WHEN 'p' THEN pg_get_partkeydef(c.oid) END,
    CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END,
    CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END,
    c.reltype,
    CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
    fs.srvname,
    -- What is secret stays where it is.
    CASE WHEN ft.ftoptions IS NOT NULL THEN ARRAY(
        SELECT option_name || '=' || option_value FROM pg_options_to_table(ft.ftoptions) WHERE NOT $secret) END,
    format_type(q.seqtypid, NULL), q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcache, q.seqcycle
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_class tc ON tc.oid = c.reltoastrelid
LEFT JOIN pg_tablespace ts ON ts.oid = c.reltablespace
LEFT JOIN pg_am am ON am.oid = c.relam
LEFT JOIN pg_foreign_table ft ON ft.ftrelid = c.oid
LEFT JOIN pg_foreign_server fs ON fs.oid = ft.ftserver
LEFT JOIN pg_sequence q ON q.seqrelid = c.oid
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S', 'c') AND $space
