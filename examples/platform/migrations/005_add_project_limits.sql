-- ============================================
-- Migration: 005 - Add Project Limits
-- ============================================
-- Purpose: Add resource limits tracking for projects
--
-- Dependencies:
--   - 001_create_platform_schema.sql
--   - 003_user_management_and_permissions.sql
--
-- Rollback:
--   See rollback-005.sql
-- ============================================

-- @up
BEGIN;

ALTER TABLE platform.projects
ADD COLUMN max_databases INTEGER DEFAULT 10,
ADD COLUMN max_storage_gb INTEGER DEFAULT 100;

CREATE TABLE IF NOT EXISTS platform.project_limits (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    project_id UUID NOT NULL REFERENCES platform.projects(id) ON DELETE CASCADE,
    resource_type TEXT NOT NULL,
    limit_value INTEGER NOT NULL,
    current_usage INTEGER NOT NULL DEFAULT 0,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    CONSTRAINT project_limits_project_id_resource_type_key UNIQUE (project_id, resource_type),
    CONSTRAINT project_limits_resource_type_check CHECK (resource_type IN ('databases', 'storage_gb', 'connections')),
    CONSTRAINT project_limits_limit_value_check CHECK (limit_value >= 0)
);

-- Create indexes for performance
CREATE INDEX idx_project_limits_project_id
ON platform.project_limits(project_id);

CREATE INDEX idx_project_limits_resource_type
ON platform.project_limits(resource_type);

CREATE TRIGGER set_updated_at BEFORE UPDATE ON platform.project_limits
FOR EACH ROW EXECUTE FUNCTION platform.set_updated_at();

-- Every project so far starts with the default limits
INSERT INTO platform.project_limits (project_id, resource_type, limit_value)
SELECT projects.id, resource.type, resource.value
FROM platform.projects
CROSS JOIN LATERAL (VALUES
    ('databases', projects.max_databases),
    ('storage_gb', projects.max_storage_gb)
) AS resource(type, value);
-- @expect rows(platform.projects) unchanged

COMMIT;

-- @verify
SELECT (SELECT count(*) FROM platform.project_limits) = 2 * (SELECT count(*) FROM platform.projects);
