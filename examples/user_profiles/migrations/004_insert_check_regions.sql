-- Migration: 004_insert_check_regions
-- Description: Insert the regions that websites are checked from
-- Type: insert_data
-- Depends on: [002_create_website_tracking]

-- ===== UP MIGRATION =====
-- @up
INSERT INTO check_regions (code, name) VALUES
    ('US', 'United States'),
    ('CA', 'Canada'),
    ('DE', 'Germany'),
    ('BR', 'Brazil'),
    ('JP', 'Japan'),
    ('AU', 'Australia');
-- @expect affected = 6
-- @expect rows(check_regions) >= 6
-- @expect rows(websites) unchanged

-- @verify no-rows
SELECT code FROM check_regions WHERE code <> upper(code);

-- ===== DOWN MIGRATION =====
-- @down
DELETE FROM check_regions WHERE code IN ('US', 'CA', 'DE', 'BR', 'JP', 'AU');
