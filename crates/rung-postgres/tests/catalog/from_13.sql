-- Every kind of object and every property of one that PostgreSQL 13 knows.

-- Who owns things, and who may use them.
CREATE SCHEMA app;
CREATE SCHEMA "Odd Name" AUTHORIZATION catalog_owner;
COMMENT ON SCHEMA app IS 'the app''s own';
GRANT USAGE ON SCHEMA app TO PUBLIC;
GRANT CREATE, USAGE ON SCHEMA app TO catalog_reader WITH GRANT OPTION;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO catalog_reader;

CREATE EXTENSION pg_trgm WITH SCHEMA app;
CREATE EXTENSION hstore;
-- Its composite types come with it.
CREATE EXTENSION tablefunc;
COMMENT ON EXTENSION hstore IS 'maps';

-- Collations and types.
CREATE COLLATION app.german (provider = libc, locale = 'C');
CREATE COLLATION app.numeric_order (provider = icu, locale = 'en-u-kn-true', deterministic = false);
COMMENT ON COLLATION app.german IS 'C by another name';
CREATE TYPE app.mood AS ENUM ('sad', 'it''s ok', 'happy');
ALTER TYPE app.mood ADD VALUE 'so-so' BEFORE 'happy';
CREATE TYPE "Odd Name"."select" AS ENUM ();
CREATE TYPE app.pair AS (one integer, "Two" text COLLATE "C", three numeric(10, 2)[]);
COMMENT ON COLUMN app.pair.one IS 'the first';
ALTER TYPE app.pair OWNER TO catalog_owner;
CREATE TYPE app.tree AS (label text, pairs app.pair[]);
CREATE DOMAIN app.positive AS integer DEFAULT 1 CONSTRAINT above_zero CHECK (VALUE > 0);
COMMENT ON DOMAIN app.positive IS 'counts';
COMMENT ON CONSTRAINT above_zero ON DOMAIN app.positive IS 'not zero';
CREATE DOMAIN app.email AS text COLLATE "C" NOT NULL CHECK (VALUE LIKE '%@%');
ALTER DOMAIN app.email ADD CONSTRAINT short CHECK (length(VALUE) < 200) NOT VALID;
GRANT USAGE ON TYPE app.email TO catalog_reader;
REVOKE USAGE ON TYPE app.mood FROM PUBLIC;
CREATE FUNCTION app.length_of(double precision, double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $2 - $1';
CREATE TYPE app.span AS RANGE (SUBTYPE = double precision, SUBTYPE_DIFF = app.length_of);
CREATE TYPE app.text_span AS RANGE (SUBTYPE = text, COLLATION = "C");
CREATE TYPE app.shell;
COMMENT ON TYPE app.shell IS 'later';
CREATE TYPE app.point3;
CREATE FUNCTION app.point3_in(cstring) RETURNS app.point3 LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION app.point3_out(app.point3) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE app.point3 (INPUT = app.point3_in, OUTPUT = app.point3_out, INTERNALLENGTH = VARIABLE, STORAGE = extended,
    CATEGORY = 'Z', DELIMITER = ';', DEFAULT = '0,0,0', COLLATABLE = true);

-- Routines.
CREATE FUNCTION app.add(a integer, b integer DEFAULT 2, VARIADIC rest integer[] DEFAULT '{}') RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 5 AS $$ SELECT a + b $$;
CREATE FUNCTION app.add(a text) RETURNS text LANGUAGE sql AS $f$ SELECT a || '$$' $f$;
COMMENT ON FUNCTION app.add(text) IS 'strings';
CREATE FUNCTION app.rows_of(n integer, OUT i integer, OUT t text) RETURNS SETOF record
    LANGUAGE plpgsql STABLE ROWS 42 SECURITY DEFINER SET search_path = app, pg_catalog SET work_mem = '8MB'
    AS $$ BEGIN RETURN QUERY SELECT g, g::text FROM generate_series(1, n) g; END $$;
CREATE FUNCTION app.table_of() RETURNS TABLE (id integer, mood app.mood) LANGUAGE sql LEAKPROOF AS $$ SELECT 1, 'sad'::app.mood $$;
CREATE PROCEDURE app.work(INOUT done boolean DEFAULT false) LANGUAGE plpgsql AS $$ BEGIN done := true; END $$;
COMMENT ON PROCEDURE app.work(boolean) IS 'does it';
GRANT EXECUTE ON PROCEDURE app.work(boolean) TO catalog_reader;
REVOKE EXECUTE ON FUNCTION app.add(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.add(text) TO catalog_reader;
ALTER FUNCTION app.add(text) OWNER TO catalog_owner;
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE FUNCTION app.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
CREATE AGGREGATE app.total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0', COMBINEFUNC = int4pl, PARALLEL = SAFE,
    MSFUNC = int4pl, MINVFUNC = int4mi, MSTYPE = integer, MINITCOND = '0');
CREATE AGGREGATE app.how_many(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = '0');
CREATE AGGREGATE app.middle(double precision ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal,
    FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);
CREATE AGGREGATE app.greatest_of(integer) (SFUNC = int4larger, STYPE = integer, SORTOP = >);
COMMENT ON AGGREGATE app.how_many(*) IS 'rows';
GRANT EXECUTE ON FUNCTION app.how_many() TO catalog_reader;
CREATE FUNCTION app.window_of() RETURNS bigint LANGUAGE internal WINDOW IMMUTABLE AS 'window_row_number';
CREATE FUNCTION app.with_trgm(text, text) RETURNS real LANGUAGE sql AS 'SELECT app.similarity($1, $2)';
ALTER FUNCTION app.with_trgm(text, text) DEPENDS ON EXTENSION pg_trgm;

-- Operators, classes, casts, transforms.
CREATE FUNCTION app.pair_lt(app.pair, app.pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT ($1).one < ($2).one';
CREATE FUNCTION app.pair_gt(app.pair, app.pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT ($1).one > ($2).one';
CREATE FUNCTION app.pair_eq(app.pair, app.pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT ($1).one = ($2).one';
CREATE FUNCTION app.pair_cmp(app.pair, app.pair) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT ($1).one - ($2).one';
CREATE FUNCTION app.pair_not(app.pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT ($1).one = 0';
CREATE OPERATOR app.<<< (FUNCTION = app.pair_lt, LEFTARG = app.pair, RIGHTARG = app.pair, COMMUTATOR = OPERATOR(app.>>>),
    RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR app.>>> (FUNCTION = app.pair_gt, LEFTARG = app.pair, RIGHTARG = app.pair, COMMUTATOR = OPERATOR(app.<<<));
CREATE OPERATOR app.=== (FUNCTION = app.pair_eq, LEFTARG = app.pair, RIGHTARG = app.pair, COMMUTATOR = OPERATOR(app.===),
    HASHES, MERGES);
CREATE OPERATOR app.!!! (FUNCTION = app.pair_not, RIGHTARG = app.pair);
COMMENT ON OPERATOR app.<<< (app.pair, app.pair) IS 'less';
CREATE OPERATOR FAMILY app.pair_family USING btree;
CREATE OPERATOR CLASS app.pair_class FOR TYPE app.pair USING btree FAMILY app.pair_family AS
    OPERATOR 1 app.<<<, OPERATOR 3 app.===, OPERATOR 5 app.>>>, FUNCTION 1 app.pair_cmp(app.pair, app.pair);
COMMENT ON OPERATOR CLASS app.pair_class USING btree IS 'by the first';
COMMENT ON OPERATOR FAMILY app.pair_family USING btree IS 'of pairs';
CREATE FUNCTION app.pair_int_cmp(app.pair, integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT ($1).one - $2';
CREATE FUNCTION app.pair_int_lt(app.pair, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT ($1).one < $2';
CREATE OPERATOR app.<<< (FUNCTION = app.pair_int_lt, LEFTARG = app.pair, RIGHTARG = integer);
ALTER OPERATOR FAMILY app.pair_family USING btree ADD
    OPERATOR 1 app.<<< (app.pair, integer), FUNCTION 1 (app.pair, integer) app.pair_int_cmp(app.pair, integer);
CREATE OPERATOR CLASS app.empty_class FOR TYPE app.point3 USING gist AS STORAGE app.point3;
CREATE FUNCTION app.mood_number(app.mood) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE CAST (app.mood AS integer) WITH FUNCTION app.mood_number(app.mood) AS ASSIGNMENT;
CREATE CAST (app.pair AS text) WITH INOUT AS IMPLICIT;
CREATE CAST (app.point3 AS text) WITHOUT FUNCTION;
COMMENT ON CAST (app.mood AS integer) IS 'as a number';
CREATE FUNCTION app.to_sql(internal) RETURNS app.pair LANGUAGE internal IMMUTABLE AS 'boolin';
CREATE FUNCTION app.from_sql(internal) RETURNS internal LANGUAGE internal IMMUTABLE AS 'boolin';
CREATE TRANSFORM FOR app.pair LANGUAGE sql (FROM SQL WITH FUNCTION app.from_sql(internal), TO SQL WITH FUNCTION app.to_sql(internal));
COMMENT ON TRANSFORM FOR app.pair LANGUAGE sql IS 'there and back';
CREATE CONVERSION app.latin FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE LANGUAGE sql2 HANDLER plpgsql_call_handler INLINE plpgsql_inline_handler VALIDATOR plpgsql_validator;
COMMENT ON LANGUAGE sql2 IS 'plpgsql by another name';
CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler;
CREATE ACCESS METHOD btree2 TYPE INDEX HANDLER bthandler;
COMMENT ON ACCESS METHOD heap2 IS 'heap again';

-- Text search.
CREATE TEXT SEARCH PARSER app.words (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype,
    HEADLINE = prsd_headline);
CREATE TEXT SEARCH TEMPLATE app.plain (INIT = dsimple_init, LEXIZE = dsimple_lexize);
CREATE TEXT SEARCH DICTIONARY app.dictionary (TEMPLATE = app.plain, STOPWORDS = 'english');
CREATE TEXT SEARCH CONFIGURATION app.search (PARSER = app.words);
ALTER TEXT SEARCH CONFIGURATION app.search ADD MAPPING FOR asciiword, word WITH app.dictionary, pg_catalog.simple;
COMMENT ON TEXT SEARCH CONFIGURATION app.search IS 'for titles';
COMMENT ON TEXT SEARCH DICTIONARY app.dictionary IS 'words';
COMMENT ON TEXT SEARCH PARSER app.words IS 'parses';
COMMENT ON TEXT SEARCH TEMPLATE app.plain IS 'plain';

-- Sequences and tables.
CREATE SEQUENCE app.counter AS integer START 10 INCREMENT -5 MINVALUE -100 MAXVALUE 10 CACHE 7 CYCLE;
COMMENT ON SEQUENCE app.counter IS 'down';
GRANT USAGE ON SEQUENCE app.counter TO catalog_reader;
CREATE SEQUENCE app.orders_number;
CREATE TABLE app.users (
    id integer GENERATED ALWAYS AS IDENTITY (START WITH 100 INCREMENT BY 10) PRIMARY KEY,
    other bigint GENERATED BY DEFAULT AS IDENTITY (SEQUENCE NAME app."Other Sequence" CACHE 20),
    serial serial,
    email app.email UNIQUE,
    code text UNIQUE DEFERRABLE INITIALLY DEFERRED,
    name character varying(100) COLLATE "C" DEFAULT 'no one'::text NOT NULL,
    mood app.mood DEFAULT 'sad',
    pair app.pair,
    "group" text,
    lower_name text GENERATED ALWAYS AS (lower(name)) STORED,
    made timestamp(3) with time zone DEFAULT now() NOT NULL,
    during tsrange,
    tags text[] DEFAULT '{}'::text[],
    score numeric(10, 2) CONSTRAINT "Score" CHECK (score >= 0) NO INHERIT,
    CONSTRAINT pairwise CHECK (id <> other AND name <> '') NOT VALID,
    UNIQUE (name, mood) INCLUDE (made) WITH (fillfactor = 70)
) WITH (fillfactor = 80, autovacuum_enabled = false, toast.autovacuum_enabled = false);
COMMENT ON SEQUENCE app."Other Sequence" IS 'of a column';
GRANT SELECT, USAGE ON SEQUENCE app."Other Sequence" TO catalog_reader;
ALTER TABLE app.users DROP COLUMN tags;
COMMENT ON TABLE app.users IS 'who';
COMMENT ON COLUMN app.users.email IS 'where';
COMMENT ON CONSTRAINT "Score" ON app.users IS 'at least nothing';
COMMENT ON INDEX app.users_pkey IS 'behind a key';
ALTER TABLE app.users ALTER COLUMN name SET STORAGE EXTERNAL, ALTER COLUMN name SET STATISTICS 500,
    ALTER COLUMN name SET (n_distinct = -0.5, n_distinct_inherited = 100);
ALTER TABLE app.users OWNER TO catalog_owner;
GRANT SELECT, INSERT ON app.users TO catalog_reader;
GRANT UPDATE (name, mood) ON app.users TO catalog_reader WITH GRANT OPTION;
GRANT SELECT (name) ON app.users TO PUBLIC;
SET SESSION AUTHORIZATION catalog_reader;
GRANT UPDATE (name) ON app.users TO catalog_owner;
RESET SESSION AUTHORIZATION;
CREATE TABLE app.orders (
    number bigint DEFAULT nextval('app.orders_number') NOT NULL,
    user_id integer NOT NULL REFERENCES app.users ON DELETE CASCADE ON UPDATE RESTRICT,
    email text,
    note text,
    room integer,
    during tstzrange,
    PRIMARY KEY (number, user_id),
    CONSTRAINT by_mail FOREIGN KEY (email) REFERENCES app.users (email) MATCH FULL ON DELETE SET NULL DEFERRABLE,
    EXCLUDE USING gist (during WITH &&) WHERE (room IS NOT NULL) DEFERRABLE,
    EXCLUDE USING btree (room WITH =) WITH (fillfactor = 60)
);
ALTER SEQUENCE app.orders_number OWNED BY app.orders.number;
ALTER TABLE app.orders ADD CONSTRAINT itself FOREIGN KEY (number, user_id) REFERENCES app.orders NOT VALID;
ALTER TABLE app.orders CLUSTER ON orders_pkey;
CREATE UNLOGGED TABLE app.scratch (a integer, b text) USING heap2 WITH (fillfactor = 50);
ALTER TABLE app.scratch REPLICA IDENTITY FULL;
CREATE TABLE app.nothing ();
ALTER TABLE app.nothing REPLICA IDENTITY NOTHING;
CREATE TABLE app.identified (a integer NOT NULL, b integer);
CREATE UNIQUE INDEX identified_by ON app.identified (a);
ALTER TABLE app.identified REPLICA IDENTITY USING INDEX identified_by;
CREATE TABLE app.typed OF app.pair (one WITH OPTIONS PRIMARY KEY, three DEFAULT '{}');
CREATE TABLE "Odd Name"."Order" ("Select" integer, "a""b" text DEFAULT E'tab\tand ''quote''\\', "ä" integer);
COMMENT ON TABLE "Odd Name"."Order" IS E'two\nlines and a \\ backslash';
CREATE TABLE app.looped (a integer);
CREATE FUNCTION app.loop_default() RETURNS integer LANGUAGE sql AS $$ SELECT max(a) FROM app.looped $$;
ALTER TABLE app.looped ALTER COLUMN a SET DEFAULT app.loop_default();
CREATE FUNCTION app.of_row(app.looped) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT ($1).a $$;
ALTER TABLE app.looped ADD CONSTRAINT by_row CHECK (app.of_row(looped) > 0);
ALTER TABLE app.looped ADD COLUMN b integer;
ALTER TABLE app.looped ALTER COLUMN b SET DEFAULT app.of_row(ROW(1, 2)::app.looped);
CREATE INDEX by_row ON app.looped (app.of_row(looped));

CREATE TABLE app.twice (a integer, b integer, UNIQUE (a, b));
ALTER TABLE app.twice ADD CONSTRAINT again UNIQUE (a, b);
CREATE TABLE app.both_ways (id serial);
ALTER TABLE app.both_ways ALTER COLUMN id DROP DEFAULT, ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;

-- Inheritance and partitions.
CREATE TABLE app.doubled (a integer, twice integer GENERATED ALWAYS AS (a * 2) STORED);
CREATE TABLE app.doubled_too (a integer, twice integer) INHERITS (app.doubled);
CREATE TABLE app.animal (id integer NOT NULL, name text DEFAULT 'x', CONSTRAINT named CHECK (name <> ''));
CREATE TABLE app.plant (id integer NOT NULL, leaves integer);
CREATE TABLE app.coral (name text DEFAULT 'y', reef text NOT NULL) INHERITS (app.animal, app.plant);
ALTER TABLE app.coral ALTER COLUMN leaves SET DEFAULT 3;
ALTER TABLE app.coral ALTER COLUMN leaves SET NOT NULL;
ALTER TABLE app.coral ADD CONSTRAINT own CHECK (reef <> '');
CREATE INDEX coral_reef ON app.coral (reef);
CREATE TABLE app.logs (day date NOT NULL, id integer NOT NULL, text text, CHECK (id > 0))
    PARTITION BY RANGE (day, lower(text) COLLATE "C");
CREATE TABLE app.events (day date NOT NULL, id integer NOT NULL, text text DEFAULT 'none', PRIMARY KEY (day, id), CHECK (id > 0))
    PARTITION BY RANGE (day);
CREATE TABLE app.events_2024 PARTITION OF app.events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE app.events_2025 PARTITION OF app.events (text DEFAULT 'of 2025', CONSTRAINT long CHECK (length(text) > 1))
    FOR VALUES FROM ('2025-01-01') TO (MAXVALUE) PARTITION BY LIST (id);
CREATE TABLE app.events_2025_a PARTITION OF app.events_2025 FOR VALUES IN (1, 2, 3);
CREATE TABLE app.events_2025_rest PARTITION OF app.events_2025 DEFAULT;
CREATE TABLE app.events_old (text text, id integer NOT NULL, day date NOT NULL, CONSTRAINT events_id_check CHECK (id > 0), CONSTRAINT old_key PRIMARY KEY (day, id));
ALTER TABLE app.events ATTACH PARTITION app.events_old FOR VALUES FROM (MINVALUE) TO ('2024-01-01');
CREATE INDEX events_text ON app.events (text);
CREATE INDEX events_only ON ONLY app.events (lower(text));
CREATE INDEX events_2024_own ON app.events_2024 (lower(text));
CREATE TABLE app.event_notes (day date, id integer, FOREIGN KEY (day, id) REFERENCES app.events);
ALTER TABLE app.events ADD COLUMN user_id integer REFERENCES app.users;
CREATE TRIGGER events_touch BEFORE INSERT ON app.events FOR EACH ROW EXECUTE FUNCTION app.touch();
COMMENT ON TRIGGER events_touch ON app.events IS 'on all of them';
CREATE TABLE app.hashed (id integer) PARTITION BY HASH (id);
CREATE TABLE app.hashed_0 PARTITION OF app.hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0) WITH (fillfactor = 90);
COMMENT ON TABLE app.hashed_0 IS 'even';

-- Indexes.
CREATE INDEX users_made ON app.users USING brin (made) WITH (pages_per_range = 32);
CREATE UNIQUE INDEX users_lower ON app.users (lower(name) text_pattern_ops DESC NULLS LAST, (id + 1)) INCLUDE (made)
    WHERE score > 10;
CREATE INDEX users_trgm ON app.users USING gin (name app.gin_trgm_ops) WITH (fastupdate = off);
CREATE INDEX users_pair ON app.users (pair app.pair_class);
CREATE INDEX users_collated ON app.users (name COLLATE app.german, id);
CREATE INDEX users_gist ON app.users USING gist (name app.gist_trgm_ops (siglen = 32));
ALTER INDEX app.users_lower ALTER COLUMN 1 SET STATISTICS 77;
COMMENT ON INDEX app.users_made IS 'by time';
CREATE STATISTICS app.users_stats (ndistinct, dependencies) ON name, mood FROM app.users;
ALTER STATISTICS app.users_stats SET STATISTICS 99;
COMMENT ON STATISTICS app.users_stats IS 'both';

-- Views, rules, triggers, policies.
CREATE VIEW app.happy WITH (security_barrier = true) AS SELECT id, name, mood FROM app.users WHERE mood = 'happy' WITH LOCAL CHECK OPTION;
COMMENT ON VIEW app.happy IS 'them';
COMMENT ON COLUMN app.happy.name IS 'theirs';
ALTER VIEW app.happy ALTER COLUMN name SET DEFAULT 'new';
GRANT SELECT ON app.happy TO catalog_reader;
CREATE VIEW app.above AS SELECT h.*, o.number FROM app.happy h JOIN app.orders o ON o.user_id = h.id;
CREATE VIEW app.a_first AS SELECT * FROM app.above;
CREATE VIEW app.grouped AS SELECT id, name, count(*) AS n FROM app.users GROUP BY id;
CREATE RECURSIVE VIEW app.numbers (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM numbers WHERE n < 5;
CREATE MATERIALIZED VIEW app.counts WITH (fillfactor = 90) AS SELECT mood, count(*) AS n FROM app.users GROUP BY mood WITH NO DATA;
CREATE UNIQUE INDEX counts_mood ON app.counts (mood);
COMMENT ON MATERIALIZED VIEW app.counts IS 'how many';
ALTER MATERIALIZED VIEW app.counts ALTER COLUMN n SET STATISTICS 5;
ALTER MATERIALIZED VIEW app.counts CLUSTER ON counts_mood;
CREATE VIEW app.of_counts AS SELECT * FROM app.counts;
CREATE FUNCTION app.of_view(app.happy) RETURNS text LANGUAGE sql AS 'SELECT ($1).name';
CREATE VIEW app.circle AS SELECT 1 AS a;
CREATE VIEW app.circle2 AS SELECT a FROM app.circle;
CREATE OR REPLACE VIEW app.circle AS SELECT a FROM app.circle2;
CREATE RULE keep AS ON DELETE TO app.users WHERE old.id = 1 DO INSTEAD NOTHING;
CREATE RULE note AS ON INSERT TO app.happy DO ALSO (NOTIFY made; INSERT INTO app.scratch VALUES (new.id, new.name));
COMMENT ON RULE keep ON app.users IS 'the first';
ALTER TABLE app.users DISABLE RULE keep;
CREATE TRIGGER touched BEFORE UPDATE OF name, mood ON app.users FOR EACH ROW WHEN (old.name IS DISTINCT FROM new.name)
    EXECUTE FUNCTION app.touch('a', 'it''s');
CREATE TRIGGER counted AFTER INSERT ON app.users REFERENCING NEW TABLE AS news FOR EACH STATEMENT EXECUTE FUNCTION app.touch();
CREATE TRIGGER instead INSTEAD OF UPDATE ON app.above FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE CONSTRAINT TRIGGER later AFTER UPDATE ON app.orders FROM app.users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION app.touch();
ALTER TABLE app.users DISABLE TRIGGER touched;
ALTER TABLE app.users ENABLE ALWAYS TRIGGER counted;
ALTER TABLE app.orders ENABLE REPLICA TRIGGER later;
ALTER TABLE app.users ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.orders FORCE ROW LEVEL SECURITY;
ALTER TABLE app.scratch FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON app.users USING (name = CURRENT_USER);
CREATE POLICY strict ON app.users AS RESTRICTIVE FOR UPDATE TO catalog_reader, catalog_owner USING (id > 0) WITH CHECK (id > 1);
CREATE POLICY by_orders ON app.users FOR SELECT USING (EXISTS (SELECT FROM app.orders o WHERE o.user_id = users.id));
CREATE POLICY by_query ON app.users USING ((SELECT true)) WITH CHECK ((SELECT id > 0 FROM app.animal LIMIT 1));
COMMENT ON POLICY own ON app.users IS 'one''s own';
CREATE EVENT TRIGGER ddl ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'DROP TABLE') EXECUTE FUNCTION app.on_ddl();
ALTER EVENT TRIGGER ddl DISABLE;
COMMENT ON EVENT TRIGGER ddl IS 'off';

-- Foreign data.
CREATE FOREIGN DATA WRAPPER nowhere OPTIONS (debug 'it''s on');
CREATE SERVER far TYPE 'x' VERSION '1' FOREIGN DATA WRAPPER nowhere OPTIONS (host 'h', "Odd" 'o');
CREATE USER MAPPING FOR catalog_reader SERVER far OPTIONS (user 'u');
CREATE USER MAPPING FOR PUBLIC SERVER far;
CREATE FOREIGN TABLE app.remote (a integer OPTIONS (column_name 'A') NOT NULL, b text DEFAULT 'x', CHECK (a > 0)) SERVER far OPTIONS (t 'T');
COMMENT ON FOREIGN TABLE app.remote IS 'far away';
COMMENT ON SERVER far IS 'far';
COMMENT ON FOREIGN DATA WRAPPER nowhere IS 'nothing';
GRANT USAGE ON FOREIGN SERVER far TO catalog_reader;
GRANT USAGE ON FOREIGN DATA WRAPPER nowhere TO catalog_reader;
GRANT SELECT ON app.remote TO catalog_reader;

-- Publications and subscriptions.
CREATE PUBLICATION everything FOR ALL TABLES;
CREATE PUBLICATION a_few FOR TABLE app.users, ONLY app.animal WITH (publish = 'insert, update', publish_via_partition_root = true);
COMMENT ON PUBLICATION a_few IS 'a few';
CREATE SUBSCRIPTION news_t CONNECTION 'host=127.0.0.1 port=1 dbname=x' PUBLICATION a, "B" WITH (connect = false, slot_name = NONE, synchronous_commit = 'local');
COMMENT ON SUBSCRIPTION news_t IS 'from elsewhere';

-- Privileges of what is to come.
ALTER DEFAULT PRIVILEGES FOR ROLE catalog_owner IN SCHEMA app GRANT SELECT ON TABLES TO catalog_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE catalog_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE catalog_owner GRANT USAGE ON SCHEMAS TO catalog_reader WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES FOR ROLE catalog_owner REVOKE USAGE ON TYPES FROM PUBLIC;

-- A key refers to a unique index of a partitioned table, which is one when it has all its parts.
CREATE TABLE app.refers_whole (a integer, b integer) PARTITION BY LIST (a);
CREATE TABLE app.refers_whole_1 PARTITION OF app.refers_whole FOR VALUES IN (1);
CREATE UNIQUE INDEX refers_whole_key ON app.refers_whole (a, b);
CREATE TABLE app.a_refers_to_it (a integer, b integer, FOREIGN KEY (a, b) REFERENCES app.refers_whole (a, b));

-- A key that a partition has no part of, but an index of the name that it would get.
CREATE TABLE app.half_keyed (a integer NOT NULL) PARTITION BY LIST (a);
CREATE TABLE app.half_keyed_1 PARTITION OF app.half_keyed FOR VALUES IN (1);
ALTER TABLE ONLY app.half_keyed ADD CONSTRAINT half_key PRIMARY KEY (a);
CREATE UNIQUE INDEX half_keyed_1_pkey ON app.half_keyed_1 (a);
