-- Triggers, and rules that are no view's query.
SELECT t.tableoid, t.oid, 'trigger', t.tgrelid, t.tgname, t.tgenabled, pg_get_triggerdef(t.oid), t.tgconstraint, t.tgconstrrelid
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND $space
UNION ALL
SELECT r.tableoid, r.oid, 'rule', r.ev_class, r.rulename, r.ev_enabled,
    CASE WHEN r.rulename <> '_RETURN' THEN pg_get_ruledef(r.oid) END, 0, 0
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE $space
