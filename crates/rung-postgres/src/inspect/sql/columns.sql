-- Columns. A default, other than what is generated, speaks of no column: its text is found without the table, which is
-- twice as fast.
SELECT a.attrelid, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
    nullif(a.attidentity, ''), nullif(a.attgenerated, ''), CASE WHEN a.attinhcount > 0 THEN a.attislocal END, nullif(a.attinhcount, 0),
    pg_get_expr(d.adbin, CASE WHEN a.attgenerated = '' THEN 0 ELSE d.adrelid END),
    CASE WHEN a.attcollation <> t.typcollation THEN
        (SELECT quote_ident(cn.nspname) || '.' || quote_ident(co.collname) FROM pg_collation co
         JOIN pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = a.attcollation) END,
    CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage END,
    #14{nullif(a.attcompression, '')}{NULL}#,
    CASE WHEN a.attstattarget >= 0 THEN a.attstattarget END, a.attoptions, a.attfdwoptions,
    CASE WHEN a.attacl IS NOT NULL THEN pg_get_userbyid(c.relowner) END, a.attacl, NULL, d.oid
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c') AND a.attnum > 0 AND NOT a.attisdropped AND $space
ORDER BY a.attrelid, a.attnum
