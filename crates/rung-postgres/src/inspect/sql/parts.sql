-- What is described as a part of something else: the object, and that of which it is one.
SELECT o.tableoid, o.oid, 'pg_opfamily'::regclass::oid, o.amopfamily FROM pg_amop o WHERE o.oid >= 16384
UNION ALL SELECT o.tableoid, o.oid, 'pg_opfamily'::regclass::oid, o.amprocfamily FROM pg_amproc o WHERE o.oid >= 16384
UNION ALL SELECT o.tableoid, o.oid, 'pg_publication'::regclass::oid, o.prpubid FROM pg_publication_rel o
#15{UNION ALL SELECT o.tableoid, o.oid, 'pg_publication'::regclass::oid, o.pnpubid FROM pg_publication_namespace o}{}#
