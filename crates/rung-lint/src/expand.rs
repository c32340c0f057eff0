//! A new name beside the old one, until no program uses the old one any more: expand and contract.

use rung_ddl::{Action, DataType, Ident, Kind, Statement};

use crate::past::Topic;
use crate::steps::{Altered, LONGEST, Step, Steps, quoted};

/// Types of which two values are equal only where they are the same: a change of any other is seen by its text.
const PLAIN: &[&str] = &[
    "smallint",
    "integer",
    "bigint",
    "text",
    "character varying",
    "boolean",
    "uuid",
    "date",
    "timestamp without time zone",
    "timestamp with time zone",
    "timestamp",
    "bytea",
];

impl Altered<'_, '_> {
    /// A relation under a new name, which a view of the old name leads to until a release is out.
    pub(crate) fn renamed_relation(&self, action: &Action) -> Steps {
        let (kind, old) = (self.alter.kind, &self.alter.name);
        if !matches!(kind, Kind::Table | Kind::View | Kind::MaterializedView | Kind::ForeignTable) {
            return Err(format!("nothing can stand in for a {} under its old name", kind.as_str()));
        }
        self.is_sure()?;
        let key = self.cx.schema.key(old);
        if self.cx.schema.made(old) != key {
            return Err(format!("{old} is not in the first schema of the search path: name its schema"));
        }
        let word = kind.as_str().to_ascii_uppercase();
        let (schema, name) = match self.table.rsplit_once('.') {
            Some((schema, name)) => (Some(schema.trim_end()), name.trim_start()),
            None => (None, self.table),
        };
        let (new, forth, back) = match action {
            Action::Rename(to) => {
                let new = self.cx.text(to.span);
                let whole = schema.map_or_else(|| new.to_owned(), |schema| format!("{schema}.{new}"));
                let back = format!("ALTER {word} {whole} RENAME TO {name}");
                (whole, format!("ALTER {word} {} RENAME TO {new}", self.table), back)
            }
            Action::SetSchema(to) => {
                let new = self.cx.text(to.span);
                let whole = format!("{new}.{name}");
                let from = schema.map_or_else(|| quoted(&key.schema), str::to_owned);
                let back = format!("ALTER {word} {whole} SET SCHEMA {from}");
                (whole, format!("ALTER {word} {} SET SCHEMA {new}", self.table), back)
            }
            _ => return Err("it gives nothing another name".to_owned()),
        };
        let rights = match kind {
            // A view reads with the rights of its owner, for whom no policy holds.
            Kind::Table if self.cx.server().may_lack(15) => match self.cx.schema.table_at(&key) {
                Some(table) if table.complete && !table.row_security => "",
                Some(table) if table.complete => {
                    return Err("before PostgreSQL 15, a view of the old name would read past its policies".to_owned());
                }
                _ => return Err(
                    "before PostgreSQL 15, a view of the old name would read past its policies, and whether it has any is not known".to_owned()
                ),
            },
            Kind::Table | Kind::View if self.cx.server().has(15) => " WITH (security_invoker = true)",
            _ => "",
        };
        let view = format!("CREATE VIEW {}{rights} AS SELECT * FROM {new}", self.table);
        let same_rights = same_rights(self.table, &new);
        let plain = &key.name;
        Ok(vec![
            Step::joined(format!("rename_{plain}"), forth).undone_by(back),
            Step::joined("", format!("-- Programs of the release that runs go on under the old name.\n{view}"))
                .undone_by(format!("DROP VIEW {}", self.table)),
            Step::joined(
                "",
                format!("-- @allow opaque-sql: gives the view the owner and the rights that {new} has\n{same_rights}"),
            ),
            Step::after_deploy(format!("drop_old_{plain}"), format!("DROP VIEW {}", self.table))
                .undone_by(format!("{view};\n{same_rights}")),
        ])
    }

    /// A column under a new name beside the old one, which a trigger keeps in step until a release is out.
    pub(crate) fn renamed_column(&self, from: &Ident, to: &Ident) -> Steps {
        self.is_sure()?;
        let (table, column) = self.known(from)?;
        self.is_free_standing(table, column)?;
        let has_same = |action: &Action| match action {
            Action::AddColumn { column, .. } => column.name.name == from.name,
            Action::RenameColumn { to, .. } => to.name == from.name,
            _ => false,
        };
        let is_taken = self.cx.after(Topic::Column(&self.alter.name.name, &from.name)).any(|(_, statement)| {
            matches!(statement, Statement::AlterTable(alter) if alter.actions.iter().any(|(action, _)| has_same(action)))
        });
        if is_taken {
            return Err(format!("another column is called {from} after it"));
        }
        let data_type = column.data_type.as_ref().filter(|data_type| !data_type.name.ends_with("serial"));
        let data_type = data_type.ok_or("its sequence is made for the column that it is")?;
        let (old, new) = (self.cx.text(from.span), self.cx.text(to.span));
        let own = self.alter.name.name.as_str();
        let trigger = format!("zz_{own}_{}_{}", from.name, to.name);
        if trigger.len() > LONGEST {
            return Err("there is no name for the trigger that would keep both in step".to_owned());
        }
        let (twins, plain) = (self.twins(&trigger, old, new, data_type), to.name.as_str());
        let demand = column.collation.as_ref().map_or_else(String::new, |collation| {
            format!(" COLLATE {}", collation.split('.').map(quoted).collect::<Vec<_>>().join("."))
        });
        let mut steps = vec![
            Step::apart(
                format!("add_{own}_{plain}"),
                format!(
                    "-- {old} gets its new name beside the old one, for programs of both releases.\n{}",
                    self.alter(format!("ADD COLUMN {new} {data_type}{demand}"))
                ),
            )
            .undone_by(self.alter(format!("DROP COLUMN {new}"))),
            like_the_other(self.table, &from.name, &to.name),
            Step::apart("", &twins.function).undone_by(&twins.drop_function),
            Step::apart("", format!("-- @allow trigger-added: it goes with the old name\n{}", twins.trigger))
                .undone_by(&twins.drop_trigger),
            self.filled("", &format!("{new} = {old}"), &format!("{new} IS NULL AND {old} IS NOT NULL")),
        ];
        if column.not_null {
            steps.extend(self.not_null(new).into_iter().map(|step| Step { undo: None, ..step }));
        }
        let mut restored = vec![
            self.alter(format!("ADD COLUMN {old} {data_type}{demand}")),
            same_column(self.table, &to.name, &from.name),
            format!("UPDATE {} SET {old} = {new}", self.table),
        ];
        restored.extend(
            column.default_text.as_ref().map(|default| self.alter(format!("ALTER COLUMN {old} SET DEFAULT {default}"))),
        );
        restored.extend(column.not_null.then(|| self.alter(format!("ALTER COLUMN {old} SET NOT NULL"))));
        steps.push(
            Step::after_deploy(
                format!("drop_{own}_{}", from.name),
                format!(
                    "-- @allow trigger-dropped: the columns need not be kept in step any more\n{}",
                    twins.drop_trigger
                ),
            )
            .undone_by(&twins.trigger),
        );
        steps.push(Step::after_deploy("", &twins.drop_function).undone_by(&twins.function));
        steps.push(
            Step::after_deploy(
                "",
                format!(
                    "-- @allow drop-column: the new column has its values\n{}",
                    self.alter(format!("DROP COLUMN {old}"))
                ),
            )
            .undone_by(restored.join(";\n")),
        );
        steps.extend(column.default_text.as_ref().map(|default| {
            Step::after_deploy("", self.alter(format!("ALTER COLUMN {new} SET DEFAULT {default}")))
                .undone_by(self.alter(format!("ALTER COLUMN {new} DROP DEFAULT")))
        }));
        Ok(steps)
    }

    /// Whether what is said of the relation holds by the time that both names are there.
    fn is_sure(&self) -> Result<(), String> {
        if self.cx.language.search_path.is_empty() {
            return Err("SQLite has nothing that could keep two names in step".to_owned());
        }
        if self.cx.words(&["if", "exists"]).is_some() {
            return Err("with IF EXISTS, there may be nothing to stand in for".to_owned());
        }
        match self.cx.line().is_some_and(|line| line.transaction.is_some()) {
            true => Ok(()),
            false => Err("outside of a transaction, there would be a moment without the old name".to_owned()),
        }
    }

    /// What keeps two columns in step: the one that is written leads.
    fn twins(&self, trigger: &str, old: &str, new: &str, data_type: &DataType) -> Twins {
        let trigger = quoted(trigger);
        let function = match self.table.rsplit_once('.') {
            Some((schema, _)) => format!("{schema}.{trigger}"),
            None => trigger.clone(),
        };
        let is_plain = data_type.schema.is_none() && !data_type.array && PLAIN.contains(&data_type.name.as_str());
        let text = if is_plain { "" } else { "::text" };
        let table = self.table;
        Twins {
            function: format!(
                "CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $twins$\n\
                 BEGIN\n    \
                     IF TG_OP = 'INSERT' THEN\n        \
                         IF NEW.{new} IS NULL THEN NEW.{new} := NEW.{old}; ELSE NEW.{old} := NEW.{new}; END IF;\n    \
                     ELSIF NEW.{new}{text} IS DISTINCT FROM OLD.{new}{text} THEN\n        \
                         NEW.{old} := NEW.{new};\n    \
                     ELSE\n        \
                         NEW.{new} := NEW.{old};\n    \
                     END IF;\n    \
                     RETURN NEW;\n\
                 END\n$twins$"
            ),
            trigger: format!(
                "CREATE TRIGGER {trigger} BEFORE INSERT OR UPDATE ON {table}\n    \
                 FOR EACH ROW EXECUTE FUNCTION {function}()"
            ),
            drop_trigger: format!("DROP TRIGGER {trigger} ON {table}"),
            drop_function: format!("DROP FUNCTION {function}()"),
        }
    }
}

/// Statements about the trigger between two columns.
struct Twins {
    function: String,
    trigger: String,
    drop_trigger: String,
    drop_function: String,
}

/// Gives a view the owner and the rights that a relation has, on the whole and on its columns.
fn same_rights(view: &str, of: &str) -> String {
    let (regclass, view) = (literal(of), within_format(view));
    format!(
        "DO $rights$\n\
         DECLARE\n    \
             given record;\n\
         BEGIN\n    \
             EXECUTE (SELECT format('ALTER VIEW {view} OWNER TO %s', relowner::regrole)\n        \
                 FROM pg_class WHERE oid = {regclass}::regclass);\n    \
             FOR given IN\n        \
                 SELECT acl.*, '' AS columns FROM pg_class, aclexplode(relacl) acl\n            \
                     WHERE oid = {regclass}::regclass AND acl.grantee <> relowner\n        \
                 UNION ALL\n        \
                 SELECT acl.*, format(' (%I)', attname) FROM pg_attribute, aclexplode(attacl) acl\n            \
                     WHERE attrelid = {regclass}::regclass AND NOT attisdropped\n    \
             LOOP\n        \
                 {}\n    \
             END LOOP;\n\
         END\n\
         $rights$",
        grant("%s", &view, ", given.columns")
    )
}

/// The step that gives a column the comment and the rights that another one has.
pub(crate) fn like_the_other(table: &str, of: &str, column: &str) -> Step {
    let same = same_column(table, of, column);
    Step::apart("", format!("-- @allow opaque-sql: gives the column the comment and the rights that {of} has\n{same}"))
}

/// Gives a column the comment and the rights that another one has. Names are folded, and without quotes.
fn same_column(table: &str, of: &str, column: &str) -> String {
    let (regclass, name) = (literal(table), literal(of));
    let (within, to) = (within_format(table), within_format(&quoted(column)));
    format!(
        "DO $rights$\n\
         DECLARE\n    \
             given record;\n\
         BEGIN\n    \
             EXECUTE (SELECT format('COMMENT ON COLUMN {within}.{to} IS %L', col_description(attrelid, attnum))\n        \
                 FROM pg_attribute WHERE attrelid = {regclass}::regclass AND attname = {name});\n    \
             FOR given IN\n        \
                 SELECT acl.* FROM pg_attribute, aclexplode(attacl) acl\n            \
                     WHERE attrelid = {regclass}::regclass AND attname = {name}\n    \
             LOOP\n        \
                 {}\n    \
             END LOOP;\n\
         END\n\
         $rights$",
        grant(&format!(" ({to})"), &within, "")
    )
}

/// The statement in a block that gives a right on a relation, or on columns of it.
fn grant(columns: &str, on: &str, arguments: &str) -> String {
    format!(
        "EXECUTE format('GRANT %s{columns} ON {on} TO %s%s', given.privilege_type{arguments},\n            \
         CASE given.grantee WHEN 0 THEN 'PUBLIC' ELSE given.grantee::regrole::text END,\n            \
         CASE WHEN given.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);"
    )
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A name within the string that `format` takes.
fn within_format(name: &str) -> String {
    name.replace('\'', "''").replace('%', "%%")
}
