-- Description: Core tables of phase 1: accounts, their monthly usage, datasets and analyses
-- Type: create_table
-- Date: 2025-01-06
-- Tags: phase-1

-- @up
CREATE TABLE users (
    id                 ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    email              VARCHAR(255) NOT NULL,
    password_hash      VARCHAR(255) NOT NULL,
    full_name          VARCHAR(255),
    tier               VARCHAR(20) NOT NULL DEFAULT 'free',
    stripe_customer_id VARCHAR(255),
    is_active          ${bool} NOT NULL DEFAULT TRUE,
    email_verified_at  ${timestamptz},
    created_at         ${timestamptz} NOT NULL DEFAULT ${now},
    updated_at         ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT users_email_key UNIQUE (email),
    CONSTRAINT users_stripe_customer_id_key UNIQUE (stripe_customer_id),
    CONSTRAINT users_tier_check CHECK (tier IN ('free', 'starter', 'pro', 'enterprise'))
);

-- The unique constraints are the indexes of email and stripe_customer_id.
CREATE INDEX idx_users_tier ON users (tier);

CREATE TABLE usage_tracking (
    id                 ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    user_id            ${uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    month_year         VARCHAR(7) NOT NULL,
    analyses_count     INTEGER NOT NULL DEFAULT 0,
    reports_count      INTEGER NOT NULL DEFAULT 0,
    rows_processed     BIGINT NOT NULL DEFAULT 0,
    storage_bytes      BIGINT NOT NULL DEFAULT 0,
    ai_tokens          BIGINT NOT NULL DEFAULT 0,
    created_at         ${timestamptz} NOT NULL DEFAULT ${now},
    updated_at         ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT usage_tracking_user_id_month_year_key UNIQUE (user_id, month_year),
    CONSTRAINT usage_tracking_month_year_check
        CHECK (month_year LIKE '____-__' AND substr(month_year, 6, 2) BETWEEN '01' AND '12'),
    CONSTRAINT usage_tracking_counts_check
        CHECK (analyses_count >= 0 AND reports_count >= 0 AND rows_processed >= 0 AND storage_bytes >= 0 AND ai_tokens >= 0)
);

-- The unique constraint is the index of (user_id, month_year).
CREATE INDEX idx_usage_tracking_user_id ON usage_tracking (user_id);
CREATE INDEX idx_usage_tracking_month_year ON usage_tracking (month_year);

CREATE TABLE datasets (
    id                ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    user_id           ${uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- Of a data connection, in phase 7; NULL for an upload.
    connection_id     ${uuid},
    name              VARCHAR(255) NOT NULL,
    description       TEXT,
    original_filename VARCHAR(255),
    storage_path      TEXT NOT NULL,
    content_sha256    ${bytes},
    file_size         BIGINT NOT NULL,
    row_count         BIGINT,
    column_count      INTEGER,
    column_info       ${json} NOT NULL DEFAULT '[]',
    status            VARCHAR(20) NOT NULL DEFAULT 'uploaded',
    created_at        ${timestamptz} NOT NULL DEFAULT ${now},
    updated_at        ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT datasets_file_size_check CHECK (file_size >= 0),
    CONSTRAINT datasets_status_check CHECK (status IN ('uploaded', 'profiling', 'ready', 'failed'))
);

CREATE INDEX idx_datasets_user_id ON datasets (user_id);
CREATE INDEX idx_datasets_connection_id ON datasets (connection_id);
CREATE INDEX idx_datasets_created_at ON datasets (created_at);

CREATE TABLE analyses (
    id            ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    user_id       ${uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    dataset_id    ${uuid} REFERENCES datasets (id) ON DELETE SET NULL,
    title         VARCHAR(255) NOT NULL,
    question      TEXT NOT NULL,
    workflow      ${json} NOT NULL DEFAULT '{}',
    results       ${json},
    status        VARCHAR(20) NOT NULL DEFAULT 'pending',
    error_message TEXT,
    started_at    ${timestamptz},
    completed_at  ${timestamptz},
    created_at    ${timestamptz} NOT NULL DEFAULT ${now},
    updated_at    ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT analyses_status_check CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
    CONSTRAINT analyses_error_check CHECK (status <> 'failed' OR error_message IS NOT NULL)
);

CREATE INDEX idx_analyses_user_id ON analyses (user_id);
CREATE INDEX idx_analyses_dataset_id ON analyses (dataset_id);
CREATE INDEX idx_analyses_status ON analyses (status);
CREATE INDEX idx_analyses_created_at ON analyses (created_at);

-- A trigger is written differently in each dialect.
-- @up postgres
CREATE FUNCTION set_updated_at() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END;
$$;

CREATE TRIGGER users_updated_at BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER usage_tracking_updated_at BEFORE UPDATE ON usage_tracking FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER datasets_updated_at BEFORE UPDATE ON datasets FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER analyses_updated_at BEFORE UPDATE ON analyses FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- @up sqlite
CREATE TRIGGER users_updated_at AFTER UPDATE ON users FOR EACH ROW WHEN NEW.updated_at = OLD.updated_at
BEGIN
    UPDATE users SET updated_at = ${now} WHERE id = NEW.id;
END;
CREATE TRIGGER usage_tracking_updated_at AFTER UPDATE ON usage_tracking FOR EACH ROW WHEN NEW.updated_at = OLD.updated_at
BEGIN
    UPDATE usage_tracking SET updated_at = ${now} WHERE id = NEW.id;
END;
CREATE TRIGGER datasets_updated_at AFTER UPDATE ON datasets FOR EACH ROW WHEN NEW.updated_at = OLD.updated_at
BEGIN
    UPDATE datasets SET updated_at = ${now} WHERE id = NEW.id;
END;
CREATE TRIGGER analyses_updated_at AFTER UPDATE ON analyses FOR EACH ROW WHEN NEW.updated_at = OLD.updated_at
BEGIN
    UPDATE analyses SET updated_at = ${now} WHERE id = NEW.id;
END;

-- @down
DROP TABLE analyses;
DROP TABLE datasets;
DROP TABLE usage_tracking;
DROP TABLE users;

-- @down postgres
DROP FUNCTION set_updated_at();
