-- What needs what, between objects that are not the system's. Left out is what the rest tells: schemas, the column that a
-- default is of, the columns of plain indexes and of keys, triggers and indexes behind constraints, TOAST tables, types of
-- rows and of arrays. And so is a function's need of a transform that it does not name: the server notes one for a type
-- that it takes only if the transform was made first.
SELECT d.classid, d.objid, d.objsubid, d.refclassid, d.refobjid, d.refobjsubid, d.deptype
FROM pg_depend d
WHERE d.objid >= 16384 AND d.refobjid >= 16384 AND d.refclassid <> 'pg_namespace'::regclass
    AND NOT (d.deptype = 'i' AND CASE d.classid
        WHEN 'pg_trigger'::regclass THEN d.refclassid = 'pg_constraint'::regclass
        WHEN 'pg_class'::regclass THEN d.refclassid = 'pg_constraint'::regclass OR d.refobjsubid = 0
        ELSE d.classid = 'pg_type'::regclass END)
    AND NOT (d.refclassid = 'pg_class'::regclass AND CASE d.classid
        WHEN 'pg_attrdef'::regclass THEN (d.objid, d.refobjid, d.refobjsubid) IN (SELECT oid, adrelid, adnum FROM pg_attrdef)
        WHEN 'pg_class'::regclass THEN d.objid IN (SELECT indexrelid FROM pg_index WHERE indexprs IS NULL AND indpred IS NULL)
        WHEN 'pg_constraint'::regclass THEN d.objid IN (SELECT oid FROM pg_constraint WHERE contype IN ('f', 'p', 'u', 'n'))
        ELSE false END)
    AND NOT (d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_transform'::regclass
        AND NOT EXISTS (SELECT FROM pg_proc p WHERE p.oid = d.objid AND p.protrftypes IS NOT NULL))
UNION ALL
-- A composite type comes with an extension as a type, and is read as a relation.
SELECT 'pg_class'::regclass, t.typrelid, 0, d.refclassid, d.refobjid, 0, d.deptype
FROM pg_depend d JOIN pg_type t ON d.classid = t.tableoid AND d.objid = t.oid
WHERE d.deptype = 'e' AND t.typtype = 'c'
