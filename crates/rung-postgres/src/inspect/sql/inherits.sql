-- Parents of tables and of indexes.
SELECT inhrelid, inhparent, inhseqno FROM pg_inherits #14{WHERE NOT inhdetachpending}{}# ORDER BY inhrelid, inhseqno
