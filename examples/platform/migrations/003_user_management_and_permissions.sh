#!/bin/sh
# ============================================
# Migration: 003 - User Management and Permissions
# ============================================
# Purpose: User accounts and role-based permissions
#
# Dependencies:
#   - 001_create_platform_schema.sql
#   - 002_platform_billing_schema.sql
#
# Rollback:
#   See rollback-003.sql
# ============================================
#
# A script and not a .sql file, because it looks before it leaps: it refuses, with a list, where the billing addresses it
# is to make accounts of are no addresses, or are shared by several organizations and nobody has said that they may be
# (ALLOW_SHARED_OWNERS=1).
#
# Safe to run again: psql runs it in one transaction, and each statement finds what an earlier run has left.
set -eu

: "${DATABASE_URL:?003_user_management_and_permissions.sh needs DATABASE_URL}"
# That something is not there to be dropped is no news.
export PGOPTIONS='--client-min-messages=warning'

sql() {
    psql "$DATABASE_URL" --no-psqlrc --quiet --set ON_ERROR_STOP=1 --file - "$@"
}

malformed=$(sql --tuples-only --no-align <<'SQL'
SELECT slug || ': ' || billing_email
FROM platform.organizations
WHERE billing_email IS NOT NULL AND billing_email !~ '^[^@[:space:]]+@[^@[:space:]]+\.[^@[:space:]]+$'
ORDER BY slug;
SQL
)
if [ -n "$malformed" ]; then
    printf 'billing addresses that are no addresses:\n%s\n' "$malformed" >&2
    exit 1
fi

shared=$(sql --tuples-only --no-align <<'SQL'
SELECT lower(billing_email) || ': ' || string_agg(slug, ', ' ORDER BY slug)
FROM platform.organizations
WHERE billing_email IS NOT NULL
GROUP BY lower(billing_email)
HAVING count(*) > 1
ORDER BY 1;
SQL
)
if [ -n "$shared" ] && [ "${ALLOW_SHARED_OWNERS:-0}" != 1 ]; then
    printf 'billing addresses of several organizations, whose owner would be one account:\n%s\n' "$shared" >&2
    printf 'set ALLOW_SHARED_OWNERS=1 if that is as it should be\n' >&2
    exit 1
fi

sql --single-transaction <<'SQL'
CREATE TABLE IF NOT EXISTS platform.users (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    email TEXT NOT NULL UNIQUE,
    hashed_password TEXT,
    display_name TEXT,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    last_login_at TIMESTAMPTZ,
    CONSTRAINT users_email_lowercase CHECK (email = lower(email))
);

COMMENT ON COLUMN platform.users.hashed_password IS 'NULL until an invited user has set one';

CREATE TABLE IF NOT EXISTS platform.user_roles (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES platform.users(id) ON DELETE CASCADE,
    organization_id UUID NOT NULL REFERENCES platform.organizations(id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    CONSTRAINT user_roles_user_id_organization_id_key UNIQUE (user_id, organization_id),
    CONSTRAINT user_roles_role_check CHECK (role IN ('owner', 'admin', 'member', 'viewer'))
);

CREATE TABLE IF NOT EXISTS platform.permissions (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES platform.users(id) ON DELETE CASCADE,
    project_id UUID NOT NULL REFERENCES platform.projects(id) ON DELETE CASCADE,
    access_level TEXT NOT NULL,
    granted_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    CONSTRAINT permissions_user_id_project_id_key UNIQUE (user_id, project_id),
    CONSTRAINT permissions_access_level_check CHECK (access_level IN ('admin', 'write', 'read'))
);

CREATE INDEX IF NOT EXISTS idx_user_roles_organization_id
ON platform.user_roles(organization_id);

CREATE INDEX IF NOT EXISTS idx_permissions_project_id
ON platform.permissions(project_id);

-- What a role in an organization is worth in each of its projects
CREATE OR REPLACE FUNCTION platform.access_level_of(role TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE
AS $$
    SELECT CASE role WHEN 'owner' THEN 'admin' WHEN 'admin' THEN 'admin' WHEN 'member' THEN 'write' ELSE 'read' END
$$;

-- Permission inheritance: a role reaches every project of its organization, and a project everyone who has a role
CREATE OR REPLACE FUNCTION platform.inherit_permissions() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    IF TG_TABLE_NAME = 'projects' THEN
        INSERT INTO platform.permissions (user_id, project_id, access_level)
        SELECT user_id, NEW.id, platform.access_level_of(role)
        FROM platform.user_roles
        WHERE organization_id = NEW.organization_id
        ON CONFLICT (user_id, project_id) DO NOTHING;
    ELSE
        INSERT INTO platform.permissions (user_id, project_id, access_level)
        SELECT NEW.user_id, id, platform.access_level_of(NEW.role)
        FROM platform.projects
        WHERE organization_id = NEW.organization_id
        ON CONFLICT (user_id, project_id) DO UPDATE SET access_level = EXCLUDED.access_level;
    END IF;
    RETURN NEW;
END;
$$;

DROP TRIGGER IF EXISTS inherit_permissions ON platform.projects;
CREATE TRIGGER inherit_permissions AFTER INSERT ON platform.projects
FOR EACH ROW EXECUTE FUNCTION platform.inherit_permissions();

DROP TRIGGER IF EXISTS inherit_permissions ON platform.user_roles;
CREATE TRIGGER inherit_permissions AFTER INSERT OR UPDATE OF role ON platform.user_roles
FOR EACH ROW EXECUTE FUNCTION platform.inherit_permissions();

-- Existing users: until now, an organization knew nobody but its billing address
INSERT INTO platform.users (email, display_name)
SELECT DISTINCT ON (lower(billing_email)) lower(billing_email), billing_name
FROM platform.organizations
WHERE billing_email IS NOT NULL
ORDER BY lower(billing_email), created_at
ON CONFLICT (email) DO NOTHING;

INSERT INTO platform.user_roles (user_id, organization_id, role)
SELECT users.id, organizations.id, 'owner'
FROM platform.organizations
JOIN platform.users ON users.email = lower(organizations.billing_email)
ON CONFLICT (user_id, organization_id) DO NOTHING;

-- Role validation: nobody is left without an owner, or an owner without access
DO $$
DECLARE
    orphans TEXT;
BEGIN
    SELECT string_agg(slug, ', ' ORDER BY slug) INTO orphans
    FROM platform.organizations
    WHERE billing_email IS NOT NULL AND NOT EXISTS (
        SELECT FROM platform.user_roles WHERE organization_id = organizations.id AND role = 'owner'
    );
    IF orphans IS NOT NULL THEN
        RAISE EXCEPTION 'organizations without an owner: %', orphans;
    END IF;
    SELECT string_agg(projects.ref, ', ' ORDER BY projects.ref) INTO orphans
    FROM platform.projects
    JOIN platform.user_roles ON user_roles.organization_id = projects.organization_id AND role = 'owner'
    WHERE NOT EXISTS (
        SELECT FROM platform.permissions
        WHERE project_id = projects.id AND user_id = user_roles.user_id AND access_level = 'admin'
    );
    IF orphans IS NOT NULL THEN
        RAISE EXCEPTION 'projects that their owner has no access to: %', orphans;
    END IF;
END
$$;
SQL
