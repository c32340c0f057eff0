-- ============================================
-- Migration: 001 - Create Platform Schema
-- ============================================
-- Purpose: Create the platform schema with
--   organizations, projects and credentials
--
-- Dependencies: None
--
-- Rollback:
--   See rollback-001.sql
-- ============================================

BEGIN;

CREATE SCHEMA IF NOT EXISTS platform;

-- Every table with an updated_at keeps it by itself.
CREATE FUNCTION platform.set_updated_at() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END;
$$;

CREATE TABLE IF NOT EXISTS platform.organizations (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    name TEXT NOT NULL,
    slug TEXT NOT NULL UNIQUE,
    billing_email TEXT,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    CONSTRAINT organizations_slug_format CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$')
);

CREATE TABLE IF NOT EXISTS platform.projects (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    name TEXT NOT NULL,
    ref TEXT NOT NULL UNIQUE,
    organization_id UUID NOT NULL REFERENCES platform.organizations(id) ON DELETE CASCADE,
    region TEXT NOT NULL DEFAULT 'eu-central-1',
    status TEXT NOT NULL DEFAULT 'active',
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    CONSTRAINT projects_ref_format CHECK (ref ~ '^[a-z0-9]{16}$'),
    CONSTRAINT projects_status_check CHECK (status IN ('creating', 'active', 'paused', 'deleting'))
);

CREATE TABLE IF NOT EXISTS platform.credentials (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    project_id UUID NOT NULL UNIQUE REFERENCES platform.projects(id) ON DELETE CASCADE,
    anon_key TEXT NOT NULL,
    service_role_key TEXT NOT NULL,
    jwt_secret TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW()
);

CREATE INDEX idx_projects_organization_id
ON platform.projects(organization_id);

CREATE TRIGGER set_updated_at BEFORE UPDATE ON platform.organizations
FOR EACH ROW EXECUTE FUNCTION platform.set_updated_at();

CREATE TRIGGER set_updated_at BEFORE UPDATE ON platform.projects
FOR EACH ROW EXECUTE FUNCTION platform.set_updated_at();

CREATE TRIGGER set_updated_at BEFORE UPDATE ON platform.credentials
FOR EACH ROW EXECUTE FUNCTION platform.set_updated_at();

COMMENT ON COLUMN platform.projects.ref IS '16-character project reference, part of its host name';
COMMENT ON COLUMN platform.credentials.anon_key IS 'Public JWT';
COMMENT ON COLUMN platform.credentials.service_role_key IS 'Admin JWT: bypasses row-level security';
COMMENT ON COLUMN platform.credentials.jwt_secret IS 'Signs both keys';

COMMIT;
