-- What PostgreSQL 15 brought.
CREATE TABLE app.nulls (a integer UNIQUE NULLS NOT DISTINCT, b integer, c integer, UNIQUE NULLS NOT DISTINCT (b, c));
CREATE UNIQUE INDEX nulls_b ON app.nulls (b) NULLS NOT DISTINCT;
CREATE TABLE app.some_null (a integer, b integer, FOREIGN KEY (a, b) REFERENCES app.nulls (b, c) ON DELETE SET NULL (a));
CREATE VIEW app.invoked WITH (security_invoker = true) AS SELECT a FROM app.nulls;
CREATE PUBLICATION parts FOR TABLE app.nulls (a, b) WHERE (a > 1), app.plant WHERE (leaves IS NULL);
CREATE PUBLICATION of_schema FOR TABLE app.nulls WHERE (a > 1), TABLES IN SCHEMA "Odd Name";
CREATE UNLOGGED SEQUENCE app.unlogged;
CREATE COLLATION app.icu_15 (provider = icu, locale = 'de');
CREATE SUBSCRIPTION two_t CONNECTION 'dbname=x' PUBLICATION a WITH (connect = false, slot_name = 'it', binary, two_phase, disable_on_error);
ALTER TABLE app.orders SET ACCESS METHOD heap2;
