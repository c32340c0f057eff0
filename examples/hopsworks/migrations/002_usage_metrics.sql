-- Track usage by metric, and bill for it: credits, subscriptions, invoices and prices
-- Date: 2024-11-18
-- Author: Platform team

CREATE TABLE IF NOT EXISTS usage_metrics (
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

CREATE TABLE IF NOT EXISTS credit_transactions (
    id            ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    user_id       ${uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind          TEXT NOT NULL,
    amount_cents  BIGINT NOT NULL,
    balance_cents BIGINT NOT NULL,
    description   TEXT,
    created_at    ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT credit_transactions_kind_check CHECK (kind IN ('purchase', 'usage', 'refund', 'grant', 'expiry'))
);

CREATE TABLE IF NOT EXISTS subscriptions (
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

CREATE TABLE IF NOT EXISTS invoices (
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

CREATE TABLE IF NOT EXISTS stripe_products (
    id                ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    product_type      TEXT NOT NULL,
    stripe_product_id TEXT NOT NULL,
    stripe_price_id   TEXT NOT NULL,
    unit_name         TEXT NOT NULL,
    unit_price        NUMERIC(12, 6) NOT NULL,
    active            ${bool} NOT NULL DEFAULT TRUE,
    created_at        ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT stripe_products_product_type_key UNIQUE (product_type),
    CONSTRAINT stripe_products_unit_price_check CHECK (unit_price >= 0)
);

CREATE TABLE IF NOT EXISTS user_pricing_overrides (
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

CREATE INDEX IF NOT EXISTS idx_usage_metrics_user_id ON usage_metrics (user_id, measured_at);
CREATE INDEX IF NOT EXISTS idx_credit_transactions_user_id ON credit_transactions (user_id, created_at);
CREATE INDEX IF NOT EXISTS idx_subscriptions_user_id ON subscriptions (user_id);
CREATE INDEX IF NOT EXISTS idx_invoices_user_id ON invoices (user_id);
CREATE INDEX IF NOT EXISTS idx_invoices_subscription_id ON invoices (subscription_id);
CREATE INDEX IF NOT EXISTS idx_user_pricing_overrides_product_id ON user_pricing_overrides (product_id);

-- ROLLBACK:
-- DROP TABLE IF EXISTS user_pricing_overrides;
-- DROP TABLE IF EXISTS stripe_products;
-- DROP TABLE IF EXISTS invoices;
-- DROP TABLE IF EXISTS subscriptions;
-- DROP TABLE IF EXISTS credit_transactions;
-- DROP TABLE IF EXISTS usage_metrics;
