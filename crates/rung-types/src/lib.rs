//! Types of a programming language for the rows of a schema. Pure: a [`Catalog`] goes in, a source file comes out, the
//! same for the same schema.
//!
//! [`generate`] resolves the catalog's types to a model that no language is in (what a column holds, whether it may be NULL,
//! what an INSERT must give), and writes that as TypeScript, Rust or Python.

mod compare;
mod doc;
mod model;
mod python;
mod relationships;
mod rust;
mod typescript;
mod words;

use std::collections::BTreeMap;

use rung_catalog::{Catalog, Kind, Lineage, Object, glob};
use rung_engine::Types;

/// A language that types can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    /// TypeScript, in the shape that Supabase's clients take.
    TypeScript,
    /// Rust, with serde.
    Rust,
    /// Python, with Pydantic 2.
    Python,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 3] = [Self::TypeScript, Self::Rust, Self::Python];

    /// Its name, as it is typed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TypeScript => "typescript",
            Self::Rust => "rust",
            Self::Python => "python",
        }
    }

    /// The ending of its files.
    pub fn ending(self) -> &'static str {
        match self {
            Self::TypeScript => "ts",
            Self::Rust => "rs",
            Self::Python => "py",
        }
    }
}

/// What is to be written.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The schemas, as globs; all where there is none.
    pub schemas: Vec<String>,
    /// The schema that is meant where none is named; the database's own where nothing is said.
    pub default_schema: Option<String>,
    /// Types of the language to be taken for types of the database, by the name that the database has for them:
    /// `numeric` for `rust_decimal::Decimal`.
    pub map: BTreeMap<String, String>,
    /// Traits that Rust's rows derive beside their own.
    pub derive: Vec<String>,
    /// Traits that Rust's enums derive beside their own.
    pub derive_enums: Vec<String>,
}

impl Options {
    /// Whether a schema of this name is wanted.
    pub fn wants(&self, schema: &str) -> bool {
        self.schemas.is_empty() || self.schemas.iter().any(|wanted| glob(wanted, schema))
    }

    /// Whether there is any schema that is wanted.
    pub fn finds_any(&self, source: Source<'_>) -> bool {
        self.schemas.is_empty() || source.catalog.iter().any(|object| self.wants(source.schema_of(object)))
    }
}

/// A schema that types are made of.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// Its objects.
    pub catalog: &'a Catalog,
    /// Where the columns of its views come from, as far as that is known.
    pub lineage: &'a [Lineage],
    /// What the types of its database are.
    pub types: &'a dyn Types,
}

impl<'a> Source<'a> {
    /// The name of an object's schema; a schema's is its own.
    fn schema_of(&self, object: &'a Object) -> &'a str {
        match object.key.kind {
            Kind::Schema => &object.key.name,
            _ => object.key.schema.as_deref().unwrap_or(self.types.default_schema()),
        }
    }
}

/// The types of a schema as a source file of a language.
pub fn generate(source: Source<'_>, language: Language, options: &Options) -> String {
    let model = model::Model::of(source, options);
    match language {
        Language::TypeScript => typescript::write(&model),
        Language::Rust => rust::write(&model),
        Language::Python => python::write(&model),
    }
}
