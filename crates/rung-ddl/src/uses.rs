//! What a statement needs to be there.

use crate::{Kind, Name, Parsed, Statement};

impl Parsed {
    /// The objects that it names and that should be there, with what they are as far as the statement tells: a
    /// [`Kind::Table`] may be a view, a [`Kind::Type`] a domain. The schemas of all names are among them.
    ///
    /// A table that it creates is among them too: whoever asks knows who made it. What a function's body names is not: the
    /// server looks for it when the function is called.
    pub fn uses(&self) -> Vec<(Kind, Name)> {
        let mut found: Vec<(Kind, &Name)> = Vec::new();
        found.extend(self.statement.tables().chain(&self.relations).map(|name| (Kind::Table, name)));
        found.extend(self.named.iter().map(|(kind, name)| (*kind, name)));
        let mut made = None;
        match &self.statement {
            Statement::Create { kind, name: Some(name), replace: true, .. }
            | Statement::Alter { kind, name: Some(name), .. }
            | Statement::Rename { kind, name, .. }
            | Statement::Comment { kind, name: Some(name), .. } => found.push((*kind, name)),
            Statement::Drop { kind, names, .. } => found.extend(names.iter().map(|name| (*kind, name))),
            Statement::AddEnumValue { name, .. }
            | Statement::RenameEnumValue { name, .. }
            | Statement::AlterComposite { name, .. }
            | Statement::AlterDomain { name, .. } => found.push((Kind::Type, name)),
            Statement::Create { name: Some(name), .. }
            | Statement::CreateEnum { name, .. }
            | Statement::CreateComposite { name, .. }
            | Statement::CreateDomain { name, .. } => made = Some(name),
            _ => {}
        }
        let schema = |name: &Name| {
            let schema = name.schema.clone()?;
            Some((Kind::Schema, Name { schema: None, name: schema, span: name.span }))
        };
        let schemas = found.iter().map(|(_, name)| *name).chain(made).filter_map(schema);
        found.iter().map(|(kind, name)| (*kind, (*name).clone())).chain(schemas).collect()
    }
}
