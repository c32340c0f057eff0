-- Description: Users of the examples
-- Type: create_table

-- @up
CREATE TABLE users (
    id ${identity},
    email ${text} NOT NULL,
    created_at ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT users_email_key UNIQUE (email)
);

-- @down
DROP TABLE users;
