-- Everything that anything is recorded of, of a kind that no other query reads.
SELECT DISTINCT pg_describe_object(o.classid, o.objid, 0), false
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
SELECT 'option ' || option_name || ' of ' || o.what, true
FROM (
    SELECT 'foreign-data wrapper ' || fdwname AS what, fdwoptions AS options FROM pg_foreign_data_wrapper
    UNION ALL SELECT 'server ' || srvname, srvoptions FROM pg_foreign_server
    UNION ALL SELECT 'user mapping for ' || usename || ' on server ' || srvname, umoptions FROM pg_user_mappings
) o, pg_options_to_table(o.options) WHERE $secret
