use super::*;
use crate::{Action, ConstraintKind, OnDelete, Persistence};

/// The statement, which must be read without error.
fn read(text: &str) -> Statement {
    let parsed = parse(text);
    assert_eq!(parsed.errors, [], "{text}");
    parsed.statement
}

#[test]
fn a_table_with_all_that_it_may_have() {
    let text = "CREATE TABLE IF NOT EXISTS main.T (Id INTEGER PRIMARY KEY AUTOINCREMENT, \"Name\" varchar(20) NOT NULL \
                COLLATE nocase DEFAULT 'x', p int REFERENCES parent (id) ON DELETE CASCADE, g int AS (p + 1) STORED, \
                CONSTRAINT c CHECK (p > 0), UNIQUE (name, p)) STRICT, WITHOUT ROWID;";
    let Statement::CreateTable(table) = read(text) else { panic!("no table") };
    assert_eq!(table.name.to_string(), "t");
    assert!(table.strict && table.without_rowid && table.if_not_exists);
    let columns: Vec<&str> = table.columns.iter().map(|column| column.name.name.as_str()).collect();
    assert_eq!(columns, ["id", "name", "p", "g"]);
    let spans: Vec<&str> = table.columns.iter().map(|column| &text[column.span.range()]).collect();
    assert_eq!(spans[0], "Id INTEGER PRIMARY KEY AUTOINCREMENT");
    assert_eq!(spans[1], "\"Name\" varchar(20) NOT NULL COLLATE nocase DEFAULT 'x'");
    assert_eq!(spans[3], "g int AS (p + 1) STORED");
    assert_eq!(table.columns[1].data_type.as_ref().map(ToString::to_string).as_deref(), Some("varchar(20)"));
    assert_eq!(table.columns[1].collation.as_deref(), Some("nocase"));
    assert!(table.columns[1].default().is_some_and(|default| default.literal));
    assert!(matches!(&table.columns[2].constraints[0].kind, ConstraintKind::ForeignKey(key)
        if key.table.name == "parent" && key.on_delete == OnDelete::Cascade));
    let ConstraintKind::Check(check) = &table.constraints[0].kind else { panic!("no check") };
    assert_eq!((&text[check.span.range()], check.columns[0].name.as_str()), ("(p > 0)", "p"));
    assert!(matches!(&table.constraints[1].kind, ConstraintKind::Unique { columns, .. } if columns.len() == 2));
}

#[test]
fn an_alter_table_has_one_action_with_its_place() {
    let action = |text: &str| match read(text) {
        Statement::AlterTable(alter) => {
            let (action, span) = alter.actions.into_iter().next().expect("an action");
            (action, text[span.range()].to_owned())
        }
        other => panic!("{other:?}"),
    };
    let (added, span) = action("ALTER TABLE t ADD COLUMN a int DEFAULT (random());");
    assert!(
        matches!(&added, Action::AddColumn { column, .. } if column.default().is_some_and(|d| d.calls[0].name == "random"))
    );
    assert_eq!(span, "ADD COLUMN a int DEFAULT (random())");
    assert!(matches!(action("ALTER TABLE t DROP COLUMN a").0, Action::DropColumn { .. }));
    assert!(
        matches!(action("ALTER TABLE t RENAME a TO b").0, Action::RenameColumn { from, to } if from.name == "a" && to.name == "b")
    );
    assert!(matches!(action("ALTER TABLE t RENAME TO u").0, Action::Rename(to) if to.name == "u"));
}

#[test]
fn tables_are_seen_through_queries() {
    let relations = |text: &str| {
        let parsed = parse(text);
        assert_eq!(parsed.errors, [], "{text}");
        parsed.relations.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        relations("INSERT INTO n SELECT * FROM o JOIN p USING (id) WHERE id IN (SELECT id FROM q)"),
        ["n", "o", "p", "q"]
    );
    assert_eq!(
        relations("WITH x AS (SELECT 1 FROM a) SELECT * FROM x, (SELECT * FROM b)"),
        ["a", "b"].map(str::to_owned).to_vec()
    );
    assert_eq!(relations("UPDATE t SET a = (SELECT max(b) FROM u) WHERE c"), ["t", "u"]);
}

#[test]
fn other_statements() {
    assert!(
        matches!(read("PRAGMA foreign_keys = OFF;"), Statement::Set { name, values, .. } if name == "foreign_keys" && values == ["off"])
    );
    assert!(matches!(read("DELETE FROM t"), Statement::Data { verb: Verb::Delete, filtered: false, .. }));
    assert!(
        matches!(read("CREATE VIRTUAL TABLE f USING fts5(a, b)"), Statement::CreateTable(table) if table.module.as_deref() == Some("fts5"))
    );
    assert!(
        matches!(read("CREATE TEMP TABLE t (a)"), Statement::CreateTable(table) if table.persistence == Persistence::Temporary)
    );
    assert!(
        matches!(read("CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END;"), Statement::Create { kind: Kind::Trigger, on: Some(on), .. } if on.name == "t")
    );
    assert!(matches!(read("CREATE UNIQUE INDEX i ON t (a, lower(b)) WHERE c"), Statement::CreateIndex(index)
        if index.unique && index.partial && index.columns.len() == 2 && index.columns[1].is_none()));
}

#[test]
fn what_cannot_be_read_says_where() {
    let place = |text: &str| {
        let parsed = parse(text);
        assert_eq!(parsed.statement, Statement::Other, "{text}");
        text[parsed.errors[0].span.range()].to_owned()
    };
    assert_eq!(place("CREATE TABLE bad (a int,, b int)"), ",");
    assert_eq!(place("SELECT é FROM\n WHRE x x x"), "x");
    for text in ["", ";", "--", "\u{0}", "CREATE", "é'", "DROP TABLE \"", "SELECT \"", "[", "'", "`", "x'", "SELECT ''"]
    {
        parse(text);
    }
}
