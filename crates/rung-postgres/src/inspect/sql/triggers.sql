-- Triggers, and rules that are no view's query. Of those that a partition has from the whole, the ones with a comment, and what
-- they are from.
SELECT t.tableoid, t.oid, 'trigger', t.tgrelid, t.tgname, t.tgenabled, pg_get_triggerdef(t.oid), t.tgconstraint, t.tgconstrrelid,
    0, NULL
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND $space
UNION ALL
SELECT t.tableoid, t.oid, 'trigger', t.tgrelid, t.tgname, 'O', pg_get_triggerdef(t.oid), 0, 0, whole.tgrelid, whole.tgname
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace,
    LATERAL (
        WITH RECURSIVE above AS (
            SELECT t.tgparentid AS id
            UNION ALL SELECT p.tgparentid FROM above JOIN pg_trigger p ON p.oid = above.id
        )
        SELECT p.tgrelid, p.tgname FROM above JOIN pg_trigger p ON p.oid = above.id
        WHERE p.tgparentid = 0 AND NOT p.tgisinternal
    ) whole
WHERE t.tgparentid <> 0 AND $space
    AND EXISTS (SELECT FROM pg_description d WHERE d.classoid = t.tableoid AND d.objoid = t.oid)
UNION ALL
SELECT r.tableoid, r.oid, 'rule', r.ev_class, r.rulename, r.ev_enabled,
    CASE WHEN r.rulename <> '_RETURN' THEN pg_get_ruledef(r.oid) END, 0, 0, 0, NULL
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE $space
