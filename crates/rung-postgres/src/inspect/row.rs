//! Reading rows of the catalog: fields in their order, arrays, privileges.

use rung_catalog::{Grant, Grantee, Grants};
use tokio_postgres::SimpleQueryRow;

use crate::tables::array;
use crate::wire::value;

/// The fields of a row, one after the other.
pub(super) struct Fields<'a> {
    row: &'a SimpleQueryRow,
    at: usize,
}

impl<'a> Fields<'a> {
    pub(super) fn of(row: &'a SimpleQueryRow) -> Self {
        Self { row, at: 0 }
    }

    /// `None` for NULL.
    pub(super) fn option(&mut self) -> Option<&'a str> {
        self.at += 1;
        value(self.row, self.at - 1)
    }

    pub(super) fn str(&mut self) -> &'a str {
        self.option().unwrap_or_default()
    }

    pub(super) fn text(&mut self) -> String {
        self.str().to_owned()
    }

    pub(super) fn owned(&mut self) -> Option<String> {
        self.option().map(str::to_owned)
    }

    /// An expression or a query, as it is to be written.
    pub(super) fn sql(&mut self) -> Option<String> {
        self.option().map(stable)
    }

    pub(super) fn flag(&mut self) -> bool {
        self.option() == Some("t")
    }

    /// The first character of a `"char"`; a blank where there is none.
    pub(super) fn letter(&mut self) -> char {
        self.str().chars().next().unwrap_or(' ')
    }

    pub(super) fn number<T: std::str::FromStr + Default>(&mut self) -> T {
        self.str().parse().unwrap_or_default()
    }

    pub(super) fn maybe<T: std::str::FromStr>(&mut self) -> Option<T> {
        self.option().and_then(|text| text.parse().ok())
    }

    /// An array of texts.
    pub(super) fn list(&mut self) -> Vec<String> {
        array(self.str())
    }

    /// An array of texts, or none, in the order of the alphabet.
    pub(super) fn sorted(&mut self) -> Vec<String> {
        let mut list = self.list();
        list.sort();
        list
    }

    /// An `int2[]` or `int2vector`.
    pub(super) fn numbers(&mut self) -> Vec<i16> {
        let numbers = self.str().trim_matches(['{', '}']).split([',', ' ']);
        numbers.filter_map(|number| number.parse().ok()).collect()
    }

    /// Privileges as they are, then as they would be by themselves.
    pub(super) fn grants(&mut self, owner: &str) -> Grants {
        let (now, usual) = (self.option(), self.str());
        now.map(|now| difference(now, usual, owner)).unwrap_or_default()
    }
}

/// What one list of privileges has beyond another, and lacks.
pub(super) fn difference(now: &str, usual: &str, owner: &str) -> Grants {
    let (now, usual) = (items(now), items(usual));
    let beyond = |these: &[Item], those: &[Item]| {
        let mut grants: Vec<Grant> = Vec::new();
        for item in these.iter().filter(|item| !those.contains(item)) {
            let by = Some(item.by.clone()).filter(|by| by != owner);
            let same =
                |grant: &&mut Grant| grant.by == by && grant.to == item.to && grant.with_option == item.with_option;
            match grants.iter_mut().find(same) {
                Some(grant) => grant.privileges.push(item.privilege.to_owned()),
                None => grants.push(Grant {
                    privileges: vec![item.privilege.to_owned()],
                    by,
                    to: item.to.clone(),
                    with_option: item.with_option,
                }),
            }
        }
        grants.iter_mut().for_each(|grant| grant.privileges.sort());
        grants
    };
    Grants { granted: beyond(&now, &usual), revoked: beyond(&usual, &now) }
}

/// Who gave whom which privilege, and whether it may be passed on.
#[derive(Debug, PartialEq, Eq)]
struct Item {
    by: String,
    to: Grantee,
    privilege: &'static str,
    with_option: bool,
}

/// An `aclitem[]` (PostgreSQL 5.8): `{owner=arwd/owner,=r/owner,"\"a role\"=r*/owner"}`.
fn items(text: &str) -> Vec<Item> {
    let mut items = Vec::new();
    for item in array(text) {
        let (grantee, rest) = role(&item);
        let Some(rest) = rest.strip_prefix('=') else { continue };
        let letters = rest.find('/').unwrap_or(rest.len());
        let (grantor, _) = role(rest.get(letters + 1..).unwrap_or_default());
        let grantee = if grantee.is_empty() { Grantee::Public } else { Grantee::Role(grantee) };
        let mut letters = rest[..letters].chars().peekable();
        while let Some(letter) = letters.next() {
            let with_option = letters.next_if_eq(&'*').is_some();
            if let Some(privilege) = privilege(letter) {
                items.push(Item { by: grantor.clone(), to: grantee.clone(), privilege, with_option });
            }
        }
    }
    items
}

/// A role's name at the beginning of a text, and what follows it.
fn role(text: &str) -> (String, &str) {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find(['=', '/']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut name = String::new();
    while let Some(quote) = rest.find('"') {
        name.push_str(&rest[..quote]);
        rest = &rest[quote + 1..];
        match rest.strip_prefix('"') {
            Some(after) => {
                name.push('"');
                rest = after;
            }
            None => break,
        }
    }
    (name, rest)
}

/// PostgreSQL 5.8, table 5.1.
fn privilege(letter: char) -> Option<&'static str> {
    Some(match letter {
        'r' => "SELECT",
        'a' => "INSERT",
        'w' => "UPDATE",
        'd' => "DELETE",
        'D' => "TRUNCATE",
        'x' => "REFERENCES",
        't' => "TRIGGER",
        'C' => "CREATE",
        'c' => "CONNECT",
        'T' => "TEMPORARY",
        'X' => "EXECUTE",
        'U' => "USAGE",
        's' => "SET",
        'A' => "ALTER SYSTEM",
        'm' => "MAINTAIN",
        _ => return None,
    })
}

const ELEMENT: &str = "::character varying";

/// Whether the server reads its own form of an SQL as something else than what it was made of, so that a column's new type
/// changes it on the way.
pub(crate) fn is_read_otherwise(sql: &str) -> bool {
    sql.contains(&format!("]{ELEMENT}[])::text[]"))
}

/// SQL of which the server makes what it was made of. `status IN ('a', 'b')` over a column of a varying length it writes
/// as `(ARRAY['a'::character varying, ..])::text[]`, and would read that as an array of texts from the start.
fn stable(sql: &str) -> String {
    let mut stable = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(start) = rest.find("(ARRAY[") {
        let inner = start + "(ARRAY[".len();
        let Some(end) = closing(&rest[inner..]).map(|end| inner + end) else { break };
        // What is within may have arrays of its own.
        let (array, after) = (stable_inner(&rest[inner..end]), &rest[end..]);
        stable.push_str(&rest[..inner]);
        stable.push_str(&array);
        stable.push(']');
        if array.ends_with(ELEMENT) && after.starts_with("])::text[]") {
            stable.push_str(&format!("{ELEMENT}[]"));
        }
        rest = &rest[end + 1..];
    }
    stable + rest
}

fn stable_inner(sql: &str) -> String {
    if sql.contains("(ARRAY[") { stable(sql) } else { sql.to_owned() }
}

/// Where the bracket closes that has been opened before.
fn closing(sql: &str) -> Option<usize> {
    let (mut depth, mut quote) = (1_usize, None);
    for (at, c) in sql.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_writes_is_read_as_it_was() {
        assert_eq!(
            stable("((a)::text = ANY ((ARRAY['x]'::character varying, 'y'::character varying])::text[])) AND b"),
            "((a)::text = ANY ((ARRAY['x]'::character varying, 'y'::character varying]::character varying[])::text[])) AND b"
        );
        for same in ["a = ANY (ARRAY['x'::text])", "(ARRAY[1, 2])::bigint[]", "(ARRAY[(a)::text])::text[]", "'(ARRAY['"]
        {
            assert_eq!(stable(same), same);
        }
    }

    fn grant(to: Grantee, privileges: &[&str], with_option: bool) -> Grant {
        Grant { by: None, to, privileges: privileges.iter().map(|one| (*one).to_owned()).collect(), with_option }
    }

    #[test]
    fn privileges_are_what_differs() {
        let usual = "{owner=arwdDxt/owner}";
        assert!(difference(usual, usual, "owner").is_default());
        let grants = difference(r#"{owner=arwdDxt/owner,=r/owner,"\"a \"\"role\"\"\"=ar*/owner"}"#, usual, "owner");
        let role = || Grantee::Role("a \"role\"".to_owned());
        assert_eq!(
            grants.granted,
            [
                grant(Grantee::Public, &["SELECT"], false),
                grant(role(), &["INSERT"], false),
                grant(role(), &["SELECT"], true)
            ]
        );
        assert_eq!(grants.revoked, []);
        let grants = difference("{owner=r/owner,app=r/other}", usual, "owner");
        assert_eq!(grants.granted[0].by.as_deref(), Some("other"));
        assert_eq!(grants.revoked[0].privileges.len(), 6);
        let grants = difference("{}", "{=X/owner,owner=X/owner}", "owner");
        assert_eq!(grants.revoked.len(), 2);
    }
}
