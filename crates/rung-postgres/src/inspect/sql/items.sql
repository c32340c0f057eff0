SELECT CASE WHEN d.refclassid = 'pg_opclass'::regclass THEN d.refobjid END AS class, o.amopfamily AS family, 1 AS rank,
    'OPERATOR ' || o.amopstrategy || ' ' || o.amopopr::regoperator
    || coalesce((SELECT ' FOR ORDER BY ' || quote_ident(sn.nspname) || '.' || quote_ident(s.opfname) FROM pg_opfamily s
        JOIN pg_namespace sn ON sn.oid = s.opfnamespace WHERE s.oid = o.amopsortfamily), '') AS item
FROM pg_amop o JOIN pg_depend d ON d.classid = o.tableoid AND d.objid = o.oid AND d.refclassid IN ('pg_opclass'::regclass, 'pg_opfamily'::regclass)
WHERE o.oid >= 16384 AND d.deptype IN ('a', 'i') AND (d.refclassid = 'pg_opclass'::regclass OR NOT EXISTS (SELECT FROM pg_depend e
    WHERE e.classid = o.tableoid AND e.objid = o.oid AND e.refclassid = 'pg_opclass'::regclass AND e.deptype IN ('a', 'i')))
    -- What an extension adds to a family that is not its own.
    AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_operator'::regclass AND e.objid = o.amopopr AND e.deptype = 'e')
UNION ALL
SELECT CASE WHEN d.refclassid = 'pg_opclass'::regclass THEN d.refobjid END, o.amprocfamily, 2,
    'FUNCTION ' || o.amprocnum || ' (' || format_type(o.amproclefttype, NULL) || ', ' || format_type(o.amprocrighttype, NULL) || ') '
    || o.amproc::regprocedure
FROM pg_amproc o JOIN pg_depend d ON d.classid = o.tableoid AND d.objid = o.oid AND d.refclassid IN ('pg_opclass'::regclass, 'pg_opfamily'::regclass)
WHERE o.oid >= 16384 AND d.deptype IN ('a', 'i') AND (d.refclassid = 'pg_opclass'::regclass OR NOT EXISTS (SELECT FROM pg_depend e
    WHERE e.classid = o.tableoid AND e.objid = o.oid AND e.refclassid = 'pg_opclass'::regclass AND e.deptype IN ('a', 'i')))
    AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_proc'::regclass AND e.objid = o.amproc AND e.deptype = 'e')
