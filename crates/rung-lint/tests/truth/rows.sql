INSERT INTO p SELECT n, 'p' || n FROM generate_series(1, 500) n;
INSERT INTO t SELECT n, n, n, 'c', 'd', now(), now(), n, '{}', n, '10.0.0.0/8', 'j', 'k', B'101', '10:00', '1 day', 's', 'ix', 'x'
    FROM generate_series(1, 500) n;
INSERT INTO child SELECT n, n FROM generate_series(1, 500) n;
INSERT INTO bare SELECT n, n, n FROM generate_series(1, 500) n;
INSERT INTO parts SELECT n, 1 + n % 2 FROM generate_series(1, 1000) n;
INSERT INTO loose SELECT n, 3 FROM generate_series(1, 500) n;
INSERT INTO checked SELECT n, 4 FROM generate_series(1, 500) n;
INSERT INTO ranges SELECT tstzrange(now() + n * interval '1 day', now() + (n + 1) * interval '1 day') FROM generate_series(1, 500) n;
INSERT INTO passing SELECT n FROM generate_series(1, 500) n;
INSERT INTO above SELECT n FROM generate_series(1, 500) n;
INSERT INTO below SELECT n FROM generate_series(1, 500) n;
INSERT INTO apart SELECT n FROM generate_series(1, 500) n;
INSERT INTO domains SELECT n, n, n FROM generate_series(1, 500) n;
REFRESH MATERIALIZED VIEW m;
INSERT INTO spread SELECT g, CASE WHEN g % 2 = 0 THEN 1 ELSE 2 END FROM generate_series(1, 500) g;
INSERT INTO mother SELECT g FROM generate_series(1, 500) g;
INSERT INTO kid SELECT g, g FROM generate_series(1, 500) g;
INSERT INTO plain_one SELECT g FROM generate_series(1, 500) g;
