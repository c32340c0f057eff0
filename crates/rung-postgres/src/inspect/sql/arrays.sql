-- Types that stand for others: arrays for their elements, multiranges for their ranges.
SELECT t.oid, t.typarray FROM pg_type t WHERE t.oid >= 16384 AND t.typarray <> 0
#14{UNION ALL SELECT r.rngtypid, r.rngmultitypid FROM pg_range r WHERE r.rngtypid >= 16384
UNION ALL SELECT r.rngtypid, m.typarray FROM pg_range r JOIN pg_type m ON m.oid = r.rngmultitypid WHERE r.rngtypid >= 16384}{}#
