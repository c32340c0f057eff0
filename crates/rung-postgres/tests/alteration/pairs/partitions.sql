-- @pair partitions come and go, with indexes and keys
CREATE TABLE e (day date NOT NULL, id integer NOT NULL, t text) PARTITION BY RANGE (day);
CREATE TABLE e1 PARTITION OF e FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE e2 PARTITION OF e FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE INDEX e_t ON e (t);
-- @new
CREATE TABLE e (day date NOT NULL, id integer NOT NULL, t text, more text DEFAULT 'x', CONSTRAINT pk PRIMARY KEY (day, id),
    CONSTRAINT c CHECK (id > 0)) PARTITION BY RANGE (day);
CREATE TABLE e1 PARTITION OF e FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE e3 PARTITION OF e FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE INDEX e_t ON e (t);
CREATE INDEX e_id ON e (id);
-- @rows
INSERT INTO e VALUES ('2024-05-05', 1, 'x');
-- @says ON ONLY
-- @says ATTACH PARTITION
-- @pair a partition becomes a table, and a table a partition
CREATE TABLE u (id integer PRIMARY KEY);
CREATE TABLE e (id integer NOT NULL, u integer REFERENCES u) PARTITION BY LIST (id);
CREATE TABLE e1 PARTITION OF e FOR VALUES IN (1);
CREATE TABLE e2 (id integer NOT NULL, u integer);
CREATE INDEX e_u ON e (u);
-- @new
CREATE TABLE u (id integer PRIMARY KEY);
CREATE TABLE e (id integer NOT NULL, u integer REFERENCES u) PARTITION BY LIST (id);
CREATE TABLE e1 (id integer NOT NULL, u integer);
CREATE INDEX e1_u_idx ON e1 (u);
CREATE TABLE e2 PARTITION OF e FOR VALUES IN (2);
CREATE INDEX e_u ON e (u);
-- @rows
INSERT INTO e2 VALUES (2, NULL);
-- @pair another bound
CREATE TABLE e (id integer NOT NULL) PARTITION BY LIST (id);
CREATE TABLE e1 PARTITION OF e FOR VALUES IN (1);
-- @new
CREATE TABLE e (id integer NOT NULL) PARTITION BY LIST (id);
CREATE TABLE e1 PARTITION OF e FOR VALUES IN (1, 2);
-- @pair columns of the whole change in its parts
CREATE TABLE e (id integer NOT NULL, a integer, b text DEFAULT 'x', gone text) PARTITION BY LIST (id);
CREATE TABLE e1 PARTITION OF e FOR VALUES IN (1) PARTITION BY LIST (a);
CREATE TABLE e11 PARTITION OF e1 FOR VALUES IN (1);
-- @new
CREATE TABLE e (id integer NOT NULL, a integer, b varchar(20) DEFAULT 'y' NOT NULL, made integer) PARTITION BY LIST (id);
CREATE TABLE e1 PARTITION OF e FOR VALUES IN (1) PARTITION BY LIST (a);
CREATE TABLE e11 PARTITION OF e1 (made DEFAULT 5) FOR VALUES IN (1);
-- @rows
INSERT INTO e VALUES (1, 1, 'z');
-- @pair a table is partitioned with its rows
CREATE TABLE e (id integer NOT NULL, n integer GENERATED ALWAYS AS IDENTITY, s serial, t text, CONSTRAINT pk PRIMARY KEY (id));
CREATE INDEX i ON e (t);
CREATE VIEW v AS SELECT id FROM e;
CREATE TABLE r (e integer REFERENCES e);
COMMENT ON TABLE e IS 'kept';
-- @new
CREATE TABLE e (id integer NOT NULL, n integer, s serial, t text, CONSTRAINT pk PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE e1 PARTITION OF e FOR VALUES FROM (0) TO (100);
CREATE INDEX i ON e (t);
CREATE VIEW v AS SELECT id FROM e;
CREATE TABLE r (e integer REFERENCES e);
COMMENT ON TABLE e IS 'kept';
-- @rows
INSERT INTO e (id, t) VALUES (1, 'a'), (2, 'b'); INSERT INTO r VALUES (2);
-- @says INSERT INTO public.e
-- @pair heirs
CREATE TABLE p (id integer, a integer, CONSTRAINT c CHECK (id > 0));
CREATE TABLE q (x integer);
CREATE TABLE h (own text) INHERITS (p);
CREATE TABLE k (a integer, own text) INHERITS (p);
-- @new
CREATE TABLE p (id bigint NOT NULL, b text, CONSTRAINT d CHECK (id > 1));
CREATE TABLE q (x integer);
CREATE TABLE h (own text) INHERITS (p);
CREATE TABLE k (a integer, own text) INHERITS (p);
-- @pair a table leaves its parent
CREATE TABLE p (id integer);
CREATE TABLE h (id integer, own text) INHERITS (p);
-- @new
CREATE TABLE p (id integer, more text);
CREATE TABLE h (id integer, own text);
-- @pair keys of partitions come to be parts of that of the whole
CREATE TABLE p (id integer NOT NULL, a integer NOT NULL) PARTITION BY LIST (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
ALTER TABLE ONLY p ADD CONSTRAINT p_key PRIMARY KEY (a, id);
ALTER TABLE p1 ADD CONSTRAINT p1_key PRIMARY KEY (a, id);
ALTER INDEX p_key ATTACH PARTITION p1_key;
-- @new
CREATE TABLE p (id integer NOT NULL, a integer NOT NULL) PARTITION BY LIST (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
ALTER TABLE ONLY p ADD CONSTRAINT p_key PRIMARY KEY (a, id);
CREATE UNIQUE INDEX p1_key ON p1 (a, id);
-- @says ALTER TABLE ONLY public.p ADD CONSTRAINT p_key
-- @pair an index that the server would take for the part is called as that
CREATE TABLE p (a integer) PARTITION BY LIST (a);
CREATE INDEX whole ON p (a);
CREATE TABLE p1 (a integer);
CREATE INDEX own ON p1 (a);
-- @new
CREATE TABLE p (a integer) PARTITION BY LIST (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE INDEX whole ON p (a);
CREATE INDEX own ON p1 (a);
-- @says ALTER INDEX public.own RENAME TO p1_a_idx
-- @pair a table with a key and a trigger joins one that is made anew
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE p (id integer, a integer, CONSTRAINT p_key UNIQUE (a, id));
CREATE TABLE p1 (id integer, a integer, CONSTRAINT p1_key UNIQUE (a, id));
CREATE TRIGGER t BEFORE UPDATE ON p1 FOR EACH ROW EXECUTE FUNCTION f();
-- @new
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE p (id integer, a integer, CONSTRAINT p_key UNIQUE (a, id)) PARTITION BY LIST (a);
CREATE TRIGGER t BEFORE UPDATE ON p FOR EACH ROW EXECUTE FUNCTION f();
CREATE TABLE p1 (id integer, a integer, CONSTRAINT p1_key UNIQUE (a, id));
ALTER TABLE ONLY p ATTACH PARTITION p1 FOR VALUES IN (1);
-- @rows
INSERT INTO p1 VALUES (1, 1);
-- @pair foreign keys refer to tables whose partitions come from elsewhere
CREATE TABLE p (a integer, CONSTRAINT p_key UNIQUE (a)) PARTITION BY LIST (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE TABLE r (a integer) PARTITION BY LIST (a);
CREATE UNIQUE INDEX r_key ON r (a);
CREATE TABLE r1 PARTITION OF r FOR VALUES IN (1);
ALTER TABLE r ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p (a);
ALTER TABLE p ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES r (a);
-- @new
CREATE TABLE q (a integer, CONSTRAINT q_key UNIQUE (a)) PARTITION BY LIST (a);
CREATE TABLE p1 PARTITION OF q FOR VALUES IN (1);
CREATE TABLE s (a integer) PARTITION BY LIST (a);
CREATE UNIQUE INDEX s_key ON s (a);
CREATE TABLE r1 PARTITION OF s FOR VALUES IN (1);
ALTER TABLE s ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES q (a);
ALTER TABLE q ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES s (a);
-- @pair a check that is inherited is validated, and its column gets another type
CREATE TABLE p (a integer, n text) PARTITION BY LIST (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
ALTER TABLE p ADD CONSTRAINT c CHECK (n > '0');
-- @new
CREATE TABLE p (a integer, n integer) PARTITION BY LIST (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
ALTER TABLE p ADD CONSTRAINT c CHECK (n > 0) NOT VALID;
-- @pair columns are the parent's that were the table's own as well
CREATE TABLE p (id integer NOT NULL, a text);
CREATE TABLE h (id integer NOT NULL, own integer, CONSTRAINT k PRIMARY KEY (id)) INHERITS (p);
CREATE INDEX i ON h (own);
CREATE VIEW v AS SELECT id, own FROM h;
-- @new
CREATE TABLE p (id integer NOT NULL, a text);
CREATE TABLE h (own integer, CONSTRAINT k PRIMARY KEY (id)) INHERITS (p);
CREATE INDEX i ON h (own);
CREATE VIEW v AS SELECT id, own FROM h;
-- @rows
INSERT INTO h VALUES (1, 'x', 2);
-- @says INSERT INTO public.h
-- @pair a key of the whole and its parts, on columns that could be NULL
CREATE TABLE p (id integer, a integer) PARTITION BY LIST (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
-- @new
CREATE TABLE p (id integer NOT NULL, a integer NOT NULL, CONSTRAINT k PRIMARY KEY (a, id)) PARTITION BY LIST (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
-- @rows
INSERT INTO p VALUES (1, 1);
-- @pair what a partition has from the whole is called as it was
CREATE TABLE p (a integer NOT NULL) PARTITION BY LIST (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
-- @new
CREATE TABLE p (a integer NOT NULL) PARTITION BY LIST (a);
CREATE TABLE p1 (a integer NOT NULL, more text);
ALTER TABLE p1 DROP COLUMN more;
ALTER TABLE ONLY p ATTACH PARTITION p1 FOR VALUES IN (1);
COMMENT ON TABLE p1 IS 'x';
-- @pair a column by which a table is partitioned gets another type
CREATE TABLE p (id integer NOT NULL, n integer, CONSTRAINT k PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9);
CREATE TABLE r (id integer, CONSTRAINT f FOREIGN KEY (id) REFERENCES p);
-- @new
CREATE TABLE p (id bigint NOT NULL, n integer, CONSTRAINT k PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9);
CREATE TABLE r (id bigint, CONSTRAINT f FOREIGN KEY (id) REFERENCES p);
-- @rows
INSERT INTO p VALUES (1, 1); INSERT INTO r VALUES (1);
-- @pair a column by which a part is partitioned gets another type, and something refers to the whole
CREATE TABLE p (id integer NOT NULL, day date NOT NULL, CONSTRAINT k PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2020-01-01') TO ('2021-01-01') PARTITION BY LIST (id);
CREATE TABLE p2 PARTITION OF p1 FOR VALUES IN (1);
CREATE TABLE r (id integer, day date, CONSTRAINT f FOREIGN KEY (id, day) REFERENCES p);
-- @new
CREATE TABLE p (id bigint NOT NULL, day date NOT NULL, CONSTRAINT k PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2020-01-01') TO ('2021-01-01') PARTITION BY LIST (id);
CREATE TABLE p2 PARTITION OF p1 FOR VALUES IN (1);
CREATE TABLE r (id bigint, day date, CONSTRAINT f FOREIGN KEY (id, day) REFERENCES p);
-- @rows
INSERT INTO p VALUES (1, '2020-02-02'); INSERT INTO r VALUES (1, '2020-02-02');
-- @pair a part of a part goes, and something refers to the whole
CREATE TABLE p (id integer NOT NULL, CONSTRAINT k PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9) PARTITION BY LIST (id);
CREATE TABLE p2 PARTITION OF p1 FOR VALUES IN (1);
CREATE TABLE r (id integer, CONSTRAINT f FOREIGN KEY (id) REFERENCES p);
-- @new
CREATE TABLE p (id integer NOT NULL, CONSTRAINT k PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE r (id integer, CONSTRAINT f FOREIGN KEY (id) REFERENCES p);
-- @pair what declares a column changes for one that has heirs itself
CREATE TABLE base (id integer, note text);
CREATE TABLE heir (own integer) INHERITS (base);
CREATE TABLE last (z integer) INHERITS (heir);
CREATE INDEX i ON last (z);
CREATE VIEW v AS SELECT note FROM heir;
-- @new
CREATE TABLE base (id integer, note text);
CREATE TABLE heir (own integer, note text) INHERITS (base);
CREATE TABLE last (z integer) INHERITS (heir);
CREATE INDEX i ON last (z);
CREATE VIEW v AS SELECT note FROM heir;
-- @rows
INSERT INTO base VALUES (1, 'b');
INSERT INTO heir VALUES (2, 'h', 3);
INSERT INTO last VALUES (4, 'l', 5, 6);
-- @pair partitions of other bounds and columns of another type at once
CREATE TABLE whole (id bigint NOT NULL, day date NOT NULL, note text) PARTITION BY RANGE (day);
CREATE TABLE part_a PARTITION OF whole FOR VALUES FROM ('2020-01-01') TO ('2022-01-01');
CREATE TABLE part_b (id bigint NOT NULL, day date NOT NULL, note text);
CREATE INDEX whole_note ON whole (note);
-- @new
CREATE TABLE whole (id integer NOT NULL, day date NOT NULL, note text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE part_a PARTITION OF whole FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE part_b PARTITION OF whole FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');
CREATE INDEX whole_note ON whole (note);
-- @rows
INSERT INTO part_a VALUES (1, '2020-02-02', 'x');
-- @pair a partition with partitions is made anew
CREATE TABLE whole (id integer NOT NULL, day date NOT NULL, note text) PARTITION BY RANGE (day);
CREATE TABLE part_a PARTITION OF whole FOR VALUES FROM ('2020-01-01') TO ('2022-01-01');
CREATE INDEX whole_note ON whole (note);
-- @new
CREATE TABLE whole (id integer NOT NULL, day date NOT NULL, note text) PARTITION BY RANGE (day);
CREATE TABLE part_a PARTITION OF whole FOR VALUES FROM ('2020-01-01') TO ('2022-01-01') PARTITION BY HASH (id);
CREATE TABLE part_aa PARTITION OF part_a FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE INDEX whole_note ON whole (note);
-- @rows
INSERT INTO part_a VALUES (1, '2020-02-02', 'x');
-- @pair a foreign key to a table that loses a partition
CREATE TABLE whole (id integer PRIMARY KEY) PARTITION BY LIST (id);
CREATE TABLE part_a PARTITION OF whole FOR VALUES IN (1);
CREATE TABLE part_b PARTITION OF whole FOR VALUES IN (2);
-- @new
CREATE TABLE whole (id integer PRIMARY KEY) PARTITION BY LIST (id);
CREATE TABLE part_a PARTITION OF whole FOR VALUES IN (1);
CREATE TABLE refers (id integer REFERENCES whole);
-- @pair a partition comes with the check that the whole has
CREATE TABLE whole (id integer, CONSTRAINT early CHECK (id > 0)) PARTITION BY LIST (id);
CREATE TABLE part_a (id integer);
-- @new
CREATE TABLE whole (id integer, CONSTRAINT early CHECK (id > 0)) PARTITION BY LIST (id);
CREATE TABLE part_a PARTITION OF whole FOR VALUES IN (1);
-- @pair a key of a partitioned table comes and goes, and with it what keeps its columns from being NULL
CREATE TABLE whole (id integer, word text) PARTITION BY LIST (word);
CREATE TABLE "Part" PARTITION OF whole FOR VALUES IN ('a');
CREATE TABLE parted PARTITION OF whole FOR VALUES IN ('b') PARTITION BY LIST (word);
CREATE TABLE leaf PARTITION OF parted FOR VALUES IN ('b');
-- @new
CREATE TABLE whole (id integer, word text, PRIMARY KEY (word, id)) PARTITION BY LIST (word);
CREATE TABLE "Part" PARTITION OF whole FOR VALUES IN ('a');
CREATE TABLE parted PARTITION OF whole FOR VALUES IN ('b') PARTITION BY LIST (word);
CREATE TABLE leaf PARTITION OF parted FOR VALUES IN ('b');
-- @pair a table with a NOT NULL joins one that calls it otherwise, and leaves it
CREATE TABLE whole (at date NOT NULL, t text) PARTITION BY RANGE (at);
CREATE TABLE part (at date NOT NULL, t text);
-- @new
CREATE TABLE whole (at date NOT NULL, t text) PARTITION BY RANGE (at);
CREATE TABLE part PARTITION OF whole FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
-- @pair partitioned tables in a circle of foreign keys, and their partitions, which refer to each other too
SELECT 1;
-- @new
CREATE TABLE a (id integer, k text, PRIMARY KEY (k, id), UNIQUE (k)) PARTITION BY LIST (k);
CREATE TABLE a1 PARTITION OF a FOR VALUES IN ('1');
CREATE TABLE a2 PARTITION OF a FOR VALUES IN ('2');
CREATE TABLE b (k text, PRIMARY KEY (k)) PARTITION BY LIST (k);
CREATE TABLE b1 PARTITION OF b FOR VALUES IN ('1');
CREATE UNIQUE INDEX b1_k ON b1 (k);
ALTER TABLE b ADD CONSTRAINT b_a FOREIGN KEY (k) REFERENCES a (k);
ALTER TABLE a ADD CONSTRAINT a_b FOREIGN KEY (k) REFERENCES b (k);
ALTER TABLE b1 ADD CONSTRAINT b1_a2 FOREIGN KEY (k) REFERENCES a2 (k);
ALTER TABLE a1 ADD CONSTRAINT a1_b1 FOREIGN KEY (k) REFERENCES b1 (k);
-- @pair partitions leave with keys that refer to partitioned tables, which servers before 15 drop by themselves
CREATE TABLE r (k text PRIMARY KEY) PARTITION BY LIST (k);
CREATE TABLE r1 PARTITION OF r FOR VALUES IN ('1');
CREATE TABLE a (k text CONSTRAINT a_r REFERENCES r) PARTITION BY LIST (k);
CREATE TABLE a1 PARTITION OF a FOR VALUES IN ('1');
CREATE TABLE a2 PARTITION OF a FOR VALUES IN ('2');
CREATE TABLE a3 PARTITION OF a FOR VALUES IN ('3');
-- @new
CREATE TABLE r (k text PRIMARY KEY) PARTITION BY LIST (k);
CREATE TABLE r1 PARTITION OF r FOR VALUES IN ('1');
CREATE TABLE a (k text CONSTRAINT a_r REFERENCES r) PARTITION BY LIST (k);
CREATE TABLE a1 (k text CONSTRAINT a_r REFERENCES r);
CREATE TABLE a2 (k text);
CREATE TABLE b (k text CONSTRAINT b_r REFERENCES r) PARTITION BY LIST (k);
CREATE TABLE a3 PARTITION OF b FOR VALUES IN ('3');
-- @pair a foreign key refers to a table that is made anew, from one that is as well
CREATE TABLE p (id integer, CONSTRAINT p_key PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
CREATE TABLE c (id integer, p integer, CONSTRAINT c_key PRIMARY KEY (id), CONSTRAINT f FOREIGN KEY (p) REFERENCES p);
-- @new
CREATE TABLE p (id bigint, CONSTRAINT p_key PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
CREATE TABLE c (id integer, p bigint, CONSTRAINT c_key PRIMARY KEY (id), CONSTRAINT f FOREIGN KEY (p) REFERENCES p ON DELETE CASCADE) PARTITION BY HASH (id);
CREATE TABLE c0 PARTITION OF c FOR VALUES WITH (MODULUS 1, REMAINDER 0);
-- @rows
INSERT INTO p VALUES (1); INSERT INTO c VALUES (1, 1);
-- @rows-back
INSERT INTO p VALUES (1); INSERT INTO c VALUES (1, 1);
-- @pair bounds move from one partition to another
CREATE TABLE p (id integer NOT NULL, t text) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100);
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (100) TO (MAXVALUE);
CREATE INDEX i ON p (t);
-- @new
CREATE TABLE p (id integer NOT NULL, t text) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (MINVALUE) TO (50);
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (50) TO (MAXVALUE);
CREATE INDEX i ON p (t);
-- @rows
INSERT INTO p VALUES (1, 'x'), (100, 'y');
-- @rows-back
INSERT INTO p VALUES (1, 'x'), (100, 'y');
-- @pair bounds of a part of a part change, and columns of the whole
CREATE TABLE p (a integer, b text, c date NOT NULL) PARTITION BY RANGE (c);
CREATE TABLE p2 (b text, c date NOT NULL, a integer) PARTITION BY LIST (b);
ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
CREATE TABLE p2x PARTITION OF p2 FOR VALUES IN ('x');
CREATE TABLE p2d PARTITION OF p2 DEFAULT;
-- @new
CREATE TABLE p (a bigint, b text, c date NOT NULL, d integer DEFAULT 7) PARTITION BY RANGE (c);
CREATE TABLE p2 (b text, c date NOT NULL, a bigint, d integer DEFAULT 7) PARTITION BY LIST (b);
ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
CREATE TABLE p2x PARTITION OF p2 FOR VALUES IN ('x', 'z');
CREATE TABLE p2d PARTITION OF p2 DEFAULT;
-- @rows
INSERT INTO p VALUES (1, 'x', '2021-05-05'), (2, 'y', '2021-05-05');
-- @rows-back
INSERT INTO p VALUES (1, 'x', '2021-05-05'), (2, 'y', '2021-05-05');
-- @pair an enum by which a table is partitioned loses a word
CREATE TYPE e AS ENUM ('a', 'b', 'c');
CREATE TABLE p (id integer, x e NOT NULL) PARTITION BY LIST (x);
CREATE TABLE pa PARTITION OF p FOR VALUES IN ('a');
CREATE TABLE pb PARTITION OF p FOR VALUES IN ('b', 'c');
CREATE INDEX i ON p (x);
CREATE VIEW v AS SELECT x, count(*) FROM p GROUP BY x;
-- @new
CREATE TYPE e AS ENUM ('b', 'a');
CREATE TABLE p (id integer, x e NOT NULL) PARTITION BY LIST (x);
CREATE TABLE pa PARTITION OF p FOR VALUES IN ('a');
CREATE TABLE pb PARTITION OF p FOR VALUES IN ('b');
CREATE INDEX i ON p (x);
CREATE VIEW v AS SELECT x, count(*) FROM p GROUP BY x;
-- @rows
INSERT INTO p VALUES (1, 'a'), (2, 'b');
-- @rows-back
INSERT INTO p VALUES (1, 'a'), (2, 'b');
-- @pair what keeps a column from being NULL is the table's alone, or not yet checked, and one that inherits from it is made anew
-- @needs 18
CREATE TABLE t (id integer, a integer CONSTRAINT ann NOT NULL, b integer);
ALTER TABLE t ADD CONSTRAINT bnn NOT NULL b NOT VALID;
CREATE TABLE k () INHERITS (t);
-- @new
CREATE TABLE t (id integer, a integer CONSTRAINT ann2 NOT NULL NO INHERIT, b integer NOT NULL);
CREATE TABLE k (a integer) INHERITS (t);

-- @pair a table becomes partitioned whose rows are values elsewhere
CREATE TABLE t (id bigint, d date NOT NULL, a integer, PRIMARY KEY (id, d), UNIQUE (d, a));
CREATE INDEX i ON t (a);
CREATE TABLE tt (id integer, x t, y t[]);
CREATE VIEW v AS SELECT (x).a AS a FROM tt;
CREATE FUNCTION f(t) RETURNS integer LANGUAGE sql AS 'SELECT $1.a';
CREATE TABLE lk (tid bigint, td date, FOREIGN KEY (tid, td) REFERENCES t);
-- @new
CREATE TABLE t (id bigint, d date NOT NULL, a integer, PRIMARY KEY (id, d), UNIQUE (d, a)) PARTITION BY RANGE (d);
CREATE TABLE t20 PARTITION OF t FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE INDEX i ON t (a);
CREATE TABLE tt (id integer, x t, y t[]);
CREATE VIEW v AS SELECT (x).a AS a FROM tt;
CREATE FUNCTION f(t) RETURNS integer LANGUAGE sql AS 'SELECT $1.a';
CREATE TABLE lk (tid bigint, td date, FOREIGN KEY (tid, td) REFERENCES t);
-- @rows
INSERT INTO t VALUES (1, '2020-01-01', 2); INSERT INTO tt SELECT 1, t, ARRAY[t] FROM t; INSERT INTO lk VALUES (1, '2020-01-01');
-- @rows-back
INSERT INTO t VALUES (1, '2020-01-01', 2); INSERT INTO tt SELECT 1, t, ARRAY[t] FROM t; INSERT INTO lk VALUES (1, '2020-01-01');

-- @pair what is said of a trigger that a partition has from the whole
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TABLE p (a integer, b integer) PARTITION BY RANGE (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20) PARTITION BY LIST (b);
CREATE TABLE p21 PARTITION OF p2 FOR VALUES IN (1);
CREATE TABLE p3 PARTITION OF p FOR VALUES FROM (30) TO (40);
CREATE TABLE p4 PARTITION OF p FOR VALUES FROM (50) TO (60);
CREATE TRIGGER tr AFTER INSERT ON p FOR EACH ROW EXECUTE FUNCTION f();
CREATE TRIGGER other AFTER UPDATE ON p FOR EACH ROW EXECUTE FUNCTION f();
CREATE TRIGGER own AFTER UPDATE ON p2 FOR EACH ROW EXECUTE FUNCTION f();
COMMENT ON TRIGGER tr ON p IS 'of the whole';
COMMENT ON TRIGGER tr ON p1 IS 'of a part';
COMMENT ON TRIGGER tr ON p21 IS 'of a part of a part';
COMMENT ON TRIGGER tr ON p4 IS 'stays where it is';
COMMENT ON TRIGGER own ON p21 IS 'of a part of it';
COMMENT ON TRIGGER other ON p1 IS 'goes';
COMMENT ON TRIGGER other ON p3 IS 'goes with its table';
-- @new
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TABLE p (a integer, b integer) PARTITION BY RANGE (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (25) PARTITION BY LIST (b);
CREATE TABLE p21 PARTITION OF p2 FOR VALUES IN (1);
CREATE TABLE p4 (a integer, b integer);
CREATE TRIGGER tr AFTER INSERT OR DELETE ON p FOR EACH ROW EXECUTE FUNCTION f();
CREATE TRIGGER other AFTER UPDATE ON p FOR EACH ROW EXECUTE FUNCTION f();
CREATE TRIGGER own AFTER UPDATE ON p2 FOR EACH ROW EXECUTE FUNCTION f();
COMMENT ON TRIGGER tr ON p IS 'of the whole';
COMMENT ON TRIGGER tr ON p1 IS 'of that part';
COMMENT ON TRIGGER tr ON p21 IS 'of a part of a part';
COMMENT ON TRIGGER own ON p21 IS 'of a part of that';
COMMENT ON TRIGGER other ON p21 IS 'comes';
