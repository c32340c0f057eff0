//! Names within SQL, where nothing more is known of it than how it quotes.

/// Puts names in the place of others, wherever they follow each other. Names are compared as SQL does; a text in quotes
/// that is nothing but the names, as `'app.users'::regclass` has it, is taken for them, and so is nothing within others.
pub(crate) fn replace(text: &str, old: &[&str], new: &[String]) -> String {
    let pieces = pieces(text);
    let is = |piece: &str, name: &str| match piece.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\"") == name,
        None => piece.eq_ignore_ascii_case(name),
    };
    let mut result = String::with_capacity(text.len());
    let mut at = 0;
    while at < pieces.len() {
        let here = &pieces[at..];
        if here.len() >= old.len() && old.iter().zip(here).all(|(name, piece)| is(piece, name)) {
            new.iter().for_each(|piece| result.push_str(piece));
            at += old.len();
            continue;
        }
        let inner = here[0].strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
        match inner {
            Some(inner) if old.len() > 1 && !inner.contains([' ', '\'']) => {
                result.push_str(&format!("'{}'", replace(inner, old, new)));
            }
            _ => result.push_str(here[0]),
        }
        at += 1;
    }
    result
}

/// A text as words, quoted names, texts in quotes, and characters.
fn pieces(text: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '\'' | '"' => closing(rest, first),
            '$' => dollar(rest).unwrap_or(1),
            c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        pieces.push(&rest[..end]);
        rest = &rest[end..];
    }
    pieces
}

/// Where a text in quotes ends; doubled quotes are within it.
fn closing(text: &str, quote: char) -> usize {
    let mut at = 1;
    while let Some(found) = text[at..].find(quote) {
        at += found + 1;
        if !text[at..].starts_with(quote) {
            return at;
        }
        at += 1;
    }
    text.len()
}

/// Where a text in dollar quotes ends.
fn dollar(text: &str) -> Option<usize> {
    let tag = text[1..].find('$')? + 2;
    let is_tag = text[1..tag - 1].chars().all(|c| c.is_alphanumeric() || c == '_');
    if !is_tag {
        return None;
    }
    Some(text[tag..].find(&text[..tag]).map_or(text.len(), |found| tag + found + tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_by_a_user_is_left_alone() {
        let new = ["b".to_owned()];
        assert_eq!(
            replace("f(a, 'a', $$ a $$, $x$ a $x$, \"a\", \"A\", aa)", &["a"], &new),
            "f(b, 'a', $$ a $$, $x$ a $x$, b, \"A\", aa)"
        );
        assert_eq!(replace("'it''s a' a $1 a", &["a"], &new), "'it''s a' b $1 b");
    }
}
