-- Email templates and logging
-- Date: 2025-01-20
-- Author: Database team

-- @up
-- Email templates
CREATE TABLE email_templates (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    template_key TEXT NOT NULL,
    language TEXT NOT NULL DEFAULT 'pt-BR',
    subject TEXT NOT NULL,
    html_content TEXT NOT NULL,
    text_content TEXT,
    variables TEXT[] NOT NULL DEFAULT '{}',
    version INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1),
    is_active BOOLEAN NOT NULL DEFAULT true,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT email_templates_template_key_language_key UNIQUE (template_key, language)
);

-- Email logs
CREATE TABLE email_logs (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID REFERENCES auth.users (id) ON DELETE SET NULL,
    template_id UUID REFERENCES email_templates (id) ON DELETE SET NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'sent', 'delivered', 'bounced', 'failed')),
    provider_id TEXT,
    error_message TEXT,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    sent_at TIMESTAMPTZ
);

CREATE INDEX idx_email_logs_user_id ON email_logs (user_id, created_at DESC);
CREATE INDEX idx_email_logs_template_id ON email_logs (template_id);
CREATE INDEX idx_email_logs_queued ON email_logs (created_at) WHERE status = 'queued';

-- Template functions: a new text is a new version
CREATE FUNCTION update_email_templates_updated_at() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    NEW.updated_at := now();
    IF (NEW.subject, NEW.html_content, NEW.text_content) IS DISTINCT FROM (OLD.subject, OLD.html_content, OLD.text_content) THEN
        NEW.version := OLD.version + 1;
    END IF;
    RETURN NEW;
END;
$$;

CREATE TRIGGER update_email_templates_updated_at BEFORE UPDATE ON email_templates
    FOR EACH ROW EXECUTE FUNCTION update_email_templates_updated_at();

ALTER TABLE email_templates ENABLE ROW LEVEL SECURITY;
ALTER TABLE email_logs ENABLE ROW LEVEL SECURITY;

CREATE POLICY "Admins can manage templates" ON email_templates
    FOR ALL USING (is_admin_user()) WITH CHECK (is_admin_user());
CREATE POLICY "Admins can view email logs" ON email_logs
    FOR SELECT USING (is_admin_user());

-- {{...}} is filled in when a mail is sent.
INSERT INTO email_templates (template_key, subject, html_content, variables) VALUES
    ('welcome', 'Bem-vindo à MadenAI, {{name}}', '<p>Olá {{name}}, sua conta está pronta.</p>', '{name}'),
    ('password_reset', 'Redefinir sua senha', '<p><a href="{{url}}">Escolha uma nova senha</a></p>', '{url}'),
    ('analysis_ready', 'A análise de {{project}} está pronta', '<p><a href="{{url}}">Ver a análise</a></p>', '{project,url}');
-- @expect affected = 3

-- @verify no-rows
-- Every variable that a template declares is in its text.
SELECT template_key, variable
FROM email_templates
CROSS JOIN LATERAL unnest(variables) AS variable
WHERE position('{{' || variable || '}}' IN subject || html_content) = 0;

-- @down
DROP TABLE email_logs;
DROP TABLE email_templates;
DROP FUNCTION update_email_templates_updated_at();
