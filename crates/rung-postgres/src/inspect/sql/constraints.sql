-- Constraints of tables and domains.
SELECT k.tableoid, k.oid, k.conname, k.conrelid, k.contypid, k.contype, k.condeferrable, k.condeferred, k.convalidated,
    #18{k.conenforced}{true}#, k.conislocal, k.coninhcount, k.connoinherit, k.conparentid, k.conindid,
    k.conkey, k.confrelid, k.confkey, k.confupdtype, k.confdeltype, k.confmatchtype,
    #15{k.confdelsetcols}{NULL}#, #18{k.conperiod}{false}#,
    CASE k.contype WHEN 'c' THEN pg_get_expr(k.conbin, k.conrelid) WHEN 'x' THEN pg_get_constraintdef(k.oid) END
FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
WHERE k.contype IN ('c', 'f', 'p', 'u', 'x', 'n') AND $space
