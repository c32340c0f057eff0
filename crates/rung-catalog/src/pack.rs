//! A catalog as bytes, to be kept for a while by the program that has read it. They mean nothing to another build of it: who
//! keeps them sees to it that they come back to the one that wrote them, and whole.

use std::borrow::Cow;
use std::sync::Arc;

use crate::grant::{Grant, Grantee, Grants};
use crate::key::{Key, Kind};
use crate::object::{
    Body, Catalog, Definition, Dependency, Extension, Firing, Nature, Object, Policy, Routine, RoutineKind, Sequence,
    Trigger, Type, Unknown,
};
use crate::relation::{
    Column, Constraint, ConstraintKind, ForeignKey, Identity, Index, IndexKey, NotNull, Origin, Persistence,
    ReplicaIdentity, RowSecurity, Table, Timing, Validity, Value, View,
};

impl Catalog {
    /// The catalog as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.len().pack(&mut bytes);
        self.iter().for_each(|object| object.pack(&mut bytes));
        self.unknown.pack(&mut bytes);
        self.history_schema.pack(&mut bytes);
        bytes
    }

    /// The catalog that [`Self::to_bytes`] wrote. `None` where these are no such bytes, as far as they show it.
    pub fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let mut catalog = Self::new();
        for _ in 0..usize::unpack(&mut bytes)? {
            // What is there twice was not written by us.
            if catalog.insert(Object::unpack(&mut bytes)?).is_some() {
                return None;
            }
        }
        catalog.unknown = Pack::unpack(&mut bytes)?;
        catalog.history_schema = Pack::unpack(&mut bytes)?;
        bytes.is_empty().then_some(catalog)
    }
}

/// What can be written behind other bytes, and taken from the front of some.
trait Pack: Sized {
    fn pack(&self, to: &mut Vec<u8>);
    fn unpack(from: &mut &[u8]) -> Option<Self>;
}

/// A field that is added to one of these, and not here, does not compile.
macro_rules! packed {
    ($(struct $name:ident { $($field:ident),* })*) => {$(
        impl Pack for $name {
            fn pack(&self, to: &mut Vec<u8>) {
                let Self { $($field),* } = self;
                $($field.pack(to);)*
            }

            fn unpack(from: &mut &[u8]) -> Option<Self> {
                Some(Self { $($field: Pack::unpack(from)?),* })
            }
        }
    )*};
    ($(enum $name:ident { $($tag:literal $variant:ident $(($inner:ident))? $({ $($field:ident),* })?),* })*) => {$(
        impl Pack for $name {
            fn pack(&self, to: &mut Vec<u8>) {
                match self {$(
                    Self::$variant $(($inner))? $({ $($field),* })? => {
                        to.push($tag);
                        $($inner.pack(to);)?
                        $($($field.pack(to);)*)?
                    }
                )*}
            }

            fn unpack(from: &mut &[u8]) -> Option<Self> {
                Some(match u8::unpack(from)? {
                    $($tag => {
                        $(let $inner = Pack::unpack(from)?;)?
                        $($(let $field = Pack::unpack(from)?;)*)?
                        Self::$variant $(($inner))? $({ $($field),* })?
                    })*
                    _ => return None,
                })
            }
        }
    )*};
}

packed! {
    struct Unknown { what, why }
    struct Key { kind, schema, parent, name, arguments }
    struct Object { key, owner, comment, grants, labels, depends_on, body }
    struct Dependency { column, on, on_column, nature }
    struct Grants { granted, revoked }
    struct Grant { by, to, privileges, with_option }
    struct Extension { version, schema, relocatable, members, grants }
    struct Routine { kind, arguments, result, language, definition }
    struct Sequence { data_type, start, increment, min, max, cache, cycle, persistence, owned_by }
    struct Trigger { definition, firing, origin }
    struct Policy { permissive, command, roles, using, check }
    struct Definition { sql, firing }
    struct Table {
        persistence, columns, inherits, partition_by, bound, of_type, options, tablespace, access_method,
        replica_identity, row_security, server, server_options, shadows, definition
    }
    struct Column {
        name, data_type, collation, not_null, value, origin, storage, compression, statistics, options, server_options,
        comment, grants, labels
    }
    struct NotNull { name, no_inherit, validity, origin, comment }
    struct Identity { always, name, sequence, comment, grants }
    struct Constraint { kind, timing, validity, no_inherit, origin, index, index_comment }
    struct ForeignKey { columns, table, references, period, matching, on_update, on_delete }
    struct Index {
        table, method, unique, nulls_not_distinct, keys, include, predicate, options, tablespace, valid, clustered,
        on_only, parent, statistics, definition
    }
    struct IndexKey { column, sql }
    struct View { materialized, columns, query, options, tablespace, access_method }
}

packed! {
    enum Body {
        0 Schema, 1 Extension(it), 2 Type(it), 3 Routine(it), 4 Sequence(it), 5 Table(it), 6 View(it), 7 Index(it),
        8 Constraint(it), 9 Trigger(it), 10 Policy(it), 11 Other(it)
    }
    enum Type {
        0 Enum { labels }, 1 Domain { base, collation, default, not_null }, 2 Composite { columns }, 3 Range(it),
        4 Base(it), 5 Shell
    }
    enum ConstraintKind {
        0 PrimaryKey { columns, without_overlaps }, 1 Unique { columns, without_overlaps }, 2 Check(it), 3 Exclude(it),
        4 Foreign(it)
    }
    enum Value { 0 None, 1 Default(it), 2 Stored(it), 3 Virtual(it), 4 Identity(it) }
    enum Nature { 0 Normal, 1 Automatic, 2 Extension }
    enum RoutineKind { 0 Function, 1 Procedure, 2 Aggregate, 3 Window }
    enum Firing { 0 Origin, 1 Always, 2 Replica, 3 Disabled }
    enum Grantee { 0 Public, 1 Role(it) }
    enum Persistence { 0 Permanent, 1 Unlogged }
    enum ReplicaIdentity { 0 Default, 1 Full, 2 Nothing, 3 Index(it) }
    enum RowSecurity { 0 Off, 1 On, 2 Forced, 3 OffAndForced }
    enum Origin { 0 Local, 1 Inherited, 2 Both }
    enum Validity { 0 Valid, 1 NotValid, 2 NotEnforced }
    enum Timing { 0 NotDeferrable, 1 Deferrable, 2 Deferred }
}

impl Pack for Kind {
    fn pack(&self, to: &mut Vec<u8>) {
        // They are in the order of the list.
        to.push(*self as u8);
    }

    fn unpack(from: &mut &[u8]) -> Option<Self> {
        Self::ALL.get(usize::from(u8::unpack(from)?)).copied()
    }
}

impl Pack for u8 {
    fn pack(&self, to: &mut Vec<u8>) {
        to.push(*self);
    }

    fn unpack(from: &mut &[u8]) -> Option<Self> {
        let (first, rest) = from.split_first()?;
        *from = rest;
        Some(*first)
    }
}

impl Pack for bool {
    fn pack(&self, to: &mut Vec<u8>) {
        to.push(u8::from(*self));
    }

    fn unpack(from: &mut &[u8]) -> Option<Self> {
        match u8::unpack(from)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

macro_rules! numbers {
    ($($type:ty),*) => {$(
        impl Pack for $type {
            fn pack(&self, to: &mut Vec<u8>) {
                to.extend(self.to_le_bytes());
            }

            fn unpack(from: &mut &[u8]) -> Option<Self> {
                let (bytes, rest) = from.split_first_chunk()?;
                *from = rest;
                Some(Self::from_le_bytes(*bytes))
            }
        }
    )*};
}

numbers!(u32, i32, i64);

/// A length: seven bits a byte, as most are short.
impl Pack for usize {
    fn pack(&self, to: &mut Vec<u8>) {
        let mut left = *self;
        while left > 0x7f {
            to.push((left & 0x7f) as u8 | 0x80);
            left >>= 7;
        }
        to.push(left as u8);
    }

    fn unpack(from: &mut &[u8]) -> Option<Self> {
        let mut number = 0;
        for shift in (0..Self::BITS - 7).step_by(7) {
            let byte = u8::unpack(from)?;
            number |= Self::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }
}

impl Pack for String {
    fn pack(&self, to: &mut Vec<u8>) {
        self.len().pack(to);
        to.extend(self.as_bytes());
    }

    fn unpack(from: &mut &[u8]) -> Option<Self> {
        let length = usize::unpack(from)?;
        let (text, rest) = from.split_at_checked(length)?;
        *from = rest;
        Some(std::str::from_utf8(text).ok()?.to_owned())
    }
}

impl Pack for Cow<'static, str> {
    fn pack(&self, to: &mut Vec<u8>) {
        self.as_ref().to_owned().pack(to);
    }

    fn unpack(from: &mut &[u8]) -> Option<Self> {
        String::unpack(from).map(Cow::Owned)
    }
}

impl<T: Pack> Pack for Option<T> {
    fn pack(&self, to: &mut Vec<u8>) {
        self.is_some().pack(to);
        if let Some(it) = self {
            it.pack(to);
        }
    }

    fn unpack(from: &mut &[u8]) -> Option<Self> {
        Some(if bool::unpack(from)? { Some(T::unpack(from)?) } else { None })
    }
}

impl<T: Pack> Pack for Vec<T> {
    fn pack(&self, to: &mut Vec<u8>) {
        self.len().pack(to);
        self.iter().for_each(|it| it.pack(to));
    }

    fn unpack(from: &mut &[u8]) -> Option<Self> {
        let length = usize::unpack(from)?;
        // A length that is wrong asks for no memory: everything takes a byte at least.
        if length > from.len() {
            return None;
        }
        (0..length).map(|_| T::unpack(from)).collect()
    }
}

impl<T: Pack> Pack for Box<T> {
    fn pack(&self, to: &mut Vec<u8>) {
        (**self).pack(to);
    }

    fn unpack(from: &mut &[u8]) -> Option<Self> {
        T::unpack(from).map(Self::new)
    }
}

impl<T: Pack> Pack for Arc<T> {
    fn pack(&self, to: &mut Vec<u8>) {
        (**self).pack(to);
    }

    fn unpack(from: &mut &[u8]) -> Option<Self> {
        T::unpack(from).map(Self::new)
    }
}

impl<A: Pack, B: Pack> Pack for (A, B) {
    fn pack(&self, to: &mut Vec<u8>) {
        self.0.pack(to);
        self.1.pack(to);
    }

    fn unpack(from: &mut &[u8]) -> Option<Self> {
        Some((A::unpack(from)?, B::unpack(from)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Catalog {
        let mut catalog = Catalog::new();
        for number in 0..300 {
            let name = format!("t{number}");
            let column = Column { name: "ä".repeat(number), statistics: Some(-1), ..Column::default() };
            let table = Table { columns: vec![column], ..Table::default() };
            let mut object = Object::new(Key::new(Kind::Table, Some("app"), name), Body::Table(Box::new(table)));
            object.grants.granted.push(Grant {
                by: None,
                to: Grantee::Role("anna".into()),
                privileges: vec!["SELECT".into()],
                with_option: true,
            });
            catalog.insert(object);
        }
        catalog.unknown.push(Unknown { what: "a thing".into(), why: "it is new".into() });
        catalog.history_schema = Some("app".to_owned());
        catalog
    }

    #[test]
    fn what_is_written_is_read_again() {
        assert_eq!(Catalog::from_bytes(&some().to_bytes()), Some(some()));
        assert_eq!(Catalog::from_bytes(&Catalog::new().to_bytes()), Some(Catalog::new()));
        for kind in Kind::ALL {
            let key = Key::new(kind, None, "k");
            let mut bytes = Vec::new();
            key.pack(&mut bytes);
            assert_eq!(Key::unpack(&mut bytes.as_slice()), Some(key));
        }
    }

    #[test]
    fn a_part_is_nothing_and_what_is_wrong_does_no_harm() {
        let mut catalog = some();
        catalog.retain(|object| object.key.name.len() < 3);
        let bytes = catalog.to_bytes();
        for end in 0..bytes.len() {
            assert_eq!(Catalog::from_bytes(&bytes[..end]), None, "{end}");
        }
        for at in 0..bytes.len() {
            for wrong in [0x00, 0x7f, 0xff] {
                let mut bytes = bytes.clone();
                bytes[at] = wrong;
                let _ = Catalog::from_bytes(&bytes);
            }
        }
        let behind = [&bytes[..], b"x"].concat();
        assert_eq!(Catalog::from_bytes(&behind), None);
    }
}
