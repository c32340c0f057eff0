-- Fix the missing link between a user and a Stripe customer
-- Date: 2025-01-13
-- Author: Billing team

ALTER TABLE users ADD COLUMN stripe_customer_id TEXT;

CREATE UNIQUE INDEX idx_users_stripe_customer_id ON users (stripe_customer_id);

-- ROLLBACK: DROP INDEX idx_users_stripe_customer_id; ALTER TABLE users DROP COLUMN stripe_customer_id;
