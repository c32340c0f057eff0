-- A user, a colleague who came by referral and is an admin, and a project. Safe to run again.

INSERT INTO auth.users (id, email, raw_user_meta_data) VALUES
    ('00000000-0000-4000-8000-000000000001', 'ana@example.com', '{"full_name": "Ana"}')
ON CONFLICT (id) DO NOTHING;

-- The trigger on auth.users has made Ana's profile, and with it the code that Bruno comes with.
INSERT INTO auth.users (id, email, raw_user_meta_data)
SELECT '00000000-0000-4000-8000-000000000002', 'bruno@example.com', jsonb_build_object('full_name', 'Bruno', 'ref_code', ref_code)
FROM user_profiles
WHERE user_id = '00000000-0000-4000-8000-000000000001'
ON CONFLICT (id) DO NOTHING;

INSERT INTO admin_users (user_id, role) VALUES
    ('00000000-0000-4000-8000-000000000002', 'super_admin')
ON CONFLICT (user_id) DO NOTHING;

INSERT INTO projects (id, user_id, name, project_type, status, city, state, total_area_m2) VALUES
    ('00000000-0000-4000-8000-000000000011', '00000000-0000-4000-8000-000000000001', 'Casa Serra', 'residential', 'active', 'Gramado', 'RS', 142.5)
ON CONFLICT (id) DO NOTHING;

INSERT INTO project_budget_items (id, project_id, category, description, unit, quantity, unit_price) VALUES
    ('00000000-0000-4000-8000-000000000021', '00000000-0000-4000-8000-000000000011', 'structure', 'Glulam beams', 'm3', 18.4, 4150)
ON CONFLICT (id) DO NOTHING;
