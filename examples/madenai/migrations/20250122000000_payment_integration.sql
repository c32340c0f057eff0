-- Payment and subscription system
-- Date: 2025-01-22
-- Author: Billing team

-- @up
-- Payment plans enum
CREATE TYPE plan_tier_v2 AS ENUM ('FREE', 'BASIC', 'PRO', 'ENTERPRISE');
CREATE TYPE billing_cycle AS ENUM ('mensal', 'anual');

-- User plans
CREATE TABLE user_plans (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL UNIQUE REFERENCES auth.users (id) ON DELETE CASCADE,
    tier plan_tier_v2 NOT NULL DEFAULT 'FREE',
    cycle billing_cycle,
    -- NULL is unlimited.
    messages_quota INTEGER CHECK (messages_quota >= 0),
    is_active BOOLEAN NOT NULL DEFAULT true,
    starts_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    expires_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT user_plans_cycle_check CHECK ((tier = 'FREE') = (cycle IS NULL)),
    CONSTRAINT user_plans_expires_at_check CHECK (expires_at > starts_at)
);

-- Coupons
CREATE TABLE coupons (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    code TEXT NOT NULL UNIQUE CHECK (code = upper(code)),
    discount_percent SMALLINT NOT NULL CHECK (discount_percent BETWEEN 1 AND 100),
    max_redemptions INTEGER CHECK (max_redemptions > 0),
    redemptions INTEGER NOT NULL DEFAULT 0,
    valid_until TIMESTAMPTZ,
    is_active BOOLEAN NOT NULL DEFAULT true,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT coupons_redemptions_check CHECK (redemptions >= 0 AND redemptions <= max_redemptions)
);

-- Payments, as the provider reports them
CREATE TABLE payments (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    provider TEXT NOT NULL CHECK (provider IN ('stripe', 'mercado_pago', 'pix')),
    provider_payment_id TEXT NOT NULL,
    amount NUMERIC(12, 2) NOT NULL CHECK (amount >= 0),
    currency CHAR(3) NOT NULL DEFAULT 'BRL',
    status TEXT NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'approved', 'declined', 'refunded', 'cancelled')),
    payload JSONB NOT NULL DEFAULT '{}',
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT payments_provider_provider_payment_id_key UNIQUE (provider, provider_payment_id)
);

-- User payments: what a payment was for
CREATE TABLE user_payments (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    payment_id UUID NOT NULL UNIQUE REFERENCES payments (id) ON DELETE RESTRICT,
    coupon_id UUID REFERENCES coupons (id) ON DELETE SET NULL,
    tier plan_tier_v2 NOT NULL CHECK (tier <> 'FREE'),
    cycle billing_cycle NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE INDEX idx_user_plans_expires_at ON user_plans (expires_at) WHERE is_active;
CREATE INDEX idx_payments_status ON payments (status, created_at);
CREATE INDEX idx_user_payments_user_id ON user_payments (user_id, created_at DESC);
CREATE INDEX idx_user_payments_coupon_id ON user_payments (coupon_id);

-- Plan sync functions: the quota follows the tier
CREATE FUNCTION sync_messages_quota() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    NEW.messages_quota := CASE NEW.tier WHEN 'FREE' THEN 10 WHEN 'BASIC' THEN 120 WHEN 'PRO' THEN 500 END;
    RETURN NEW;
END;
$$;

CREATE TRIGGER sync_messages_quota BEFORE INSERT OR UPDATE OF tier ON user_plans
    FOR EACH ROW EXECUTE FUNCTION sync_messages_quota();
CREATE TRIGGER set_updated_at BEFORE UPDATE ON user_plans FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER set_updated_at BEFORE UPDATE ON payments FOR EACH ROW EXECUTE FUNCTION set_updated_at();

ALTER TABLE user_plans ENABLE ROW LEVEL SECURITY;
ALTER TABLE coupons ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments ENABLE ROW LEVEL SECURITY;
ALTER TABLE user_payments ENABLE ROW LEVEL SECURITY;

CREATE POLICY "Users can view own plan" ON user_plans
    FOR SELECT USING (auth.uid() = user_id);
CREATE POLICY "Admins can manage plans" ON user_plans
    FOR ALL USING (is_admin_user()) WITH CHECK (is_admin_user());
CREATE POLICY "Admins can manage coupons" ON coupons
    FOR ALL USING (is_admin_user()) WITH CHECK (is_admin_user());
CREATE POLICY "Users can view own payments" ON payments
    FOR SELECT USING (
        EXISTS (SELECT FROM user_payments WHERE user_payments.payment_id = payments.id AND user_id = auth.uid())
    );
CREATE POLICY "Users can view what they paid for" ON user_payments
    FOR SELECT USING (auth.uid() = user_id);

-- Everyone who has an account so far starts on the free plan.
INSERT INTO user_plans (user_id)
SELECT id FROM auth.users;
-- @expect rows(user_profiles) unchanged

-- @verify
SELECT (SELECT count(*) FROM user_plans WHERE messages_quota = 10) = (SELECT count(*) FROM auth.users);

-- @down
DROP POLICY "Users can view own payments" ON payments;
DROP TABLE user_payments;
DROP TABLE payments;
DROP TABLE coupons;
DROP TABLE user_plans;
DROP FUNCTION sync_messages_quota();
DROP TYPE billing_cycle;
DROP TYPE plan_tier_v2;
