-- What only PostgreSQL 18 and later have.
CREATE TABLE spans (id int4range, during daterange);
CREATE TABLE keyed (id int4range, during daterange, PRIMARY KEY (id, during WITHOUT OVERLAPS));
CREATE TABLE unproved (a int, b int, c int CONSTRAINT c_is_there NOT NULL);
ALTER TABLE unproved ADD CONSTRAINT b_is_there NOT NULL b NOT VALID;
CREATE TABLE proved (b int, CONSTRAINT proved_b NOT NULL b NOT VALID, CONSTRAINT proved_check CHECK (b > 0) NOT VALID);
CREATE TABLE unforced (
    a int, p_id bigint, CONSTRAINT a_positive CHECK (a > 0) NOT ENFORCED,
    CONSTRAINT unforced_p FOREIGN KEY (p_id) REFERENCES p (id) NOT ENFORCED
);
CREATE TABLE computed (a int, v int GENERATED ALWAYS AS (a * 2) VIRTUAL, s int GENERATED ALWAYS AS (a * 2) STORED);
