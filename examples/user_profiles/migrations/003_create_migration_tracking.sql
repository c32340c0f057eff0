-- Migration: 003_create_migration_tracking
-- Description: Create the tables in which the application's own runner tracked migrations. rung keeps
--   its history in a schema of its own, so that the two do not meet
-- Type: create_table
-- Depends on: []

-- ===== UP MIGRATION =====
-- Enums and arrays on PostgreSQL; checks and JSON on SQLite.
-- @up postgres
CREATE TYPE migration_type AS ENUM (
    'create_table', 'alter_table', 'drop_table', 'create_index', 'drop_index',
    'insert_data', 'update_data', 'delete_data', 'custom_sql'
);
CREATE TYPE migration_status AS ENUM ('pending', 'running', 'completed', 'failed', 'rolled_back');

CREATE TABLE IF NOT EXISTS schema_migrations (
    id VARCHAR(255) PRIMARY KEY,
    name VARCHAR(255) NOT NULL,
    description TEXT,
    migration_type migration_type NOT NULL DEFAULT 'custom_sql',
    up_sql TEXT NOT NULL,
    down_sql TEXT,
    depends_on TEXT[] NOT NULL DEFAULT '{}',
    status migration_status NOT NULL DEFAULT 'pending',
    applied_at TIMESTAMPTZ,
    execution_time_ms INTEGER CHECK (execution_time_ms >= 0),
    checksum VARCHAR(64) NOT NULL,
    error_message TEXT,
    CONSTRAINT schema_migrations_applied_check CHECK (status <> 'completed' OR applied_at IS NOT NULL)
);

CREATE TABLE IF NOT EXISTS migration_history (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    migration_id VARCHAR(255) NOT NULL REFERENCES schema_migrations (id) ON DELETE CASCADE,
    executed_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    status migration_status NOT NULL,
    execution_time_ms INTEGER CHECK (execution_time_ms >= 0),
    error_message TEXT
);

CREATE TABLE IF NOT EXISTS database_schema (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    version VARCHAR(50) NOT NULL,
    last_migration VARCHAR(255) REFERENCES schema_migrations (id),
    applied_migrations TEXT[] NOT NULL DEFAULT '{}',
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- No policies: nobody but the owner and the service role has any business here.
ALTER TABLE schema_migrations ENABLE ROW LEVEL SECURITY;
ALTER TABLE migration_history ENABLE ROW LEVEL SECURITY;
ALTER TABLE database_schema ENABLE ROW LEVEL SECURITY;

-- @up sqlite
CREATE TABLE IF NOT EXISTS schema_migrations (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT,
    migration_type TEXT NOT NULL DEFAULT 'custom_sql' CHECK (migration_type IN (
        'create_table', 'alter_table', 'drop_table', 'create_index', 'drop_index',
        'insert_data', 'update_data', 'delete_data', 'custom_sql'
    )),
    up_sql TEXT NOT NULL,
    down_sql TEXT,
    depends_on TEXT NOT NULL DEFAULT '[]',
    status TEXT NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'running', 'completed', 'failed', 'rolled_back')),
    applied_at TEXT,
    execution_time_ms INTEGER CHECK (execution_time_ms >= 0),
    checksum TEXT NOT NULL,
    error_message TEXT,
    CONSTRAINT schema_migrations_applied_check CHECK (status <> 'completed' OR applied_at IS NOT NULL)
);

CREATE TABLE IF NOT EXISTS migration_history (
    id TEXT NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    migration_id TEXT NOT NULL REFERENCES schema_migrations (id) ON DELETE CASCADE,
    executed_at TEXT NOT NULL DEFAULT ${now},
    status TEXT NOT NULL CHECK (status IN ('pending', 'running', 'completed', 'failed', 'rolled_back')),
    execution_time_ms INTEGER CHECK (execution_time_ms >= 0),
    error_message TEXT
);

CREATE TABLE IF NOT EXISTS database_schema (
    id TEXT NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    version TEXT NOT NULL,
    last_migration TEXT REFERENCES schema_migrations (id),
    applied_migrations TEXT NOT NULL DEFAULT '[]',
    updated_at TEXT NOT NULL DEFAULT ${now}
);

-- @up
CREATE INDEX IF NOT EXISTS idx_schema_migrations_status ON schema_migrations (status);
CREATE INDEX IF NOT EXISTS idx_migration_history_migration_id ON migration_history (migration_id, executed_at);

-- ===== DOWN MIGRATION =====
-- @down
DROP TABLE IF EXISTS database_schema;
DROP TABLE IF EXISTS migration_history;
DROP TABLE IF EXISTS schema_migrations;

-- @down postgres
DROP TYPE IF EXISTS migration_status;
DROP TYPE IF EXISTS migration_type;
