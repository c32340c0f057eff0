-- Rollback for migration 003
BEGIN;

DROP TRIGGER IF EXISTS inherit_permissions ON platform.projects;

DROP TABLE IF EXISTS platform.permissions;
DROP TABLE IF EXISTS platform.user_roles;
DROP TABLE IF EXISTS platform.users;

DROP FUNCTION IF EXISTS platform.inherit_permissions();
DROP FUNCTION IF EXISTS platform.access_level_of(TEXT);

COMMIT;
