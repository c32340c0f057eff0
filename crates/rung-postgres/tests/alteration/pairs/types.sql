-- @pair words are added in their places and used at once
CREATE TYPE mood AS ENUM ('b', 'd');
CREATE TABLE t (m mood DEFAULT 'b', all_of mood[]);
CREATE VIEW v AS SELECT m FROM t WHERE m = 'b';
-- @new
CREATE TYPE mood AS ENUM ('a', 'b', 'c', 'd', 'e');
CREATE TABLE t (m mood DEFAULT 'c', all_of mood[], CONSTRAINT k CHECK (m <> 'e'));
CREATE VIEW v AS SELECT m FROM t WHERE m = 'a';
-- @rows
INSERT INTO t VALUES ('b', '{b,d}');
-- @pair words are taken away under all that uses them
CREATE TYPE mood AS ENUM ('sad', 'ok', 'glad');
COMMENT ON TYPE mood IS 'how';
CREATE TYPE pair_of AS (m mood, n integer);
CREATE DOMAIN dm AS mood CHECK (VALUE <> 'ok');
CREATE FUNCTION f(m mood) RETURNS mood LANGUAGE sql IMMUTABLE AS 'SELECT m';
CREATE TABLE t (m mood DEFAULT 'sad' NOT NULL, d dm, b pair_of, all_of mood[], n integer);
CREATE INDEX i ON t (m) WHERE m = 'sad';
CREATE VIEW v AS SELECT f(m) FROM t;
CREATE POLICY p ON t USING (m = 'sad');
-- @new
CREATE TYPE mood AS ENUM ('glad', 'sad');
COMMENT ON TYPE mood IS 'how';
CREATE TYPE pair_of AS (m mood, n integer);
CREATE DOMAIN dm AS mood CHECK (VALUE <> 'glad');
CREATE FUNCTION f(m mood) RETURNS mood LANGUAGE sql IMMUTABLE AS 'SELECT m';
CREATE TABLE t (m mood DEFAULT 'sad' NOT NULL, d dm, b pair_of, all_of mood[], n integer);
CREATE INDEX i ON t (m) WHERE m = 'sad';
CREATE VIEW v AS SELECT f(m) FROM t;
CREATE POLICY p ON t USING (m = 'sad');
-- @rows
INSERT INTO t VALUES ('sad', 'sad', '(sad,1)', '{sad,glad}', 1);
-- @pair a type takes the place of another
CREATE TYPE mood AS ENUM ('1', '2');
CREATE TABLE t (m mood DEFAULT '1', n text DEFAULT '2', k integer);
-- @new
CREATE DOMAIN mood AS integer;
CREATE TYPE size AS ENUM ('1', '2');
CREATE TABLE t (m integer DEFAULT 1, n size DEFAULT '2', k mood);
-- @pair domains
CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE DOMAIN a AS integer DEFAULT 1 CONSTRAINT pos CHECK (VALUE > 0);
CREATE DOMAIN b AS text NOT NULL;
CREATE DOMAIN c AS varchar(5);
CREATE DOMAIN d AS integer DEFAULT one();
CREATE TABLE t (a a, b b, c c);
-- @new
CREATE FUNCTION one() RETURNS bigint LANGUAGE sql AS 'SELECT 1';
CREATE DOMAIN a AS integer DEFAULT 2 NOT NULL CONSTRAINT pos CHECK (VALUE > 1) CONSTRAINT small CHECK (VALUE < 100);
CREATE DOMAIN b AS text;
COMMENT ON DOMAIN b IS 'b';
CREATE DOMAIN c AS varchar(9);
CREATE DOMAIN d AS integer DEFAULT one();
CREATE TABLE t (a a, b b, c c);
-- @pair rows as types
CREATE TYPE p AS (a integer, b text, c date);
CREATE TYPE q AS (a integer);
CREATE TABLE t (p p);
CREATE TABLE typed OF q;
-- @new
CREATE TYPE p AS (a integer, c date, d numeric(5, 2));
CREATE TYPE q AS (a bigint, b text);
COMMENT ON COLUMN q.b IS 'second';
CREATE TABLE t (p p);
CREATE TABLE typed OF q;
-- @pair ranges, collations and columns of them
CREATE TYPE r AS RANGE (SUBTYPE = integer);
CREATE COLLATION co (provider = libc, locale = 'C');
CREATE TABLE t (r r, x text COLLATE co);
-- @new
CREATE TYPE r AS RANGE (SUBTYPE = numeric);
CREATE COLLATION co (provider = libc, locale = 'POSIX');
CREATE TABLE t (r r, x text COLLATE co);
-- @rows
INSERT INTO t VALUES ('[1,2]', 'x');
-- @pair types in C come and go with their functions
SELECT 1;
-- @new
CREATE TYPE p3;
CREATE FUNCTION p3_in(cstring) RETURNS p3 LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION p3_out(p3) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE p3 (INPUT = p3_in, OUTPUT = p3_out, INTERNALLENGTH = VARIABLE);
CREATE TABLE t (a p3);
-- @pair types of types wait together
CREATE TYPE mood AS ENUM ('a', 'b', 'c');
CREATE TYPE inner_one AS (m mood, n integer);
CREATE TYPE outer_one AS (i inner_one, k mood[]);
CREATE TABLE t (o outer_one, i inner_one[]);
-- @new
CREATE TYPE mood AS ENUM ('c', 'b', 'a');
CREATE TYPE inner_one AS (m mood, n integer);
CREATE TYPE outer_one AS (i inner_one, k mood[]);
CREATE TABLE t (o outer_one, i inner_one[]);
-- @rows
INSERT INTO t VALUES (ROW(ROW('a', 1)::inner_one, '{a,b}'), ARRAY[ROW('c', 2)::inner_one]), (NULL, NULL);
-- @pair columns of a composite whose attributes change
CREATE TYPE mood AS ENUM ('a', 'b');
CREATE TYPE deep AS (x integer, y text);
CREATE TYPE of_two AS (n integer, gone text, m mood, d deep);
CREATE TABLE t (p of_two);
CREATE VIEW v AS SELECT (p).n FROM t;
-- @new
CREATE TYPE mood AS ENUM ('b', 'a');
CREATE TYPE deep AS (y text, x bigint);
CREATE TYPE of_two AS (n bigint, m mood, d deep, more date);
CREATE TABLE t (p of_two);
CREATE VIEW v AS SELECT (p).n FROM t;
-- @says loses the values of public.t.p.gone
-- @rows
INSERT INTO t VALUES (ROW(1, 'x', 'a', ROW(1, 'y'))), (NULL), (ROW(NULL, NULL, NULL, NULL));
-- @pair typed tables follow their type
CREATE TYPE q AS (n integer, t text, d date);
CREATE TABLE typed OF q (n DEFAULT 3, t DEFAULT 'x', d NOT NULL);
CREATE INDEX i ON typed (n);
CREATE VIEW v AS SELECT n FROM typed;
-- @new
CREATE TYPE q AS (n bigint, t varchar(20), e integer);
CREATE TABLE typed OF q (n DEFAULT 4, t DEFAULT 'y', e DEFAULT 5 NOT NULL);
CREATE INDEX i ON typed (n);
CREATE VIEW v AS SELECT n FROM typed;
-- @says loses the values of public.q.d
-- @pair typed tables whose type nothing alters
CREATE TYPE q AS (x integer, y integer);
CREATE TABLE typed OF q (x PRIMARY KEY);
CREATE VIEW v AS SELECT * FROM typed;
GRANT SELECT ON typed TO alter_reader;
-- @new
CREATE TYPE q AS (y text, z text, x bigint);
CREATE TABLE typed OF q (x PRIMARY KEY, y DEFAULT 'x');
CREATE VIEW v AS SELECT * FROM typed;
GRANT SELECT ON typed TO alter_reader;
-- @rows
INSERT INTO typed VALUES (1, 2);
-- @pair tables that get a type and those that leave it
CREATE TYPE q AS (n integer, t text, d date);
CREATE TABLE one (t text, n integer, d date, x integer);
CREATE TABLE two OF q;
CREATE TABLE three (n integer, t text, x integer);
-- @new
CREATE TYPE q AS (n integer, t text, d date);
CREATE TABLE one OF q (n PRIMARY KEY);
CREATE TABLE two (d date, t text, n integer, x integer);
CREATE TABLE three OF q;
-- @rows
INSERT INTO one VALUES ('t', 1, NULL, 2);
-- @pair a type waits for the rows of a table that is made anew
CREATE TYPE mood AS ENUM ('a', 'b');
CREATE TABLE p (id integer, m mood DEFAULT 'a') PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
-- @new
CREATE TYPE mood AS ENUM ('b', 'a');
CREATE TABLE p (id integer, m mood DEFAULT 'b') PARTITION BY LIST (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1, 2);
-- @rows
INSERT INTO p VALUES (1, 'a'), (2, NULL);
-- @pair a column with another type has its own storage all the same
CREATE TABLE t (a text, b varchar(9));
ALTER TABLE t ALTER COLUMN a SET STORAGE EXTERNAL;
CREATE TABLE h () INHERITS (t);
ALTER TABLE h ALTER COLUMN a SET STORAGE MAIN;
-- @new
CREATE TABLE t (a text COLLATE "C", b text);
ALTER TABLE t ALTER COLUMN a SET STORAGE EXTERNAL, ALTER COLUMN b SET STORAGE MAIN;
CREATE TABLE h () INHERITS (t);
ALTER TABLE h ALTER COLUMN a SET STORAGE MAIN;
-- @pair a list of words over a column that gets longer
CREATE TABLE t (id integer, status varchar(20) CONSTRAINT known CHECK (status IN ('a', 'b')));
CREATE INDEX i ON t (id) WHERE status IN ('a', 'b');
CREATE INDEX j ON t ((status IN ('a', 'b')));
CREATE INDEX k ON t (status);
-- @new
CREATE TABLE t (id integer, status varchar(50) CONSTRAINT known CHECK (status IN ('a', 'b')));
CREATE INDEX i ON t (id) WHERE status IN ('a', 'b');
CREATE INDEX j ON t ((status IN ('a', 'b')));
CREATE INDEX k ON t (status);
-- @says VALIDATE CONSTRAINT known
-- @pair a column of a type that is made anew gets a default
CREATE TYPE mood AS ENUM ('a', 'b');
CREATE TABLE t (m mood);
-- @new
CREATE TYPE mood AS ENUM ('b', 'a');
CREATE TABLE t (m mood DEFAULT 'b');
-- @pair statistics of a column with another type
CREATE TABLE t (a integer, b integer);
CREATE STATISTICS s ON a, b FROM t;
ALTER STATISTICS s SET STATISTICS 50;
-- @new
CREATE TABLE t (a bigint, b integer);
CREATE STATISTICS s ON a, b FROM t;
ALTER STATISTICS s SET STATISTICS 50;
-- @pair arrays of a composite type with its attributes the other way round, as long as nothing is in them
-- @says has other attributes
CREATE TYPE spot AS (x integer, y integer);
CREATE TABLE walks (id integer, way spot[]);
-- @rows
INSERT INTO walks VALUES (1, '{}'), (2, NULL);
-- @new
CREATE TYPE spot AS (y integer, x integer);
CREATE TABLE walks (id integer, way spot[]);
-- @pair a value becomes the only one of an array
CREATE TABLE t (a integer, b text, c varchar(20), d integer[]);
-- @new
CREATE TABLE t (a integer[], b text[], c integer[], d bigint);
-- @rows
INSERT INTO t VALUES (1, '{x,y}', '{7}', '{3}'), (NULL, NULL, NULL, NULL);
-- @rows-back
INSERT INTO t VALUES ('{1}', '{"x,y"}', '{7}', 3), (NULL, NULL, NULL, NULL);
-- @pair a column changes of a table whose rows are values of another, and from which one inherits
CREATE TABLE a (id integer, b text);
CREATE TABLE kid () INHERITS (a);
CREATE TABLE t (id integer, r a);
-- @new
CREATE TABLE a (id bigint, b text);
CREATE TABLE kid () INHERITS (a);
CREATE TABLE t (id integer, r a);
-- @refused public.t.r is made of its rows
-- @refused-back public.t.r is made of its rows
-- @pair a base type is another
CREATE TYPE bt;
CREATE FUNCTION bt_in(cstring) RETURNS bt LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION bt_out(bt) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE bt (INPUT = bt_in, OUTPUT = bt_out, INTERNALLENGTH = VARIABLE);
-- @new
CREATE TYPE bt;
CREATE FUNCTION bt_in(cstring) RETURNS bt LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION bt_out(bt) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE bt (INPUT = bt_in, OUTPUT = bt_out, INTERNALLENGTH = VARIABLE, CATEGORY = 'X', DEFAULT = 'x');
-- @refused the functions that make a base type go with it
-- @refused-back the functions that make a base type go with it

-- @pair the multirange of a range gets another name
-- @needs 14
-- @says ALTER TYPE public.rm RENAME TO "Other"
CREATE TYPE r AS RANGE (subtype = int4, multirange_type_name = rm);
CREATE TABLE t (id integer PRIMARY KEY, a rm, b r, c rm[] DEFAULT '{}');
CREATE VIEW v AS SELECT id, a, rm(b) AS d FROM t;
CREATE FUNCTION f(a rm) RETURNS rm LANGUAGE sql AS 'SELECT a';
-- @rows
INSERT INTO t VALUES (1, '{[1,3)}', '[1,2)', '{}');
-- @rows-back
INSERT INTO t VALUES (1, '{[1,3)}', '[1,2)', '{}');
-- @new
CREATE TYPE r AS RANGE (subtype = int4, multirange_type_name = "Other");
CREATE TABLE t (id integer PRIMARY KEY, a "Other", b r, c "Other"[] DEFAULT '{}');
CREATE VIEW v AS SELECT id, a, "Other"(b) AS d FROM t;
CREATE FUNCTION f(a "Other") RETURNS "Other" LANGUAGE sql AS 'SELECT a';

-- @pair a range is made anew with its multirange
-- @needs 14
CREATE TYPE r AS RANGE (subtype = int4, multirange_type_name = rm);
CREATE TABLE t (id integer PRIMARY KEY, a rm, b r, c rm[] DEFAULT '{}');
CREATE VIEW v AS SELECT id, a, rm(b) AS d FROM t;
-- @rows
INSERT INTO t VALUES (1, '{[1,3)}', '[1,2)', '{}');
-- @rows-back
INSERT INTO t VALUES (1, '{[1,3)}', '[1,2)', '{}');
-- @new
CREATE TYPE r AS RANGE (subtype = int8, multirange_type_name = rmm);
CREATE TABLE t (id integer PRIMARY KEY, a rmm, b r, c rmm[] DEFAULT '{}');
CREATE VIEW v AS SELECT id, a, rmm(b) AS d FROM t;
