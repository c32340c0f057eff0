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
