-- Rollback for migration 001
BEGIN;

DROP TABLE IF EXISTS platform.credentials;
DROP TABLE IF EXISTS platform.projects;
DROP TABLE IF EXISTS platform.organizations;
DROP FUNCTION IF EXISTS platform.set_updated_at();

-- The schema goes with its last object. While the migration history lives in it, it stays.
DO $$
BEGIN
    DROP SCHEMA IF EXISTS platform RESTRICT;
EXCEPTION WHEN dependent_objects_still_exist THEN
    NULL;
END
$$;

COMMIT;
