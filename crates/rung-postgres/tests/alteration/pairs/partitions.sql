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
