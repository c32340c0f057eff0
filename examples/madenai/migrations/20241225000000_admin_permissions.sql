-- Admin role system
-- Date: 2024-12-25
-- Author: Security team

-- @up
-- Admin role enum
CREATE TYPE admin_role AS ENUM ('super_admin', 'admin', 'moderator');

-- Admin users
CREATE TABLE admin_users (
    user_id UUID PRIMARY KEY REFERENCES auth.users (id) ON DELETE CASCADE,
    role admin_role NOT NULL DEFAULT 'moderator',
    granted_by UUID REFERENCES auth.users (id) ON DELETE SET NULL,
    is_active BOOLEAN NOT NULL DEFAULT true,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- Admin permissions
CREATE TABLE admin_permissions (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    role admin_role NOT NULL,
    resource TEXT NOT NULL,
    actions TEXT[] NOT NULL CHECK (cardinality(actions) > 0),
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT admin_permissions_role_resource_key UNIQUE (role, resource)
);

CREATE INDEX idx_admin_users_granted_by ON admin_users (granted_by);

CREATE TRIGGER set_updated_at BEFORE UPDATE ON admin_users FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- Admin security functions. They look past row-level security, or a policy that asks them would ask itself.
CREATE FUNCTION is_admin_user() RETURNS BOOLEAN
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public
AS $$
    SELECT EXISTS (SELECT FROM admin_users WHERE user_id = auth.uid() AND is_active)
$$;

CREATE FUNCTION is_superuser() RETURNS BOOLEAN
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public
AS $$
    SELECT EXISTS (SELECT FROM admin_users WHERE user_id = auth.uid() AND is_active AND role = 'super_admin')
$$;

ALTER TABLE admin_users ENABLE ROW LEVEL SECURITY;
ALTER TABLE admin_permissions ENABLE ROW LEVEL SECURITY;

CREATE POLICY "Admins can view admins" ON admin_users
    FOR SELECT USING (is_admin_user());
CREATE POLICY "Super admins can manage admins" ON admin_users
    FOR ALL USING (is_superuser()) WITH CHECK (is_superuser());
CREATE POLICY "Admins can view permissions" ON admin_permissions
    FOR SELECT USING (is_admin_user());
CREATE POLICY "Super admins can manage permissions" ON admin_permissions
    FOR ALL USING (is_superuser()) WITH CHECK (is_superuser());

-- Support reads what users have, and changes nothing of it.
CREATE POLICY "Admins can view all projects" ON projects
    FOR SELECT USING (is_admin_user());
CREATE POLICY "Admins can view all profiles" ON user_profiles
    FOR SELECT USING (is_admin_user());
CREATE POLICY "Admins can view all usage metrics" ON ai_usage_metrics
    FOR SELECT USING (is_admin_user());

INSERT INTO admin_permissions (role, resource, actions) VALUES
    ('super_admin', '*', ARRAY['read', 'write', 'delete', 'grant']),
    ('admin', 'users', ARRAY['read', 'write']),
    ('admin', 'projects', ARRAY['read', 'write']),
    ('admin', 'payments', ARRAY['read']),
    ('moderator', 'users', ARRAY['read']),
    ('moderator', 'conversations', ARRAY['read', 'delete']);
-- @expect affected = 6

-- @verify
-- Nobody is an admin who is not logged in.
SELECT NOT is_admin_user() OR auth.uid() IS NOT NULL;

-- @down
DROP POLICY "Admins can view all usage metrics" ON ai_usage_metrics;
DROP POLICY "Admins can view all profiles" ON user_profiles;
DROP POLICY "Admins can view all projects" ON projects;
DROP TABLE admin_permissions;
DROP POLICY "Super admins can manage admins" ON admin_users;
DROP POLICY "Admins can view admins" ON admin_users;
DROP FUNCTION is_superuser();
DROP FUNCTION is_admin_user();
DROP TABLE admin_users;
DROP TYPE admin_role;
