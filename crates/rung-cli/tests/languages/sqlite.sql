CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    tier TEXT NOT NULL DEFAULT 'free' CHECK (tier IN ('free', 'pro', 'it''s "so"')),
    "level" INTEGER CHECK ("level" IS NULL OR "level" IN (-1, 0, 1)),
    mixed CHECK (mixed IN ('a', 1)),
    active BOOLEAN NOT NULL DEFAULT 1,
    born DATE,
    seen DATETIME NOT NULL DEFAULT '2026-01-02 03:04:05',
    owes DECIMAL(10, 2),
    data JSON,
    raw BLOB,
    "class" TEXT,
    anything,
    twice INTEGER GENERATED ALWAYS AS (2 * id) VIRTUAL
);
CREATE TABLE strict_ones (code TEXT PRIMARY KEY, n INT NOT NULL, r REAL, b BLOB, a ANY) STRICT, WITHOUT ROWID;
CREATE TABLE "order" (id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL REFERENCES users, code TEXT REFERENCES strict_ones (code));
CREATE VIEW emails AS SELECT id, email FROM users;
INSERT INTO users (email, "level", mixed, born, owes, data, anything) VALUES ('a@example.com', -1, 'a', '2026-01-02', 1.5, '{"a": [1]}', 'x');
INSERT INTO strict_ones VALUES ('x', 1, 1.5, NULL, 'any');
INSERT INTO "order" (user_id, code) VALUES (1, 'x');
CREATE TABLE docs (_id INTEGER PRIMARY KEY, id INTEGER, "a-b" INTEGER, a_b INTEGER);
