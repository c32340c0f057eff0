-- Comments and security labels.
SELECT classoid, objoid, objsubid, NULL, description FROM pg_description WHERE objoid >= 16384 OR classoid = 'pg_namespace'::regclass
UNION ALL
SELECT classoid, objoid, objsubid, provider, label FROM pg_seclabel WHERE objoid >= 16384
