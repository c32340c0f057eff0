-- @pair indexes come, go and change
CREATE TABLE t (a integer, b text, c integer);
CREATE INDEX same ON t (a);
CREATE INDEX gone ON t (b);
CREATE INDEX other ON t (a);
CREATE INDEX opts ON t (a) WITH (fillfactor = 50);
CREATE INDEX with_c ON t (c);
ALTER TABLE t CLUSTER ON same;
COMMENT ON INDEX same IS 'old';
-- @new
CREATE TABLE t (a integer, b text);
CREATE INDEX same ON t (a);
CREATE UNIQUE INDEX made ON t (lower(b) DESC, a) INCLUDE (b) WHERE a > 0;
CREATE INDEX other ON t (a, b);
CREATE INDEX opts ON t (a) WITH (fillfactor = 60);
ALTER TABLE t CLUSTER ON other;
COMMENT ON INDEX same IS 'new';
COMMENT ON INDEX made IS 'made';
-- @says CREATE INDEX CONCURRENTLY other
-- @says DROP INDEX CONCURRENTLY public.gone
-- @pair keys are built beside the old ones
CREATE TABLE t (a integer NOT NULL, b integer NOT NULL, c integer, CONSTRAINT pk PRIMARY KEY (a), CONSTRAINT uq UNIQUE (b));
CREATE TABLE r (b integer CONSTRAINT fk REFERENCES t (b));
CREATE VIEW v AS SELECT a, b, count(*) FROM t GROUP BY a;
-- @new
CREATE TABLE t (a integer NOT NULL, b integer NOT NULL, c integer, CONSTRAINT pk PRIMARY KEY (a, b), CONSTRAINT uq UNIQUE (b) DEFERRABLE,
    CONSTRAINT other UNIQUE (c) INCLUDE (a));
CREATE TABLE r (b integer);
COMMENT ON CONSTRAINT other ON t IS 'other';
COMMENT ON INDEX other IS 'its index';
-- @rows
INSERT INTO t VALUES (1, 2, 3);
-- @says USING INDEX pk_new
-- @pair another key is the primary one
CREATE TABLE t (a integer CONSTRAINT old_pk PRIMARY KEY, b integer);
-- @new
CREATE TABLE t (a integer, b integer CONSTRAINT new_pk PRIMARY KEY);
-- @rows
INSERT INTO t VALUES (1, 2);
-- @pair a key is made of its index
CREATE TABLE t (a integer NOT NULL);
CREATE UNIQUE INDEX k ON t (a);
-- @new
CREATE TABLE t (a integer NOT NULL, CONSTRAINT k UNIQUE (a));
-- @says UNIQUE USING INDEX k
-- @pair a foreign key finds the key that is left
CREATE TABLE t (id integer NOT NULL, CONSTRAINT u UNIQUE (id));
CREATE TABLE r (t integer CONSTRAINT fk REFERENCES t (id));
-- @new
CREATE TABLE t (id integer NOT NULL, CONSTRAINT p PRIMARY KEY (id));
CREATE TABLE r (t integer CONSTRAINT fk REFERENCES t (id) ON DELETE CASCADE);
-- @pair foreign keys and what they do
CREATE TABLE t (id integer PRIMARY KEY);
CREATE TABLE r (a integer CONSTRAINT one REFERENCES t, b integer CONSTRAINT two REFERENCES t ON DELETE CASCADE,
    c integer CONSTRAINT three REFERENCES t DEFERRABLE);
ALTER TABLE r ADD CONSTRAINT late FOREIGN KEY (a) REFERENCES t NOT VALID;
-- @new
CREATE TABLE t (id integer PRIMARY KEY);
CREATE TABLE r (a integer CONSTRAINT one REFERENCES t DEFERRABLE INITIALLY DEFERRED, b integer CONSTRAINT two REFERENCES t ON DELETE SET NULL,
    c integer CONSTRAINT three REFERENCES t, CONSTRAINT late FOREIGN KEY (a) REFERENCES t, d integer CONSTRAINT four REFERENCES t);
COMMENT ON CONSTRAINT one ON r IS 'one';
-- @says NOT VALID
-- @pair checks and exclusions
CREATE TABLE t (a integer CONSTRAINT c1 CHECK (a > 0), b integer CONSTRAINT c2 CHECK (b > 0) NO INHERIT, r int4range);
-- @new
CREATE TABLE t (a integer CONSTRAINT c1 CHECK (a > 1), b integer CONSTRAINT c2 CHECK (b > 0), r int4range,
    CONSTRAINT x EXCLUDE USING gist (r WITH &&) WHERE (a > 0));
ALTER TABLE t ADD CONSTRAINT later CHECK (a < 100) NOT VALID;
-- @pair NULLs that are the same
-- @needs 15
CREATE TABLE t (a integer, CONSTRAINT u UNIQUE (a));
CREATE UNIQUE INDEX i ON t (a);
-- @new
CREATE TABLE t (a integer, CONSTRAINT u UNIQUE NULLS NOT DISTINCT (a));
CREATE UNIQUE INDEX i ON t (a) NULLS NOT DISTINCT;
-- @pair keys of periods, and NOT NULL by name
-- @needs 18
CREATE TABLE t (id int4range, valid daterange, a integer CONSTRAINT aa NOT NULL, b integer, c integer NOT NULL);
-- @new
CREATE TABLE t (id int4range, valid daterange, a integer CONSTRAINT bb NOT NULL, b integer CONSTRAINT cc NOT NULL, c integer,
    v integer GENERATED ALWAYS AS (a + 1) VIRTUAL, CONSTRAINT p PRIMARY KEY (id, valid WITHOUT OVERLAPS));

-- @pair an index on a generated column that changes with its base
CREATE TABLE t (id integer PRIMARY KEY, a integer, b text GENERATED ALWAYS AS (a::text) STORED, UNIQUE (b));
CREATE INDEX i ON t (b);
CREATE STATISTICS s ON a, b FROM t;
-- @rows
INSERT INTO t (id, a) VALUES (1, 2), (2, 3);
-- @rows-back
INSERT INTO t (id, a) VALUES (1, 2), (2, 3);
-- @new
CREATE TABLE t (id integer PRIMARY KEY, a bigint, b varchar(30) GENERATED ALWAYS AS (a::text) STORED, UNIQUE (b));
CREATE INDEX i ON t (b);
CREATE STATISTICS s ON a, b FROM t;

-- @pair the operator class of an index goes with its extension
-- @says ALTER INDEX public.i RENAME TO i_before
CREATE EXTENSION btree_gin;
CREATE TABLE t (id integer PRIMARY KEY, a integer);
CREATE INDEX i ON t USING gin (a);
-- @rows
INSERT INTO t VALUES (1, 2), (2, 3);
-- @rows-back
INSERT INTO t VALUES (1, 2), (2, 3);
-- @new
CREATE TABLE t (id integer PRIMARY KEY, a integer);
CREATE INDEX i ON t (a);
-- @pair indexes whose names begin alike for long change at once
CREATE TABLE t (a integer, b integer);
CREATE INDEX idx_of_a_table_with_a_very_long_name_and_the_columns_by_newest ON t (a);
CREATE INDEX idx_of_a_table_with_a_very_long_name_and_the_columns_by_oldest ON t (b);
CREATE INDEX "gänsefüßchen_über_öffentlichen_gebäuden_größer_als_50" ON t (a, b);
ALTER TABLE t ADD CONSTRAINT key_of_a_table_with_a_very_long_name_and_the_columns_by_newest UNIQUE (a), ADD CONSTRAINT key_of_a_table_with_a_very_long_name_and_the_columns_by_oldest UNIQUE (b);
-- @new
CREATE TABLE t (a integer, b integer);
CREATE INDEX idx_of_a_table_with_a_very_long_name_and_the_columns_by_newest ON t (a DESC);
CREATE INDEX idx_of_a_table_with_a_very_long_name_and_the_columns_by_oldest ON t (b DESC);
CREATE INDEX "gänsefüßchen_über_öffentlichen_gebäuden_größer_als_50" ON t (a, b DESC);
ALTER TABLE t ADD CONSTRAINT key_of_a_table_with_a_very_long_name_and_the_columns_by_newest UNIQUE (a, b), ADD CONSTRAINT key_of_a_table_with_a_very_long_name_and_the_columns_by_oldest UNIQUE (b, a);
