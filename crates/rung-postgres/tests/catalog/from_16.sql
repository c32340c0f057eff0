-- What PostgreSQL 16 brought.
CREATE COLLATION app.ruled (provider = icu, locale = 'und', rules = '&V << w <<< W');
ALTER TABLE app.users ALTER COLUMN name SET STORAGE MAIN;
CREATE SUBSCRIPTION three_t CONNECTION 'dbname=x' PUBLICATION a WITH (connect = false, slot_name = NONE, streaming = parallel, origin = none,
    password_required = false, run_as_owner);
CREATE TABLE app.stored_main (a text STORAGE MAIN);
