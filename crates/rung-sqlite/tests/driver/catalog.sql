CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    email TEXT NOT NULL UNIQUE COLLATE NOCASE, -- who, not what
    "Odd, Name" TEXT DEFAULT 'a;b',
    [in brackets] INT CHECK ([in brackets] > 0),
    upper TEXT GENERATED ALWAYS AS (upper(email)) STORED,
    lower TEXT AS (lower(email)),
    made TEXT DEFAULT (strftime('%Y', 'now')),
    CONSTRAINT named CHECK (email <> '')
) STRICT;
CREATE TABLE pairs (a INT, b INT, PRIMARY KEY (a, b DESC), UNIQUE (b) ON CONFLICT IGNORE) WITHOUT ROWID;
CREATE TABLE orders (
    id integer primary key,
    user_id INTEGER REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    a INT, b INT, total NUMERIC(10, 2) DEFAULT 0.0, any,
    FOREIGN KEY (a, b) REFERENCES pairs ON UPDATE SET NULL
);
CREATE TABLE copied AS SELECT 1 AS one, 'x' AS two;
ALTER TABLE copied ADD COLUMN three TEXT DEFAULT 'later';
ALTER TABLE copied RENAME TO renamed;
CREATE UNIQUE INDEX users_lower ON users (lower(email) DESC, made COLLATE NOCASE) WHERE made IS NOT NULL;
CREATE INDEX orders_user ON orders(user_id);
CREATE VIEW happy (who, "n") AS SELECT email, count(*) FROM users JOIN orders ON orders.user_id = users.id GROUP BY 1 -- the end
;
CREATE VIEW a_first AS SELECT * FROM happy;
CREATE TRIGGER touch AFTER UPDATE OF email ON users FOR EACH ROW WHEN new.email <> old.email BEGIN
    UPDATE users SET made = 'x;y' WHERE id = new.id;
    INSERT INTO renamed SELECT a, b, 1 FROM pairs;
END;
CREATE TRIGGER instead INSTEAD OF INSERT ON happy BEGIN SELECT raise(ABORT, 'no'); END;
CREATE VIRTUAL TABLE docs USING fts5(title, body, content='');
CREATE VIRTUAL TABLE docs_more USING fts5(title, tokenize = 'porter ascii');
CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1, y0, y1);
CREATE VIRTUAL TABLE words USING fts5vocab('docs_more', 'row');
