-- Enable teams: an account owner invites members, who work and are billed on the owner's account
-- Date: 2025-01-31
-- Author: Platform team

-- NULL for whoever owns an account; a team member points at its owner.
ALTER TABLE users ADD COLUMN account_owner_id ${uuid} REFERENCES users (id) ON DELETE SET NULL;
ALTER TABLE users ADD COLUMN hopsworks_project_id INTEGER;

CREATE TABLE IF NOT EXISTS team_invites (
    id               ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    account_owner_id ${uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email            TEXT NOT NULL,
    token            TEXT NOT NULL,
    project_role     TEXT NOT NULL DEFAULT 'Data scientist',
    expires_at       ${timestamptz} NOT NULL,
    accepted_at      ${timestamptz},
    accepted_by      ${uuid} REFERENCES users (id) ON DELETE SET NULL,
    created_at       ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT team_invites_token_key UNIQUE (token),
    CONSTRAINT team_invites_project_role_check CHECK (project_role IN ('Data owner', 'Data scientist', 'Observer'))
);

CREATE INDEX IF NOT EXISTS idx_users_account_owner_id ON users (account_owner_id);
CREATE INDEX IF NOT EXISTS idx_users_hopsworks_project_id ON users (hopsworks_project_id);
CREATE INDEX IF NOT EXISTS idx_team_invites_account_owner_id ON team_invites (account_owner_id);
CREATE INDEX IF NOT EXISTS idx_team_invites_accepted_by ON team_invites (accepted_by);
-- One open invitation for an address on an account; accepted ones may be many.
CREATE UNIQUE INDEX IF NOT EXISTS idx_team_invites_open ON team_invites (account_owner_id, email) WHERE accepted_at IS NULL;

CREATE VIEW team_members AS
SELECT
    owner.id        AS account_owner_id,
    owner.email     AS owner_email,
    member.id       AS member_id,
    member.email    AS member_email,
    member.name     AS member_name,
    member.status   AS member_status,
    member.created_at AS joined_at
FROM users AS member
JOIN users AS owner ON owner.id = member.account_owner_id;

CREATE VIEW account_usage AS
SELECT
    coalesce(account.account_owner_id, account.id) AS account_id,
    daily.usage_date,
    sum(daily.cpu_hours)  AS cpu_hours,
    sum(daily.gpu_hours)  AS gpu_hours,
    sum(daily.storage_gb) AS storage_gb,
    sum(daily.cost_cents) AS cost_cents
FROM usage_daily AS daily
JOIN users AS account ON account.id = daily.user_id
GROUP BY coalesce(account.account_owner_id, account.id), daily.usage_date;

-- ROLLBACK:
-- DROP VIEW IF EXISTS account_usage;
-- DROP VIEW IF EXISTS team_members;
-- DROP TABLE IF EXISTS team_invites;
-- DROP INDEX IF EXISTS idx_users_hopsworks_project_id;
-- DROP INDEX IF EXISTS idx_users_account_owner_id;
-- ALTER TABLE users DROP COLUMN hopsworks_project_id;
-- ALTER TABLE users DROP COLUMN account_owner_id;
