-- Initial database schema: projects and the profiles of their owners
-- Date: 2024-12-01
-- Author: Database team

-- @up
-- Extensions where the server has them. Nothing below needs them: gen_random_uuid() is built in since PostgreSQL 13.
-- The comment says whose they are, for the way back.
DO $$
DECLARE
    wanted TEXT;
BEGIN
    FOR wanted IN
        SELECT name FROM pg_available_extensions
        WHERE name IN ('uuid-ossp', 'pgcrypto') AND installed_version IS NULL
          AND has_database_privilege(current_database(), 'CREATE')
        ORDER BY name
    LOOP
        EXECUTE format('CREATE EXTENSION IF NOT EXISTS %I', wanted);
        EXECUTE format('COMMENT ON EXTENSION %I IS %L', wanted, 'Installed by init_schema');
    END LOOP;
END
$$;

-- Supabase brings users and auth.uid() with it. A plain server gets stand-ins that work the same.
DO $$
BEGIN
    IF to_regnamespace('auth') IS NULL THEN
        CREATE SCHEMA auth;
        COMMENT ON SCHEMA auth IS 'Stands in for the auth schema of Supabase';
    END IF;
    IF to_regclass('auth.users') IS NULL THEN
        CREATE TABLE auth.users (
            id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
            email VARCHAR(255) UNIQUE,
            raw_user_meta_data JSONB,
            created_at TIMESTAMPTZ DEFAULT now(),
            last_sign_in_at TIMESTAMPTZ
        );
        COMMENT ON TABLE auth.users IS 'Stands in for auth.users of Supabase';
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

CREATE FUNCTION set_updated_at() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END;
$$;

-- Core tables
CREATE TABLE projects (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    name TEXT NOT NULL CHECK (btrim(name) <> ''),
    description TEXT,
    project_type TEXT NOT NULL DEFAULT 'residential'
        CHECK (project_type IN ('residential', 'commercial', 'industrial', 'renovation')),
    status TEXT NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'active', 'paused', 'completed', 'archived')),
    city TEXT,
    state CHAR(2),
    total_area_m2 NUMERIC(12, 2) CHECK (total_area_m2 > 0),
    total_budget NUMERIC(14, 2) CHECK (total_budget >= 0),
    starts_on DATE,
    ends_on DATE,
    metadata JSONB NOT NULL DEFAULT '{}',
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT projects_dates_check CHECK (ends_on >= starts_on)
);

CREATE TABLE user_profiles (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL UNIQUE REFERENCES auth.users (id) ON DELETE CASCADE,
    full_name TEXT,
    email TEXT,
    phone TEXT,
    company TEXT,
    city TEXT,
    state CHAR(2),
    avatar_url TEXT,
    preferences JSONB NOT NULL DEFAULT '{}',
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE INDEX idx_projects_user_id ON projects (user_id, created_at DESC);
CREATE INDEX idx_projects_status ON projects (status);

CREATE TRIGGER set_updated_at BEFORE UPDATE ON projects FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER set_updated_at BEFORE UPDATE ON user_profiles FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- Enable RLS
ALTER TABLE projects ENABLE ROW LEVEL SECURITY;
ALTER TABLE user_profiles ENABLE ROW LEVEL SECURITY;

CREATE POLICY "Users can manage own projects" ON projects
    FOR ALL USING (auth.uid() = user_id) WITH CHECK (auth.uid() = user_id);
CREATE POLICY "Users can view own profile" ON user_profiles
    FOR SELECT USING (auth.uid() = user_id);
CREATE POLICY "Users can update own profile" ON user_profiles
    FOR UPDATE USING (auth.uid() = user_id) WITH CHECK (auth.uid() = user_id);

-- @down
DROP TABLE user_profiles;
DROP TABLE projects;
DROP FUNCTION set_updated_at();

-- Only what stands in for Supabase is ours to drop, and only extensions that were installed above.
DO $$
DECLARE
    ours TEXT;
BEGIN
    IF obj_description(to_regprocedure('auth.uid()'), 'pg_proc') = 'Stands in for auth.uid() of Supabase' THEN
        DROP FUNCTION auth.uid();
    END IF;
    IF obj_description(to_regclass('auth.users'), 'pg_class') = 'Stands in for auth.users of Supabase' THEN
        DROP TABLE auth.users;
    END IF;
    IF obj_description(to_regnamespace('auth'), 'pg_namespace') = 'Stands in for the auth schema of Supabase' THEN
        DROP SCHEMA auth;
    END IF;
    FOR ours IN
        SELECT extname FROM pg_extension
        WHERE extname IN ('uuid-ossp', 'pgcrypto') AND obj_description(oid, 'pg_extension') = 'Installed by init_schema'
    LOOP
        EXECUTE format('DROP EXTENSION %I', ours);
    END LOOP;
END
$$;
