-- Create the base tables of the managed service
-- Date: 2024-11-04
-- Author: Platform team

-- @up
CREATE TABLE users (
    id            ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    auth_subject  TEXT NOT NULL,
    email         TEXT NOT NULL,
    name          TEXT,
    status        TEXT NOT NULL DEFAULT 'active',
    last_login_at ${timestamptz},
    created_at    ${timestamptz} NOT NULL DEFAULT ${now},
    updated_at    ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT users_auth_subject_key UNIQUE (auth_subject),
    CONSTRAINT users_email_key UNIQUE (email),
    CONSTRAINT users_status_check CHECK (status IN ('active', 'suspended', 'deleted'))
);

CREATE TABLE user_credits (
    id             ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    user_id        ${uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    balance_cents  BIGINT NOT NULL DEFAULT 0,
    free_cents     BIGINT NOT NULL DEFAULT 0,
    auto_recharge  ${bool} NOT NULL DEFAULT FALSE,
    updated_at     ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT user_credits_user_id_key UNIQUE (user_id),
    CONSTRAINT user_credits_free_cents_check CHECK (free_cents >= 0)
);

CREATE TABLE usage_daily (
    id             ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    user_id        ${uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    usage_date     DATE NOT NULL,
    cpu_hours      NUMERIC(12, 4) NOT NULL DEFAULT 0,
    gpu_hours      NUMERIC(12, 4) NOT NULL DEFAULT 0,
    storage_gb     NUMERIC(12, 4) NOT NULL DEFAULT 0,
    api_calls      BIGINT NOT NULL DEFAULT 0,
    cost_cents     BIGINT NOT NULL DEFAULT 0,
    reported_at    ${timestamptz},
    created_at     ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT usage_daily_user_id_usage_date_key UNIQUE (user_id, usage_date),
    CONSTRAINT usage_daily_cost_cents_check CHECK (cost_cents >= 0)
);

CREATE TABLE billing_history (
    id                ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    user_id           ${uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    stripe_invoice_id TEXT,
    amount_cents      BIGINT NOT NULL,
    currency          TEXT NOT NULL DEFAULT 'usd',
    status            TEXT NOT NULL DEFAULT 'pending',
    period_start      DATE NOT NULL,
    period_end        DATE NOT NULL,
    created_at        ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT billing_history_stripe_invoice_id_key UNIQUE (stripe_invoice_id),
    CONSTRAINT billing_history_status_check CHECK (status IN ('pending', 'paid', 'failed', 'refunded')),
    CONSTRAINT billing_history_period_check CHECK (period_end >= period_start)
);

CREATE TABLE instances (
    id           ${uuid} NOT NULL DEFAULT ${gen_uuid},
    user_id      ${uuid} NOT NULL,
    name         TEXT NOT NULL,
    endpoint_url TEXT,
    status       TEXT NOT NULL DEFAULT 'provisioning',
    created_at   ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT instances_pkey PRIMARY KEY (id),
    CONSTRAINT instances_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT instances_status_check CHECK (status IN ('provisioning', 'active', 'stopped', 'deleted'))
);

CREATE TABLE feature_groups (
    id          ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    instance_id ${uuid} NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    name        TEXT NOT NULL,
    version     INTEGER NOT NULL DEFAULT 1,
    online      ${bool} NOT NULL DEFAULT FALSE,
    row_count   BIGINT NOT NULL DEFAULT 0,
    created_at  ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT feature_groups_instance_id_name_version_key UNIQUE (instance_id, name, version)
);

CREATE TABLE model_deployments (
    id            ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    instance_id   ${uuid} NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    model_name    TEXT NOT NULL,
    model_version INTEGER NOT NULL DEFAULT 1,
    status        TEXT NOT NULL DEFAULT 'stopped',
    settings      ${json} NOT NULL DEFAULT '{}',
    created_at    ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT model_deployments_status_check CHECK (status IN ('stopped', 'starting', 'running', 'failed'))
);

CREATE INDEX idx_users_status ON users (status);
CREATE INDEX idx_usage_daily_usage_date ON usage_daily (usage_date);
CREATE INDEX idx_billing_history_user_id ON billing_history (user_id, created_at);
CREATE INDEX idx_instances_user_id ON instances (user_id);
CREATE INDEX idx_model_deployments_instance_id ON model_deployments (instance_id);

-- SQLite has neither roles nor row-level security: what follows is for PostgreSQL alone.
-- @up postgres
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE user_credits ENABLE ROW LEVEL SECURITY;
ALTER TABLE usage_daily ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_history ENABLE ROW LEVEL SECURITY;
ALTER TABLE instances ENABLE ROW LEVEL SECURITY;
ALTER TABLE feature_groups ENABLE ROW LEVEL SECURITY;
ALTER TABLE model_deployments ENABLE ROW LEVEL SECURITY;

CREATE POLICY users_own_row ON users
    FOR SELECT USING (id = nullif(current_setting('request.jwt.claim.sub', true), '')::uuid);
CREATE POLICY user_credits_own_row ON user_credits
    FOR SELECT USING (user_id = nullif(current_setting('request.jwt.claim.sub', true), '')::uuid);
CREATE POLICY usage_daily_own_rows ON usage_daily
    FOR SELECT USING (user_id = nullif(current_setting('request.jwt.claim.sub', true), '')::uuid);
CREATE POLICY billing_history_own_rows ON billing_history
    FOR SELECT USING (user_id = nullif(current_setting('request.jwt.claim.sub', true), '')::uuid);
CREATE POLICY instances_own_rows ON instances
    FOR ALL USING (user_id = nullif(current_setting('request.jwt.claim.sub', true), '')::uuid);
CREATE POLICY feature_groups_of_own_instances ON feature_groups
    FOR ALL USING (instance_id IN (SELECT id FROM instances));
CREATE POLICY model_deployments_of_own_instances ON model_deployments
    FOR ALL USING (instance_id IN (SELECT id FROM instances));

-- ROLLBACK:
-- DROP TABLE IF EXISTS model_deployments;
-- DROP TABLE IF EXISTS feature_groups;
-- DROP TABLE IF EXISTS instances;
-- DROP TABLE IF EXISTS billing_history;
-- DROP TABLE IF EXISTS usage_daily;
-- DROP TABLE IF EXISTS user_credits;
-- DROP TABLE IF EXISTS users;
