-- Add admin features, and clusters in place of one instance a user
-- Date: 2024-12-02
-- Author: Platform team

ALTER TABLE users ADD COLUMN is_admin ${bool} NOT NULL DEFAULT FALSE;

CREATE TABLE IF NOT EXISTS user_profiles (
    id         ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    user_id    ${uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    company    TEXT,
    job_title  TEXT,
    country    TEXT,
    notes      TEXT,
    created_at ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT user_profiles_user_id_key UNIQUE (user_id)
);

CREATE TABLE IF NOT EXISTS clusters (
    id         ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    name       TEXT NOT NULL,
    region     TEXT NOT NULL,
    kubeconfig ${bytes},
    node_count INTEGER NOT NULL DEFAULT 0,
    created_at ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT clusters_name_key UNIQUE (name)
);

CREATE TABLE IF NOT EXISTS hopsworks_clusters (
    id            ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    name          TEXT NOT NULL,
    api_url       TEXT NOT NULL,
    api_key       TEXT NOT NULL,
    status        TEXT NOT NULL DEFAULT 'active',
    max_users     INTEGER NOT NULL DEFAULT 100,
    current_users INTEGER NOT NULL DEFAULT 0,
    created_at    ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT hopsworks_clusters_name_key UNIQUE (name),
    CONSTRAINT hopsworks_clusters_status_check CHECK (status IN ('active', 'maintenance', 'full', 'inactive')),
    CONSTRAINT hopsworks_clusters_current_users_check CHECK (current_users BETWEEN 0 AND max_users)
);

CREATE TABLE IF NOT EXISTS user_hopsworks_assignments (
    id         ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    user_id    ${uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    cluster_id ${uuid} NOT NULL REFERENCES hopsworks_clusters (id) ON DELETE RESTRICT,
    created_at ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT user_hopsworks_assignments_user_id_cluster_id_key UNIQUE (user_id, cluster_id)
);

CREATE INDEX IF NOT EXISTS idx_user_hopsworks_assignments_cluster_id ON user_hopsworks_assignments (cluster_id);

-- Users share clusters from here on. Their instances are kept under another name until nobody asks for them.
ALTER TABLE instances RENAME TO instances_backup;

-- ROLLBACK:
-- ALTER TABLE instances_backup RENAME TO instances;
-- DROP TABLE IF EXISTS user_hopsworks_assignments;
-- DROP TABLE IF EXISTS hopsworks_clusters;
-- DROP TABLE IF EXISTS clusters;
-- DROP TABLE IF EXISTS user_profiles;
-- ALTER TABLE users DROP COLUMN is_admin;
