-- An account with a team of two, and a week of what they used. Safe to run again.

INSERT INTO users (id, auth_subject, email, name, account_owner_id) VALUES
    ('00000000-0000-4000-8000-000000000001', 'auth0|ada', 'ada@example.com', 'Ada', NULL),
    ('00000000-0000-4000-8000-000000000002', 'auth0|grace', 'grace@example.com', 'Grace', '00000000-0000-4000-8000-000000000001'),
    ('00000000-0000-4000-8000-000000000003', 'auth0|linus', 'linus@example.com', 'Linus', NULL)
ON CONFLICT DO NOTHING;

INSERT INTO user_credits (user_id, balance_cents) VALUES
    ('00000000-0000-4000-8000-000000000001', 50000),
    ('00000000-0000-4000-8000-000000000003', 2000)
ON CONFLICT DO NOTHING;

INSERT INTO usage_daily (user_id, account_owner_id, usage_date, cpu_hours, gpu_hours, storage_gb, api_calls, cost_cents) VALUES
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000001', '2025-02-03', 4.5, 0, 12, 1800, 310),
    ('00000000-0000-4000-8000-000000000002', '00000000-0000-4000-8000-000000000001', '2025-02-03', 9.25, 1.5, 3, 240, 1275),
    ('00000000-0000-4000-8000-000000000002', '00000000-0000-4000-8000-000000000001', '2025-02-04', 2, 0, 3, 60, 95),
    ('00000000-0000-4000-8000-000000000003', '00000000-0000-4000-8000-000000000003', '2025-02-04', 0.5, 0, 1, 12, 20)
ON CONFLICT DO NOTHING;
