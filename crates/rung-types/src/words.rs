//! Names of the database as names of a language.

/// The words of a name: cut at what is neither letter nor digit, and where a small letter meets a capital.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut was_small = false;
    for c in name.chars() {
        if !c.is_alphanumeric() {
            words.push(String::new());
            was_small = false;
            continue;
        }
        if words.is_empty() || (was_small && c.is_uppercase()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
        was_small = c.is_lowercase() || c.is_numeric();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// `user_profiles` as `UserProfiles`. What would begin with a digit begins with an underscore; what has no letter is `Empty`.
pub(crate) fn pascal(name: &str) -> String {
    let joined: String = words(name)
        .iter()
        .map(|word| {
            let mut chars = word.chars();
            chars.next().map(|first| first.to_uppercase().chain(chars).collect::<String>()).unwrap_or_default()
        })
        .collect();
    begun(joined, "Empty")
}

/// `userId`, `user-id` as `user_id`.
pub(crate) fn snake(name: &str) -> String {
    begun(words(name).join("_"), "empty")
}

/// `in progress` as `IN_PROGRESS`.
pub(crate) fn screaming(name: &str) -> String {
    begun(words(name).join("_").to_uppercase(), "EMPTY")
}

fn begun(name: String, empty: &str) -> String {
    match name.chars().next() {
        None => empty.to_owned(),
        Some(first) if first.is_numeric() => format!("_{name}"),
        Some(_) => name,
    }
}

/// Gives every name that was given before a number.
#[derive(Debug)]
pub(crate) struct Unique {
    taken: std::collections::HashSet<String>,
    /// What stands before the number.
    between: &'static str,
}

impl Unique {
    /// Names in snake case, but for these.
    pub(crate) fn snake(taken: &[&str]) -> Self {
        Self { taken: taken.iter().map(|name| (*name).to_owned()).collect(), between: "_" }
    }

    /// Names in camel case, but for these.
    pub(crate) fn camel(taken: &[&str]) -> Self {
        Self { between: "", ..Self::snake(taken) }
    }

    /// The name, or the first one with a number that is free.
    pub(crate) fn take(&mut self, name: String) -> String {
        let numbered = (2..).map(|number| format!("{name}{}{number}", self.between));
        let free =
            std::iter::once(name.clone()).chain(numbered).find(|name| !self.taken.contains(name)).unwrap_or(name);
        self.taken.insert(free.clone());
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_kind() {
        for (name, pascal_, snake_, screaming_) in [
            ("user_profiles", "UserProfiles", "user_profiles", "USER_PROFILES"),
            ("user-id", "UserId", "user_id", "USER_ID"),
            ("createdAt", "CreatedAt", "created_at", "CREATED_AT"),
            ("HTTPStatus", "Httpstatus", "httpstatus", "HTTPSTATUS"),
            ("2fa", "_2fa", "_2fa", "_2FA"),
            ("—", "Empty", "empty", "EMPTY"),
            ("größe", "Größe", "größe", "GRÖSSE"),
        ] {
            assert_eq!(
                (pascal(name), snake(name), screaming(name)),
                (pascal_.into(), snake_.into(), screaming_.into())
            );
        }
        let mut unique = Unique::snake(&["self"]);
        let taken: Vec<String> = ["a", "a", "a_2", "self"].map(|name| unique.take(name.to_owned())).into();
        assert_eq!(taken, ["a", "a_2", "a_2_2", "self_2"]);
    }
}
