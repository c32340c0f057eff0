-- Basic gamification: points, levels and achievements
-- Date: 2024-12-20
-- Author: Database team

-- @up
-- Achievements system
CREATE TABLE achievements (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    icon TEXT,
    category TEXT NOT NULL DEFAULT 'general',
    points_reward INTEGER NOT NULL DEFAULT 0 CHECK (points_reward >= 0),
    criteria JSONB NOT NULL DEFAULT '{}',
    is_active BOOLEAN NOT NULL DEFAULT true,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- User gamification
CREATE TABLE user_gamification (
    user_id UUID PRIMARY KEY REFERENCES auth.users (id) ON DELETE CASCADE,
    total_points INTEGER NOT NULL DEFAULT 0 CHECK (total_points >= 0),
    level INTEGER NOT NULL DEFAULT 1 CHECK (level >= 1),
    streak_days INTEGER NOT NULL DEFAULT 0 CHECK (streak_days >= 0),
    achievements TEXT[] NOT NULL DEFAULT '{}',
    last_activity_on DATE,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- Gamification logs
CREATE TABLE gamification_logs (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    action TEXT NOT NULL,
    points INTEGER NOT NULL,
    description TEXT,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE INDEX idx_user_gamification_total_points ON user_gamification (total_points DESC);
CREATE INDEX idx_gamification_logs_user_id ON gamification_logs (user_id, created_at DESC);

CREATE TRIGGER set_updated_at BEFORE UPDATE ON user_gamification FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- Functions for points and levels
CREATE FUNCTION calculate_level_from_points(points INTEGER) RETURNS INTEGER
LANGUAGE sql IMMUTABLE STRICT
AS $$
    SELECT 1 + floor(sqrt(greatest(points, 0) / 100.0))::integer
$$;

CREATE FUNCTION award_points(target_user UUID, awarded INTEGER, reason TEXT, details TEXT DEFAULT NULL) RETURNS INTEGER
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public
AS $$
DECLARE
    reached INTEGER;
BEGIN
    INSERT INTO user_gamification AS known (user_id, total_points, level, streak_days, last_activity_on)
    VALUES (target_user, greatest(awarded, 0), calculate_level_from_points(awarded), 1, current_date)
    ON CONFLICT (user_id) DO UPDATE SET
        total_points = greatest(known.total_points + awarded, 0),
        level = calculate_level_from_points(known.total_points + awarded),
        streak_days = CASE
            WHEN known.last_activity_on = current_date THEN known.streak_days
            WHEN known.last_activity_on = current_date - 1 THEN known.streak_days + 1
            ELSE 1
        END,
        last_activity_on = current_date
    RETURNING level INTO reached;

    INSERT INTO gamification_logs (user_id, action, points, description)
    VALUES (target_user, reason, awarded, details);
    RETURN reached;
END;
$$;

-- Whoever may call it could award points to anyone.
REVOKE EXECUTE ON FUNCTION award_points(UUID, INTEGER, TEXT, TEXT) FROM PUBLIC;

ALTER TABLE achievements ENABLE ROW LEVEL SECURITY;
ALTER TABLE user_gamification ENABLE ROW LEVEL SECURITY;
ALTER TABLE gamification_logs ENABLE ROW LEVEL SECURITY;

CREATE POLICY "Everyone can view active achievements" ON achievements
    FOR SELECT USING (is_active);
CREATE POLICY "Users can view own gamification" ON user_gamification
    FOR SELECT USING (auth.uid() = user_id);
CREATE POLICY "Users can view own gamification logs" ON gamification_logs
    FOR SELECT USING (auth.uid() = user_id);

INSERT INTO achievements (code, name, description, category, points_reward) VALUES
    ('first_project', 'Primeira obra', 'Created a first project', 'projects', 50),
    ('ten_projects', 'Construtor', 'Created ten projects', 'projects', 500),
    ('first_analysis', 'Olhar clínico', 'Had a first document analysed', 'analyses', 30),
    ('first_referral', 'Embaixador', 'Brought a first colleague', 'community', 100);
-- @expect affected = 4

-- @verify
SELECT calculate_level_from_points(0) = 1;
SELECT calculate_level_from_points(400) = 3;

-- @down
DROP FUNCTION award_points(UUID, INTEGER, TEXT, TEXT);
DROP FUNCTION calculate_level_from_points(INTEGER);
DROP TABLE gamification_logs;
DROP TABLE user_gamification;
DROP TABLE achievements;
