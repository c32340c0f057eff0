-- Push notifications and alerts
-- Date: 2025-03-01
-- Author: Platform team
-- Depends on: 20250120000000_email_system, 20250125000000_alerts_system

-- @up
CREATE TYPE notification_channel AS ENUM ('in_app', 'push', 'email');

CREATE TABLE notification_devices (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id UUID NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
  platform TEXT NOT NULL CHECK (platform IN ('web', 'android', 'ios')),
  push_token TEXT NOT NULL UNIQUE,
  last_seen_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE TABLE notification_preferences (
  user_id UUID NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
  topic TEXT NOT NULL,
  channels notification_channel[] NOT NULL DEFAULT '{in_app}',
  updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, topic)
);

CREATE TABLE notifications (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id UUID NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
  alert_log_id UUID REFERENCES alert_logs (id) ON DELETE SET NULL,
  topic TEXT NOT NULL,
  title TEXT NOT NULL,
  body TEXT NOT NULL,
  data JSONB NOT NULL DEFAULT '{}',
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  read_at TIMESTAMPTZ
);

CREATE INDEX idx_notification_devices_user_id ON notification_devices (user_id);
CREATE INDEX idx_notifications_user_id ON notifications (user_id, created_at DESC);
CREATE INDEX idx_notifications_unread ON notifications (user_id) WHERE read_at IS NULL;
CREATE INDEX idx_notifications_alert_log_id ON notifications (alert_log_id);

CREATE TRIGGER set_updated_at BEFORE UPDATE ON notification_preferences
  FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- Every admin hears of an alert.
CREATE FUNCTION notify_admins_of_alert() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public
AS $$
BEGIN
  INSERT INTO notifications (user_id, alert_log_id, topic, title, body)
  SELECT admin_users.user_id, NEW.id, 'alert', alert_configurations.name, NEW.message
  FROM admin_users
  JOIN alert_configurations ON alert_configurations.id = NEW.configuration_id
  WHERE admin_users.is_active;
  RETURN NULL;
END;
$$;

CREATE TRIGGER notify_admins_of_alert AFTER INSERT ON alert_logs
  FOR EACH ROW EXECUTE FUNCTION notify_admins_of_alert();

ALTER TABLE notification_devices ENABLE ROW LEVEL SECURITY;
ALTER TABLE notification_preferences ENABLE ROW LEVEL SECURITY;
ALTER TABLE notifications ENABLE ROW LEVEL SECURITY;

CREATE POLICY "Users can manage own devices" ON notification_devices
  FOR ALL USING (auth.uid() = user_id) WITH CHECK (auth.uid() = user_id);
CREATE POLICY "Users can manage own preferences" ON notification_preferences
  FOR ALL USING (auth.uid() = user_id) WITH CHECK (auth.uid() = user_id);
CREATE POLICY "Users can view own notifications" ON notifications
  FOR SELECT USING (auth.uid() = user_id);
CREATE POLICY "Users can mark own notifications" ON notifications
  FOR UPDATE USING (auth.uid() = user_id) WITH CHECK (auth.uid() = user_id);

-- @down
DROP TRIGGER notify_admins_of_alert ON alert_logs;
DROP FUNCTION notify_admins_of_alert();
DROP TABLE notifications;
DROP TABLE notification_preferences;
DROP TABLE notification_devices;
DROP TYPE notification_channel;
