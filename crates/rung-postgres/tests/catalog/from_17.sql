-- What PostgreSQL 17 brought.
CREATE COLLATION app.built_in (provider = builtin, locale = 'C.UTF-8');
CREATE TABLE app.parted_identity (a integer GENERATED ALWAYS AS IDENTITY, b integer) PARTITION BY LIST (b);
CREATE TABLE app.parted_identity_1 PARTITION OF app.parted_identity FOR VALUES IN (1);
ALTER TABLE app.parted_identity SET ACCESS METHOD heap2;
GRANT MAINTAIN ON app.users TO catalog_reader;
CREATE EVENT TRIGGER on_login ON login EXECUTE FUNCTION app.on_ddl();
ALTER EVENT TRIGGER on_login DISABLE;
