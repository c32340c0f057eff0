-- Say who assigned a user to a cluster, when and why, and what the user is called there
-- Date: 2024-12-16
-- Author: Platform team

ALTER TABLE user_hopsworks_assignments ADD COLUMN hopsworks_username TEXT;
ALTER TABLE user_hopsworks_assignments ADD COLUMN assigned_by ${uuid} REFERENCES users (id) ON DELETE SET NULL;
ALTER TABLE user_hopsworks_assignments ADD COLUMN assigned_at ${timestamptz};
ALTER TABLE user_hopsworks_assignments ADD COLUMN metadata ${json} NOT NULL DEFAULT '{}';

CREATE INDEX idx_user_hopsworks_assignments_assigned_by ON user_hopsworks_assignments (assigned_by);

-- ROLLBACK:
-- DROP INDEX idx_user_hopsworks_assignments_assigned_by;
-- ALTER TABLE user_hopsworks_assignments DROP COLUMN metadata;
-- ALTER TABLE user_hopsworks_assignments DROP COLUMN assigned_at;
-- ALTER TABLE user_hopsworks_assignments DROP COLUMN assigned_by;
-- ALTER TABLE user_hopsworks_assignments DROP COLUMN hopsworks_username;
