-- User profiles and authentication: a profile for every account, and referrals
-- Date: 2024-12-05
-- Author: Database team

-- @up
-- Enhanced user profiles
ALTER TABLE user_profiles ADD COLUMN ref_code TEXT;
ALTER TABLE user_profiles ADD COLUMN referred_by TEXT;
ALTER TABLE user_profiles ADD COLUMN credits INTEGER DEFAULT 0;

UPDATE user_profiles SET ref_code = substr(md5(user_id::text), 1, 8) WHERE ref_code IS NULL;
-- @expect rows(user_profiles) unchanged

ALTER TABLE user_profiles ADD CONSTRAINT user_profiles_ref_code_key UNIQUE (ref_code);
ALTER TABLE user_profiles ADD CONSTRAINT user_profiles_credits_check CHECK (credits >= 0);

CREATE INDEX idx_user_profiles_referred_by ON user_profiles (referred_by);

-- User referrals system
CREATE TABLE user_referrals (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    referrer_id UUID NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    referred_id UUID NOT NULL UNIQUE REFERENCES auth.users (id) ON DELETE CASCADE,
    ref_code TEXT NOT NULL,
    credits_awarded INTEGER NOT NULL DEFAULT 0 CHECK (credits_awarded >= 0),
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT user_referrals_not_self CHECK (referrer_id <> referred_id)
);

CREATE INDEX idx_user_referrals_referrer_id ON user_referrals (referrer_id);

ALTER TABLE user_referrals ENABLE ROW LEVEL SECURITY;

CREATE POLICY "Users can view own referrals" ON user_referrals
    FOR SELECT USING (auth.uid() IN (referrer_id, referred_id));

-- Triggers for new user setup
CREATE FUNCTION handle_new_user_profile() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public
AS $$
DECLARE
    used_code TEXT := nullif(NEW.raw_user_meta_data ->> 'ref_code', '');
    referrer UUID;
BEGIN
    SELECT user_id INTO referrer FROM user_profiles WHERE ref_code = used_code;

    INSERT INTO user_profiles (user_id, email, full_name, ref_code, referred_by)
    VALUES (
        NEW.id,
        NEW.email,
        NEW.raw_user_meta_data ->> 'full_name',
        substr(md5(NEW.id::text), 1, 8),
        CASE WHEN referrer IS NOT NULL THEN used_code END
    )
    ON CONFLICT (user_id) DO NOTHING;

    IF referrer IS NOT NULL THEN
        INSERT INTO user_referrals (referrer_id, referred_id, ref_code, credits_awarded)
        VALUES (referrer, NEW.id, used_code, 10)
        ON CONFLICT (referred_id) DO NOTHING;
        IF FOUND THEN
            UPDATE user_profiles SET credits = credits + 10 WHERE user_id = referrer;
        END IF;
    END IF;
    RETURN NEW;
END;
$$;

CREATE TRIGGER on_auth_user_created AFTER INSERT ON auth.users
    FOR EACH ROW EXECUTE FUNCTION handle_new_user_profile();

-- @verify
SELECT count(*) = 0 FROM user_profiles WHERE ref_code IS NULL;

-- @down
DROP TRIGGER on_auth_user_created ON auth.users;
DROP FUNCTION handle_new_user_profile();
DROP TABLE user_referrals;
ALTER TABLE user_profiles DROP COLUMN credits;
ALTER TABLE user_profiles DROP COLUMN referred_by;
ALTER TABLE user_profiles DROP COLUMN ref_code;
