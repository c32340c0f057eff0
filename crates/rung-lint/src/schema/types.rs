//! Types that are not built in: what is done to them, and which tables hold values of them.

use std::sync::Arc;

use rung_ddl::{
    AttributeChange, AttributeChangeKind, Column as Written, ConstraintKind, DataType, DomainChange, Expression, Ident,
    Kind, Name, SmolStr, Statement,
};

use super::{Born, Column, Composite, Domain, DomainConstraint, Key, Schema, Table, Type};

/// A type of types ends somewhere; a loop in the files does not.
const DEEPEST: usize = 16;

impl Schema {
    /// Carries out what is done to a type.
    pub(super) fn apply_to_types(&mut self, statement: &Statement, text: &str, born: Born) {
        match statement {
            Statement::CreateEnum { name, values } => self.make(name, Type::Enum { values: values.clone(), born }),
            Statement::AddEnumValue { name, value, .. } => self.change_type(name, |known| {
                if let Type::Enum { values, .. } = known {
                    values.push(value.clone());
                }
            }),
            Statement::RenameEnumValue { name, from, to } => self.change_type(name, |known| {
                if let Type::Enum { values, .. } = known {
                    values.iter_mut().filter(|value| *value == from).for_each(|value| value.clone_from(to));
                }
            }),
            Statement::CreateComposite { name, attributes } => {
                let attributes = attributes.iter().map(attribute).collect();
                self.make(name, Type::Composite(Composite { attributes, born }));
            }
            Statement::AlterComposite { name, changes } => {
                changes.iter().for_each(|(change, _)| self.alter_composite(name, change));
            }
            Statement::CreateDomain { name, base, default, constraints } => {
                let key = self.made(name);
                let mut domain = Domain {
                    constraints: Vec::new(),
                    base: base.clone(),
                    default: default.as_ref().map(|default| self.domain_default(default, text)),
                    born,
                };
                constraints.iter().for_each(|added| domain.add(&key.name, added));
                self.make(name, Type::Domain(domain));
            }
            Statement::AlterDomain { name, change } => self.alter_domain(name, change, text),
            Statement::Rename { kind: Kind::Type | Kind::Domain, name, to: Some(to) } => self.rename_type(name, to),
            _ => {}
        }
    }

    fn make(&mut self, name: &Name, made: Type) {
        let key = self.made(name);
        Arc::make_mut(&mut self.types).insert(key, made);
    }

    fn change_type(&mut self, name: &Name, change: impl FnOnce(&mut Type)) {
        let key = self.type_key(name);
        if let Some(known) = Arc::make_mut(&mut self.types).get_mut(&key) {
            change(known);
        }
    }

    /// A default as it is written, and whether it is one value for all rows.
    fn domain_default(&self, default: &Expression, text: &str) -> (String, super::Volatility) {
        (text.get(default.span.range()).unwrap_or_default().to_owned(), self.volatility(default))
    }

    fn alter_domain(&mut self, name: &Name, change: &DomainChange, text: &str) {
        let key = self.type_key(name);
        let default = match change {
            DomainChange::SetDefault(default) if !default.null => Some(self.domain_default(default, text)),
            _ => None,
        };
        self.change_type(name, |known| {
            let Type::Domain(domain) = known else { return };
            let named = |wanted: &Ident| domain.constraints.iter().position(|there| there.name == wanted.name);
            match change {
                DomainChange::SetDefault(_) | DomainChange::DropDefault => domain.default = default,
                DomainChange::SetNotNull if domain.not_null() => {}
                DomainChange::SetNotNull => domain.put(&key.name, None, DomainConstraint::NOT_NULL),
                DomainChange::DropNotNull => domain.constraints.retain(|there| !there.not_null),
                DomainChange::Add(added) => domain.add(&key.name, added),
                DomainChange::Drop { name, .. } => domain.constraints.retain(|there| there.name != name.name),
                DomainChange::Rename { from, to } => {
                    if let Some(at) = named(from) {
                        domain.constraints[at].name.clone_from(&to.name);
                    }
                }
                DomainChange::Validate(name) => {
                    if let Some(at) = named(name) {
                        domain.constraints[at].valid = true;
                    }
                }
            }
        });
    }

    fn alter_composite(&mut self, name: &Name, change: &AttributeChange) {
        let key = self.type_key(name);
        self.change_type(name, |known| {
            if let Type::Composite(composite) = known {
                change_attributes(&mut composite.attributes, &change.kind);
            }
        });
        let tables: Vec<Key> = self.tables_of_type(&key).cloned().collect();
        for table in tables {
            self.change_at(&table, |table| change_attributes(&mut table.columns, &change.kind));
            // An index on what is gone is gone; one on what has another name is there.
            match &change.kind {
                AttributeChangeKind::Drop { attribute, .. } => self.drop_indexes_on(&table, &attribute.name),
                AttributeChangeKind::Rename { from, to } => self.rename_in_indexes(&table, &from.name, &to.name),
                _ => {}
            }
        }
    }

    /// Gives a type another name, and those who have it follow.
    fn rename_type(&mut self, name: &Name, to: &Ident) {
        let old = self.type_key(name);
        let users: Vec<Key> = self
            .tables
            .iter()
            .filter(|(_, table)| {
                table.of_type.as_ref() == Some(&old) || table.columns.iter().any(|c| self.is_of(c, &old))
            })
            .map(|(key, _)| key.clone())
            .collect();
        let new = Key { schema: old.schema.clone(), name: to.name.clone() };
        let Some(known) = Arc::make_mut(&mut self.types).remove(&old) else { return };
        Arc::make_mut(&mut self.types).insert(new.clone(), known);
        let renamed = |data_type: &mut Option<DataType>| {
            if let Some(data_type) = data_type.as_mut().filter(|of| of.name == old.name) {
                data_type.name.clone_from(&new.name);
            }
        };
        for user in users {
            self.change_at(&user, |table| {
                table.columns.iter_mut().for_each(|column| renamed(&mut column.data_type));
                if table.of_type.as_ref() == Some(&old) {
                    table.of_type = Some(new.clone());
                }
            });
        }
        for known in Arc::make_mut(&mut self.types).values_mut() {
            match known {
                Type::Enum { .. } => {}
                Type::Domain(domain) => renamed(&mut domain.base),
                Type::Composite(composite) => {
                    composite.attributes.iter_mut().for_each(|attribute| renamed(&mut attribute.data_type));
                }
            }
        }
    }

    /// Changes a table that is there.
    fn change_at(&mut self, key: &Key, change: impl FnOnce(&mut Table)) {
        if let Some(mut table) = self.tables.take(key) {
            change(Arc::make_mut(&mut table));
            self.tables.put(key.clone(), table);
        }
    }

    /// The tables that are made of a composite type.
    pub fn tables_of_type<'a>(&'a self, composite: &Key) -> impl Iterator<Item = &'a Key> + use<'a> {
        let composite = composite.clone();
        self.tables.iter().filter(move |(_, table)| table.of_type.as_ref() == Some(&composite)).map(|(key, _)| key)
    }

    /// The columns whose values have one of a type in them: of the type itself, of an array or a domain of it, of a
    /// composite type with an attribute like that.
    pub fn columns_with<'a>(&'a self, of: &'a Key) -> impl Iterator<Item = (&'a Key, &'a Column)> {
        let tables = self.tables.iter().filter(|(_, table)| matches!(table.kind, Kind::Table | Kind::MaterializedView));
        tables.flat_map(move |(key, table)| {
            let has = |column: &&Column| column.data_type.as_ref().is_some_and(|it| self.has_in_it(it, of, DEEPEST));
            table.columns.iter().filter(has).map(move |column| (key, column))
        })
    }

    fn has_in_it(&self, data_type: &DataType, wanted: &Key, depth: usize) -> bool {
        let key = self.key_of_type(data_type);
        key == *wanted
            || depth > 0
                && match self.types.get(&key) {
                    Some(Type::Domain(domain)) => {
                        domain.base.as_ref().is_some_and(|base| self.has_in_it(base, wanted, depth - 1))
                    }
                    Some(Type::Composite(composite)) => {
                        let mut types = composite.attributes.iter().filter_map(|it| it.data_type.as_ref());
                        types.any(|it| self.has_in_it(it, wanted, depth - 1))
                    }
                    Some(Type::Enum { .. }) | None => false,
                }
    }

    fn is_of(&self, column: &Column, wanted: &Key) -> bool {
        column.data_type.as_ref().is_some_and(|data_type| self.key_of_type(data_type) == *wanted)
    }

    fn key_of_type(&self, data_type: &DataType) -> Key {
        let DataType { schema, name, span, .. } = data_type;
        self.type_key(&Name { schema: schema.clone(), name: name.clone(), span: *span })
    }

    /// The domain that a column is declared with, the one that this is over, and so on. None for an array: it is of
    /// values of a domain, and none itself.
    pub fn domains<'a>(&'a self, data_type: &'a DataType) -> impl Iterator<Item = (Key, &'a Domain)> {
        let domain = |of: &'a DataType| {
            let key = self.key_of_type(of);
            match self.types.get(&key) {
                Some(Type::Domain(domain)) if !of.array => Some((key, domain)),
                _ => None,
            }
        };
        std::iter::successors(domain(data_type), move |(_, over)| over.base.as_ref().and_then(domain)).take(DEEPEST)
    }

    /// Whether values of a type have to pass the constraint of a domain.
    pub fn is_constrained(&self, data_type: &DataType) -> bool {
        self.domains(data_type).any(|(_, domain)| !domain.constraints.is_empty())
    }

    /// The default that a column of a type has where it is declared with none: that of the first domain that has one.
    pub fn default_of<'a>(&'a self, data_type: &'a DataType) -> Option<&'a (String, super::Volatility)> {
        self.domains(data_type).find_map(|(_, domain)| domain.default.as_ref())
    }

    /// The tables that have a column of a domain, or of one over it.
    pub fn users_of(&self, domain: &Name) -> impl Iterator<Item = &Key> {
        let wanted = self.type_key(domain);
        let is_one = move |column: &Column| self.is_of_domain(column, &wanted);
        self.tables.iter().filter(move |(_, table)| table.columns.iter().any(&is_one)).map(|(key, _)| key)
    }

    /// Whether every value of a domain is held against a constraint: where it takes no NULL already, NULL is not looked for
    /// again.
    pub fn checks_values(&self, domain: &Name, change: &DomainChange) -> bool {
        let takes_no_null = || matches!(self.named_type(domain), Some(Type::Domain(domain)) if domain.not_null());
        change.checks() && !(matches!(change, DomainChange::SetNotNull) && takes_no_null())
    }

    /// Whether a column is declared with a domain, or with one over it.
    pub fn is_of_domain(&self, column: &Column, domain: &Key) -> bool {
        column.data_type.as_ref().is_some_and(|of| self.domains(of).any(|(key, _)| key == *domain))
    }
}

impl Domain {
    /// Whether it takes no NULL.
    pub fn not_null(&self) -> bool {
        self.constraints.iter().any(|there| there.not_null)
    }

    fn add(&mut self, domain: &str, added: &rung_ddl::Constraint) {
        let constraint = match &added.kind {
            ConstraintKind::NotNull(_) => DomainConstraint::NOT_NULL,
            _ => DomainConstraint { valid: !added.not_valid, not_null: false, ..DomainConstraint::NOT_NULL },
        };
        self.put(domain, added.name.as_ref().map(|name| name.name.clone()), constraint);
    }

    /// Adds a constraint, under the name that the server chooses where it has none.
    fn put(&mut self, domain: &str, name: Option<SmolStr>, constraint: DomainConstraint) {
        let name = name.unwrap_or_else(|| {
            let chosen = format!("{domain}_{}", if constraint.not_null { "not_null" } else { "check" });
            let is_taken = |name: &str| self.constraints.iter().any(|there| there.name == name);
            let numbered = (1..).map(|number| format!("{chosen}{number}"));
            let free = std::iter::once(chosen.clone()).chain(numbered).find(|name| !is_taken(name));
            free.unwrap_or(chosen).into()
        });
        self.constraints.push(DomainConstraint { name, ..constraint });
    }
}

/// An attribute of a composite type, as the column that a table of the type has.
fn attribute(written: &Written) -> Column {
    Column {
        name: written.name.name.clone(),
        data_type: written.data_type.clone(),
        collation: written.collation.clone(),
        ..Column::default()
    }
}

fn change_attributes(attributes: &mut Vec<Column>, change: &AttributeChangeKind) {
    match change {
        AttributeChangeKind::Add(added) => attributes.push(attribute(added)),
        AttributeChangeKind::Drop { attribute, .. } => attributes.retain(|there| there.name != attribute.name),
        AttributeChangeKind::SetType { attribute, data_type, collation } => {
            if let Some(there) = attributes.iter_mut().find(|there| there.name == attribute.name) {
                there.data_type = Some(data_type.clone());
                there.collation.clone_from(collation);
            }
        }
        AttributeChangeKind::Rename { from, to } => {
            if let Some(there) = attributes.iter_mut().find(|there| there.name == from.name) {
                there.name.clone_from(&to.name);
            }
        }
    }
}
