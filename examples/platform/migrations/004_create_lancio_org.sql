-- ============================================
-- Migration: 004 - Create Lancio Organization
-- ============================================
-- Purpose: Create the Lancio production organization
--   with its projects and its team
--
-- Dependencies:
--   - 003_user_management_and_permissions.sql
--
-- Rollback:
--   See rollback-004.sql
-- ============================================
-- @only production

-- @up
BEGIN;

INSERT INTO platform.organizations (name, slug, billing_email, billing_name, plan)
VALUES ('Lancio', 'lancio', 'billing@lancio.example', 'Lancio S.r.l.', 'enterprise');
-- @expect affected = 1

INSERT INTO platform.users (email, display_name)
VALUES
    ('giulia@lancio.example', 'Giulia'),
    ('marco@lancio.example', 'Marco'),
    ('sofia@lancio.example', 'Sofia')
ON CONFLICT (email) DO NOTHING;

INSERT INTO platform.user_roles (user_id, organization_id, role)
SELECT users.id, organizations.id, team.role
FROM (VALUES
    ('giulia@lancio.example', 'owner'),
    ('marco@lancio.example', 'admin'),
    ('sofia@lancio.example', 'admin')
) AS team(email, role)
JOIN platform.users ON users.email = team.email
JOIN platform.organizations ON organizations.slug = 'lancio';
-- @expect affected = 3

-- The permissions on these come by inheritance, from the roles above
INSERT INTO platform.projects (name, ref, organization_id, region)
SELECT project.name, project.ref, organizations.id, 'eu-south-1'
FROM (VALUES
    ('Lancio Web', 'lancioweb0000001'),
    ('Lancio API', 'lancioapi0000001')
) AS project(name, ref)
JOIN platform.organizations ON organizations.slug = 'lancio';
-- @expect affected = 2

COMMIT;

-- @verify
SELECT count(*) = 6
FROM platform.permissions
JOIN platform.projects ON projects.id = permissions.project_id
JOIN platform.organizations ON organizations.id = projects.organization_id
WHERE organizations.slug = 'lancio' AND access_level = 'admin';
