-- Description: Phase 3: charts of analyses, and embeds that show one on a customer's site
-- Type: create_table
-- Depends on: [001_initial_core_tables, 002_reports]
-- Date: 2025-03-17
-- Tags: phase-3

-- @up
CREATE TABLE charts (
    id          ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    user_id     ${uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    analysis_id ${uuid} NOT NULL REFERENCES analyses (id) ON DELETE CASCADE,
    report_id   ${uuid} REFERENCES reports (id) ON DELETE SET NULL,
    title       VARCHAR(255) NOT NULL,
    kind        VARCHAR(20) NOT NULL,
    spec        ${json} NOT NULL,
    position    INTEGER NOT NULL DEFAULT 0,
    thumbnail   ${bytes},
    created_at  ${timestamptz} NOT NULL DEFAULT ${now},
    updated_at  ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT charts_kind_check CHECK (kind IN ('bar', 'line', 'area', 'pie', 'scatter', 'heatmap', 'table'))
);

CREATE INDEX idx_charts_user_id ON charts (user_id);
CREATE INDEX idx_charts_analysis_id ON charts (analysis_id);
CREATE INDEX idx_charts_report_id ON charts (report_id, position);

CREATE TABLE embeds (
    id              ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    chart_id        ${uuid} NOT NULL REFERENCES charts (id) ON DELETE CASCADE,
    token           VARCHAR(64) NOT NULL,
    allowed_origins ${json} NOT NULL DEFAULT '[]',
    theme           VARCHAR(20) NOT NULL DEFAULT 'light',
    impressions     BIGINT NOT NULL DEFAULT 0,
    is_active       ${bool} NOT NULL DEFAULT TRUE,
    last_seen_at    ${timestamptz},
    created_at      ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT embeds_token_key UNIQUE (token),
    CONSTRAINT embeds_theme_check CHECK (theme IN ('light', 'dark', 'auto')),
    CONSTRAINT embeds_impressions_check CHECK (impressions >= 0)
);

CREATE INDEX idx_embeds_chart_id ON embeds (chart_id);

ALTER TABLE usage_tracking ADD COLUMN embed_impressions BIGINT NOT NULL DEFAULT 0;

-- @up postgres
CREATE TRIGGER charts_updated_at BEFORE UPDATE ON charts FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- @up sqlite
CREATE TRIGGER charts_updated_at AFTER UPDATE ON charts FOR EACH ROW WHEN NEW.updated_at = OLD.updated_at
BEGIN
    UPDATE charts SET updated_at = ${now} WHERE id = NEW.id;
END;

-- @down
ALTER TABLE usage_tracking DROP COLUMN embed_impressions;
DROP TABLE embeds;
DROP TABLE charts;
