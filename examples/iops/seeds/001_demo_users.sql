-- Two users, a dataset and an analysis. Safe to run again.

INSERT INTO users (id, email, password_hash, full_name, tier) VALUES
    ('00000000-0000-4000-8000-000000000001', 'ada@example.com', '!', 'Ada', 'pro'),
    ('00000000-0000-4000-8000-000000000002', 'linus@example.com', '!', 'Linus', 'free')
ON CONFLICT DO NOTHING;

INSERT INTO datasets (id, user_id, name, storage_path, file_size, row_count, column_count, status) VALUES
    ('00000000-0000-4000-8000-000000000011', '00000000-0000-4000-8000-000000000001', 'Orders 2024', 'demo/orders.csv', 48213, 1204, 9, 'ready')
ON CONFLICT DO NOTHING;

INSERT INTO analyses (id, user_id, dataset_id, title, question, status) VALUES
    ('00000000-0000-4000-8000-000000000021', '00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000011',
     'Orders by month', 'How did orders develop over the year?', 'pending')
ON CONFLICT DO NOTHING;
