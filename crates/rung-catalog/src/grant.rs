//! Privileges, as what differs from those that an object has by itself.

/// Who has a privilege.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grantee {
    /// Everybody.
    Public,
    /// A role.
    Role(String),
}

/// Privileges of one grantee from one grantor.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Grant {
    /// Who gave it; `None` where that is the owner.
    pub by: Option<String>,
    /// To whom.
    pub to: Grantee,
    /// Which, in upper case and sorted.
    pub privileges: Vec<String>,
    /// Whether they may be passed on.
    pub with_option: bool,
}

/// How an object's privileges differ from what its kind and owner give it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    /// What is granted beyond them, in the order in which it was: none gives what it has not been given.
    pub granted: Vec<Grant>,
    /// What of them was revoked.
    pub revoked: Vec<Grant>,
}

impl Grants {
    /// Whether there is nothing to say.
    pub fn is_default(&self) -> bool {
        self.granted.is_empty() && self.revoked.is_empty()
    }
}
