-- What PostgreSQL 18 brought.
CREATE EXTENSION btree_gist;
CREATE TABLE app.rooms (room integer, during tsrange, price integer, twice integer GENERATED ALWAYS AS (price * 2),
    CONSTRAINT rooms_key PRIMARY KEY (room, during WITHOUT OVERLAPS),
    CONSTRAINT price_there NOT NULL price NO INHERIT,
    CONSTRAINT dear CHECK (price > 10) NOT ENFORCED,
    UNIQUE (price, during WITHOUT OVERLAPS));
CREATE TABLE app.bookings (room integer, during tsrange, by integer REFERENCES app.users NOT ENFORCED,
    FOREIGN KEY (room, PERIOD during) REFERENCES app.rooms (room, PERIOD during));
ALTER TABLE app.bookings ADD CONSTRAINT by_there NOT NULL by NOT VALID;
COMMENT ON CONSTRAINT price_there ON app.rooms IS 'a price';
CREATE TABLE app.animal18 (a integer CONSTRAINT there NOT NULL, b integer NOT NULL);
CREATE TABLE app.coral18 (a integer CONSTRAINT here NOT NULL) INHERITS (app.animal18);
CREATE PUBLICATION generated FOR TABLE app.rooms WITH (publish_generated_columns = stored);
CREATE DOMAIN app.named_not_null AS integer CONSTRAINT must NOT NULL;
COMMENT ON CONSTRAINT must ON DOMAIN app.named_not_null IS 'must';
