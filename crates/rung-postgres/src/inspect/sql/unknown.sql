-- Everything that anything is recorded of, of a kind that no other query reads; and what the others pass over.
SELECT DISTINCT pg_describe_object(o.classid, o.objid, 0), 'kind'
FROM (
    SELECT classid, objid FROM pg_depend WHERE deptype <> 'e'
    UNION SELECT refclassid, refobjid FROM pg_depend
    UNION SELECT classid, objid FROM pg_shdepend WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
) o
WHERE o.objid >= 16384 AND o.classid NOT IN ('pg_namespace'::regclass, 'pg_class'::regclass, 'pg_attrdef'::regclass,
    'pg_constraint'::regclass, 'pg_type'::regclass, 'pg_proc'::regclass, 'pg_trigger'::regclass, 'pg_rewrite'::regclass,
    'pg_policy'::regclass, 'pg_extension'::regclass, 'pg_language'::regclass, 'pg_am'::regclass,
    'pg_foreign_data_wrapper'::regclass, 'pg_foreign_server'::regclass, 'pg_user_mapping'::regclass,
    'pg_collation'::regclass, 'pg_conversion'::regclass, 'pg_ts_parser'::regclass, 'pg_ts_template'::regclass,
    'pg_ts_dict'::regclass, 'pg_ts_config'::regclass, 'pg_operator'::regclass, 'pg_opfamily'::regclass,
    'pg_opclass'::regclass, 'pg_amop'::regclass, 'pg_amproc'::regclass, 'pg_cast'::regclass, 'pg_transform'::regclass,
    'pg_statistic_ext'::regclass, 'pg_event_trigger'::regclass, 'pg_default_acl'::regclass, 'pg_publication'::regclass,
    'pg_publication_rel'::regclass, 'pg_subscription'::regclass
    #15{, 'pg_publication_namespace'::regclass}{}#
    -- Rows of data, as dumps of a schema see it.
    , 'pg_largeobject'::regclass)
    AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = o.classid AND e.objid = o.objid AND e.deptype = 'e')
UNION ALL
SELECT 'option ' || option_name || ' of ' || o.what, 'secret'
FROM (
    SELECT 'foreign-data wrapper ' || fdwname AS what, fdwoptions AS options FROM pg_foreign_data_wrapper
    UNION ALL SELECT 'server ' || srvname, srvoptions FROM pg_foreign_server
    UNION ALL SELECT 'foreign table ' || ftrelid::regclass, ftoptions FROM pg_foreign_table
    UNION ALL SELECT 'user mapping for ' || usename || ' on server ' || srvname, umoptions FROM pg_user_mappings
) o, pg_options_to_table(o.options) WHERE $secret
UNION ALL
-- A partition's trigger, and those behind a foreign key, that are switched otherwise than what they are parts of.
SELECT 'state of ' || pg_describe_object(t.tableoid, t.oid, 0), 'part'
FROM pg_trigger t LEFT JOIN pg_trigger p ON p.oid = t.tgparentid
WHERE (t.tgisinternal OR t.tgparentid <> 0) AND t.tgenabled <> coalesce(p.tgenabled, 'O')
UNION ALL
-- What is said of a trigger behind a constraint, or a foreign key that a partition has from the whole.
SELECT 'comment on ' || pg_describe_object(d.classoid, d.objoid, 0), 'comment'
FROM pg_description d
WHERE (d.classoid = 'pg_trigger'::regclass AND d.objoid IN (SELECT oid FROM pg_trigger WHERE tgisinternal AND tgconstraint <> 0
        AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.oid = tgconstraint AND k.contype = 't')))
    OR (d.classoid = 'pg_constraint'::regclass AND d.objoid IN (SELECT oid FROM pg_constraint WHERE contype = 'f' AND conparentid <> 0))
UNION ALL
SELECT pg_describe_object(o.class, o.oid, 0), 'system'
FROM (
    SELECT 'pg_class'::regclass AS class, oid FROM pg_class
    WHERE relnamespace IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) AND relkind IN ('r', 'p', 'f', 'v', 'm', 'S', 'c')
    UNION ALL SELECT 'pg_proc'::regclass, oid FROM pg_proc WHERE pronamespace IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
    UNION ALL SELECT 'pg_operator'::regclass, oid FROM pg_operator WHERE oprnamespace IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
    UNION ALL SELECT 'pg_type'::regclass, oid FROM pg_type WHERE typnamespace IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) AND typtype IN ('e', 'd', 'r')
) o
WHERE o.oid >= 16384 AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = o.class AND e.objid = o.oid AND e.deptype = 'e')
UNION ALL
SELECT 'privileges on ' || pg_describe_object(o.class, o.oid, o.sub), 'system'
FROM (
    SELECT 'pg_class'::regclass AS class, oid, 0 AS sub, relacl AS acl,
        acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner) AS usual
    FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relacl IS NOT NULL
    UNION ALL SELECT 'pg_class'::regclass, c.oid, a.attnum, a.attacl, '{}' FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE a.attrelid < 16384 AND c.relnamespace = 'pg_catalog'::regnamespace AND a.attacl IS NOT NULL
    UNION ALL SELECT 'pg_proc'::regclass, oid, 0, proacl, acldefault('f', proowner) FROM pg_proc
    WHERE pronamespace = 'pg_catalog'::regnamespace AND proacl IS NOT NULL
    UNION ALL SELECT 'pg_type'::regclass, oid, 0, typacl, acldefault('T', typowner) FROM pg_type
    WHERE typnamespace = 'pg_catalog'::regnamespace AND typacl IS NOT NULL
    UNION ALL SELECT 'pg_language'::regclass, oid, 0, lanacl, acldefault('l', lanowner) FROM pg_language
    WHERE oid < 16384 AND lanacl IS NOT NULL
    UNION ALL SELECT 'pg_namespace'::regclass, oid, 0, nspacl, acldefault('n', nspowner) FROM pg_namespace
    WHERE nspname = 'pg_catalog' AND nspacl IS NOT NULL
) o
LEFT JOIN pg_init_privs i ON i.classoid = o.class AND i.objoid = o.oid AND i.objsubid = o.sub
WHERE o.oid < 16384 AND NOT (o.acl @> coalesce(i.initprivs, o.usual) AND o.acl <@ coalesce(i.initprivs, o.usual))
