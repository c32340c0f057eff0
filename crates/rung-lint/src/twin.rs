//! A column of another type that takes the place of one, while programs go on.

use rung_ddl::{Action, DataType, Ident, SmolStr, Statement};

use crate::expand::like_the_other;
use crate::schema::{Column, ConstraintKind, Table};
use crate::steps::{Altered, LONGEST, Step, Steps, quoted};

impl Altered<'_, '_> {
    /// A column of a new type beside the old one, which a trigger keeps in step, and which takes its place when it is
    /// filled. `using` is the expression that its values are made with.
    pub(crate) fn retyped(
        &self,
        column: &Ident,
        data_type: &DataType,
        collation: Option<&str>,
        using: Option<&str>,
    ) -> Steps {
        let (table, old) = self.known(column)?;
        self.is_free_standing(table, old)?;
        if self.alter.actions.iter().filter(|(action, _)| may_concern(action, &column.name)).count() > 1 {
            return Err("the statement does more to the column: do that in a statement of its own".to_owned());
        }
        let was = old.data_type.as_ref().filter(|was| !was.name.ends_with("serial"));
        let was = was.ok_or("its sequence is made for the type that it has")?;
        let name = self.cx.text(column.span);
        let mut demand = self.cx.text(data_type.span).to_owned();
        if let Some(collation) = collation {
            let parts: Vec<String> = collation.split('.').map(quoted).collect();
            demand.push_str(&format!(" COLLATE {}", parts.join(".")));
        }
        let (plain, own) = (name.trim_matches('"'), self.alter.name.name.as_str());
        let twin = format!("{plain}_as_{}", data_type.name.replace(|c: char| !c.is_ascii_alphanumeric(), "_"));
        // It comes last of all triggers, and sees what the others have made of the row.
        let trigger = format!("zz_{own}_{twin}");
        if trigger.len() > LONGEST || table.column(&twin).is_some() {
            return Err("there is no name for the new column".to_owned());
        }
        let like = like_the_other(self.table, &column.name, &twin);
        let (twin, trigger) = (quoted(&twin), quoted(&trigger));
        let function = match self.table.rsplit_once('.') {
            Some((schema, _)) => format!("{schema}.{trigger}"),
            None => trigger.clone(),
        };
        let (from_row, from_table) = match using {
            Some(using) => (format!("(SELECT {using} FROM (SELECT NEW.*) AS {})", quoted(own)), format!("({using})")),
            None => (format!("NEW.{name}"), name.to_owned()),
        };
        let missing = format!("{twin} IS NULL AND {from_table} IS NOT NULL");
        let mut steps = vec![
            Step::apart(
                format!("add_{own}_{plain}_anew"),
                format!(
                    "-- {name} gets its new type beside the old one.\n{}",
                    self.alter(format!("ADD COLUMN {twin} {demand}"))
                ),
            ),
            like,
            Step::apart(
                "",
                format!(
                    "CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $twin$\n\
                     BEGIN\n    NEW.{twin} := {from_row};\n    RETURN NEW;\nEND\n$twin$"
                ),
            ),
            Step::apart(
                "",
                format!(
                    "-- @allow trigger-added: it goes when the new column takes the old one's place\n\
                     CREATE TRIGGER {trigger} BEFORE INSERT OR UPDATE ON {}\n    \
                     FOR EACH ROW EXECUTE FUNCTION {function}()",
                    self.table
                ),
            ),
            // It is looked for what is missing below, before the old column goes: a check of the whole file comes too late.
            Step { leaves: None, ..self.filled("", &format!("{twin} = {from_table}"), &missing) },
        ];
        if old.not_null {
            steps.extend(self.not_null(&twin).into_iter().map(|step| Step { undo: None, ..step }));
        }
        let mut swap = vec![
            format!(
                "-- @allow opaque-sql: refuses to go on where a row has no new value\n\
                 DO $check$ BEGIN\n    IF EXISTS (SELECT FROM {} WHERE {missing}) THEN\n        \
                 RAISE EXCEPTION 'a row of % has no % yet', '{}', '{}';\n    END IF;\nEND $check$",
                self.table,
                own.replace('\'', "''"),
                twin.replace('\'', "''")
            ),
            "BEGIN".to_owned(),
            format!(
                "-- @allow trigger-dropped: the columns need not be kept in step any more\nDROP TRIGGER {trigger} ON {}",
                self.table
            ),
            format!("DROP FUNCTION {function}()"),
            format!(
                "-- @allow drop-column: the new column has its values\n{}",
                self.alter(format!("DROP COLUMN {name}"))
            ),
            self.alter(format!("RENAME COLUMN {twin} TO {name}")),
        ];
        if old.not_null && self.cx.server().has(18) {
            let of = |column: &str| quoted(&format!("{own}_{}_not_null", column.trim_matches('"')));
            swap.push(self.alter(format!("RENAME CONSTRAINT {} TO {}", of(&twin), of(name))));
        }
        swap.extend(
            old.default_text.as_ref().map(|default| self.alter(format!("ALTER COLUMN {name} SET DEFAULT {default}"))),
        );
        swap.push("COMMIT".to_owned());
        steps.extend(swap.into_iter().map(|sql| Step::apart("", sql)));
        if let Some(last) = steps.last_mut() {
            let back = || self.alter(format!("ALTER COLUMN {name} TYPE {was}"));
            last.undo = Some(self.way_back(column).map_or_else(back, str::to_owned));
        }
        Ok(steps)
    }

    /// The statement of the migration's own down that gives a column its old type back.
    fn way_back(&self, column: &Ident) -> Option<&str> {
        let down = self.cx.file.down.as_ref()?;
        let at = down.lines.iter().position(|line| {
            matches!(&line.parsed.statement, Statement::AlterTable(alter) if alter.name.name == self.alter.name.name
                && matches!(alter.actions.as_slice(), [(Action::SetType { column: other, .. }, _)] if other.name == column.name))
        })?;
        Some(down.text(at))
    }

    /// A column and its table, where all is known of them.
    pub(crate) fn known(&self, column: &Ident) -> Result<(&Table, &Column), String> {
        let table = self.cx.table(&self.alter.name);
        table
            .and_then(|table| Some((table, table.column(&column.name)?)))
            .filter(|(table, _)| table.complete)
            .ok_or_else(|| {
                "what else uses the column is not known: the migration that made the table is not there".to_owned()
            })
    }

    /// Whether nothing hangs on a column that would go with it.
    pub(crate) fn is_free_standing(&self, table: &Table, column: &Column) -> Result<(), String> {
        let schema = self.cx.schema;
        let key = schema.key(&self.alter.name);
        let names = |columns: &[SmolStr]| columns.contains(&column.name);
        let constraint = table.constraints.iter().find(|constraint| match &constraint.kind {
            ConstraintKind::PrimaryKey(columns) | ConstraintKind::Unique(columns) => names(columns),
            ConstraintKind::Check { columns, .. } | ConstraintKind::ForeignKey { columns, .. } => names(columns),
            ConstraintKind::Exclude => true,
            ConstraintKind::NotNull(_) => false,
        });
        let index = schema.indexes_of(&key).find(|(_, index)| {
            index.partial || index.columns.iter().any(|there| there.as_ref().is_none_or(|name| *name == column.name))
        });
        let is_keyed = table.constraints.iter().any(|there| matches!(there.kind, ConstraintKind::PrimaryKey(_)));
        let why = if table.partitioned || table.partition_of.is_some() || !table.inherits.is_empty() {
            "the tables that it is inherited by and from have the column too".to_owned()
        } else if schema.children(&key).next().is_some() {
            "other tables inherit the column".to_owned()
        } else if column.generated {
            "its value is computed".to_owned()
        } else if let Some(publication) = schema.published(&key).filter(|_| !is_keyed) {
            format!("it is published by {publication}, and rows without a key can't be changed then")
        } else if let Some(constraint) = constraint {
            format!("the constraint {} may be about it, and has to be made for the new column", constraint.name)
        } else if let Some((index, _)) = index {
            format!("the index {index} may be about it, and has to be built for the new column")
        } else if let Some(view) = schema.views_of(&key).first() {
            format!("the view {view} reads the table, and would have to be made anew")
        } else if column.default && column.default_text.is_none() {
            "its default is not known".to_owned()
        } else {
            return Ok(());
        };
        Err(why)
    }
}

/// Whether an action of an `ALTER TABLE` may be about a column that was there before.
fn may_concern(action: &Action, column: &str) -> bool {
    match action {
        Action::SetType { column: other, .. }
        | Action::SetNotNull(other)
        | Action::DropNotNull(other)
        | Action::SetDefault(other, _)
        | Action::DropDefault(other)
        | Action::Identity(other)
        | Action::SetStatistics(other)
        | Action::SetStorage(other)
        | Action::DropColumn { column: other, .. } => other.name == column,
        Action::AddColumn { .. } => false,
        _ => true,
    }
}
