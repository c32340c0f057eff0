-- Rollback for migration 004
BEGIN;

-- Projects, roles and permissions go with the organization
DELETE FROM platform.organizations WHERE slug = 'lancio';

-- Accounts go unless they have found a role somewhere else since
DELETE FROM platform.users
WHERE email IN ('giulia@lancio.example', 'marco@lancio.example', 'sofia@lancio.example')
AND NOT EXISTS (SELECT FROM platform.user_roles WHERE user_id = users.id);

COMMIT;
