-- Privileges on what came with extensions, where they are others than it came with.
SELECT d.refobjid, o.target, pg_get_userbyid(o.owner), o.acl,
    coalesce(i.initprivs, acldefault(o.letter, o.owner))
FROM pg_depend d
JOIN (
    SELECT 'pg_proc'::regclass AS class, oid, CASE prokind WHEN 'p' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END
        || oid::regprocedure AS target, proowner AS owner, proacl AS acl, 'f'::"char" AS letter
    FROM pg_proc WHERE proacl IS NOT NULL
    UNION ALL SELECT 'pg_class'::regclass, oid, CASE relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || oid::regclass,
        relowner, relacl, CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char"
    FROM pg_class WHERE relacl IS NOT NULL
    UNION ALL SELECT 'pg_type'::regclass, oid, 'TYPE ' || oid::regtype, typowner, typacl, 'T'
    FROM pg_type WHERE typacl IS NOT NULL
    UNION ALL SELECT 'pg_namespace'::regclass, oid, 'SCHEMA ' || oid::regnamespace, nspowner, nspacl, 'n'
    FROM pg_namespace WHERE nspacl IS NOT NULL
    UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, oid, 'FOREIGN DATA WRAPPER ' || quote_ident(fdwname), fdwowner,
        fdwacl, 'F'
    FROM pg_foreign_data_wrapper WHERE fdwacl IS NOT NULL
    UNION ALL SELECT 'pg_language'::regclass, oid, 'LANGUAGE ' || quote_ident(lanname), lanowner, lanacl, 'l'
    FROM pg_language WHERE lanacl IS NOT NULL
) o ON o.class = d.classid AND o.oid = d.objid
LEFT JOIN pg_init_privs i ON i.classoid = d.classid AND i.objoid = d.objid AND i.objsubid = 0
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND d.refobjid >= 16384
    AND o.acl IS DISTINCT FROM coalesce(i.initprivs, acldefault(o.letter, o.owner))
ORDER BY 1, 2
