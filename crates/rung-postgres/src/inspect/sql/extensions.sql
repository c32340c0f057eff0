-- Extensions, and what came with them.
SELECT e.tableoid, e.oid, e.extname, e.extversion, n.nspname, e.extrelocatable,
    ARRAY(SELECT pg_describe_object(d.classid, d.objid, 0) FROM pg_depend d
        WHERE d.refclassid = e.tableoid AND d.refobjid = e.oid AND d.deptype = 'e')
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.oid >= 16384
