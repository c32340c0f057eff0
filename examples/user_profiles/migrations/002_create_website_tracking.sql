-- Migration: 002_create_website_tracking
-- Description: Create the tables of tracked websites, their snapshots and the
--   changes found between two of them
-- Type: create_table
-- Depends on: [001_create_user_profiles]

-- ===== UP MIGRATION =====
-- @up
CREATE TABLE IF NOT EXISTS check_regions (
    code VARCHAR(2) NOT NULL PRIMARY KEY,
    name VARCHAR(255) NOT NULL,
    CONSTRAINT check_regions_name_key UNIQUE (name)
);

CREATE TABLE IF NOT EXISTS websites (
    id ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    user_id ${uuid} NOT NULL REFERENCES user_profiles (user_id) ON DELETE CASCADE,
    region_code VARCHAR(2) REFERENCES check_regions (code) ON DELETE SET NULL,
    url TEXT NOT NULL,
    title VARCHAR(255),
    check_interval_minutes INTEGER NOT NULL DEFAULT 1440,
    is_active ${bool} NOT NULL DEFAULT TRUE,
    last_checked_at ${timestamptz},
    created_at ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT websites_user_id_url_key UNIQUE (user_id, url),
    CONSTRAINT websites_url_check CHECK (url LIKE 'http://%' OR url LIKE 'https://%'),
    CONSTRAINT websites_check_interval_minutes_check CHECK (check_interval_minutes >= 5)
);

CREATE TABLE IF NOT EXISTS website_snapshots (
    id ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    website_id ${uuid} NOT NULL REFERENCES websites (id) ON DELETE CASCADE,
    status_code INTEGER,
    content_sha256 VARCHAR(64) NOT NULL,
    content ${bytes},
    response_time_ms INTEGER,
    taken_at ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT website_snapshots_status_code_check CHECK (status_code BETWEEN 100 AND 599),
    CONSTRAINT website_snapshots_content_sha256_check CHECK (length(content_sha256) = 64)
);

CREATE TABLE IF NOT EXISTS website_changes (
    id ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    website_id ${uuid} NOT NULL REFERENCES websites (id) ON DELETE CASCADE,
    from_snapshot_id ${uuid} REFERENCES website_snapshots (id) ON DELETE SET NULL,
    to_snapshot_id ${uuid} NOT NULL REFERENCES website_snapshots (id) ON DELETE CASCADE,
    severity VARCHAR(20) NOT NULL DEFAULT 'minor',
    summary TEXT,
    details ${json} NOT NULL DEFAULT '{}',
    detected_at ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT website_changes_severity_check CHECK (severity IN ('minor', 'major', 'critical')),
    CONSTRAINT website_changes_snapshots_check CHECK (from_snapshot_id <> to_snapshot_id)
);

CREATE INDEX IF NOT EXISTS idx_websites_region_code ON websites (region_code);
CREATE INDEX IF NOT EXISTS idx_website_snapshots_website_id ON website_snapshots (website_id, taken_at);
CREATE INDEX IF NOT EXISTS idx_website_changes_website_id ON website_changes (website_id, detected_at);

-- @up postgres
ALTER TABLE check_regions ENABLE ROW LEVEL SECURITY;
ALTER TABLE websites ENABLE ROW LEVEL SECURITY;
ALTER TABLE website_snapshots ENABLE ROW LEVEL SECURITY;
ALTER TABLE website_changes ENABLE ROW LEVEL SECURITY;

CREATE POLICY "Everyone can view regions" ON check_regions
    FOR SELECT USING (true);

CREATE POLICY "Users can manage own websites" ON websites
    FOR ALL USING (auth.uid() = user_id) WITH CHECK (auth.uid() = user_id);

CREATE POLICY "Users can view snapshots of own websites" ON website_snapshots
    FOR SELECT USING (website_id IN (SELECT id FROM websites WHERE user_id = auth.uid()));

CREATE POLICY "Users can view changes of own websites" ON website_changes
    FOR SELECT USING (website_id IN (SELECT id FROM websites WHERE user_id = auth.uid()));

-- ===== DOWN MIGRATION =====
-- @down
DROP TABLE IF EXISTS website_changes;
DROP TABLE IF EXISTS website_snapshots;
DROP TABLE IF EXISTS websites;
DROP TABLE IF EXISTS check_regions;
