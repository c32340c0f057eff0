-- Logging and monitoring enhancements
-- Date: 2025-02-01
-- Author: Platform team
-- Depends on: 20241225000000_admin_permissions

-- Observability logs table
CREATE TABLE observability_logs (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  level TEXT NOT NULL,
  message TEXT NOT NULL,
  request_id TEXT,
  correlation_id TEXT,
  user_id UUID,
  context JSONB DEFAULT '{}',
  created_at TIMESTAMPTZ DEFAULT now(),
  CONSTRAINT observability_logs_level_check CHECK (level IN ('debug', 'info', 'warn', 'error', 'fatal'))
);

-- Request tracing
CREATE TABLE request_traces (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  request_id TEXT NOT NULL,
  correlation_id TEXT,
  method TEXT,
  path TEXT,
  status_code INTEGER,
  duration_ms INTEGER,
  user_id UUID,
  ip_address INET,
  user_agent TEXT,
  created_at TIMESTAMPTZ DEFAULT now(),
  CONSTRAINT request_traces_request_id_key UNIQUE (request_id)
);

CREATE INDEX idx_observability_logs_created_at ON observability_logs USING brin (created_at);
CREATE INDEX idx_observability_logs_problems ON observability_logs (created_at) WHERE level IN ('error', 'fatal');
CREATE INDEX idx_observability_logs_correlation_id ON observability_logs (correlation_id);
CREATE INDEX idx_request_traces_created_at ON request_traces USING brin (created_at);
CREATE INDEX idx_request_traces_correlation_id ON request_traces (correlation_id);

ALTER TABLE observability_logs ENABLE ROW LEVEL SECURITY;
ALTER TABLE request_traces ENABLE ROW LEVEL SECURITY;

CREATE POLICY "Admins can view logs" ON observability_logs FOR SELECT USING (is_admin_user());
CREATE POLICY "Admins can view traces" ON request_traces FOR SELECT USING (is_admin_user());

-- ROLLBACK:
-- DROP TABLE request_traces;
-- DROP TABLE observability_logs;
