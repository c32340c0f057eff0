-- Migration: 005_index_website_lookups
-- Description: Index what the scheduler and the change feed look for. On PostgreSQL without
--   locking out writers, and so outside of a transaction
-- Type: create_index
-- Depends on: [002_create_website_tracking]

-- ===== UP MIGRATION =====
-- @up postgres
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_websites_due ON websites (last_checked_at) WHERE is_active;
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_website_changes_from_snapshot_id ON website_changes (from_snapshot_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_website_changes_to_snapshot_id ON website_changes (to_snapshot_id);

-- @up sqlite
CREATE INDEX IF NOT EXISTS idx_websites_due ON websites (last_checked_at) WHERE is_active;
CREATE INDEX IF NOT EXISTS idx_website_changes_from_snapshot_id ON website_changes (from_snapshot_id);
CREATE INDEX IF NOT EXISTS idx_website_changes_to_snapshot_id ON website_changes (to_snapshot_id);

-- ===== DOWN MIGRATION =====
-- @down postgres
DROP INDEX CONCURRENTLY IF EXISTS idx_website_changes_to_snapshot_id;
DROP INDEX CONCURRENTLY IF EXISTS idx_website_changes_from_snapshot_id;
DROP INDEX CONCURRENTLY IF EXISTS idx_websites_due;

-- @down sqlite
DROP INDEX IF EXISTS idx_website_changes_to_snapshot_id;
DROP INDEX IF EXISTS idx_website_changes_from_snapshot_id;
DROP INDEX IF EXISTS idx_websites_due;
