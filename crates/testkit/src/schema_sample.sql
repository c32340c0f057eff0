CREATE SCHEMA app;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN posint AS integer CHECK (VALUE > 0);
CREATE TYPE app.pair AS (one integer, two text);
CREATE SEQUENCE counter START 10;
CREATE TABLE t (
    a integer PRIMARY KEY,
    b text,
    total numeric(10, 2) DEFAULT 0 CHECK (total >= 0),
    m mood,
    doubled integer GENERATED ALWAYS AS (a * 2) STORED
);
COMMENT ON TABLE t IS 'what it is for';
COMMENT ON COLUMN t.b IS 'the name';
CREATE INDEX t_upper ON t (upper(b));
CREATE VIEW v AS SELECT a, b FROM t;
CREATE MATERIALIZED VIEW mv AS SELECT count(*) AS n FROM t;
CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1 + 1';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER t_touch BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch();
CREATE RULE watch AS ON DELETE TO t DO ALSO NOTIFY deleted;
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON t USING (b = current_user);
GRANT SELECT ON t TO PUBLIC;
CREATE TEXT SEARCH DICTIONARY app.simple_dict (TEMPLATE = pg_catalog.simple);
