-- What is set for single columns of indexes.
SELECT a.attrelid, a.attnum, a.attstattarget
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relkind IN ('i', 'I') AND a.attstattarget >= 0
ORDER BY a.attrelid, a.attnum
