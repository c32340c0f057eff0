-- Where subscriptions come from.
SELECT o.oid, o.subconninfo
FROM pg_subscription o JOIN pg_database d ON d.oid = o.subdbid AND d.datname = current_database()
