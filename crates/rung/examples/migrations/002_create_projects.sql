-- Description: Projects, each with an owner
-- Depends on: [001_create_users]

-- @up
CREATE TABLE projects (
    id ${identity},
    owner_id ${bigint} NOT NULL REFERENCES users (id),
    name ${text} NOT NULL
);
CREATE INDEX projects_owner_id_idx ON projects (owner_id);

-- @verify
SELECT count(*) = 0 FROM projects;

-- @down
DROP TABLE projects;
