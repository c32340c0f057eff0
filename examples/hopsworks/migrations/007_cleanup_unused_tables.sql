-- Remove the 11 tables of the MVP that nothing uses any more
-- Date: 2025-01-31
-- Author: Platform team
-- Type: drop_table

-- @up
-- Unused means empty. A row in any of them fails the check, and with it the migration: nothing is dropped that holds data.
CREATE TABLE cleanup_guard (
    table_name TEXT NOT NULL,
    row_count  BIGINT NOT NULL CHECK (row_count = 0)
);
INSERT INTO cleanup_guard (table_name, row_count)
SELECT 'feature_groups', count(*) FROM feature_groups
UNION ALL
SELECT 'model_deployments', count(*) FROM model_deployments
UNION ALL
SELECT 'instances_backup', count(*) FROM instances_backup
UNION ALL
SELECT 'billing_history', count(*) FROM billing_history
UNION ALL
SELECT 'credit_transactions', count(*) FROM credit_transactions
UNION ALL
SELECT 'invoices', count(*) FROM invoices
UNION ALL
SELECT 'subscriptions', count(*) FROM subscriptions
UNION ALL
SELECT 'usage_metrics', count(*) FROM usage_metrics
UNION ALL
SELECT 'user_pricing_overrides', count(*) FROM user_pricing_overrides
UNION ALL
SELECT 'user_profiles', count(*) FROM user_profiles
UNION ALL
SELECT 'clusters', count(*) FROM clusters;
DROP TABLE cleanup_guard;

DROP TABLE IF EXISTS feature_groups;
DROP TABLE IF EXISTS model_deployments;
DROP TABLE IF EXISTS instances_backup;
DROP TABLE IF EXISTS billing_history;
DROP TABLE IF EXISTS credit_transactions;
DROP TABLE IF EXISTS invoices;
DROP TABLE IF EXISTS subscriptions;
DROP TABLE IF EXISTS usage_metrics;
DROP TABLE IF EXISTS user_pricing_overrides;
DROP TABLE IF EXISTS user_profiles;
DROP TABLE IF EXISTS clusters;

-- stripe_products stays for now. It is deprecated: prices move to the application's configuration.
-- @up postgres
COMMENT ON TABLE stripe_products IS 'DEPRECATED: prices move to the application''s configuration';

-- @down
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

CREATE TABLE instances_backup (
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
    instance_id ${uuid} NOT NULL REFERENCES instances_backup (id) ON DELETE CASCADE,
    name        TEXT NOT NULL,
    version     INTEGER NOT NULL DEFAULT 1,
    online      ${bool} NOT NULL DEFAULT FALSE,
    row_count   BIGINT NOT NULL DEFAULT 0,
    created_at  ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT feature_groups_instance_id_name_version_key UNIQUE (instance_id, name, version)
);

CREATE TABLE model_deployments (
    id            ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    instance_id   ${uuid} NOT NULL REFERENCES instances_backup (id) ON DELETE CASCADE,
    model_name    TEXT NOT NULL,
    model_version INTEGER NOT NULL DEFAULT 1,
    status        TEXT NOT NULL DEFAULT 'stopped',
    settings      ${json} NOT NULL DEFAULT '{}',
    created_at    ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT model_deployments_status_check CHECK (status IN ('stopped', 'starting', 'running', 'failed'))
);

CREATE TABLE usage_metrics (
    id          ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    user_id     ${uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    metric      TEXT NOT NULL,
    quantity    NUMERIC(16, 6) NOT NULL,
    unit        TEXT NOT NULL,
    measured_at ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT usage_metrics_metric_check
        CHECK (metric IN ('cpu', 'gpu', 'ram', 'storage_online', 'storage_offline', 'network', 'api_calls')),
    CONSTRAINT usage_metrics_quantity_check CHECK (quantity >= 0)
);

CREATE TABLE credit_transactions (
    id            ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    user_id       ${uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind          TEXT NOT NULL,
    amount_cents  BIGINT NOT NULL,
    balance_cents BIGINT NOT NULL,
    description   TEXT,
    created_at    ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT credit_transactions_kind_check CHECK (kind IN ('purchase', 'usage', 'refund', 'grant', 'expiry'))
);

CREATE TABLE subscriptions (
    id                     ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    user_id                ${uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    stripe_subscription_id TEXT NOT NULL,
    status                 TEXT NOT NULL DEFAULT 'incomplete',
    current_period_start   ${timestamptz},
    current_period_end     ${timestamptz},
    cancel_at_period_end   ${bool} NOT NULL DEFAULT FALSE,
    created_at             ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT subscriptions_stripe_subscription_id_key UNIQUE (stripe_subscription_id),
    CONSTRAINT subscriptions_status_check
        CHECK (status IN ('incomplete', 'trialing', 'active', 'past_due', 'canceled', 'unpaid'))
);

CREATE TABLE invoices (
    id                ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    user_id           ${uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    subscription_id   ${uuid} REFERENCES subscriptions (id) ON DELETE SET NULL,
    stripe_invoice_id TEXT NOT NULL,
    total_cents       BIGINT NOT NULL,
    status            TEXT NOT NULL DEFAULT 'draft',
    line_items        ${json} NOT NULL DEFAULT '[]',
    issued_at         ${timestamptz},
    paid_at           ${timestamptz},
    CONSTRAINT invoices_stripe_invoice_id_key UNIQUE (stripe_invoice_id),
    CONSTRAINT invoices_status_check CHECK (status IN ('draft', 'open', 'paid', 'uncollectible', 'void'))
);

CREATE TABLE user_pricing_overrides (
    id         ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    user_id    ${uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    product_id ${uuid} NOT NULL REFERENCES stripe_products (id) ON DELETE CASCADE,
    unit_price NUMERIC(12, 6) NOT NULL,
    reason     TEXT,
    valid_from DATE NOT NULL,
    valid_to   DATE,
    CONSTRAINT user_pricing_overrides_user_id_product_id_valid_from_key UNIQUE (user_id, product_id, valid_from),
    CONSTRAINT user_pricing_overrides_unit_price_check CHECK (unit_price >= 0)
);

CREATE TABLE user_profiles (
    id         ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    user_id    ${uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    company    TEXT,
    job_title  TEXT,
    country    TEXT,
    notes      TEXT,
    created_at ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT user_profiles_user_id_key UNIQUE (user_id)
);

CREATE TABLE clusters (
    id         ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    name       TEXT NOT NULL,
    region     TEXT NOT NULL,
    kubeconfig ${bytes},
    node_count INTEGER NOT NULL DEFAULT 0,
    created_at ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT clusters_name_key UNIQUE (name)
);

CREATE INDEX idx_billing_history_user_id ON billing_history (user_id, created_at);
CREATE INDEX idx_instances_user_id ON instances_backup (user_id);
CREATE INDEX idx_model_deployments_instance_id ON model_deployments (instance_id);
CREATE INDEX idx_usage_metrics_user_id ON usage_metrics (user_id, measured_at);
CREATE INDEX idx_credit_transactions_user_id ON credit_transactions (user_id, created_at);
CREATE INDEX idx_subscriptions_user_id ON subscriptions (user_id);
CREATE INDEX idx_invoices_user_id ON invoices (user_id);
CREATE INDEX idx_invoices_subscription_id ON invoices (subscription_id);
CREATE INDEX idx_user_pricing_overrides_product_id ON user_pricing_overrides (product_id);

-- @down postgres
COMMENT ON TABLE stripe_products IS NULL;

ALTER TABLE billing_history ENABLE ROW LEVEL SECURITY;
ALTER TABLE instances_backup ENABLE ROW LEVEL SECURITY;
ALTER TABLE feature_groups ENABLE ROW LEVEL SECURITY;
ALTER TABLE model_deployments ENABLE ROW LEVEL SECURITY;

CREATE POLICY billing_history_own_rows ON billing_history
    FOR SELECT USING (user_id = nullif(current_setting('request.jwt.claim.sub', true), '')::uuid);
CREATE POLICY instances_own_rows ON instances_backup
    FOR ALL USING (user_id = nullif(current_setting('request.jwt.claim.sub', true), '')::uuid);
CREATE POLICY feature_groups_of_own_instances ON feature_groups
    FOR ALL USING (instance_id IN (SELECT id FROM instances_backup));
CREATE POLICY model_deployments_of_own_instances ON model_deployments
    FOR ALL USING (instance_id IN (SELECT id FROM instances_backup));
