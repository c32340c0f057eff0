-- Complete team support: usage belongs to an account, and every account has one summary
-- Date: 2025-01-31
-- Author: Billing team

-- @up
ALTER TABLE users ADD COLUMN stripe_test_customer_id TEXT;
CREATE UNIQUE INDEX idx_users_stripe_test_customer_id ON users (stripe_test_customer_id);

ALTER TABLE usage_daily ADD COLUMN account_owner_id ${uuid} REFERENCES users (id) ON DELETE SET NULL;
CREATE INDEX idx_usage_daily_account_owner_id ON usage_daily (account_owner_id, usage_date);

-- Usage so far goes to whoever owns the account of the user who caused it.
UPDATE usage_daily
SET account_owner_id = (
    SELECT coalesce(users.account_owner_id, users.id) FROM users WHERE users.id = usage_daily.user_id
);
-- @expect rows(usage_daily) unchanged
-- @expect rows(users) unchanged

CREATE VIEW account_usage_summary AS
SELECT
    owner.id                       AS account_id,
    owner.email                    AS account_email,
    daily.usage_date,
    count(DISTINCT daily.user_id)  AS active_users,
    sum(daily.cpu_hours)           AS cpu_hours,
    sum(daily.gpu_hours)           AS gpu_hours,
    sum(daily.storage_gb)          AS storage_gb,
    sum(daily.api_calls)           AS api_calls,
    sum(daily.cost_cents)          AS cost_cents,
    sum(CASE WHEN daily.user_id = owner.id THEN daily.cost_cents ELSE 0 END) AS owner_cost_cents,
    sum(CASE WHEN daily.user_id = owner.id THEN 0 ELSE daily.cost_cents END) AS team_cost_cents
FROM usage_daily AS daily
JOIN users AS owner ON owner.id = daily.account_owner_id
GROUP BY owner.id, owner.email, daily.usage_date;

-- @verify
SELECT count(*) = 0 FROM usage_daily WHERE account_owner_id IS NULL;
-- The summary counts every cent once.
SELECT coalesce((SELECT sum(cost_cents) FROM account_usage_summary), 0)
     = coalesce((SELECT sum(cost_cents) FROM usage_daily), 0);

-- @down
DROP VIEW account_usage_summary;
DROP INDEX idx_usage_daily_account_owner_id;
ALTER TABLE usage_daily DROP COLUMN account_owner_id;
DROP INDEX idx_users_stripe_test_customer_id;
ALTER TABLE users DROP COLUMN stripe_test_customer_id;
