-- User behavior deep analytics
-- Date: 2025-02-15
-- Author: Platform team
-- Depends on: 20250110000000_analytics_enhanced,
--   20250201000000_observability_system

-- User journey tracking
CREATE TABLE user_journeys (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id UUID NOT NULL,
  session_id TEXT NOT NULL,
  journey_type TEXT,
  steps JSONB DEFAULT '[]',
  completed BOOLEAN DEFAULT false,
  started_at TIMESTAMPTZ DEFAULT now(),
  completed_at TIMESTAMPTZ,
  CONSTRAINT user_journeys_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth.users (id) ON DELETE CASCADE,
  CONSTRAINT user_journeys_steps_check CHECK (jsonb_typeof(steps) = 'array')
);

-- Feature usage analytics
CREATE TABLE feature_usage (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id UUID NOT NULL,
  feature_name TEXT NOT NULL,
  usage_count INTEGER DEFAULT 1,
  last_used_at TIMESTAMPTZ DEFAULT now(),
  metadata JSONB DEFAULT '{}',
  CONSTRAINT feature_usage_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth.users (id) ON DELETE CASCADE,
  CONSTRAINT feature_usage_user_id_feature_name_key UNIQUE (user_id, feature_name)
);

CREATE INDEX idx_user_journeys_user_id ON user_journeys (user_id, started_at DESC);
CREATE INDEX idx_user_journeys_session_id ON user_journeys (session_id);
CREATE INDEX idx_feature_usage_feature_name ON feature_usage (feature_name);

-- How a journey went, request by request
CREATE VIEW user_journey_requests AS
SELECT user_journeys.id AS journey_id, request_traces.method, request_traces.path, request_traces.status_code,
    request_traces.duration_ms, request_traces.created_at
FROM user_journeys
JOIN request_traces ON request_traces.correlation_id = user_journeys.session_id;

-- A view sees with its owner's eyes: not for everyone.
REVOKE ALL ON user_journey_requests FROM PUBLIC;

ALTER TABLE user_journeys ENABLE ROW LEVEL SECURITY;
ALTER TABLE feature_usage ENABLE ROW LEVEL SECURITY;

CREATE POLICY "Users can view own journeys" ON user_journeys FOR SELECT USING (auth.uid() = user_id);
CREATE POLICY "Admins can view all journeys" ON user_journeys FOR SELECT USING (is_admin_user());
CREATE POLICY "Users can view own feature usage" ON feature_usage FOR SELECT USING (auth.uid() = user_id);
CREATE POLICY "Admins can view all feature usage" ON feature_usage FOR SELECT USING (is_admin_user());

-- ROLLBACK:
-- DROP VIEW user_journey_requests;
-- DROP TABLE feature_usage;
-- DROP TABLE user_journeys;
