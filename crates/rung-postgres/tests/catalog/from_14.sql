-- What PostgreSQL 14 brought.
ALTER TABLE app.users ALTER COLUMN name SET COMPRESSION pglz;
CREATE FUNCTION app.standard(a integer) RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT a + (SELECT count(*) FROM app.orders)::integer; END;
CREATE FUNCTION app.returning(a integer) RETURNS integer LANGUAGE sql IMMUTABLE RETURN a + app.add(1);
CREATE PROCEDURE app.with_out(a integer, OUT b integer) LANGUAGE plpgsql AS $$ BEGIN b := a; END $$;
COMMENT ON PROCEDURE app.with_out(integer, OUT integer) IS 'out';
GRANT EXECUTE ON PROCEDURE app.with_out(integer, OUT integer) TO catalog_reader;
CREATE VIEW app.of_standard AS SELECT app.standard(1) AS a;
CREATE TYPE app.days AS RANGE (SUBTYPE = integer, MULTIRANGE_TYPE_NAME = app.many_days);
CREATE TABLE app.calendar (open app.many_days, closed app.days, sums app.many_days[]);
CREATE STATISTICS app.by_expression ON lower(name), (id + 1) FROM app.users;
CREATE STATISTICS app.single ON upper(name) FROM app.users;
CREATE OPERATOR CLASS app.days_class FOR TYPE app.days USING gist AS STORAGE app.days;
