-- Description: Phase 4: plans with their limits, subscriptions, and a subscription for everyone who has a paid tier already
-- Type: create_table
-- Depends on: [001_initial_core_tables]
-- Date: 2025-04-21
-- Tags: phase-4

-- @up
CREATE TABLE plans (
    code               VARCHAR(20) NOT NULL PRIMARY KEY,
    name               VARCHAR(100) NOT NULL,
    price_cents        INTEGER NOT NULL,
    analyses_per_month INTEGER,
    storage_bytes      BIGINT,
    CONSTRAINT plans_price_cents_check CHECK (price_cents >= 0)
);

-- NULL is unlimited.
INSERT INTO plans (code, name, price_cents, analyses_per_month, storage_bytes) VALUES
    ('free', 'Free', 0, 10, 104857600),
    ('starter', 'Starter', 1900, 100, 1073741824),
    ('pro', 'Pro', 4900, 1000, 10737418240),
    ('enterprise', 'Enterprise', 49900, NULL, NULL);
-- @expect affected = 4

CREATE TABLE subscriptions (
    id                     ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    user_id                ${uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    plan_code              VARCHAR(20) NOT NULL REFERENCES plans (code),
    stripe_subscription_id VARCHAR(255),
    status                 VARCHAR(20) NOT NULL DEFAULT 'active',
    started_at             ${timestamptz} NOT NULL DEFAULT ${now},
    current_period_end     ${timestamptz},
    cancelled_at           ${timestamptz},
    CONSTRAINT subscriptions_stripe_subscription_id_key UNIQUE (stripe_subscription_id),
    CONSTRAINT subscriptions_status_check CHECK (status IN ('trialing', 'active', 'past_due', 'cancelled')),
    CONSTRAINT subscriptions_cancelled_check CHECK ((status = 'cancelled') = (cancelled_at IS NOT NULL))
);

-- One subscription that counts; cancelled ones stay on record.
CREATE UNIQUE INDEX idx_subscriptions_live ON subscriptions (user_id) WHERE status <> 'cancelled';
CREATE INDEX idx_subscriptions_user_id ON subscriptions (user_id);
CREATE INDEX idx_subscriptions_plan_code ON subscriptions (plan_code);

CREATE TABLE invoices (
    id                ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    subscription_id   ${uuid} NOT NULL REFERENCES subscriptions (id) ON DELETE CASCADE,
    stripe_invoice_id VARCHAR(255) NOT NULL,
    amount_cents      INTEGER NOT NULL,
    currency          VARCHAR(3) NOT NULL DEFAULT 'usd',
    status            VARCHAR(20) NOT NULL DEFAULT 'open',
    issued_at         ${timestamptz} NOT NULL DEFAULT ${now},
    paid_at           ${timestamptz},
    CONSTRAINT invoices_stripe_invoice_id_key UNIQUE (stripe_invoice_id),
    CONSTRAINT invoices_status_check CHECK (status IN ('open', 'paid', 'void', 'uncollectible'))
);

CREATE INDEX idx_invoices_subscription_id ON invoices (subscription_id, issued_at);

INSERT INTO subscriptions (user_id, plan_code, started_at)
SELECT id, tier, created_at FROM users WHERE tier <> 'free';
-- @expect rows(users) unchanged

-- @verify
-- Everyone who pays has a subscription to what their tier says, and nobody else has one.
SELECT count(*) = 0
FROM users
LEFT JOIN subscriptions ON subscriptions.user_id = users.id AND subscriptions.status <> 'cancelled'
WHERE coalesce(subscriptions.plan_code, 'free') <> users.tier;

-- @down
DROP TABLE invoices;
DROP TABLE subscriptions;
DROP TABLE plans;
