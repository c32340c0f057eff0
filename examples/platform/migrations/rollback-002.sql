-- Rollback for migration 002
BEGIN;

DROP TABLE IF EXISTS platform.invoices;
DROP TABLE IF EXISTS platform.payment_methods;
DROP TABLE IF EXISTS platform.subscriptions;

ALTER TABLE platform.organizations
DROP COLUMN IF EXISTS plan,
DROP COLUMN IF EXISTS tax_id,
DROP COLUMN IF EXISTS billing_address,
DROP COLUMN IF EXISTS billing_name,
DROP COLUMN IF EXISTS stripe_customer_id;

COMMIT;
