-- Enhanced analytics tracking
-- Date: 2025-01-10
-- Author: Database team

-- @up
-- Enhanced analytics: one row a user and day
CREATE TABLE user_analytics_enhanced (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    day DATE NOT NULL DEFAULT current_date,
    sessions INTEGER NOT NULL DEFAULT 0 CHECK (sessions >= 0),
    seconds_active INTEGER NOT NULL DEFAULT 0 CHECK (seconds_active >= 0),
    messages_sent INTEGER NOT NULL DEFAULT 0 CHECK (messages_sent >= 0),
    projects_opened INTEGER NOT NULL DEFAULT 0 CHECK (projects_opened >= 0),
    documents_uploaded INTEGER NOT NULL DEFAULT 0 CHECK (documents_uploaded >= 0),
    engagement_score NUMERIC(5, 2) CHECK (engagement_score BETWEEN 0 AND 100),
    device JSONB NOT NULL DEFAULT '{}',
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT user_analytics_enhanced_user_id_day_key UNIQUE (user_id, day)
);

-- Login history
CREATE TABLE user_login_history (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    ip_address INET,
    user_agent TEXT,
    method TEXT NOT NULL DEFAULT 'password' CHECK (method IN ('password', 'magic_link', 'oauth', 'otp')),
    succeeded BOOLEAN NOT NULL DEFAULT true,
    logged_in_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE INDEX idx_user_analytics_enhanced_day ON user_analytics_enhanced USING brin (day);
CREATE INDEX idx_user_login_history_user_id ON user_login_history (user_id, logged_in_at DESC);
CREATE INDEX idx_user_login_history_failed ON user_login_history (ip_address, logged_in_at) WHERE NOT succeeded;

CREATE TRIGGER set_updated_at BEFORE UPDATE ON user_analytics_enhanced
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();

ALTER TABLE user_analytics_enhanced ENABLE ROW LEVEL SECURITY;
ALTER TABLE user_login_history ENABLE ROW LEVEL SECURITY;

CREATE POLICY "Users can view own analytics" ON user_analytics_enhanced
    FOR SELECT USING (auth.uid() = user_id);
CREATE POLICY "Admins can view all analytics" ON user_analytics_enhanced
    FOR SELECT USING (is_admin_user());
CREATE POLICY "Users can view own logins" ON user_login_history
    FOR SELECT USING (auth.uid() = user_id);
CREATE POLICY "Admins can view all logins" ON user_login_history
    FOR SELECT USING (is_admin_user());

-- Analytics functions
CREATE FUNCTION calculate_user_engagement() RETURNS INTEGER
LANGUAGE plpgsql
AS $$
DECLARE
    scored INTEGER;
BEGIN
    UPDATE user_analytics_enhanced
    SET engagement_score = least(
        100, sessions * 5 + seconds_active / 120.0 + messages_sent * 2 + projects_opened * 3 + documents_uploaded * 5
    )
    WHERE day >= current_date - 30;
    GET DIAGNOSTICS scored = ROW_COUNT;
    RETURN scored;
END;
$$;

CREATE FUNCTION get_user_engagement()
RETURNS TABLE (user_id UUID, days_active BIGINT, mean_score NUMERIC, last_active_on DATE)
LANGUAGE sql STABLE
AS $$
    SELECT seen.user_id, count(*), round(avg(seen.engagement_score), 2), max(seen.day)
    FROM user_analytics_enhanced AS seen
    WHERE seen.day >= current_date - 30
    GROUP BY seen.user_id
$$;

-- @down
DROP FUNCTION get_user_engagement();
DROP FUNCTION calculate_user_engagement();
DROP TABLE user_login_history;
DROP TABLE user_analytics_enhanced;
