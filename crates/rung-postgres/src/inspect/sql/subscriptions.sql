-- Subscriptions. Their columns are everybody's to read from 14 on, but for where they come from.
SELECT 'pg_subscription'::regclass::oid, o.oid, o.subname, pg_get_userbyid(o.subowner),
    (SELECT string_agg(quote_ident(p), ', ' ORDER BY at) FROM unnest(o.subpublications) WITH ORDINALITY AS u (p, at)),
    concat_ws(', ', 'connect = false', CASE WHEN o.subslotname IS NULL THEN 'slot_name = NONE'
        ELSE 'slot_name = ' || quote_literal(o.subslotname) END,
    CASE WHEN o.subsynccommit <> 'off' THEN 'synchronous_commit = ' || quote_literal(o.subsynccommit) END
    #14{, CASE WHEN o.subbinary THEN 'binary = true' END}{}#
    #16{, CASE o.substream WHEN 't' THEN 'streaming = on' WHEN 'p' THEN 'streaming = parallel' #18{ELSE 'streaming = off'}{}# END}{#14{, CASE WHEN o.substream THEN 'streaming = on' END}{}#}#
    #15{, CASE WHEN o.subtwophasestate <> 'd' THEN 'two_phase = on' END, CASE WHEN o.subdisableonerr THEN 'disable_on_error = true' END}{}#
    #16{, CASE WHEN NOT o.subpasswordrequired THEN 'password_required = false' END, CASE WHEN o.subrunasowner THEN 'run_as_owner = true' END,
        CASE WHEN o.suborigin <> 'any' THEN 'origin = ' || o.suborigin END}{}#
    #17{, CASE WHEN o.subfailover THEN 'failover = true' END}{}#)
FROM pg_subscription o JOIN pg_database d ON d.oid = o.subdbid AND d.datname = current_database()
