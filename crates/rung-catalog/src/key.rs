//! What an object is called.

use std::fmt;

/// What kind of object. Their order is that of a dump, as far as dependencies do not ask for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A schema.
    Schema,
    /// An extension with all that came with it.
    Extension,
    /// A procedural language.
    Language,
    /// A table or index access method.
    AccessMethod,
    /// A foreign-data wrapper.
    ForeignDataWrapper,
    /// A foreign server.
    Server,
    /// A user mapping.
    UserMapping,
    /// A collation.
    Collation,
    /// A conversion between encodings.
    Conversion,
    /// A text search parser.
    TextSearchParser,
    /// A text search template.
    TextSearchTemplate,
    /// A text search dictionary.
    TextSearchDictionary,
    /// A text search configuration.
    TextSearchConfiguration,
    /// An enum, domain, composite, range or base type.
    Type,
    /// A function, procedure, aggregate or window function.
    Routine,
    /// An operator.
    Operator,
    /// An operator family.
    OperatorFamily,
    /// An operator class.
    OperatorClass,
    /// A cast.
    Cast,
    /// A transform.
    Transform,
    /// A sequence that is not an identity column's.
    Sequence,
    /// A table: ordinary, partitioned, foreign or virtual.
    Table,
    /// A view or a materialised view.
    View,
    /// An index that is not a constraint's.
    Index,
    /// A constraint of a table or a domain.
    Constraint,
    /// Extended statistics.
    Statistics,
    /// A rewrite rule.
    Rule,
    /// A trigger.
    Trigger,
    /// A row security policy.
    Policy,
    /// An event trigger.
    EventTrigger,
    /// Privileges that new objects will have.
    DefaultPrivileges,
    /// A publication.
    Publication,
    /// A subscription.
    Subscription,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 33] = [
        Self::Schema,
        Self::Extension,
        Self::Language,
        Self::AccessMethod,
        Self::ForeignDataWrapper,
        Self::Server,
        Self::UserMapping,
        Self::Collation,
        Self::Conversion,
        Self::TextSearchParser,
        Self::TextSearchTemplate,
        Self::TextSearchDictionary,
        Self::TextSearchConfiguration,
        Self::Type,
        Self::Routine,
        Self::Operator,
        Self::OperatorFamily,
        Self::OperatorClass,
        Self::Cast,
        Self::Transform,
        Self::Sequence,
        Self::Table,
        Self::View,
        Self::Index,
        Self::Constraint,
        Self::Statistics,
        Self::Rule,
        Self::Trigger,
        Self::Policy,
        Self::EventTrigger,
        Self::DefaultPrivileges,
        Self::Publication,
        Self::Subscription,
    ];

    /// Its name in output: lower case, words apart.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Extension => "extension",
            Self::Language => "language",
            Self::AccessMethod => "access method",
            Self::ForeignDataWrapper => "foreign-data wrapper",
            Self::Server => "server",
            Self::UserMapping => "user mapping",
            Self::Collation => "collation",
            Self::Conversion => "conversion",
            Self::TextSearchParser => "text search parser",
            Self::TextSearchTemplate => "text search template",
            Self::TextSearchDictionary => "text search dictionary",
            Self::TextSearchConfiguration => "text search configuration",
            Self::Type => "type",
            Self::Routine => "routine",
            Self::Operator => "operator",
            Self::OperatorFamily => "operator family",
            Self::OperatorClass => "operator class",
            Self::Cast => "cast",
            Self::Transform => "transform",
            Self::Sequence => "sequence",
            Self::Table => "table",
            Self::View => "view",
            Self::Index => "index",
            Self::Constraint => "constraint",
            Self::Statistics => "statistics",
            Self::Rule => "rule",
            Self::Trigger => "trigger",
            Self::Policy => "policy",
            Self::EventTrigger => "event trigger",
            Self::DefaultPrivileges => "default privileges",
            Self::Publication => "publication",
            Self::Subscription => "subscription",
        }
    }

    /// The kind of that name; blanks, hyphens and underscores are the same.
    pub fn parse(name: &str) -> Option<Self> {
        let plain = |text: &str| text.to_lowercase().replace(['-', '_'], " ");
        Self::ALL.into_iter().find(|kind| plain(kind.as_str()) == plain(name))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An object's identity: it stays when the object is altered. Names are as the database has them, without quotes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// What kind of object.
    pub kind: Kind,
    /// Its schema; `None` where the kind, or the database, has none.
    pub schema: Option<String>,
    /// What it belongs to, in the same schema: the table of a constraint, trigger, rule or policy, the domain of a
    /// constraint, the access method of an operator class or family.
    pub parent: Option<String>,
    /// Its name; where a kind has none (a cast), what describes it.
    pub name: String,
    /// The types of its arguments, as SQL, where a name is not enough: routines and operators.
    pub arguments: Option<String>,
}

impl Key {
    /// A key without parent and arguments.
    pub fn new(kind: Kind, schema: Option<&str>, name: impl Into<String>) -> Self {
        Self { kind, schema: schema.map(str::to_owned), parent: None, name: name.into(), arguments: None }
    }

    /// The same, belonging to something.
    #[must_use]
    pub fn of(mut self, parent: impl Into<String>) -> Self {
        self.parent = Some(parent.into());
        self
    }

    /// The same, with the types of its arguments.
    #[must_use]
    pub fn with_arguments(mut self, arguments: impl Into<String>) -> Self {
        self.arguments = Some(arguments.into());
        self
    }

    /// Its name for people, the schema in front and no quotes: `app.users`, `app.f(integer)`, `users_pkey on app.users`.
    pub fn path(&self) -> String {
        let schema = self.schema.as_ref().map_or_else(String::new, |schema| format!("{schema}."));
        let arguments = self.arguments.as_ref().map_or_else(String::new, |arguments| format!("({arguments})"));
        match &self.parent {
            Some(parent) => format!("{}{arguments} on {schema}{parent}", self.name),
            None => format!("{schema}{}{arguments}", self.name),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_found_by_their_names() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(Kind::parse("Text-Search_Parser"), Some(Kind::TextSearchParser));
        assert_eq!(Kind::parse("foreign data wrapper"), Some(Kind::ForeignDataWrapper));
        assert_eq!(Kind::parse("tables"), None);
        assert!(Kind::ALL.is_sorted(), "the list is in the order of the enum");
    }

    #[test]
    fn keys_are_shown_with_what_they_belong_to() {
        let key = Key::new(Kind::Constraint, Some("app"), "users_pkey").of("users");
        assert_eq!(key.to_string(), "constraint users_pkey on app.users");
        let key = Key::new(Kind::Routine, Some("app"), "f").with_arguments("integer, text");
        assert_eq!(key.path(), "app.f(integer, text)");
    }
}
