-- @pair routines
CREATE FUNCTION same(a integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION result(a integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION named(a integer, b integer DEFAULT 1) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION plus(a integer, b integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT a + b';
CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer);
CREATE PROCEDURE work() LANGUAGE sql AS 'SELECT 1';
CREATE TABLE t (a integer DEFAULT result(1), b integer CONSTRAINT c CHECK (plus(b, 1) > 0), g integer GENERATED ALWAYS AS (plus(b, 2)) STORED);
CREATE INDEX i ON t (plus(a, b));
CREATE VIEW v AS SELECT result(a) AS r, total(a) FROM t GROUP BY a;
GRANT SELECT ON v TO alter_reader;
COMMENT ON FUNCTION result(integer) IS 'kept';
-- @new
CREATE FUNCTION same(a integer) RETURNS integer LANGUAGE plpgsql STABLE AS 'BEGIN RETURN 2; END';
CREATE FUNCTION result(a integer) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';
CREATE FUNCTION named(b integer, c integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION plus(x integer, y integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT x + y';
CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '5');
CREATE PROCEDURE work(a integer) LANGUAGE sql AS 'SELECT 1';
CREATE TABLE t (a integer DEFAULT result(1), b integer CONSTRAINT c CHECK (plus(b, 1) > 0), g integer GENERATED ALWAYS AS (plus(b, 2)) STORED);
CREATE INDEX i ON t (plus(a, b));
CREATE VIEW v AS SELECT result(a) AS r, total(a) FROM t GROUP BY a;
GRANT SELECT ON v TO alter_reader;
COMMENT ON FUNCTION result(integer) IS 'kept';
-- @pair bodies that the server knows
-- @needs 14
CREATE TABLE t (a integer, b integer);
CREATE FUNCTION f() RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT a FROM t; END;
CREATE VIEW v AS SELECT f();
-- @new
CREATE TABLE t (a bigint, b integer);
CREATE FUNCTION f() RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT a FROM t; END;
CREATE VIEW v AS SELECT f();
-- @pair views
CREATE TABLE t (a integer, b integer);
CREATE VIEW grows AS SELECT a FROM t;
CREATE VIEW shrinks AS SELECT a, b FROM t;
CREATE VIEW upon AS SELECT a FROM shrinks;
CREATE VIEW kind AS SELECT a FROM t;
CREATE TABLE was_table (a integer);
CREATE MATERIALIZED VIEW m AS SELECT a FROM t;
CREATE INDEX mi ON m (a);
CREATE VIEW opts WITH (security_barrier = true) AS SELECT a FROM t;
-- @new
CREATE TABLE t (a integer, b integer);
CREATE VIEW grows AS SELECT a, b FROM t;
CREATE VIEW shrinks AS SELECT a FROM t;
CREATE VIEW upon AS SELECT a FROM shrinks;
CREATE MATERIALIZED VIEW kind AS SELECT a FROM t;
CREATE VIEW was_table AS SELECT a FROM t;
CREATE MATERIALIZED VIEW m AS SELECT a, b FROM t;
CREATE INDEX mi ON m (a);
CREATE VIEW opts AS SELECT a FROM t WHERE a > 0 WITH LOCAL CHECK OPTION;
ALTER VIEW opts ALTER a SET DEFAULT 5;
-- @pair triggers, rules, policies and event triggers
CREATE TABLE t (a integer);
CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE FUNCTION ev() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE TRIGGER one BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION g();
CREATE TRIGGER two AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION g();
CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING;
CREATE POLICY p ON t USING (a > 0);
CREATE POLICY q ON t FOR SELECT USING (a > 0);
CREATE EVENT TRIGGER e ON ddl_command_end WHEN TAG IN ('DROP TABLE') EXECUTE FUNCTION ev();
-- @new
CREATE TABLE t (a integer);
CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE FUNCTION ev() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE TRIGGER one BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION g();
ALTER TABLE t DISABLE TRIGGER one;
CREATE TRIGGER two BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION g('x');
CREATE RULE r AS ON DELETE TO t WHERE old.a = 1 DO INSTEAD NOTHING;
ALTER TABLE t DISABLE RULE r;
CREATE POLICY p ON t TO alter_reader USING (a > 1) WITH CHECK (a > 2);
CREATE POLICY q ON t FOR UPDATE USING (a > 0);
CREATE EVENT TRIGGER e ON ddl_command_end WHEN TAG IN ('DROP TABLE') EXECUTE FUNCTION ev();
ALTER EVENT TRIGGER e DISABLE;
-- @pair sequences
CREATE SEQUENCE a AS integer START 10 MAXVALUE 100;
CREATE SEQUENCE b;
CREATE TABLE t (a integer, b integer);
CREATE SEQUENCE c OWNED BY t.a;
CREATE SEQUENCE d;
-- @new
CREATE SEQUENCE a AS bigint START 20 INCREMENT 5 CACHE 3 CYCLE;
CREATE SEQUENCE d;
CREATE TABLE t (a integer, b integer DEFAULT nextval('d'));
CREATE SEQUENCE c OWNED BY t.b;
ALTER SEQUENCE d OWNED BY t.b;
-- @pair text search, statistics and what else is made anew
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple);
CREATE TEXT SEARCH CONFIGURATION c (PARSER = default);
ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR word WITH d;
CREATE TABLE t (a integer, b integer);
CREATE STATISTICS s ON a, b FROM t;
CREATE STATISTICS s2 (ndistinct) ON a, b FROM t;
CREATE FUNCTION lt(text, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR <<< (FUNCTION = lt, LEFTARG = text, RIGHTARG = integer);
CREATE FUNCTION conv(integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE TYPE own AS (a integer);
CREATE FUNCTION own_int(own) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE CAST (own AS integer) WITH FUNCTION own_int(own);
CREATE CONVERSION latin FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler;
CREATE LANGUAGE sql2 HANDLER plpgsql_call_handler;
CREATE OPERATOR FAMILY fam USING btree;
-- @new
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, STOPWORDS = 'english');
CREATE TEXT SEARCH CONFIGURATION c (PARSER = default);
ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR word, email WITH simple;
CREATE TABLE t (a integer, b integer);
CREATE STATISTICS s ON a, b FROM t;
ALTER STATISTICS s SET STATISTICS 50;
CREATE STATISTICS s2 (dependencies) ON a, b FROM t;
CREATE FUNCTION lt(text, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR <<< (FUNCTION = lt, LEFTARG = text, RIGHTARG = integer, RESTRICT = scalarltsel);
CREATE TYPE own AS (a integer);
CREATE FUNCTION own_int(own) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE CAST (own AS integer) WITH FUNCTION own_int(own) AS ASSIGNMENT;
-- @pair publications, subscriptions and extensions
CREATE TABLE t (a integer);
CREATE TABLE u (a integer);
CREATE PUBLICATION p FOR TABLE t;
CREATE PUBLICATION every FOR ALL TABLES;
CREATE SUBSCRIPTION alter_s CONNECTION 'host=127.0.0.1' PUBLICATION x WITH (connect = false, slot_name = NONE);
CREATE EXTENSION hstore;
-- @new
CREATE SCHEMA ext;
CREATE TABLE t (a integer);
CREATE TABLE u (a integer);
CREATE PUBLICATION p FOR TABLE t, u WITH (publish = 'insert');
CREATE PUBLICATION every FOR TABLE t;
CREATE SUBSCRIPTION alter_s2 CONNECTION 'host=127.0.0.1 port=2' PUBLICATION x, y WITH (connect = false, slot_name = NONE);
CREATE EXTENSION hstore SCHEMA ext;
CREATE EXTENSION pg_trgm;
-- @pair a transform
SELECT 1;
-- @new
CREATE TRANSFORM FOR integer LANGUAGE sql (FROM SQL WITH FUNCTION pg_catalog.varchar_support(internal));
COMMENT ON TRANSFORM FOR integer LANGUAGE sql IS 'there';
-- @pair classes of operators
CREATE TYPE own AS (a integer);
CREATE FUNCTION own_lt(own, own) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT ($1).a < ($2).a';
CREATE FUNCTION own_cmp(own, own) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT ($1).a - ($2).a';
CREATE OPERATOR <<< (FUNCTION = own_lt, LEFTARG = own, RIGHTARG = own);
-- @new
CREATE TYPE own AS (a integer);
CREATE FUNCTION own_lt(own, own) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT ($1).a < ($2).a';
CREATE FUNCTION own_cmp(own, own) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT ($1).a - ($2).a';
CREATE OPERATOR <<< (FUNCTION = own_lt, LEFTARG = own, RIGHTARG = own);
CREATE OPERATOR FAMILY fam USING btree;
CREATE OPERATOR CLASS cls FOR TYPE own USING btree FAMILY fam AS OPERATOR 1 <<<, FUNCTION 1 own_cmp(own, own);
CREATE FUNCTION own_int(own, integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';
ALTER OPERATOR FAMILY fam USING btree ADD FUNCTION 1 (own, integer) own_int(own, integer);
-- @pair publications lose the tables that go
CREATE TABLE a (id integer PRIMARY KEY);
CREATE TABLE b (id integer PRIMARY KEY);
CREATE TABLE c (id integer PRIMARY KEY);
CREATE PUBLICATION stays FOR TABLE a, b;
CREATE PUBLICATION goes FOR TABLE a, b;
-- @new
CREATE TABLE a (id integer PRIMARY KEY);
CREATE TABLE c (id integer PRIMARY KEY);
CREATE PUBLICATION stays FOR TABLE a, c;
-- @says ALTER PUBLICATION stays SET TABLE ONLY public.a, ONLY public.c
-- @pair privileges on what came with an extension
CREATE EXTENSION hstore;
GRANT EXECUTE ON FUNCTION hstore(text, text) TO alter_reader;
-- @new
CREATE EXTENSION hstore;
REVOKE EXECUTE ON FUNCTION hstore(text, text) FROM PUBLIC;
-- @pair an extension that can't be moved
CREATE SCHEMA one;
CREATE EXTENSION xml2 SCHEMA one;
-- @new
CREATE SCHEMA two;
CREATE EXTENSION xml2 SCHEMA two;
-- @pair servers of another wrapper, with tables and users
CREATE FOREIGN DATA WRAPPER w;
CREATE FOREIGN DATA WRAPPER x;
CREATE SERVER far FOREIGN DATA WRAPPER w OPTIONS (host 'h', password 'p');
CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (user 'u', password 'p');
CREATE FOREIGN TABLE there (a integer) SERVER far;
CREATE VIEW of_there AS SELECT a FROM there;
-- @new
CREATE FOREIGN DATA WRAPPER w;
CREATE FOREIGN DATA WRAPPER x;
CREATE SERVER far FOREIGN DATA WRAPPER x;
CREATE USER MAPPING FOR PUBLIC SERVER far;
CREATE FOREIGN TABLE there (a integer) SERVER far;
CREATE VIEW of_there AS SELECT a FROM there;
-- @pair a call that could mean two routines for a while
CREATE TABLE t (id integer, role text);
CREATE FUNCTION may(id integer, role text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE POLICY p ON t USING (may(id, role));
CREATE VIEW v AS SELECT may(id, role) FROM t;
-- @new
CREATE TABLE t (id integer, role text);
CREATE FUNCTION may(id integer, role text, more text DEFAULT '') RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE POLICY p ON t USING (may(id, role));
CREATE VIEW v AS SELECT may(id, role) FROM t;
-- @pair a policy that reads its own table through a view
CREATE TABLE t (id integer);
CREATE VIEW v AS SELECT id FROM t;
CREATE POLICY p ON t USING (id IN (SELECT id FROM v));
CREATE FUNCTION ok(t) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
ALTER TABLE t ADD CONSTRAINT c CHECK (ok(t));
-- @new
CREATE TABLE other ();
-- @pair event triggers that let nothing else be done
CREATE FUNCTION no() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';
CREATE FUNCTION quiet() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE TABLE t (a integer);
CREATE EVENT TRIGGER never ON ddl_command_start WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE') EXECUTE FUNCTION no();
CREATE EVENT TRIGGER order_of_tags ON ddl_command_start WHEN TAG IN ('DROP TABLE', 'ALTER VIEW') EXECUTE FUNCTION quiet();
-- @new
CREATE FUNCTION no() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';
CREATE FUNCTION quiet() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE TABLE t (a bigint);
CREATE TABLE u (a integer);
CREATE EVENT TRIGGER at_all ON ddl_command_start WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE', 'DROP TABLE') EXECUTE FUNCTION no();
CREATE EVENT TRIGGER order_of_tags ON ddl_command_start WHEN TAG IN ('ALTER VIEW', 'DROP TABLE') EXECUTE FUNCTION quiet();
-- @pair a materialized view that calls a text which speaks of what is made later
CREATE TABLE t (id integer);
-- @new
CREATE TABLE t (id integer);
CREATE MATERIALIZED VIEW z AS SELECT id FROM t;
CREATE FUNCTION of_z() RETURNS SETOF z LANGUAGE sql STABLE AS 'SELECT * FROM public.z';
CREATE FUNCTION counted() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM public.of_z()';
CREATE MATERIALIZED VIEW a AS SELECT counted() AS n;
CREATE MATERIALIZED VIEW b AS SELECT n FROM a;
CREATE UNIQUE INDEX i ON b (n);
-- @pair comments that are given and taken
COMMENT ON SCHEMA public IS 'mine';
CREATE TABLE t (id integer PRIMARY KEY);
COMMENT ON INDEX t_pkey IS 'of the key';
-- @new
CREATE TABLE t (id integer PRIMARY KEY);
-- @pair a publication lets go of a table before whose end another must be made
CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';
CREATE TABLE gone (id bigint DEFAULT f());
CREATE PUBLICATION news FOR TABLE gone;
-- @new
CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE TABLE come (id integer DEFAULT f());
CREATE PUBLICATION news FOR TABLE come;
-- @pair what an extension makes gets no privileges on the way
CREATE SCHEMA app;
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT EXECUTE ON FUNCTIONS TO alter_reader;
-- @new
CREATE SCHEMA app;
CREATE EXTENSION hstore SCHEMA app;
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT EXECUTE ON FUNCTIONS TO alter_reader;
-- @pair an extension of which nothing is said any more
-- @new
CREATE EXTENSION hstore;
COMMENT ON EXTENSION hstore IS NULL;
-- @pair an extension goes, and what is made of it, without keeping others waiting
CREATE EXTENSION pg_trgm;
CREATE EXTENSION hstore;
CREATE TABLE t (id integer PRIMARY KEY, name text, other text, h hstore DEFAULT 'a=>1', k text DEFAULT hstore('a', 'b')::text);
CREATE INDEX t_name ON t USING gin (name gin_trgm_ops);
CREATE INDEX t_other ON t USING gin (other gin_trgm_ops);
CREATE VIEW v AS SELECT id, h -> 'a' AS a FROM t;
-- @new
CREATE TABLE t (id integer PRIMARY KEY, name text, other text, k text DEFAULT 'x');
CREATE INDEX t_other ON t (other);
CREATE VIEW v AS SELECT id, 'x'::text AS a FROM t;
-- @pair an owner who has the right to pass a privilege on
CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS IDENTITY);
CREATE VIEW v AS SELECT 1 AS a;
CREATE TABLE u (a integer);
-- @new
CREATE TABLE t (a integer, b integer GENERATED ALWAYS AS IDENTITY);
GRANT SELECT ON t TO alter_owner WITH GRANT OPTION;
ALTER TABLE t OWNER TO alter_owner;
CREATE VIEW v AS SELECT 1 AS a;
ALTER VIEW v OWNER TO alter_owner;
REVOKE DELETE ON v FROM alter_owner;
CREATE TABLE u (a integer);
GRANT SELECT ON u TO alter_owner WITH GRANT OPTION;
GRANT INSERT, UPDATE ON u TO alter_owner;
-- @pair a privilege with its option before its role is the owner, and another owner afterwards
CREATE TABLE t (a integer);
GRANT SELECT ON t TO alter_owner WITH GRANT OPTION;
GRANT SELECT ON t TO alter_reader;
CREATE TABLE u (a integer);
ALTER TABLE u OWNER TO alter_owner;
GRANT SELECT ON u TO alter_owner WITH GRANT OPTION;
REVOKE INSERT ON u FROM alter_owner;
-- @new
CREATE TABLE t (a integer);
ALTER TABLE t OWNER TO alter_owner;
GRANT SELECT ON t TO alter_reader;
CREATE TABLE u (a integer);
ALTER TABLE u OWNER TO alter_reader;
-- @pair a view loses a column, and one over it takes another in its place
CREATE TABLE t (id integer, a integer);
CREATE VIEW v AS SELECT id, a FROM t;
CREATE VIEW w AS SELECT a FROM v;
-- @new
CREATE TABLE t (id integer, a integer);
CREATE VIEW v AS SELECT id FROM t;
CREATE VIEW w AS SELECT id AS a FROM v;
-- @pair a column of a view gets another name, and one over it keeps its own
CREATE TABLE t (id integer, a integer);
CREATE VIEW v AS SELECT id, a FROM t;
CREATE VIEW w AS SELECT a FROM v;
-- @new
CREATE TABLE t (id integer, a integer);
CREATE VIEW v AS SELECT id, a AS b FROM t;
CREATE VIEW w AS SELECT b AS a FROM v;
-- @pair tables go whose policies ask tables that refer to them
CREATE TABLE users (id integer PRIMARY KEY);
CREATE TABLE payments (id integer PRIMARY KEY, state text);
CREATE TABLE user_payments (id integer PRIMARY KEY, p integer REFERENCES payments, u integer REFERENCES users);
CREATE TABLE teams (id integer PRIMARY KEY, p integer REFERENCES user_payments);
CREATE POLICY pol ON payments USING (EXISTS (SELECT FROM user_payments up JOIN teams t ON t.p = up.id WHERE up.p = payments.id));
CREATE POLICY back ON user_payments USING (EXISTS (SELECT FROM payments p WHERE p.id = user_payments.p));
-- @new
CREATE TABLE users (id integer PRIMARY KEY);

-- @pair a function gets a parameter with a default while much calls it
CREATE FUNCTION ok(a text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE DOMAIN d AS text CHECK (ok(VALUE)) DEFAULT ok('x')::text;
CREATE TABLE t (id integer PRIMARY KEY, a text CHECK (ok(a)), b boolean DEFAULT ok('y'), c boolean GENERATED ALWAYS AS (ok(a)) STORED, e d);
CREATE INDEX i ON t (ok(a));
CREATE INDEX j ON t (a) WHERE ok(a);
CREATE VIEW v AS SELECT ok(a) AS k FROM t;
CREATE POLICY p ON t USING (ok(a));
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER tr BEFORE UPDATE ON t FOR EACH ROW WHEN (ok(old.a)) EXECUTE FUNCTION tf();
-- @rows
INSERT INTO t (id, a, e) VALUES (1, 'x', 'y');
-- @rows-back
INSERT INTO t (id, a, e) VALUES (1, 'x', 'y');
-- @new
CREATE FUNCTION ok(a text, b boolean DEFAULT true) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT b';
CREATE DOMAIN d AS text CHECK (ok(VALUE)) DEFAULT ok('x')::text;
CREATE TABLE t (id integer PRIMARY KEY, a text CHECK (ok(a)), b boolean DEFAULT ok('y'), c boolean GENERATED ALWAYS AS (ok(a)) STORED, e d, f text CHECK (ok(f, true)));
CREATE INDEX i ON t (ok(a));
CREATE INDEX j ON t (a) WHERE ok(a);
CREATE VIEW v AS SELECT ok(a) AS k FROM t;
CREATE POLICY p ON t USING (ok(a));
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER tr BEFORE UPDATE ON t FOR EACH ROW WHEN (ok(old.a)) EXECUTE FUNCTION tf();
-- @pair what the privileges of a schema give to those who have it anyway
CREATE SCHEMA s;
ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT ALL ON TABLES TO CURRENT_USER;
ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT ALL ON SEQUENCES TO CURRENT_USER;
ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT ALL ON FUNCTIONS TO CURRENT_USER, PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT ALL ON TYPES TO CURRENT_USER, PUBLIC;
-- @new
CREATE SCHEMA s;
ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT ALL ON TABLES TO CURRENT_USER;
ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT ALL ON SEQUENCES TO CURRENT_USER;
ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT ALL ON FUNCTIONS TO CURRENT_USER, PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT ALL ON TYPES TO CURRENT_USER, PUBLIC;
CREATE TABLE s.t (a integer GENERATED ALWAYS AS IDENTITY, b serial);
CREATE FUNCTION s.f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION s.g() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE TYPE s.e AS ENUM ('a');
CREATE TYPE s.h AS ENUM ('a');
REVOKE ALL ON FUNCTION s.g() FROM PUBLIC, CURRENT_USER;
REVOKE ALL ON TYPE s.h FROM PUBLIC;
REVOKE DELETE ON s.t FROM CURRENT_USER;
