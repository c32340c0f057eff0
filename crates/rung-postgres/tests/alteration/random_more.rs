//! The kinds of objects that stand beside tables, or in special relations to them, out of a seed.

use super::random::Dice;

/// Statements for a table of the schema `app`, with what it has of columns.
pub(crate) fn of_table(dice: &mut Dice, table: &str, has: &dyn Fn(&str) -> bool) -> Vec<String> {
    let on = format!("app.\"{table}\"");
    let mut sql = Vec::new();
    if dice.once(5) {
        let what = dice.of(&["id WITH =", "id WITH =", "((id + 1)) WITH ="]);
        let timing = dice.of(&["", " WHERE (id > 3)", " DEFERRABLE"]);
        sql.push(format!("ALTER TABLE {on} ADD CONSTRAINT \"{table}_ex\" EXCLUDE USING hash ({what}){timing}"));
    }
    if has("n") && dice.once(4) {
        let kinds = dice.of(&["", " (ndistinct)", " (dependencies, mcv)"]);
        sql.push(format!("CREATE STATISTICS app.\"{table}_stat\"{kinds} ON id, n FROM {on}"));
        if dice.once(2) {
            sql.push(format!("ALTER STATISTICS app.\"{table}_stat\" SET STATISTICS {}", dice.of(&["50", "60"])));
        }
    }
    if has("name") && dice.once(4) {
        let set = dice.of(&["SET STORAGE EXTERNAL", "SET STATISTICS 50", "SET (n_distinct = 7)"]);
        sql.push(format!("ALTER TABLE {on} ALTER COLUMN name {}", set));
    }
    if dice.once(5) {
        sql.push(format!("ALTER TABLE {on} OWNER TO alter_owner"));
    }
    if dice.once(5) {
        let of = dice.of(&["FULL", "NOTHING", "USING INDEX"]);
        let of = if of == "USING INDEX" { format!("USING INDEX \"{table}_key\"") } else { of.to_owned() };
        sql.push(format!("ALTER TABLE {on} REPLICA IDENTITY {of}"));
    }
    if dice.once(6) {
        let what = dice.of(&["NOTHING", "NOTIFY gone"]);
        sql.push(format!("CREATE RULE r AS ON DELETE TO {on} DO ALSO {what}"));
    }
    if dice.once(5) {
        sql.push(format!(
            "CREATE POLICY strict ON {on} AS RESTRICTIVE FOR {} TO {} WITH CHECK (id > {})",
            dice.of(&["INSERT", "UPDATE", "ALL"]),
            dice.of(&["PUBLIC", "alter_reader", "alter_reader, alter_owner"]),
            dice.of(&["0", "1"])
        ));
    }
    if dice.once(5) {
        sql.push(format!(
            "CREATE TRIGGER watch AFTER {} ON {on} REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION app.touch()",
            dice.of(&["INSERT", "UPDATE"])
        ));
        if dice.once(2) {
            sql.push(format!("ALTER TABLE {on} {} TRIGGER watch", dice.of(&["DISABLE", "ENABLE ALWAYS"])));
        }
        sql.push(format!("COMMENT ON TRIGGER watch ON {on} IS '{}'", dice.of(&["one", "two"])));
    }
    if dice.once(4) {
        sql.push(format!("COMMENT ON CONSTRAINT \"{table}_key\" ON {on} IS '{}'", dice.of(&["one", "two"])));
    }
    if dice.once(6) {
        sql.push(format!("ALTER TABLE {on} CLUSTER ON \"{table}_key\""));
    }
    sql
}

/// Statements for what hangs on nothing of the tables but the function `app.f` and the type `app.mood`.
pub(crate) fn beside(dice: &mut Dice, major: u32) -> Vec<String> {
    let mut sql = Vec::new();
    if dice.once(2) {
        heirs(dice, &mut sql);
    }
    if dice.once(2) {
        parts(dice, &mut sql);
    }
    if dice.once(3) {
        sql.push(format!(
            "CREATE {}TABLE app.fleeting (id {})",
            dice.of(&["", "UNLOGGED "]),
            dice.of(&["integer", "bigint"])
        ));
    }
    if dice.once(3) {
        sql.push(format!("CREATE TYPE app.point AS (x integer, y {})", dice.of(&["integer", "bigint"])));
        sql.push(format!(
            "CREATE TABLE app.points OF app.point (x WITH OPTIONS {})",
            dice.of(&["NOT NULL", "DEFAULT 1", "PRIMARY KEY"])
        ));
    }
    if dice.once(3) {
        let rights = dice.of(&["SELECT ON TABLES", "EXECUTE ON FUNCTIONS", "USAGE ON SEQUENCES", "USAGE ON TYPES"]);
        sql.push(format!("ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT {rights} TO alter_reader"));
    }
    if dice.once(3) {
        sql.push(format!(
            "CREATE AGGREGATE app.total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '{}')",
            dice.of(&["0", "1"])
        ));
    }
    if dice.once(3) {
        let call = dice.of(&["int4pl", "int4mul"]);
        sql.push(format!("CREATE OPERATOR app.<+> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = {call})"));
        if dice.once(2) {
            sql.push("CREATE VIEW app.sums AS SELECT 1 OPERATOR(app.<+>) 2 AS sum".to_owned());
        }
    }
    if dice.once(3) {
        sql.push(format!("CREATE TEXT SEARCH CONFIGURATION app.search (COPY = {})", dice.of(&["simple", "english"])));
    }
    if dice.once(3) {
        sql.push(format!("CREATE COLLATION app.by_code (locale = '{}')", dice.of(&["C", "POSIX"])));
        sql.push("CREATE TABLE app.sorted (id integer, word text COLLATE app.by_code)".to_owned());
        if dice.once(2) {
            sql.push("CREATE INDEX by_word ON app.sorted (word)".to_owned());
        }
    }
    if dice.once(3) {
        sql.push(format!("CREATE TYPE app.span AS RANGE (SUBTYPE = {})", dice.of(&["integer", "bigint"])));
        sql.push("CREATE TABLE app.spans (id integer, during app.span)".to_owned());
    }
    if dice.once(3) {
        sql.push(format!(
            "CREATE PROCEDURE app.work(x integer{}) LANGUAGE sql AS 'SELECT {}'",
            dice.of(&["", ", y text"]),
            dice.of(&["1", "2"])
        ));
        sql.push("COMMENT ON SCHEMA app IS 'the application'".to_owned());
    }
    if major >= 18 && dice.once(2) {
        sql.push(format!(
            "CREATE TABLE app.seen (id integer, n integer GENERATED ALWAYS AS (id * {}) VIRTUAL)",
            dice.of(&["2", "3"])
        ));
    }
    sql
}

/// A table with heirs.
fn heirs(dice: &mut Dice, sql: &mut Vec<String>) {
    let kind = dice.of(&["integer", "bigint"]);
    let null = dice.of(&["", " NOT NULL"]);
    let check = dice.of(&["", ", CONSTRAINT low CHECK (id > 0)", ", CONSTRAINT low CHECK (id > 1)"]);
    let more = dice.of(&["", ", more text DEFAULT 'x'"]);
    sql.push(format!("CREATE TABLE app.base (id {kind}{null}, note text{more}{check})"));
    let own = dice.of(&["own integer", "own integer, note text", "own text NOT NULL", ""]);
    sql.push(format!("CREATE TABLE app.heir ({own}) INHERITS (app.base)"));
    if dice.once(2) {
        sql.push(format!("ALTER TABLE app.heir ALTER COLUMN note SET DEFAULT '{}'", dice.of(&["a", "b"])));
    }
    if dice.once(2) {
        let from = dice.of(&["app.heir", "app.base"]);
        sql.push(format!("CREATE TABLE app.last (z integer) INHERITS ({from})"));
    }
    if dice.once(2) {
        sql.push("CREATE INDEX heir_note ON app.heir (note)".to_owned());
        sql.push(format!("CREATE VIEW app.inherited AS SELECT {} FROM app.heir", dice.of(&["id", "note", "*"])));
    }
}

/// A table in parts of parts, with what belongs to the whole and to one.
fn parts(dice: &mut Dice, sql: &mut Vec<String>) {
    let kind = dice.of(&["integer", "bigint"]);
    let key = dice.of(&["", ", CONSTRAINT whole_key PRIMARY KEY (id, day)", ", CONSTRAINT whole_u UNIQUE (day, id)"]);
    sql.push(format!(
        "CREATE TABLE app.whole (id {kind} NOT NULL, day date NOT NULL, note text{key}) PARTITION BY RANGE (day)"
    ));
    let is_deep = dice.once(2);
    let by = if is_deep { " PARTITION BY HASH (id)" } else { "" };
    sql.push(format!(
        "CREATE TABLE app.part_a PARTITION OF app.whole FOR VALUES FROM ('2020-01-01') TO ('{}'){by}",
        dice.of(&["2021-01-01", "2022-01-01"])
    ));
    if is_deep {
        sql.push(
            "CREATE TABLE app.part_aa PARTITION OF app.part_a FOR VALUES WITH (MODULUS 2, REMAINDER 0)".to_owned(),
        );
    }
    match dice.roll(3) {
        0 => sql.push(
            "CREATE TABLE app.part_b PARTITION OF app.whole FOR VALUES FROM ('2030-01-01') TO ('2031-01-01')"
                .to_owned(),
        ),
        1 => sql.push("CREATE TABLE app.part_b (id bigint NOT NULL, day date NOT NULL, note text)".to_owned()),
        _ => {}
    }
    if dice.once(2) {
        sql.push(format!("CREATE INDEX whole_note ON app.whole ({})", dice.of(&["note", "lower(note)", "note, id"])));
    }
    if dice.once(3) {
        sql.push(format!("CREATE INDEX own_note ON app.part_a ({})", dice.of(&["note", "id"])));
    }
    if dice.once(3) {
        sql.push("CREATE TRIGGER t BEFORE UPDATE ON app.whole FOR EACH ROW EXECUTE FUNCTION app.touch()".to_owned());
    }
    if dice.once(3) {
        let own = dice.of(&["SET DEFAULT 'p'", "SET NOT NULL"]);
        sql.push(format!("ALTER TABLE app.part_a ALTER COLUMN note {own}"));
    }
    if dice.once(3) {
        sql.push(format!("ALTER TABLE app.whole ADD CONSTRAINT early CHECK (id > {})", dice.of(&["0", "1"])));
    }
    if dice.once(3) && key.contains("PRIMARY") {
        sql.push(format!("CREATE TABLE app.refers (id {kind}, day date, CONSTRAINT to_whole FOREIGN KEY (id, day) REFERENCES app.whole)"));
    }
}
