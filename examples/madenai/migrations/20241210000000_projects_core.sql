-- Core project management tables
-- Date: 2024-12-10
-- Author: Database team

-- @up
-- Project budget items
CREATE TABLE project_budget_items (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    project_id UUID NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    category TEXT NOT NULL,
    description TEXT NOT NULL,
    unit TEXT NOT NULL,
    quantity NUMERIC(14, 4) NOT NULL CHECK (quantity >= 0),
    unit_price NUMERIC(14, 4) NOT NULL CHECK (unit_price >= 0),
    total_price NUMERIC(16, 2) NOT NULL GENERATED ALWAYS AS (round(quantity * unit_price, 2)) STORED,
    source TEXT NOT NULL DEFAULT 'manual' CHECK (source IN ('manual', 'sinapi', 'ai')),
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- Project schedule tasks
CREATE TABLE project_schedule_tasks (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    project_id UUID NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    parent_id UUID REFERENCES project_schedule_tasks (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    starts_on DATE NOT NULL,
    ends_on DATE NOT NULL,
    progress SMALLINT NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 100),
    depends_on UUID[] NOT NULL DEFAULT '{}',
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT project_schedule_tasks_dates_check CHECK (ends_on >= starts_on)
);

-- Project documents
CREATE TABLE project_documents (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    project_id UUID NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    uploaded_by UUID REFERENCES auth.users (id) ON DELETE SET NULL,
    file_name TEXT NOT NULL,
    file_type TEXT NOT NULL,
    file_size BIGINT NOT NULL CHECK (file_size >= 0),
    storage_path TEXT NOT NULL UNIQUE,
    extracted_text TEXT,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- Project conversations
CREATE TABLE project_conversations (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    project_id UUID NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    user_id UUID NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    sender TEXT NOT NULL CHECK (sender IN ('user', 'assistant', 'system')),
    message TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- Project analyses
CREATE TABLE project_analyses (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    project_id UUID NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    document_id UUID REFERENCES project_documents (id) ON DELETE SET NULL,
    analysis_type TEXT NOT NULL CHECK (analysis_type IN ('budget', 'schedule', 'plan', 'compliance')),
    status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'processing', 'completed', 'failed')),
    result JSONB NOT NULL DEFAULT '{}',
    model TEXT,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    completed_at TIMESTAMPTZ
);

CREATE INDEX idx_project_budget_items_project_id ON project_budget_items (project_id, category);
CREATE INDEX idx_project_schedule_tasks_project_id ON project_schedule_tasks (project_id, starts_on);
CREATE INDEX idx_project_schedule_tasks_parent_id ON project_schedule_tasks (parent_id);
CREATE INDEX idx_project_documents_project_id ON project_documents (project_id);
CREATE INDEX idx_project_documents_uploaded_by ON project_documents (uploaded_by);
CREATE INDEX idx_project_conversations_project_id ON project_conversations (project_id, created_at);
CREATE INDEX idx_project_conversations_user_id ON project_conversations (user_id);
CREATE INDEX idx_project_analyses_project_id ON project_analyses (project_id, created_at DESC);
CREATE INDEX idx_project_analyses_document_id ON project_analyses (document_id);
CREATE INDEX idx_project_analyses_result ON project_analyses USING gin (result jsonb_path_ops);

CREATE TRIGGER set_updated_at BEFORE UPDATE ON project_budget_items FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER set_updated_at BEFORE UPDATE ON project_schedule_tasks FOR EACH ROW EXECUTE FUNCTION set_updated_at();

ALTER TABLE project_budget_items ENABLE ROW LEVEL SECURITY;
ALTER TABLE project_schedule_tasks ENABLE ROW LEVEL SECURITY;
ALTER TABLE project_documents ENABLE ROW LEVEL SECURITY;
ALTER TABLE project_conversations ENABLE ROW LEVEL SECURITY;
ALTER TABLE project_analyses ENABLE ROW LEVEL SECURITY;

-- What belongs to a project is its owner's.
CREATE POLICY "Users can manage budget of own projects" ON project_budget_items
    FOR ALL USING (EXISTS (SELECT FROM projects WHERE projects.id = project_id AND projects.user_id = auth.uid()));
CREATE POLICY "Users can manage schedule of own projects" ON project_schedule_tasks
    FOR ALL USING (EXISTS (SELECT FROM projects WHERE projects.id = project_id AND projects.user_id = auth.uid()));
CREATE POLICY "Users can manage documents of own projects" ON project_documents
    FOR ALL USING (EXISTS (SELECT FROM projects WHERE projects.id = project_id AND projects.user_id = auth.uid()));
CREATE POLICY "Users can manage conversations of own projects" ON project_conversations
    FOR ALL USING (auth.uid() = user_id) WITH CHECK (auth.uid() = user_id);
CREATE POLICY "Users can view analyses of own projects" ON project_analyses
    FOR SELECT USING (EXISTS (SELECT FROM projects WHERE projects.id = project_id AND projects.user_id = auth.uid()));

-- @down
DROP TABLE project_analyses;
DROP TABLE project_conversations;
DROP TABLE project_documents;
DROP TABLE project_schedule_tasks;
DROP TABLE project_budget_items;
