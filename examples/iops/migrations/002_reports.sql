-- Description: Phase 2: reports of analyses, which their owners can share by a public link
-- Type: create_table
-- Depends on: [001_initial_core_tables]
-- Date: 2025-02-10
-- Tags: phase-2

-- @up
CREATE TABLE reports (
    id           ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    user_id      ${uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    analysis_id  ${uuid} REFERENCES analyses (id) ON DELETE SET NULL,
    title        VARCHAR(255) NOT NULL,
    summary      TEXT,
    content      ${json} NOT NULL DEFAULT '{}',
    visibility   VARCHAR(20) NOT NULL DEFAULT 'private',
    share_slug   VARCHAR(32),
    password_hash VARCHAR(255),
    expires_at   ${timestamptz},
    published_at ${timestamptz},
    created_at   ${timestamptz} NOT NULL DEFAULT ${now},
    updated_at   ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT reports_share_slug_key UNIQUE (share_slug),
    CONSTRAINT reports_visibility_check CHECK (visibility IN ('private', 'unlisted', 'public')),
    -- What is shared has a link, and what is private has none that could leak.
    CONSTRAINT reports_shared_check CHECK ((visibility = 'private') = (share_slug IS NULL))
);

CREATE INDEX idx_reports_user_id ON reports (user_id);
CREATE INDEX idx_reports_analysis_id ON reports (analysis_id);
CREATE INDEX idx_reports_public ON reports (published_at) WHERE visibility = 'public';

CREATE TABLE report_views (
    id           ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    report_id    ${uuid} NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    viewer_hash  ${bytes} NOT NULL,
    referrer     TEXT,
    viewed_at    ${timestamptz} NOT NULL DEFAULT ${now}
);

CREATE INDEX idx_report_views_report_id ON report_views (report_id, viewed_at);

CREATE VIEW public_reports AS
SELECT reports.id, reports.title, reports.summary, reports.share_slug, reports.published_at, count(report_views.id) AS view_count
FROM reports
LEFT JOIN report_views ON report_views.report_id = reports.id
WHERE reports.visibility = 'public' AND reports.password_hash IS NULL
GROUP BY reports.id, reports.title, reports.summary, reports.share_slug, reports.published_at;

-- @up postgres
CREATE TRIGGER reports_updated_at BEFORE UPDATE ON reports FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- @up sqlite
CREATE TRIGGER reports_updated_at AFTER UPDATE ON reports FOR EACH ROW WHEN NEW.updated_at = OLD.updated_at
BEGIN
    UPDATE reports SET updated_at = ${now} WHERE id = NEW.id;
END;

-- @down
DROP VIEW public_reports;
DROP TABLE report_views;
DROP TABLE reports;
