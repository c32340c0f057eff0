-- ============================================
-- Migration: 002 - Platform Billing Schema
-- ============================================
-- Purpose: Add billing and subscription management
--
-- Dependencies:
--   - 001_create_platform_schema.sql
--
-- Rollback:
--   See rollback-002.sql
-- ============================================

BEGIN;

ALTER TABLE platform.organizations
ADD COLUMN stripe_customer_id TEXT,
ADD COLUMN billing_name TEXT,
ADD COLUMN billing_address JSONB NOT NULL DEFAULT '{}',
ADD COLUMN tax_id TEXT,
ADD COLUMN plan TEXT NOT NULL DEFAULT 'free',
ADD CONSTRAINT organizations_stripe_customer_id_key UNIQUE (stripe_customer_id),
ADD CONSTRAINT organizations_plan_check CHECK (plan IN ('free', 'pro', 'team', 'enterprise'));

CREATE TABLE IF NOT EXISTS platform.subscriptions (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id UUID NOT NULL REFERENCES platform.organizations(id) ON DELETE CASCADE,
    stripe_subscription_id TEXT UNIQUE,
    plan TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'active',
    seats INTEGER NOT NULL DEFAULT 1,
    current_period_start TIMESTAMPTZ NOT NULL,
    current_period_end TIMESTAMPTZ NOT NULL,
    cancel_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    CONSTRAINT subscriptions_plan_check CHECK (plan IN ('pro', 'team', 'enterprise')),
    CONSTRAINT subscriptions_status_check CHECK (status IN ('trialing', 'active', 'past_due', 'canceled')),
    CONSTRAINT subscriptions_seats_check CHECK (seats > 0),
    CONSTRAINT subscriptions_period_check CHECK (current_period_end > current_period_start)
);

CREATE TABLE IF NOT EXISTS platform.payment_methods (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id UUID NOT NULL REFERENCES platform.organizations(id) ON DELETE CASCADE,
    stripe_payment_method_id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    last4 CHAR(4),
    expires_on DATE,
    is_default BOOLEAN NOT NULL DEFAULT FALSE,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    CONSTRAINT payment_methods_kind_check CHECK (kind IN ('card', 'sepa_debit', 'invoice'))
);

CREATE TABLE IF NOT EXISTS platform.invoices (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id UUID NOT NULL REFERENCES platform.organizations(id) ON DELETE RESTRICT,
    subscription_id UUID REFERENCES platform.subscriptions(id) ON DELETE SET NULL,
    number TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL DEFAULT 'draft',
    currency CHAR(3) NOT NULL DEFAULT 'EUR',
    subtotal_cents BIGINT NOT NULL,
    tax_cents BIGINT NOT NULL DEFAULT 0,
    total_cents BIGINT NOT NULL GENERATED ALWAYS AS (subtotal_cents + tax_cents) STORED,
    issued_at TIMESTAMPTZ,
    paid_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    CONSTRAINT invoices_status_check CHECK (status IN ('draft', 'open', 'paid', 'void', 'uncollectible')),
    CONSTRAINT invoices_paid_check CHECK (status <> 'paid' OR paid_at IS NOT NULL)
);

-- One live subscription and one default payment method for an organization
CREATE UNIQUE INDEX idx_subscriptions_live
ON platform.subscriptions(organization_id) WHERE status <> 'canceled';

CREATE UNIQUE INDEX idx_payment_methods_default
ON platform.payment_methods(organization_id) WHERE is_default;

CREATE INDEX idx_subscriptions_organization_id
ON platform.subscriptions(organization_id);

CREATE INDEX idx_payment_methods_organization_id
ON platform.payment_methods(organization_id);

CREATE INDEX idx_invoices_organization_id
ON platform.invoices(organization_id, created_at DESC);

CREATE INDEX idx_invoices_subscription_id
ON platform.invoices(subscription_id);

CREATE TRIGGER set_updated_at BEFORE UPDATE ON platform.subscriptions
FOR EACH ROW EXECUTE FUNCTION platform.set_updated_at();

COMMIT;
