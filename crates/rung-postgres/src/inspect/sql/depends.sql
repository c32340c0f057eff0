-- What needs what, between objects that are not the system's. Left out is what the rest tells: schemas, the columns of
-- plain indexes and of keys, what only exists within a table. And so is a function's need of a transform that it does
-- not name: the server notes one for a type that it takes only if the transform was made first.
SELECT d.classid, d.objid, d.objsubid, d.refclassid, d.refobjid, d.refobjsubid, d.deptype
FROM pg_depend d
LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
LEFT JOIN pg_index i ON i.indexrelid = c.oid
LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
WHERE d.objid >= 16384 AND d.refobjid >= 16384 AND d.refclassid <> 'pg_namespace'::regclass
    AND NOT (d.refclassid = 'pg_class'::regclass AND i.indexrelid IS NOT NULL AND i.indexprs IS NULL AND i.indpred IS NULL)
    AND (d.refclassid <> 'pg_class'::regclass OR k.contype IS NULL OR k.contype NOT IN ('f', 'p', 'u', 'n'))
    AND coalesce(c.relkind <> 't', true)
    AND NOT (d.classid = 'pg_type'::regclass AND d.deptype = 'i')
    AND NOT (d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_transform'::regclass
        AND NOT EXISTS (SELECT FROM pg_proc p WHERE p.oid = d.objid AND p.protrftypes IS NOT NULL))
