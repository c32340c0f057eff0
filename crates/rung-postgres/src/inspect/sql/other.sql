-- Kinds that are made anew when they change: class, oid, kind, schema, parent, name, arguments, owner, privileges, usual
-- privileges, definition, when it fires.
SELECT o.tableoid, o.oid, 'language', NULL, NULL, o.lanname, NULL, pg_get_userbyid(o.lanowner), o.lanacl,
    acldefault('l', o.lanowner),
    'CREATE ' || CASE WHEN o.lanpltrusted THEN 'TRUSTED ' ELSE '' END || 'LANGUAGE ' || quote_ident(o.lanname)
    || CASE WHEN o.lanplcallfoid <> 0 THEN ' HANDLER ' || o.lanplcallfoid::regproc ELSE '' END
    || CASE WHEN o.laninline <> 0 THEN ' INLINE ' || o.laninline::regproc ELSE '' END
    || CASE WHEN o.lanvalidator <> 0 THEN ' VALIDATOR ' || o.lanvalidator::regproc ELSE '' END, NULL
FROM pg_language o WHERE o.oid >= 16384
UNION ALL
SELECT o.tableoid, o.oid, 'access method', NULL, NULL, o.amname, NULL, NULL, NULL, NULL,
    'CREATE ACCESS METHOD ' || quote_ident(o.amname) || ' TYPE ' || CASE o.amtype WHEN 'i' THEN 'INDEX' ELSE 'TABLE' END
    || ' HANDLER ' || o.amhandler, NULL
FROM pg_am o WHERE o.oid >= 16384
UNION ALL
SELECT o.tableoid, o.oid, 'foreign-data wrapper', NULL, NULL, o.fdwname, NULL, pg_get_userbyid(o.fdwowner), o.fdwacl,
    acldefault('F', o.fdwowner),
    'CREATE FOREIGN DATA WRAPPER ' || quote_ident(o.fdwname)
    || CASE WHEN o.fdwhandler <> 0 THEN ' HANDLER ' || o.fdwhandler::regproc ELSE '' END
    || CASE WHEN o.fdwvalidator <> 0 THEN ' VALIDATOR ' || o.fdwvalidator::regproc ELSE '' END
    || coalesce((SELECT ' OPTIONS (' || string_agg(quote_ident(option_name) || ' ' || quote_literal(option_value), ', ' ORDER BY option_name COLLATE "C") || ')'
        FROM pg_options_to_table(o.fdwoptions) WHERE NOT $secret), ''), NULL
FROM pg_foreign_data_wrapper o
UNION ALL
SELECT o.tableoid, o.oid, 'server', NULL, NULL, o.srvname, NULL, pg_get_userbyid(o.srvowner), o.srvacl,
    acldefault('S', o.srvowner),
    'CREATE SERVER ' || quote_ident(o.srvname) || coalesce(' TYPE ' || quote_literal(o.srvtype), '')
    || coalesce(' VERSION ' || quote_literal(o.srvversion), '') || ' FOREIGN DATA WRAPPER ' || quote_ident(w.fdwname)
    || coalesce((SELECT ' OPTIONS (' || string_agg(quote_ident(option_name) || ' ' || quote_literal(option_value), ', ' ORDER BY option_name COLLATE "C") || ')'
        FROM pg_options_to_table(o.srvoptions) WHERE NOT $secret), ''), NULL
FROM pg_foreign_server o JOIN pg_foreign_data_wrapper w ON w.oid = o.srvfdw
UNION ALL
-- What is secret stays where it is.
SELECT 'pg_user_mapping'::regclass, o.umid, 'user mapping', NULL, o.srvname, o.usename, NULL, NULL, NULL, NULL,
    'CREATE USER MAPPING FOR ' || CASE WHEN o.umuser = 0 THEN 'PUBLIC' ELSE quote_ident(o.usename) END
    || ' SERVER ' || quote_ident(o.srvname)
    || coalesce((SELECT ' OPTIONS (' || string_agg(quote_ident(option_name) || ' ' || quote_literal(option_value), ', ' ORDER BY option_name COLLATE "C") || ')'
        FROM pg_options_to_table(o.umoptions) WHERE NOT $secret), ''), NULL
FROM pg_user_mappings o
UNION ALL
SELECT o.tableoid, o.oid, 'collation', n.nspname, NULL, o.collname, NULL, pg_get_userbyid(o.collowner), NULL, NULL,
    'CREATE COLLATION ' || quote_ident(n.nspname) || '.' || quote_ident(o.collname) || ' (provider = '
    || CASE o.collprovider WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'default' END
    || CASE WHEN NOT o.collisdeterministic THEN ', deterministic = false' ELSE '' END
    || CASE WHEN o.collprovider IN ('i', 'b') THEN coalesce(', locale = '
            || quote_literal(#17{o.colllocale}{#15{o.colliculocale}{o.collcollate::text}#}#), '')
        WHEN o.collcollate = o.collctype THEN ', locale = ' || quote_literal(o.collcollate)
        ELSE coalesce(', lc_collate = ' || quote_literal(o.collcollate) || ', lc_ctype = ' || quote_literal(o.collctype), '') END
    #16{|| coalesce(', rules = ' || quote_literal(o.collicurules), '')}{}# || ')', NULL
FROM pg_collation o JOIN pg_namespace n ON n.oid = o.collnamespace WHERE $space
UNION ALL
SELECT o.tableoid, o.oid, 'conversion', n.nspname, NULL, o.conname, NULL, pg_get_userbyid(o.conowner), NULL, NULL,
    'CREATE ' || CASE WHEN o.condefault THEN 'DEFAULT ' ELSE '' END || 'CONVERSION ' || quote_ident(n.nspname) || '.'
    || quote_ident(o.conname) || ' FOR ' || quote_literal(pg_encoding_to_char(o.conforencoding)) || ' TO '
    || quote_literal(pg_encoding_to_char(o.contoencoding)) || ' FROM ' || o.conproc, NULL
FROM pg_conversion o JOIN pg_namespace n ON n.oid = o.connamespace WHERE $space
UNION ALL
SELECT o.tableoid, o.oid, 'text search parser', n.nspname, NULL, o.prsname, NULL, NULL, NULL, NULL,
    'CREATE TEXT SEARCH PARSER ' || quote_ident(n.nspname) || '.' || quote_ident(o.prsname) || ' (START = ' || o.prsstart
    || ', GETTOKEN = ' || o.prstoken || ', END = ' || o.prsend
    || CASE WHEN o.prsheadline <> 0 THEN ', HEADLINE = ' || o.prsheadline ELSE '' END || ', LEXTYPES = ' || o.prslextype || ')', NULL
FROM pg_ts_parser o JOIN pg_namespace n ON n.oid = o.prsnamespace WHERE $space
UNION ALL
SELECT o.tableoid, o.oid, 'text search template', n.nspname, NULL, o.tmplname, NULL, NULL, NULL, NULL,
    'CREATE TEXT SEARCH TEMPLATE ' || quote_ident(n.nspname) || '.' || quote_ident(o.tmplname) || ' ('
    || CASE WHEN o.tmplinit <> 0 THEN 'INIT = ' || o.tmplinit || ', ' ELSE '' END || 'LEXIZE = ' || o.tmpllexize || ')', NULL
FROM pg_ts_template o JOIN pg_namespace n ON n.oid = o.tmplnamespace WHERE $space
UNION ALL
SELECT o.tableoid, o.oid, 'text search dictionary', n.nspname, NULL, o.dictname, NULL, pg_get_userbyid(o.dictowner), NULL, NULL,
    'CREATE TEXT SEARCH DICTIONARY ' || quote_ident(n.nspname) || '.' || quote_ident(o.dictname) || ' (TEMPLATE = '
    || quote_ident(tn.nspname) || '.' || quote_ident(t.tmplname) || coalesce(', ' || o.dictinitoption, '') || ')', NULL
FROM pg_ts_dict o JOIN pg_namespace n ON n.oid = o.dictnamespace
JOIN pg_ts_template t ON t.oid = o.dicttemplate JOIN pg_namespace tn ON tn.oid = t.tmplnamespace WHERE $space
UNION ALL
SELECT o.tableoid, o.oid, 'text search configuration', n.nspname, NULL, o.cfgname, NULL, pg_get_userbyid(o.cfgowner), NULL, NULL,
    'CREATE TEXT SEARCH CONFIGURATION ' || quote_ident(n.nspname) || '.' || quote_ident(o.cfgname) || ' (PARSER = '
    || quote_ident(pn.nspname) || '.' || quote_ident(p.prsname) || ')'
    || coalesce((SELECT string_agg(E';\nALTER TEXT SEARCH CONFIGURATION ' || quote_ident(n.nspname) || '.' || quote_ident(o.cfgname)
            || ' ADD MAPPING FOR ' || quote_ident(m.alias) || ' WITH ' || m.dictionaries, '' ORDER BY m.tokid)
        FROM (SELECT tt.tokid, tt.alias, string_agg(quote_ident(dn.nspname) || '.' || quote_ident(d.dictname), ', ' ORDER BY m.mapseqno) AS dictionaries
            FROM pg_ts_config_map m JOIN ts_token_type(o.cfgparser) tt ON tt.tokid = m.maptokentype
            JOIN pg_ts_dict d ON d.oid = m.mapdict JOIN pg_namespace dn ON dn.oid = d.dictnamespace
            WHERE m.mapcfg = o.oid GROUP BY tt.tokid, tt.alias) m), ''), NULL
FROM pg_ts_config o JOIN pg_namespace n ON n.oid = o.cfgnamespace
JOIN pg_ts_parser p ON p.oid = o.cfgparser JOIN pg_namespace pn ON pn.oid = p.prsnamespace WHERE $space
UNION ALL
-- One that was only announced, as the commutator or negator of another, comes with that.
SELECT o.tableoid, o.oid, 'operator', n.nspname, NULL, o.oprname,
    CASE WHEN o.oprleft = 0 THEN 'NONE' ELSE format_type(o.oprleft, NULL) END || ', '
    || CASE WHEN o.oprright = 0 THEN 'NONE' ELSE format_type(o.oprright, NULL) END,
    pg_get_userbyid(o.oprowner), NULL, NULL,
    'CREATE OPERATOR ' || quote_ident(n.nspname) || '.' || o.oprname || E' (\n    FUNCTION = ' || o.oprcode
    || CASE WHEN o.oprleft <> 0 THEN E',\n    LEFTARG = ' || format_type(o.oprleft, NULL) ELSE '' END
    || CASE WHEN o.oprright <> 0 THEN E',\n    RIGHTARG = ' || format_type(o.oprright, NULL) ELSE '' END
    || coalesce((SELECT E',\n    COMMUTATOR = OPERATOR(' || quote_ident(cn.nspname) || '.' || c.oprname || ')'
        FROM pg_operator c JOIN pg_namespace cn ON cn.oid = c.oprnamespace WHERE c.oid = o.oprcom), '')
    || coalesce((SELECT E',\n    NEGATOR = OPERATOR(' || quote_ident(cn.nspname) || '.' || c.oprname || ')'
        FROM pg_operator c JOIN pg_namespace cn ON cn.oid = c.oprnamespace WHERE c.oid = o.oprnegate), '')
    || CASE WHEN o.oprcanmerge THEN E',\n    MERGES' ELSE '' END || CASE WHEN o.oprcanhash THEN E',\n    HASHES' ELSE '' END
    || CASE WHEN o.oprrest <> 0 THEN E',\n    RESTRICT = ' || o.oprrest ELSE '' END
    || CASE WHEN o.oprjoin <> 0 THEN E',\n    JOIN = ' || o.oprjoin ELSE '' END || E'\n)', NULL
FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace WHERE o.oprcode <> 0 AND $space
UNION ALL
SELECT o.tableoid, o.oid, 'operator family', n.nspname, a.amname, o.opfname, NULL, pg_get_userbyid(o.opfowner), NULL, NULL,
    'CREATE OPERATOR FAMILY ' || quote_ident(n.nspname) || '.' || quote_ident(o.opfname) || ' USING ' || quote_ident(a.amname), NULL
FROM pg_opfamily o JOIN pg_namespace n ON n.oid = o.opfnamespace JOIN pg_am a ON a.oid = o.opfmethod WHERE $space
UNION ALL
-- What was added to a family by itself comes after the classes.
SELECT 0, f.oid, 'operator family', n.nspname, a.amname, f.opfname, NULL, NULL, NULL, NULL,
    'ALTER OPERATOR FAMILY ' || quote_ident(n.nspname) || '.' || quote_ident(f.opfname) || ' USING ' || quote_ident(a.amname)
    || E' ADD\n    ' || string_agg(x.item, E',\n    ' ORDER BY x.rank, x.item), NULL
FROM pg_opfamily f JOIN pg_namespace n ON n.oid = f.opfnamespace JOIN pg_am a ON a.oid = f.opfmethod
JOIN ($items) x ON x.family = f.oid AND x.class IS NULL
WHERE (f.oid < 16384 OR $space)
    AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = f.tableoid AND e.objid = f.oid AND e.deptype = 'e')
GROUP BY f.oid, n.nspname, a.amname, f.opfname
UNION ALL
SELECT o.tableoid, o.oid, 'operator class', n.nspname, a.amname, o.opcname, NULL, pg_get_userbyid(o.opcowner), NULL, NULL,
    'CREATE OPERATOR CLASS ' || quote_ident(n.nspname) || '.' || quote_ident(o.opcname)
    || CASE WHEN o.opcdefault THEN E'\n    DEFAULT' ELSE E'\n   ' END || ' FOR TYPE ' || format_type(o.opcintype, NULL) || ' USING '
    || quote_ident(a.amname) || ' FAMILY ' || quote_ident(fn.nspname) || '.' || quote_ident(f.opfname) || E' AS\n    '
    || coalesce((SELECT string_agg(y.item, E',\n    ' ORDER BY y.rank, y.item) FROM (
            SELECT x.rank, x.item FROM ($items) x WHERE x.class = o.oid
            UNION ALL SELECT 3, 'STORAGE ' || format_type(o.opckeytype, NULL) WHERE o.opckeytype <> 0) y),
        'STORAGE ' || format_type(o.opcintype, NULL)), NULL
FROM pg_opclass o JOIN pg_namespace n ON n.oid = o.opcnamespace JOIN pg_am a ON a.oid = o.opcmethod
JOIN pg_opfamily f ON f.oid = o.opcfamily JOIN pg_namespace fn ON fn.oid = f.opfnamespace WHERE $space
UNION ALL
SELECT o.tableoid, o.oid, 'cast', NULL, NULL, '(' || format_type(o.castsource, NULL) || ' AS ' || format_type(o.casttarget, NULL) || ')',
    NULL, NULL, NULL, NULL,
    'CREATE CAST (' || format_type(o.castsource, NULL) || ' AS ' || format_type(o.casttarget, NULL) || ') '
    || CASE o.castmethod WHEN 'b' THEN 'WITHOUT FUNCTION' WHEN 'i' THEN 'WITH INOUT' ELSE 'WITH FUNCTION ' || o.castfunc::regprocedure END
    || CASE o.castcontext WHEN 'a' THEN ' AS ASSIGNMENT' WHEN 'i' THEN ' AS IMPLICIT' ELSE '' END, NULL
FROM pg_cast o WHERE o.oid >= 16384
    -- That of a range to its multirange comes with it.
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = o.tableoid AND d.objid = o.oid AND d.deptype = 'i')
UNION ALL
SELECT o.tableoid, o.oid, 'transform', NULL, NULL, 'FOR ' || format_type(o.trftype, NULL) || ' LANGUAGE ' || quote_ident(l.lanname),
    NULL, NULL, NULL, NULL,
    'CREATE TRANSFORM FOR ' || format_type(o.trftype, NULL) || ' LANGUAGE ' || quote_ident(l.lanname) || ' ('
    || concat_ws(', ', CASE WHEN o.trffromsql <> 0 THEN 'FROM SQL WITH FUNCTION ' || o.trffromsql::regprocedure END,
        CASE WHEN o.trftosql <> 0 THEN 'TO SQL WITH FUNCTION ' || o.trftosql::regprocedure END) || ')', NULL
FROM pg_transform o JOIN pg_language l ON l.oid = o.trflang
UNION ALL
SELECT o.tableoid, o.oid, 'statistics', n.nspname, NULL, o.stxname, NULL, pg_get_userbyid(o.stxowner), NULL, NULL,
    pg_get_statisticsobjdef(o.oid) || CASE WHEN o.stxstattarget >= 0 THEN E';\nALTER STATISTICS ' || quote_ident(n.nspname) || '.'
        || quote_ident(o.stxname) || ' SET STATISTICS ' || o.stxstattarget ELSE '' END, NULL
FROM pg_statistic_ext o JOIN pg_namespace n ON n.oid = o.stxnamespace WHERE $space
UNION ALL
SELECT o.tableoid, o.oid, 'event trigger', NULL, NULL, o.evtname, NULL, pg_get_userbyid(o.evtowner), NULL, NULL,
    'CREATE EVENT TRIGGER ' || quote_ident(o.evtname) || ' ON ' || o.evtevent
    || coalesce(E'\n    WHEN TAG IN (' || (SELECT string_agg(quote_literal(tag), ', ' ORDER BY at) FROM unnest(o.evttags) WITH ORDINALITY t (tag, at)) || ')', '')
    || E'\n    EXECUTE FUNCTION ' || o.evtfoid::regproc || '()', o.evtenabled::text
FROM pg_event_trigger o
UNION ALL
SELECT o.tableoid, o.oid, 'default privileges', n.nspname, pg_get_userbyid(o.defaclrole),
    CASE o.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES'
        WHEN 'n' THEN 'SCHEMAS' WHEN 'L' THEN 'LARGE OBJECTS' END, NULL, NULL, o.defaclacl,
    CASE WHEN o.defaclnamespace = 0 THEN acldefault(CASE o.defaclobjtype WHEN 'S' THEN 's' ELSE o.defaclobjtype END::"char", o.defaclrole)
        ELSE '{}' END,
    'ALTER DEFAULT PRIVILEGES FOR ROLE ' || quote_ident(pg_get_userbyid(o.defaclrole)) || coalesce(' IN SCHEMA ' || quote_ident(n.nspname), ''), NULL
FROM pg_default_acl o LEFT JOIN pg_namespace n ON n.oid = o.defaclnamespace
UNION ALL
SELECT o.tableoid, o.oid, 'publication', NULL, NULL, o.pubname, NULL, pg_get_userbyid(o.pubowner), NULL, NULL,
    'CREATE PUBLICATION ' || quote_ident(o.pubname)
    || CASE WHEN o.puballtables THEN ' FOR ALL TABLES' ELSE coalesce(E'\n    FOR ' || (
        SELECT string_agg(x.list, ', ' ORDER BY x.rank) FROM (
            SELECT 1 AS rank, 'TABLE ' || string_agg(CASE c.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || quote_ident(cn.nspname) || '.' || quote_ident(c.relname)
                #15{|| coalesce(' (' || (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
                    WHERE a.attrelid = c.oid AND a.attnum = ANY (r.prattrs::int2[])) || ')', '')
                || coalesce(' WHERE (' || pg_get_expr(r.prqual, r.prrelid) || ')', '')}{}#, ', ' ORDER BY cn.nspname, c.relname) AS list
            FROM pg_publication_rel r JOIN pg_class c ON c.oid = r.prrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace
            WHERE r.prpubid = o.oid
            #15{UNION ALL SELECT 2, 'TABLES IN SCHEMA ' || string_agg(quote_ident(pn.nspname), ', ' ORDER BY pn.nspname)
            FROM pg_publication_namespace r JOIN pg_namespace pn ON pn.oid = r.pnnspid WHERE r.pnpubid = o.oid}{}#
        ) x), '') END
    || E'\n    WITH (publish = ' || quote_literal(concat_ws(', ', CASE WHEN o.pubinsert THEN 'insert' END, CASE WHEN o.pubupdate THEN 'update' END,
        CASE WHEN o.pubdelete THEN 'delete' END, CASE WHEN o.pubtruncate THEN 'truncate' END))
    || CASE WHEN o.pubviaroot THEN ', publish_via_partition_root = true' ELSE '' END
    #18{|| CASE WHEN o.pubgencols = 's' THEN ', publish_generated_columns = stored' ELSE '' END}{}# || ')', NULL
FROM pg_publication o
