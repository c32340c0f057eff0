//! What is said of an object: its owner, comments, privileges, labels.

use rung_catalog::{Column, Grant, Grantee, Grants, Identity, Kind, NotNull, Object, Value};
use rung_engine::DumpOptions;

use super::change::Changes;
use crate::inspect::PUBLIC_COMMENT as PUBLIC;
use crate::name::{full, literal, quoted};
use crate::render::object::{self, comment, grant_target, index_name, labels, phrase, sequence_of};

/// The statements that make what is said of one object what is said of another, under the name of that.
pub(super) fn attributes(from: &Object, to: &Object, options: &DumpOptions) -> Vec<String> {
    let what = phrase(to);
    let mut sql = Vec::new();
    if options.owners && from.owner != to.owner && !is_owned_by_table(to) {
        if options.privileges {
            // What an owner has beyond an owner's own, or not, would be the next one's.
            let own = of_owner(from, &from.grants);
            sql.extend(grants(&own, &Grants::default(), |it| format!("{it} ON {}", grant_target(to))));
            for column in from.columns() {
                let Some(identity) = identity_of(column) else { continue };
                let on = sequence_of(from, identity);
                sql.extend(grants(&of_owner(from, &identity.grants), &Grants::default(), |it| format!("{it} ON {on}")));
            }
        }
        sql.push(owner(&what, to.owner.as_deref()));
    }
    let extensions = |of: &Object| -> Vec<String> {
        let all = of.depends_on.iter().filter(|it| it.nature == rung_catalog::Nature::Extension);
        all.map(|it| it.on.name.clone()).collect()
    };
    let (old, new) = (extensions(from), extensions(to));
    for name in old.iter().filter(|name| !new.contains(name)) {
        sql.push(format!("ALTER {what} NO DEPENDS ON EXTENSION {}", quoted(name)));
    }
    for name in new.iter().filter(|name| !old.contains(name)) {
        sql.push(format!("ALTER {what} DEPENDS ON EXTENSION {}", quoted(name)));
    }
    let none = usual_comment(to);
    sql.extend(comments(&what, from.comment.as_deref().or(none), to.comment.as_deref().or(none)));
    sql.extend(labels_of(&what, &from.labels, &to.labels));
    if let (rung_catalog::Body::Constraint(one), rung_catalog::Body::Constraint(two)) = (&from.body, &to.body)
        && one.index_comment != two.index_comment
    {
        let what = format!("INDEX {}", index_name(&to.key));
        sql.extend(comments(&what, one.index_comment.as_deref(), two.index_comment.as_deref()));
    }
    let none = Column::default();
    for column in to.columns() {
        let old = from.columns().iter().find(|it| it.name == column.name).unwrap_or(&none);
        let name = format!("COLUMN {}.{}", full(&to.key), quoted(&column.name));
        sql.extend(comments(&name, old.comment.as_deref(), column.comment.as_deref()));
        sql.extend(labels_of(&name, &old.labels, &column.labels));
        if let Some(not_null) = &column.not_null {
            let text = |it: &Option<NotNull>| it.as_ref().and_then(|it| it.comment.clone());
            let constraint = quoted(&not_null_name(to, column, not_null));
            let on = format!("CONSTRAINT {constraint} ON {}", full(&to.key));
            sql.extend(comments(&on, text(&old.not_null).as_deref(), not_null.comment.as_deref()));
        }
        if let Value::Identity(identity) = &column.value {
            let was = identity_of(old).and_then(|it| it.comment.as_deref());
            sql.extend(comments(&sequence_of(to, identity), was, identity.comment.as_deref()));
        }
    }
    if options.privileges {
        let target = grant_target(to);
        let had = |grants: &Grants| if from.owner == to.owner { grants.clone() } else { passed_on(from, to, grants) };
        let had_all = had(&from.grants);
        sql.extend(grants(&had_all, &to.grants, |privileges| format!("{privileges} ON {target}")));
        for column in to.columns() {
            let old = from.columns().iter().find(|it| it.name == column.name).unwrap_or(&none);
            sql.extend(grants(&old.grants, &column.grants, |privileges| object::on_column(to, column, privileges)));
            if let Value::Identity(identity) = &column.value {
                let (on, was) = (sequence_of(to, identity), identity_of(old).map(|it| had(&it.grants)));
                let was = was.unwrap_or_default();
                sql.extend(grants(&was, &identity.grants, |privileges| format!("{privileges} ON {on}")));
            }
        }
    }
    sql
}

/// What the owner of an object has beyond what owners have by themselves, and lacks of that.
fn of_owner(object: &Object, all: &Grants) -> Grants {
    // A role that lacks anything is the owner: others have nothing by themselves.
    let lacking = || all.revoked.iter().find(|it| matches!(it.to, Grantee::Role(_))).map(|it| it.to.clone());
    let Some(owner) = object.owner.clone().map(Grantee::Role).or_else(lacking) else { return Grants::default() };
    let own = |list: &[Grant]| list.iter().filter(|it| it.by.is_none() && it.to == owner).cloned().collect();
    Grants { granted: own(&all.granted), revoked: own(&all.revoked) }
}

/// Privileges as they are when an object has passed from one owner to the other.
fn passed_on(from: &Object, to: &Object, all: &Grants) -> Grants {
    let own = of_owner(from, all);
    let mut passed = all.clone();
    passed.granted.retain(|it| !own.granted.contains(it));
    passed.revoked.retain(|it| !own.revoked.contains(it));
    if let Some(owner) = &to.owner {
        // What it had been given is its own by now, and the right to pass that on stays beside it.
        let owner = Grantee::Role(owner.clone());
        passed.granted.retain(|it| it.to != owner || it.with_option && it.by.is_none());
        let kept = passed.granted.iter().filter(|it| it.to == owner);
        passed.revoked.extend(kept.map(|it| Grant { with_option: false, ..it.clone() }).collect::<Vec<_>>());
    }
    passed
}

fn identity_of(column: &Column) -> Option<&Identity> {
    match &column.value {
        Value::Identity(identity) => Some(identity),
        _ => None,
    }
}

/// What a NOT NULL constraint is called.
pub(super) fn not_null_name(object: &Object, column: &Column, not_null: &NotNull) -> String {
    not_null.name.clone().unwrap_or_else(|| format!("{}_{}_not_null", object.key.name, column.name))
}

/// Whether its owner is that of a table, and changes with that.
fn is_owned_by_table(object: &Object) -> bool {
    matches!(&object.body, rung_catalog::Body::Sequence(sequence) if sequence.owned_by.is_some())
}

/// `None` is the database's owner, whoever that is where it runs.
fn owner(what: &str, owner: Option<&str>) -> String {
    match owner {
        Some(owner) => format!("ALTER {what} OWNER TO {}", quoted(owner)),
        None => format!(
            "DO $rung$ BEGIN EXECUTE pg_catalog.format({}, (SELECT pg_catalog.pg_get_userbyid(datdba) FROM \
             pg_catalog.pg_database WHERE datname = pg_catalog.current_database())); END $rung$",
            literal(&format!("ALTER {} OWNER TO %I", what.replace('%', "%%")))
        ),
    }
}

/// What initdb says of an object, which counts as no comment.
fn usual_comment(object: &Object) -> Option<&'static str> {
    (object.key.kind == Kind::Schema && object.key.name == "public").then_some(PUBLIC)
}

fn comments(what: &str, from: Option<&str>, to: Option<&str>) -> Option<String> {
    match to {
        _ if from == to => None,
        Some(_) => comment(what, to),
        None => Some(format!("COMMENT ON {what} IS NULL")),
    }
}

fn labels_of(what: &str, from: &[(String, String)], to: &[(String, String)]) -> Vec<String> {
    let gone = from.iter().filter(|(provider, _)| !to.iter().any(|(other, _)| other == provider));
    let mut sql: Vec<String> =
        gone.map(|(provider, _)| format!("SECURITY LABEL FOR {} ON {what} IS NULL", quoted(provider))).collect();
    let new: Vec<(String, String)> = to.iter().filter(|label| !from.contains(label)).cloned().collect();
    sql.extend(labels(what, &new));
    sql
}

/// The statements that make some privileges of others.
pub(super) fn grants(from: &Grants, to: &Grants, on: impl Fn(&str) -> String) -> Vec<String> {
    if from.same(to) {
        return Vec::new();
    }
    let mut statements = object::grants(&undone(from, to), &on);
    let (old, new) = (one_by_one(&from.granted), one_by_one(&to.granted));
    // The option alone is taken away where the privilege stays.
    let lessened =
        old.iter().filter(|grant| grant.with_option && new.contains(&Grant { with_option: false, ..(*grant).clone() }));
    for grant in lessened {
        let privilege = on(&grant.privileges.join(", "));
        statements.insert(0, format!("REVOKE GRANT OPTION FOR {privilege} FROM {}", object::grantee(&grant.to)));
    }
    statements
}

/// What is to be revoked and granted. Where somebody else than the owner has granted anything, all is done anew, since
/// what they may give hangs on what they have been given.
fn undone(from: &Grants, to: &Grants) -> Grants {
    let all = |list: &[Grant]| one_by_one(list);
    let (old, new) = (all(&from.granted), all(&to.granted));
    let (old_revoked, new_revoked) = (all(&from.revoked), all(&to.revoked));
    let by_others = old.iter().chain(&new).any(|grant| grant.by.is_some());
    let less = |one: &[Grant], two: &[Grant]| -> Vec<Grant> {
        one.iter().filter(|grant| by_others || !two.contains(grant)).cloned().collect()
    };
    let is_kept = |grant: &Grant| {
        new.iter()
            .any(|other| Grant { with_option: false, ..other.clone() } == Grant { with_option: false, ..grant.clone() })
    };
    let mut taken: Vec<Grant> =
        less(&old, &new).into_iter().filter(|grant| by_others || !is_kept(grant)).rev().collect();
    taken.extend(less(&new_revoked, &old_revoked));
    let mut given = less(&old_revoked, &new_revoked);
    // Who had it with the option has it still.
    let had = |grant: &Grant| !by_others && old.contains(&Grant { with_option: true, ..grant.clone() });
    given.extend(less(&new, &old).into_iter().filter(|grant| !had(grant)));
    Grants { granted: together(given), revoked: together(taken) }
}

fn one_by_one(list: &[Grant]) -> Vec<Grant> {
    let each = |grant: &Grant| -> Vec<Grant> {
        grant.privileges.iter().map(|one| Grant { privileges: vec![one.clone()], ..grant.clone() }).collect()
    };
    list.iter().flat_map(each).collect()
}

/// Neighbours that differ in the privilege alone as one.
fn together(list: Vec<Grant>) -> Vec<Grant> {
    let mut joined: Vec<Grant> = Vec::new();
    for grant in list {
        match joined.last_mut() {
            Some(last) if last.by == grant.by && last.to == grant.to && last.with_option == grant.with_option => {
                last.privileges.extend(grant.privileges);
            }
            _ => joined.push(grant),
        }
    }
    joined
}

/// What the privileges for new objects, as the first schema has them, give to one that is made meanwhile, and to the sequences
/// of its identity columns, and they do not have. Taken back for whoever makes it; where it was not given, nothing is taken.
pub(super) fn given_by_default(changes: &Changes<'_>, object: &Object) -> Vec<String> {
    let kind = match (&object.body, object.key.kind) {
        (_, Kind::Table | Kind::View) => Some("TABLES"),
        (_, Kind::Sequence) => Some("SEQUENCES"),
        (_, Kind::Routine) => Some("FUNCTIONS"),
        (_, Kind::Type) => Some("TYPES"),
        (_, Kind::Schema) => Some("SCHEMAS"),
        _ => None,
    };
    let itself = kind.into_iter().flat_map(|kind| given(changes, kind, object, &object.grants, &grant_target(object)));
    let sequences = object.columns().iter().flat_map(|column| given_to_sequence(changes, object, column));
    itself.chain(sequences).collect()
}

/// See [`given_by_default`]: to the sequence of an identity column.
pub(super) fn given_to_sequence(changes: &Changes<'_>, table: &Object, column: &Column) -> Vec<String> {
    let Some(identity) = identity_of(column) else { return Vec::new() };
    given(changes, "SEQUENCES", table, &identity.grants, &sequence_of(table, identity))
}

/// `object` is what they are on, or the table of the sequence that they are on.
fn given(changes: &Changes<'_>, kind: &str, object: &Object, has: &Grants, target: &str) -> Vec<String> {
    let key = &object.key;
    let on = |privileges: &str| format!("{privileges} ON {target}");
    let applies = |given: &&Object| {
        // Those that go are gone before anything is made.
        given.key.name == kind
            && given.key.schema.as_ref().is_none_or(|schema| key.schema.as_ref() == Some(schema))
            && !changes.is_dropped(&given.key)
    };
    let each = changes.from.of_kind(Kind::DefaultPrivileges).filter(applies).flat_map(|given| {
        // Those of a schema may give what its owner, or everybody, has anyway.
        let is_usual = |grant: &Grant| match &grant.to {
            Grantee::Public => matches!(kind, "FUNCTIONS" | "TYPES"),
            Grantee::Role(role) => [&object.owner, &given.key.parent].iter().any(|it| it.as_ref() == Some(role)),
        };
        let beyond: Vec<Grant> = given.grants.granted.iter().filter(|grant| !is_usual(grant)).cloned().collect();
        let taken = Grants { granted: Vec::new(), revoked: less(&beyond, &has.granted) };
        let returned = Grants { granted: less(&given.grants.revoked, &has.revoked), revoked: Vec::new() };
        [taken, returned].map(|grants| object::grants(&grants, on)).concat()
    });
    each.collect()
}

/// What one list gives and the other does not.
fn less(one: &[Grant], two: &[Grant]) -> Vec<Grant> {
    let has =
        |grant: &Grant| two.iter().any(|other| other.to == grant.to && other.privileges.contains(&grant.privileges[0]));
    let left = one_by_one(one).into_iter().filter(|grant| !has(grant)).map(|grant| Grant {
        by: None,
        with_option: false,
        ..grant
    });
    together(left.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(privileges: &[&str], to: &str, with_option: bool) -> Grant {
        let privileges = privileges.iter().map(|it| (*it).to_owned()).collect();
        let to = if to == "PUBLIC" { Grantee::Public } else { Grantee::Role(to.to_owned()) };
        Grant { by: None, to, privileges, with_option }
    }

    fn statements(from: (Vec<Grant>, Vec<Grant>), to: (Vec<Grant>, Vec<Grant>)) -> Vec<String> {
        let of = |(granted, revoked)| Grants { granted, revoked };
        grants(&of(from), &of(to), |privileges| format!("{privileges} ON TABLE t"))
    }

    #[test]
    fn only_what_differs_is_granted_and_revoked() {
        let sql = statements(
            (vec![grant(&["INSERT", "SELECT"], "a", false), grant(&["SELECT"], "b", true)], vec![]),
            (vec![grant(&["SELECT", "UPDATE"], "a", false), grant(&["SELECT"], "b", false)], vec![]),
        );
        assert_eq!(
            sql,
            [
                "REVOKE GRANT OPTION FOR SELECT ON TABLE t FROM b",
                "REVOKE INSERT ON TABLE t FROM a",
                "GRANT UPDATE ON TABLE t TO a"
            ]
        );
        let public = || vec![grant(&["EXECUTE"], "PUBLIC", false)];
        assert_eq!(statements((vec![], public()), (vec![], vec![])), ["GRANT EXECUTE ON TABLE t TO PUBLIC"]);
        assert_eq!(statements((vec![], vec![]), (vec![], public())), ["REVOKE EXECUTE ON TABLE t FROM PUBLIC"]);
    }

    #[test]
    fn the_option_alone_can_be_added() {
        let sql =
            statements((vec![grant(&["SELECT"], "a", false)], vec![]), (vec![grant(&["SELECT"], "a", true)], vec![]));
        assert_eq!(sql, ["GRANT SELECT ON TABLE t TO a WITH GRANT OPTION"]);
    }
}
