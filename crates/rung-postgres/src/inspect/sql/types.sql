-- Enums, domains, ranges and base types. Composite types are relations.
SELECT t.tableoid, t.oid, n.nspname, t.typname, t.typtype, pg_get_userbyid(t.typowner), t.typacl,
    CASE WHEN t.typacl IS NOT NULL THEN acldefault('T', t.typowner) END, t.typisdefined,
    CASE t.typtype WHEN 'e' THEN ARRAY(SELECT enumlabel FROM pg_enum WHERE enumtypid = t.oid ORDER BY enumsortorder) END,
    CASE t.typtype WHEN 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
    CASE WHEN t.typtype = 'd' AND t.typcollation <> b.typcollation THEN
        (SELECT quote_ident(cn.nspname) || '.' || quote_ident(co.collname) FROM pg_collation co
         JOIN pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = t.typcollation) END,
    CASE t.typtype WHEN 'd' THEN coalesce(pg_get_expr(t.typdefaultbin, 0), quote_literal(t.typdefault)) END,
    t.typnotnull,
    CASE t.typtype WHEN 'r' THEN
        E'(\n    SUBTYPE = ' || format_type(r.rngsubtype, NULL)
        #14{|| E',\n    MULTIRANGE_TYPE_NAME = ' || (SELECT quote_ident(mn.nspname) || '.' || quote_ident(m.typname)
            FROM pg_type m JOIN pg_namespace mn ON mn.oid = m.typnamespace WHERE m.oid = r.rngmultitypid)}{}#
        || coalesce((SELECT E',\n    SUBTYPE_OPCLASS = ' || quote_ident(opn.nspname) || '.' || quote_ident(o.opcname)
            FROM pg_opclass o JOIN pg_namespace opn ON opn.oid = o.opcnamespace
            WHERE o.oid = r.rngsubopc AND NOT o.opcdefault), '')
        || coalesce((SELECT E',\n    COLLATION = ' || quote_ident(cn.nspname) || '.' || quote_ident(co.collname)
            FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace
            WHERE co.oid = r.rngcollation AND co.oid <> rs.typcollation), '')
        || CASE WHEN r.rngcanonical <> 0 THEN E',\n    CANONICAL = ' || r.rngcanonical ELSE '' END
        || CASE WHEN r.rngsubdiff <> 0 THEN E',\n    SUBTYPE_DIFF = ' || r.rngsubdiff ELSE '' END || E'\n)'
    WHEN 'b' THEN
        E'(\n    INPUT = ' || t.typinput || E',\n    OUTPUT = ' || t.typoutput
        || CASE WHEN t.typreceive <> 0 THEN E',\n    RECEIVE = ' || t.typreceive ELSE '' END
        || CASE WHEN t.typsend <> 0 THEN E',\n    SEND = ' || t.typsend ELSE '' END
        || CASE WHEN t.typmodin <> 0 THEN E',\n    TYPMOD_IN = ' || t.typmodin ELSE '' END
        || CASE WHEN t.typmodout <> 0 THEN E',\n    TYPMOD_OUT = ' || t.typmodout ELSE '' END
        || CASE WHEN t.typanalyze <> 0 THEN E',\n    ANALYZE = ' || t.typanalyze ELSE '' END
        #14{|| CASE WHEN t.typsubscript <> 0 THEN E',\n    SUBSCRIPT = ' || t.typsubscript ELSE '' END}{}#
        || E',\n    INTERNALLENGTH = ' || CASE WHEN t.typlen < 0 THEN 'VARIABLE' ELSE t.typlen::text END
        || CASE WHEN t.typbyval THEN E',\n    PASSEDBYVALUE' ELSE '' END
        || E',\n    ALIGNMENT = ' || CASE t.typalign WHEN 'c' THEN 'char' WHEN 's' THEN 'int2' WHEN 'i' THEN 'int4' ELSE 'double' END
        || E',\n    STORAGE = ' || CASE t.typstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'x' THEN 'extended' ELSE 'main' END
        || CASE WHEN t.typcategory <> 'U' THEN E',\n    CATEGORY = ' || quote_literal(t.typcategory::text) ELSE '' END
        || CASE WHEN t.typispreferred THEN E',\n    PREFERRED = true' ELSE '' END
        || CASE WHEN t.typdefault IS NOT NULL THEN E',\n    DEFAULT = ' || quote_literal(t.typdefault) ELSE '' END
        || CASE WHEN t.typelem <> 0 THEN E',\n    ELEMENT = ' || format_type(t.typelem, NULL) ELSE '' END
        || CASE WHEN t.typdelim <> ',' THEN E',\n    DELIMITER = ' || quote_literal(t.typdelim::text) ELSE '' END
        || CASE WHEN t.typcollation <> 0 THEN E',\n    COLLATABLE = true' ELSE '' END || E'\n)'
    END
FROM pg_type t
JOIN pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_type b ON b.oid = t.typbasetype
LEFT JOIN pg_range r ON r.rngtypid = t.oid
LEFT JOIN pg_type rs ON rs.oid = r.rngsubtype
WHERE $space AND (t.typtype IN ('e', 'd', 'r') OR t.typtype = 'p' AND NOT t.typisdefined
    OR t.typtype = 'b' AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid))
