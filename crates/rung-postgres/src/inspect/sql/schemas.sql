-- Schemas. What is usual for public is what initdb gives it, whoever made it anew since.
SELECT n.tableoid, n.oid, n.nspname, pg_get_userbyid(n.nspowner), n.nspacl,
    CASE n.nspname
        WHEN 'public' THEN acldefault('n', n.nspowner) || ('=#15{U}{UC}#/' || quote_ident(pg_get_userbyid(n.nspowner)))::aclitem
        ELSE coalesce(p.initprivs, acldefault('n', n.nspowner)) END,
    n.nspname = 'public' AND pg_get_userbyid(n.nspowner) = #15{'pg_database_owner'}{pg_get_userbyid(10)}#,
    pg_get_userbyid(d.datdba)
FROM pg_namespace n
JOIN pg_database d ON d.datname = current_database()
LEFT JOIN pg_init_privs p ON p.classoid = n.tableoid AND p.objoid = n.oid AND p.objsubid = 0 AND p.privtype = 'i'
WHERE $space
