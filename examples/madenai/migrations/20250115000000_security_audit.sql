-- Audit logging and security
-- Date: 2025-01-15
-- Author: Security team

-- @up
-- Admin audit logs: what was changed
CREATE TABLE admin_audit_logs (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    admin_id UUID REFERENCES auth.users (id) ON DELETE SET NULL,
    table_name TEXT NOT NULL,
    record_id TEXT,
    operation TEXT NOT NULL CHECK (operation IN ('INSERT', 'UPDATE', 'DELETE')),
    old_values JSONB,
    new_values JSONB,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- Admin security logs: what was done
CREATE TABLE admin_security_logs (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    admin_id UUID REFERENCES auth.users (id) ON DELETE SET NULL,
    action TEXT NOT NULL,
    target_user_id UUID REFERENCES auth.users (id) ON DELETE SET NULL,
    severity TEXT NOT NULL DEFAULT 'info' CHECK (severity IN ('info', 'warning', 'critical')),
    details JSONB NOT NULL DEFAULT '{}',
    ip_address INET,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- Admin impersonation logs: who acted as whom
CREATE TABLE admin_impersonation_logs (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    admin_id UUID NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    impersonated_user_id UUID NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    reason TEXT NOT NULL CHECK (btrim(reason) <> ''),
    started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    expires_at TIMESTAMPTZ NOT NULL DEFAULT now() + interval '1 hour',
    ended_at TIMESTAMPTZ,
    CONSTRAINT admin_impersonation_logs_not_self CHECK (admin_id <> impersonated_user_id),
    CONSTRAINT admin_impersonation_logs_times_check CHECK (expires_at > started_at AND ended_at >= started_at)
);

CREATE INDEX idx_admin_audit_logs_record ON admin_audit_logs (table_name, record_id);
CREATE INDEX idx_admin_audit_logs_admin_id ON admin_audit_logs (admin_id, created_at DESC);
CREATE INDEX idx_admin_security_logs_admin_id ON admin_security_logs (admin_id, created_at DESC);
CREATE INDEX idx_admin_security_logs_target_user_id ON admin_security_logs (target_user_id);
-- An admin is one other user at a time.
CREATE UNIQUE INDEX idx_admin_impersonation_logs_open ON admin_impersonation_logs (admin_id) WHERE ended_at IS NULL;
CREATE INDEX idx_admin_impersonation_logs_admin_id ON admin_impersonation_logs (admin_id);
CREATE INDEX idx_admin_impersonation_logs_impersonated_user_id ON admin_impersonation_logs (impersonated_user_id);

-- Security functions
CREATE FUNCTION log_admin_security_action(
    done TEXT, target UUID DEFAULT NULL, level TEXT DEFAULT 'info', context JSONB DEFAULT '{}'
) RETURNS UUID
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public
AS $$
DECLARE
    logged UUID;
BEGIN
    IF NOT is_admin_user() THEN
        RAISE EXCEPTION 'only admins act as admins' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO admin_security_logs (admin_id, action, target_user_id, severity, details, ip_address)
    VALUES (auth.uid(), done, target, level, context, inet_client_addr())
    RETURNING id INTO logged;
    RETURN logged;
END;
$$;

CREATE FUNCTION cleanup_expired_impersonation_sessions() RETURNS INTEGER
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public
AS $$
DECLARE
    ended INTEGER;
BEGIN
    UPDATE admin_impersonation_logs SET ended_at = expires_at WHERE ended_at IS NULL AND expires_at <= now();
    GET DIAGNOSTICS ended = ROW_COUNT;
    RETURN ended;
END;
$$;

CREATE FUNCTION audit_admin_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public
AS $$
DECLARE
    old_row JSONB := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    new_row JSONB := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
BEGIN
    INSERT INTO admin_audit_logs (admin_id, table_name, record_id, operation, old_values, new_values)
    VALUES (auth.uid(), TG_TABLE_NAME, coalesce(new_row, old_row) ->> TG_ARGV[0], TG_OP, old_row, new_row);
    RETURN NULL;
END;
$$;

CREATE TRIGGER audit_admin_change AFTER INSERT OR UPDATE OR DELETE ON admin_users
    FOR EACH ROW EXECUTE FUNCTION audit_admin_change('user_id');
CREATE TRIGGER audit_admin_change AFTER INSERT OR UPDATE OR DELETE ON admin_permissions
    FOR EACH ROW EXECUTE FUNCTION audit_admin_change('id');

-- A log is read, and written by the functions above alone.
ALTER TABLE admin_audit_logs ENABLE ROW LEVEL SECURITY;
ALTER TABLE admin_security_logs ENABLE ROW LEVEL SECURITY;
ALTER TABLE admin_impersonation_logs ENABLE ROW LEVEL SECURITY;

CREATE POLICY "Super admins can view audit logs" ON admin_audit_logs
    FOR SELECT USING (is_superuser());
CREATE POLICY "Super admins can view security logs" ON admin_security_logs
    FOR SELECT USING (is_superuser());
CREATE POLICY "Admins can view own impersonations" ON admin_impersonation_logs
    FOR SELECT USING (auth.uid() = admin_id OR is_superuser());
CREATE POLICY "Admins can start impersonations" ON admin_impersonation_logs
    FOR INSERT WITH CHECK (is_admin_user() AND auth.uid() = admin_id);

-- @down
DROP TRIGGER audit_admin_change ON admin_permissions;
DROP TRIGGER audit_admin_change ON admin_users;
DROP FUNCTION audit_admin_change();
DROP FUNCTION cleanup_expired_impersonation_sessions();
DROP FUNCTION log_admin_security_action(TEXT, UUID, TEXT, JSONB);
DROP TABLE admin_impersonation_logs;
DROP TABLE admin_security_logs;
DROP TABLE admin_audit_logs;
