-- CRM clients and projects
-- Date: 2025-01-05
-- Author: Database team

-- @up
-- CRM clients
CREATE TABLE crm_clients (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    name TEXT NOT NULL CHECK (btrim(name) <> ''),
    email TEXT,
    phone TEXT,
    company TEXT,
    status TEXT NOT NULL DEFAULT 'lead' CHECK (status IN ('lead', 'contacted', 'proposal', 'active', 'inactive')),
    notes TEXT,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- CRM projects
CREATE TABLE crm_projects (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    client_id UUID NOT NULL REFERENCES crm_clients (id) ON DELETE CASCADE,
    project_id UUID REFERENCES projects (id) ON DELETE SET NULL,
    name TEXT NOT NULL,
    value NUMERIC(14, 2) NOT NULL DEFAULT 0 CHECK (value >= 0),
    stage TEXT NOT NULL DEFAULT 'planning'
        CHECK (stage IN ('planning', 'negotiation', 'won', 'lost', 'in_progress', 'delivered')),
    expected_close_on DATE,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE INDEX idx_crm_clients_user_id ON crm_clients (user_id, status);
CREATE UNIQUE INDEX idx_crm_clients_email ON crm_clients (user_id, lower(email)) WHERE email IS NOT NULL;
CREATE INDEX idx_crm_projects_user_id ON crm_projects (user_id, stage);
CREATE INDEX idx_crm_projects_client_id ON crm_projects (client_id);
CREATE INDEX idx_crm_projects_project_id ON crm_projects (project_id);

CREATE TRIGGER set_updated_at BEFORE UPDATE ON crm_clients FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER set_updated_at BEFORE UPDATE ON crm_projects FOR EACH ROW EXECUTE FUNCTION set_updated_at();

ALTER TABLE crm_clients ENABLE ROW LEVEL SECURITY;
ALTER TABLE crm_projects ENABLE ROW LEVEL SECURITY;

CREATE POLICY "Users can manage own clients" ON crm_clients
    FOR ALL USING (auth.uid() = user_id) WITH CHECK (auth.uid() = user_id);
CREATE POLICY "Users can manage own client projects" ON crm_projects
    FOR ALL USING (auth.uid() = user_id)
    WITH CHECK (
        auth.uid() = user_id
        AND EXISTS (SELECT FROM crm_clients WHERE crm_clients.id = client_id AND crm_clients.user_id = auth.uid())
    );

-- CRM functions. They run as the caller, so that the policies above hold in them.
CREATE FUNCTION insert_crm_client(
    client_name TEXT, client_email TEXT DEFAULT NULL, client_phone TEXT DEFAULT NULL, client_company TEXT DEFAULT NULL
) RETURNS UUID
LANGUAGE sql
AS $$
    INSERT INTO crm_clients (user_id, name, email, phone, company)
    VALUES (auth.uid(), client_name, client_email, client_phone, client_company)
    RETURNING id
$$;

CREATE FUNCTION insert_crm_project(
    for_client UUID, project_name TEXT, project_value NUMERIC DEFAULT 0, close_on DATE DEFAULT NULL
) RETURNS UUID
LANGUAGE sql
AS $$
    INSERT INTO crm_projects (user_id, client_id, name, value, expected_close_on)
    VALUES (auth.uid(), for_client, project_name, project_value, close_on)
    RETURNING id
$$;

CREATE FUNCTION get_client_stats()
RETURNS TABLE (total_clients BIGINT, active_clients BIGINT, open_value NUMERIC, won_value NUMERIC)
LANGUAGE sql STABLE
AS $$
    SELECT
        (SELECT count(*) FROM crm_clients WHERE user_id = auth.uid()),
        (SELECT count(*) FROM crm_clients WHERE user_id = auth.uid() AND status = 'active'),
        coalesce(sum(value) FILTER (WHERE stage IN ('planning', 'negotiation')), 0),
        coalesce(sum(value) FILTER (WHERE stage IN ('won', 'in_progress', 'delivered')), 0)
    FROM crm_projects
    WHERE user_id = auth.uid()
$$;

-- @down
DROP FUNCTION get_client_stats();
DROP FUNCTION insert_crm_project(UUID, TEXT, NUMERIC, DATE);
DROP FUNCTION insert_crm_client(TEXT, TEXT, TEXT, TEXT);
DROP TABLE crm_projects;
DROP TABLE crm_clients;
