INSERT INTO spans SELECT int4range(g, g + 1), daterange('2020-01-01', '2020-02-01') FROM generate_series(1, 500) g;
INSERT INTO keyed SELECT * FROM spans;
INSERT INTO unproved SELECT g, g, g FROM generate_series(1, 500) g;
INSERT INTO unforced SELECT g, 1 FROM generate_series(1, 500) g;
INSERT INTO computed SELECT g FROM generate_series(1, 500) g;
INSERT INTO proved SELECT g FROM generate_series(1, 500) g;
