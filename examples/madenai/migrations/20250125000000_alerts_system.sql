-- Alert configurations and logs
-- Date: 2025-01-25
-- Author: Platform team

-- Alert configurations
CREATE TABLE alert_configurations (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    name TEXT NOT NULL UNIQUE,
    metric TEXT NOT NULL,
    comparison TEXT NOT NULL CHECK (comparison IN ('>', '>=', '<', '<=', '=')),
    threshold NUMERIC NOT NULL,
    severity TEXT NOT NULL DEFAULT 'warning' CHECK (severity IN ('info', 'warning', 'critical')),
    channels TEXT[] NOT NULL DEFAULT '{email}' CHECK (channels <@ ARRAY['email', 'slack', 'webhook']),
    cooldown_minutes INTEGER NOT NULL DEFAULT 60 CHECK (cooldown_minutes >= 0),
    is_active BOOLEAN NOT NULL DEFAULT true,
    created_by UUID REFERENCES auth.users (id) ON DELETE SET NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- Alert logs
CREATE TABLE alert_logs (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    configuration_id UUID NOT NULL REFERENCES alert_configurations (id) ON DELETE CASCADE,
    measured NUMERIC NOT NULL,
    message TEXT NOT NULL,
    acknowledged_by UUID REFERENCES auth.users (id) ON DELETE SET NULL,
    acknowledged_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- Chat access logs
CREATE TABLE chat_access_logs (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID REFERENCES auth.users (id) ON DELETE SET NULL,
    conversation_id UUID REFERENCES ai_conversations (id) ON DELETE SET NULL,
    allowed BOOLEAN NOT NULL,
    reason TEXT,
    ip_address INET,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE INDEX idx_alert_configurations_metric ON alert_configurations (metric) WHERE is_active;
CREATE INDEX idx_alert_configurations_created_by ON alert_configurations (created_by);
CREATE INDEX idx_alert_logs_configuration_id ON alert_logs (configuration_id, created_at DESC);
CREATE INDEX idx_alert_logs_open ON alert_logs (created_at) WHERE acknowledged_at IS NULL;
CREATE INDEX idx_chat_access_logs_user_id ON chat_access_logs (user_id, created_at DESC);
CREATE INDEX idx_chat_access_logs_conversation_id ON chat_access_logs (conversation_id);

CREATE TRIGGER set_updated_at BEFORE UPDATE ON alert_configurations FOR EACH ROW EXECUTE FUNCTION set_updated_at();

ALTER TABLE alert_configurations ENABLE ROW LEVEL SECURITY;
ALTER TABLE alert_logs ENABLE ROW LEVEL SECURITY;
ALTER TABLE chat_access_logs ENABLE ROW LEVEL SECURITY;

CREATE POLICY "Admins can manage alerts" ON alert_configurations
    FOR ALL USING (is_admin_user()) WITH CHECK (is_admin_user());
CREATE POLICY "Admins can view alert logs" ON alert_logs
    FOR SELECT USING (is_admin_user());
CREATE POLICY "Admins can acknowledge alerts" ON alert_logs
    FOR UPDATE USING (is_admin_user()) WITH CHECK (acknowledged_by = auth.uid());
CREATE POLICY "Admins can view chat access logs" ON chat_access_logs
    FOR SELECT USING (is_admin_user());

-- ROLLBACK:
-- DROP TABLE chat_access_logs;
-- DROP TABLE alert_logs;
-- DROP TABLE alert_configurations;
