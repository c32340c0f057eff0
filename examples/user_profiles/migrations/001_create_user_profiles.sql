-- Migration: 001_create_user_profiles
-- Description: Create user profiles table for storing user information
-- Type: create_table
-- Depends on: []

-- ===== UP MIGRATION =====
-- @up postgres
-- Supabase has auth.uid(), the user that a request comes from. A plain server gets one that works the same.
DO $$
BEGIN
    IF to_regnamespace('auth') IS NULL THEN
        CREATE SCHEMA auth;
        COMMENT ON SCHEMA auth IS 'Stands in for the auth schema of Supabase';
    END IF;
    IF to_regprocedure('auth.uid()') IS NULL THEN
        CREATE FUNCTION auth.uid() RETURNS UUID
        LANGUAGE sql STABLE
        AS $body$
            SELECT coalesce(
                nullif(current_setting('request.jwt.claim.sub', true), ''),
                nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
            )::uuid
        $body$;
        COMMENT ON FUNCTION auth.uid() IS 'Stands in for auth.uid() of Supabase';
    END IF;
END
$$;

-- @up
CREATE TABLE IF NOT EXISTS user_profiles (
    id ${uuid} NOT NULL PRIMARY KEY DEFAULT ${gen_uuid},
    user_id ${uuid} NOT NULL,
    email VARCHAR(255) NOT NULL,
    full_name VARCHAR(255),
    avatar_url TEXT,
    country_code VARCHAR(2),
    timezone VARCHAR(64) NOT NULL DEFAULT 'UTC',
    preferences ${json} NOT NULL DEFAULT '{}',
    is_active ${bool} NOT NULL DEFAULT TRUE,
    created_at ${timestamptz} NOT NULL DEFAULT ${now},
    updated_at ${timestamptz} NOT NULL DEFAULT ${now},
    CONSTRAINT user_profiles_user_id_key UNIQUE (user_id),
    CONSTRAINT user_profiles_email_key UNIQUE (email),
    CONSTRAINT user_profiles_country_code_check CHECK (country_code = upper(country_code) AND length(country_code) = 2)
);

CREATE INDEX IF NOT EXISTS idx_user_profiles_created_at ON user_profiles (created_at);

-- @up postgres
ALTER TABLE user_profiles ENABLE ROW LEVEL SECURITY;

CREATE POLICY "Users can view own profile" ON user_profiles
    FOR SELECT USING (auth.uid() = user_id);

CREATE POLICY "Users can create own profile" ON user_profiles
    FOR INSERT WITH CHECK (auth.uid() = user_id);

CREATE POLICY "Users can update own profile" ON user_profiles
    FOR UPDATE USING (auth.uid() = user_id) WITH CHECK (auth.uid() = user_id);

-- ===== DOWN MIGRATION =====
-- @down
DROP TABLE IF EXISTS user_profiles;

-- @down postgres
-- Only what stands in for Supabase is ours to drop.
DO $$
BEGIN
    IF obj_description(to_regprocedure('auth.uid()'), 'pg_proc') = 'Stands in for auth.uid() of Supabase' THEN
        DROP FUNCTION auth.uid();
    END IF;
    IF obj_description(to_regnamespace('auth'), 'pg_namespace') = 'Stands in for the auth schema of Supabase' THEN
        DROP SCHEMA auth;
    END IF;
END
$$;
