-- @pair tables, columns, types and schemas have other names
CREATE SCHEMA app;
CREATE TYPE app.mood AS ENUM ('sad');
CREATE TABLE app.users (id integer NOT NULL, mail text, m app.mood DEFAULT 'sad', CONSTRAINT pk PRIMARY KEY (id), CONSTRAINT c CHECK (mail <> ''));
CREATE INDEX by_mail ON app.users (lower(mail));
CREATE TABLE app.notes (u integer, CONSTRAINT fk FOREIGN KEY (u) REFERENCES app.users);
CREATE POLICY p ON app.users USING (mail = CURRENT_USER);
-- @new
CREATE SCHEMA core;
CREATE TYPE core.feeling AS ENUM ('sad');
CREATE TABLE core.people (id integer NOT NULL, address text, m core.feeling DEFAULT 'sad', CONSTRAINT pk PRIMARY KEY (id), CONSTRAINT c CHECK (address <> ''));
CREATE INDEX by_mail ON core.people (lower(address));
CREATE TABLE core.notes (u integer, CONSTRAINT fk FOREIGN KEY (u) REFERENCES core.people);
CREATE POLICY p ON core.people USING (address = CURRENT_USER);
-- @renamed schema app core
-- @renamed table app.users core.people
-- @renamed type app.mood core.feeling
-- @renamed column core.people mail address
-- @rows
INSERT INTO app.users VALUES (1, 'x');
-- @pair what is renamed changes as well
CREATE TABLE a (id integer GENERATED ALWAYS AS IDENTITY, n integer NOT NULL);
-- @new
CREATE TABLE b (id integer GENERATED ALWAYS AS IDENTITY, n bigint NOT NULL, more text);
-- @renamed table public.a public.b
-- @pair a label of an enum has another name
CREATE TYPE mood AS ENUM ('glad', 'sad', 'so');
CREATE TABLE t (id integer, m mood DEFAULT 'sad', CONSTRAINT c CHECK (m <> 'sad' OR id > 5));
CREATE INDEX i ON t (id) WHERE m = 'sad';
-- @new
CREATE TYPE mood AS ENUM ('glad', 'blue', 'so');
CREATE TABLE t (id integer, m mood DEFAULT 'blue', CONSTRAINT c CHECK (m <> 'blue' OR id > 5));
CREATE INDEX i ON t (id) WHERE m = 'blue';
-- @renamed label public.mood sad blue
-- @rows
INSERT INTO t VALUES (6, 'sad');
-- @says RENAME VALUE 'sad' TO 'blue'
-- @pair a table gets the name of a view that stands for it
CREATE TABLE people (id integer, name text);
CREATE VIEW users AS SELECT * FROM people;
CREATE VIEW upon AS SELECT id FROM users;
CREATE MATERIALIZED VIEW kept AS SELECT name FROM upon JOIN users USING (id);
CREATE INDEX i ON kept (name);
GRANT SELECT ON upon TO alter_reader;
-- @new
CREATE TABLE users (id integer, name text);
CREATE VIEW upon AS SELECT id FROM users;
GRANT SELECT ON upon TO alter_reader;
-- @renamed table public.people public.users
-- @says ALTER TABLE public.people RENAME TO users
-- @rows
INSERT INTO people VALUES (1, 'a');
-- @pair a table gets the name of a view that a function returns rows of
CREATE TABLE t0 (id integer, a integer, CONSTRAINT pk PRIMARY KEY (id));
CREATE VIEW t AS SELECT * FROM t0;
CREATE VIEW d AS SELECT a FROM t;
CREATE FUNCTION f() RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM t';
-- @new
CREATE TABLE t (id integer, a integer, CONSTRAINT pk PRIMARY KEY (id));
CREATE VIEW d AS SELECT a FROM t;
CREATE FUNCTION f() RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM t';
-- @renamed table public.t0 public.t
-- @rows
INSERT INTO t0 VALUES (1, 2);
-- @pair a view takes the place of a table that has another name
CREATE TABLE t (id integer, a integer, CONSTRAINT pk PRIMARY KEY (id));
CREATE VIEW d AS SELECT a FROM t;
CREATE FUNCTION f() RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM t';
-- @new
CREATE TABLE t0 (id integer, a integer, CONSTRAINT pk PRIMARY KEY (id));
CREATE VIEW t AS SELECT * FROM t0;
CREATE VIEW d AS SELECT a FROM t;
CREATE FUNCTION f() RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM t';
-- @renamed table public.t public.t0
-- @rows
INSERT INTO t VALUES (1, 2);
-- @pair columns that others inherit
-- @renamed column public.split at day
-- @renamed column public.split_one at day
-- @renamed column public.base a b
-- @renamed column public.base b a
-- @renamed column public.heir a b
-- @renamed column public.heir b a
-- @renamed table public.heir_below public.heir_under
CREATE TABLE split (id integer, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE split_one PARTITION OF split FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE base (a integer NOT NULL, b text);
CREATE TABLE heir (c integer) INHERITS (base);
CREATE TABLE heir_below (d integer) INHERITS (heir);
-- @new
CREATE TABLE split (id integer, day date NOT NULL, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE split_one PARTITION OF split FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE base (b integer NOT NULL, a text);
CREATE TABLE heir (c integer) INHERITS (base);
CREATE TABLE heir_under (d integer) INHERITS (heir);
