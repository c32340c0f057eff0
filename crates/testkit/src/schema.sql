-- The schema of the database as lines of text, in an order that depends on names alone. What belongs to an extension,
-- to the system or to rung is left out.
WITH
  spaces AS (
    SELECT n.oid, n.nspname FROM pg_namespace n
    WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'rung')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e')
  ),
  relations AS (
    SELECT c.*, s.nspname, format('%I.%I', s.nspname, c.relname) AS path
    FROM pg_class c JOIN spaces s ON s.oid = c.relnamespace
    WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  ),
  -- Everything that is described above all by what PostgreSQL calls it: all objects that anything depends on or that
  -- depend on a schema, and whose definition no other part prints.
  named AS (
    SELECT DISTINCT d.classid, d.objid, o.type, o.identity
    FROM pg_depend d
    JOIN spaces s ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = s.oid
    CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) o
    WHERE d.deptype = 'n'
      AND d.classid NOT IN ('pg_class'::regclass, 'pg_type'::regclass, 'pg_proc'::regclass, 'pg_constraint'::regclass)
      AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e')
  ),
  grants AS (
    SELECT 'table ' || c.oid::regclass AS what, c.relacl AS acl, c.relowner AS owner FROM relations c
    UNION ALL
    SELECT format('column %s.%I', c.oid::regclass, a.attname), a.attacl, c.relowner
    FROM relations c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT 'function ' || p.oid::regprocedure, p.proacl, p.proowner FROM pg_proc p JOIN spaces s ON s.oid = p.pronamespace
    UNION ALL
    SELECT 'schema ' || n.nspname, n.nspacl, n.nspowner
    FROM pg_namespace n JOIN spaces USING (oid) WHERE n.nspname <> 'public'
  ),
  lines (kind, path, line, detail) AS (
    SELECT 1, 'schema ' || quote_ident(nspname), 0, '' FROM spaces WHERE nspname <> 'public'
    UNION ALL
    SELECT 1, 'extension ' || quote_ident(extname), 0, ' ' || extversion FROM pg_extension WHERE extname <> 'plpgsql'

    -- Types.
    UNION ALL
    SELECT 2, format('enum %I.%I', s.nspname, t.typname), 0,
           ': ' || (SELECT string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid)
    FROM pg_type t JOIN spaces s ON s.oid = t.typnamespace WHERE t.typtype = 'e'
    UNION ALL
    SELECT 2, format('domain %I.%I', s.nspname, t.typname), 0,
           ': ' || format_type(t.typbasetype, t.typtypmod) || coalesce(' default ' || t.typdefault, '')
           || CASE WHEN t.typnotnull THEN ' not null' ELSE '' END
    FROM pg_type t JOIN spaces s ON s.oid = t.typnamespace WHERE t.typtype = 'd'
    UNION ALL
    SELECT 2, format('range %I.%I', s.nspname, t.typname), 0, ': ' || format_type(r.rngsubtype, NULL)
    FROM pg_type t JOIN spaces s ON s.oid = t.typnamespace JOIN pg_range r ON r.rngtypid = t.oid

    -- Relations and their columns.
    UNION ALL
    SELECT 3,
           CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'f' THEN 'foreign table' ELSE 'composite type' END
           || ' ' || c.path, 0,
           CASE c.relpersistence WHEN 'u' THEN ' unlogged' ELSE '' END
           || CASE WHEN c.relkind = 'p' THEN ' by ' || pg_get_partkeydef(c.oid) ELSE '' END
           || coalesce((SELECT string_agg(' inherits ' || i.inhparent::regclass, '' ORDER BY i.inhseqno) FROM pg_inherits i WHERE i.inhrelid = c.oid), '')
           || coalesce(' ' || pg_get_expr(c.relpartbound, c.oid), '')
           || coalesce(' with ' || array_to_string(c.reloptions, ', '), '')
    FROM relations c WHERE c.relkind IN ('r', 'p', 'f', 'c')
    UNION ALL
    SELECT 3,
           CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'f' THEN 'foreign table' ELSE 'composite type' END
           || ' ' || c.path, row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum),
           format('  column %I %s', a.attname, format_type(a.atttypid, a.atttypmod))
           || CASE WHEN a.attcollation NOT IN (0, t.typcollation) THEN ' collate ' || a.attcollation::regcollation ELSE '' END
           || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
           || CASE a.attidentity WHEN 'a' THEN ' identity always' WHEN 'd' THEN ' identity by default' ELSE '' END
           || CASE a.attgenerated WHEN 's' THEN ' generated stored' WHEN 'v' THEN ' generated virtual' ELSE '' END
           || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
    FROM relations c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relkind IN ('r', 'p', 'f', 'c')
    UNION ALL
    SELECT 3, 'sequence ' || c.path, 0,
           format(': %s start %s increment %s min %s max %s cache %s%s', format_type(q.seqtypid, NULL), q.seqstart, q.seqincrement,
                  q.seqmin, q.seqmax, q.seqcache, CASE WHEN q.seqcycle THEN ' cycle' ELSE '' END)
    FROM relations c JOIN pg_sequence q ON q.seqrelid = c.oid

    -- What hangs on relations.
    UNION ALL
    SELECT 4, format('constraint %I on %s', k.conname, coalesce(c.path, t.oid::regtype::text)), 0, ': ' || pg_get_constraintdef(k.oid)
    FROM pg_constraint k LEFT JOIN relations c ON c.oid = k.conrelid
    LEFT JOIN pg_type t ON t.oid = k.contypid AND t.typnamespace IN (SELECT oid FROM spaces)
    -- From 18 on, NOT NULL is a constraint as well; the column says it everywhere.
    WHERE (c.oid IS NOT NULL OR t.oid IS NOT NULL) AND k.contype NOT IN ('n', 't')
    UNION ALL
    SELECT 5, 'index ' || c.path, 0, ': ' || pg_get_indexdef(c.oid) || CASE WHEN i.indisvalid THEN '' ELSE ' INVALID' END
    FROM relations c JOIN pg_index i ON i.indexrelid = c.oid
    WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x'))
    UNION ALL
    SELECT 6, CASE c.relkind WHEN 'v' THEN 'view ' ELSE 'materialized view ' END || c.path, 0,
           coalesce(' with ' || array_to_string(c.reloptions, ', '), '') || ':' || pg_get_viewdef(c.oid)
    FROM relations c WHERE c.relkind IN ('v', 'm')
    UNION ALL
    SELECT 7, 'function ' || format('%I.%I(%s)', s.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), 0,
           ': ' || CASE WHEN p.prokind = 'a' THEN 'aggregate' ELSE pg_get_functiondef(p.oid) END
    FROM pg_proc p JOIN spaces s ON s.oid = p.pronamespace
    WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype IN ('e', 'i'))
    UNION ALL
    SELECT 8, format('trigger %I on %s', t.tgname, c.path), 0,
           ': ' || pg_get_triggerdef(t.oid) || CASE t.tgenabled WHEN 'O' THEN '' ELSE ' enabled ' || t.tgenabled::text END
    FROM pg_trigger t JOIN relations c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal
    UNION ALL
    SELECT 8, format('rule %I on %s', r.rulename, c.path), 0, ': ' || pg_get_ruledef(r.oid)
    FROM pg_rewrite r JOIN relations c ON c.oid = r.ev_class WHERE r.rulename <> '_RETURN'
    UNION ALL
    SELECT 8, 'event trigger ' || quote_ident(evtname), 0, format(': on %s %s', evtevent, evtfoid::regproc) FROM pg_event_trigger
    UNION ALL
    SELECT 9, 'row security on ' || c.path, 0, CASE WHEN c.relforcerowsecurity THEN ': forced' ELSE ': on' END
    FROM relations c WHERE c.relrowsecurity
    UNION ALL
    SELECT 9, format('policy %I on %s', p.polname, c.path), 0,
           format(': %s for %s to %s', CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END, p.polcmd,
                  (SELECT string_agg(CASE role WHEN 0 THEN 'public' ELSE role::regrole::text END, ', ' ORDER BY role::regrole::text) FROM unnest(p.polroles) role))
           || coalesce(' using ' || pg_get_expr(p.polqual, p.polrelid), '')
           || coalesce(' check ' || pg_get_expr(p.polwithcheck, p.polrelid), '')
    FROM pg_policy p JOIN relations c ON c.oid = p.polrelid
    UNION ALL
    SELECT 10, 'publication ' || quote_ident(pubname), 0,
           CASE WHEN puballtables THEN ' all tables' ELSE coalesce((SELECT ': ' || string_agg(r.prrelid::regclass::text, ', ' ORDER BY r.prrelid::regclass::text) FROM pg_publication_rel r WHERE r.prpubid = p.oid), '') END
    FROM pg_publication p

    -- Every other kind, by name.
    UNION ALL
    SELECT 11, type || ' ' || identity, 0, '' FROM named
    WHERE classid NOT IN ('pg_rewrite'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass, 'pg_extension'::regclass)

    UNION ALL
    SELECT 12, format('grant on %s', g.what), 0,
           ': ' || (SELECT string_agg(CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END || ' ' || a.privilege_type
                                      || CASE WHEN a.is_grantable THEN ' grantable' ELSE '' END, ', '
                                      ORDER BY a.grantee::regrole::text, a.privilege_type) FROM aclexplode(g.acl) a WHERE a.grantee <> g.owner)
    FROM grants g WHERE EXISTS (SELECT FROM aclexplode(g.acl) a WHERE a.grantee <> g.owner)
    UNION ALL
    SELECT 13, format('comment on %s %s', o.type, replace(o.identity, 'public.', '')), 0, ': ' || d.description
    FROM pg_description d
    CROSS JOIN LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) o
    WHERE d.objoid >= 16384
      AND (o.schema IS NULL OR o.schema IN (SELECT nspname FROM spaces)) AND o.identity IS NOT NULL
      AND split_part(o.identity, '.', 1) <> 'rung' AND o.identity <> 'rung'
      AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = d.classoid AND e.objid = d.objoid AND e.deptype = 'e')
    UNION ALL
    SELECT 14, format('settings of %s', coalesce(rolname, 'everyone')), 0, ': ' || array_to_string(setconfig, ', ')
    FROM pg_db_role_setting LEFT JOIN pg_roles ON pg_roles.oid = setrole
    WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
  )
SELECT CASE WHEN line = 0 THEN path || detail ELSE detail END FROM lines ORDER BY kind, path COLLATE "C", line, detail COLLATE "C"
