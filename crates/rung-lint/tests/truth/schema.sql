-- What the probes run on: every kind of table that a lock depends on. Each is filled with rows.
CREATE SCHEMA elsewhere;
CREATE TABLE p (id bigint PRIMARY KEY, name text);
CREATE TABLE t (
    id bigint PRIMARY KEY, a int, b int NOT NULL, c varchar(20), d text, e timestamp, f timestamptz(3), g numeric(10, 2),
    h json, p_id bigint, i cidr, j varchar(20) COLLATE "C", k char(5), l bit varying(5), n time(2), o interval(2),
    s varchar(20), ix varchar(20), x varchar(20) COLLATE "C",
    CONSTRAINT s_check CHECK (s <> 'nope'), CONSTRAINT d_not_null CHECK (d IS NOT NULL),
    CONSTRAINT later CHECK (a < 100000)
);
CREATE INDEX t_a ON t (a);
CREATE UNIQUE INDEX t_b ON t (b);
CREATE UNIQUE INDEX t_a_b ON t (a, b);
CREATE INDEX t_ix ON t (ix);
CREATE INDEX t_e ON t (e);
CREATE TABLE special (a varchar(20), b varchar(20), c varchar(20), d int);
CREATE INDEX special_a ON special (a) WHERE d > 0;
CREATE INDEX special_b ON special (lower(b));
CREATE INDEX special_c ON special (c);
CREATE TABLE child (id bigint PRIMARY KEY, p_id bigint, CONSTRAINT child_p FOREIGN KEY (p_id) REFERENCES p (id));
CREATE TABLE bare (a int NOT NULL, b int, p_id bigint);
CREATE UNIQUE INDEX bare_a ON bare (a);
CREATE UNIQUE INDEX bare_b ON bare (b);
ALTER TABLE bare ADD CONSTRAINT bare_check CHECK (b < 100000) NOT VALID;
ALTER TABLE bare ADD CONSTRAINT bare_p FOREIGN KEY (p_id) REFERENCES p (id) NOT VALID;
CREATE TABLE parts (id int, k int) PARTITION BY LIST (k);
CREATE TABLE part_1 PARTITION OF parts FOR VALUES IN (1);
CREATE TABLE part_2 PARTITION OF parts FOR VALUES IN (2);
CREATE INDEX parts_id ON parts (id);
CREATE TABLE loose (id int, k int);
CREATE TABLE checked (id int, k int NOT NULL, CONSTRAINT checked_k CHECK (k = 4));
CREATE TABLE indexed (id int, k int NOT NULL, CONSTRAINT indexed_k CHECK (k = 5));
CREATE INDEX indexed_id ON indexed (id);
CREATE TABLE ranges (r tstzrange);
CREATE UNLOGGED TABLE passing (id int);
CREATE TABLE above (id int);
CREATE TABLE below () INHERITS (above);
CREATE TABLE apart (id int);
CREATE MATERIALIZED VIEW m AS SELECT id, name FROM p;
CREATE UNIQUE INDEX m_id ON m (id);
CREATE VIEW v AS SELECT id, name FROM p;
CREATE DOMAIN posint AS int CHECK (VALUE > 0);
CREATE DOMAIN plain AS int;
CREATE TABLE domains (a posint, b plain, c int);
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE FUNCTION steady(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION restless(int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$ BEGIN RETURN $1; END $$;
CREATE FUNCTION inlined(int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT $1';
CREATE TRIGGER t_touched BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touched();
CREATE POLICY t_policy ON t USING (true);
CREATE STATISTICS t_statistics ON a, b FROM t;
CREATE TABLE spread (id int, k int) PARTITION BY LIST (k);
CREATE TABLE spread_1 PARTITION OF spread FOR VALUES IN (1);
CREATE TABLE spread_rest PARTITION OF spread DEFAULT;
CREATE TABLE deep (id int, k int) PARTITION BY LIST (k);
CREATE TABLE deep_1 PARTITION OF deep FOR VALUES IN (1) PARTITION BY LIST (id);
CREATE TABLE deep_1_1 PARTITION OF deep_1 FOR VALUES IN (1);
CREATE TABLE passing_by (id int);
CREATE TABLE plain_one ("Odd name" int NOT NULL DEFAULT 7, other int);
CREATE TABLE mother (id bigint PRIMARY KEY);
CREATE TABLE kid (id bigint PRIMARY KEY, m bigint REFERENCES mother (id));
CREATE PUBLICATION heard FOR TABLE passing_by;
CREATE DOMAIN over_posint AS posint;
CREATE DOMAIN moment AS timestamptz DEFAULT clock_timestamp();
CREATE DOMAIN now_moment AS timestamptz DEFAULT now();
CREATE DOMAIN short AS varchar(10);
CREATE DOMAIN asserted AS int;
ALTER DOMAIN asserted ADD CONSTRAINT asserted_check CHECK (VALUE > 0) NOT VALID;
CREATE DOMAIN over_asserted AS asserted;
CREATE TABLE of_domains (a short, b asserted, c over_asserted);
CREATE TABLE ruled (k int) PARTITION BY RANGE (k);
CREATE TABLE ruled_default PARTITION OF ruled DEFAULT;
ALTER TABLE ruled_default ADD CHECK (k < 3000 OR k >= 4000);
CREATE TABLE ruled_new (k int NOT NULL, CHECK (k >= 3000 AND k < 4000));
CREATE TABLE cut (
    a interval UNIQUE, b interval year to month UNIQUE, c interval hour to second(2), d interval minute UNIQUE,
    e varchar(10) UNIQUE, f varchar(10)[] UNIQUE, g numeric(10, 2)[], h char(3)[] UNIQUE, i bit(8) UNIQUE, j oid UNIQUE,
    k regproc UNIQUE, l int UNIQUE
);
CREATE TABLE widened (
    a timestamp, b time, c char(10), d double precision, e interval, f varchar(20), g timestamptz, h bpchar
);
ALTER TABLE widened ADD CONSTRAINT widened_f CHECK (f <> 'nope') NOT VALID;
CREATE TABLE said (a int, b int, CONSTRAINT said_a CHECK (NOT (a IS NULL)), CONSTRAINT said_b CHECK (NOT b IS NULL));
CREATE TABLE covered (id int, k int) PARTITION BY LIST (k);
CREATE TABLE covered_1 PARTITION OF covered FOR VALUES IN (1);
CREATE TABLE covered_2 PARTITION OF covered FOR VALUES IN (2) PARTITION BY LIST (id);
CREATE TABLE covered_2_1 PARTITION OF covered_2 FOR VALUES IN (1);
CREATE INDEX covered_1_id ON covered_1 (id);
CREATE INDEX covered_1_k ON covered_1 (k);
CREATE INDEX covered_1_hash ON covered_1 USING hash (id);
CREATE INDEX covered_2_1_id ON covered_2_1 (id);
CREATE FUNCTION settled(int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN $1; END $$;
ALTER FUNCTION settled(int) IMMUTABLE;
CREATE FUNCTION twofold(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN $1; END $$;
CREATE FUNCTION twofold(text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;
CREATE TABLE listed (d int) PARTITION BY LIST (d);
CREATE TABLE nullable_two (d int, CHECK (d = 2));
CREATE TABLE sure_two (d int, CHECK (d IS NOT NULL AND d = 2));
CREATE TABLE ranged (d int, e date) PARTITION BY RANGE (d);
CREATE TABLE wider (d int NOT NULL, e date, CHECK (d >= 5 AND d < 20));
CREATE TABLE narrower (d int NOT NULL, e date, CHECK (d >= 12 AND d < 15));
CREATE TABLE ranged_by_day (d int, e date) PARTITION BY RANGE (e);
CREATE TABLE one_year (d int, e date NOT NULL, CHECK (e >= '2026-01-01' AND e < '2027-01-01'::date));
CREATE TYPE pair AS (a int, b varchar(10), c int);
CREATE TABLE of_pair OF pair;
CREATE INDEX of_pair_b ON of_pair (b);
CREATE TYPE triple AS (a int, b int);
CREATE TABLE with_triple (id int, v triple);
CREATE DOMAIN filled AS int NOT NULL;
CREATE TABLE of_filled (a filled);
CREATE TABLE whole (id int, k int, p_id bigint REFERENCES p (id), PRIMARY KEY (id, k)) PARTITION BY LIST (k);
CREATE TABLE whole_1 PARTITION OF whole FOR VALUES IN (1);
CREATE TABLE whole_2 PARTITION OF whole FOR VALUES IN (2);
CREATE TABLE elder (id bigint PRIMARY KEY);
ALTER TABLE whole_1 ADD CONSTRAINT whole_1_elder FOREIGN KEY (id) REFERENCES elder (id);
CREATE TABLE led_to (id int, k int, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
CREATE TABLE led_to_1 PARTITION OF led_to FOR VALUES IN (1);
CREATE TABLE leads (id int, k int, FOREIGN KEY (id, k) REFERENCES led_to (id, k));
CREATE TYPE colour AS ENUM ('red', 'blue');
CREATE DOMAIN shade AS text;
CREATE TABLE coloured (id int, c colour, d shade);
CREATE TABLE proven_alone (a int, CONSTRAINT proven_alone_a CHECK (a IS NOT NULL) NO INHERIT);
CREATE TABLE unproven () INHERITS (proven_alone);
CREATE TABLE proven_all (a int, CONSTRAINT proven_all_a CHECK (a IS NOT NULL));
CREATE TABLE inheriting () INHERITS (proven_all);
CREATE TABLE led_goal (id bigint PRIMARY KEY);
CREATE TABLE led (id bigint REFERENCES led_goal (id), k int) PARTITION BY LIST (k);
CREATE TABLE led_not (id bigint, k int NOT NULL, CONSTRAINT led_not_k CHECK (k = 1));
CREATE TABLE led_too (id bigint REFERENCES led_goal (id), k int NOT NULL, CONSTRAINT led_too_k CHECK (k = 2));
