//! `$NAME`, `${NAME}`, `${NAME:-default}` and the like, as goose puts them into statements: the grammar of
//! github.com/mfridman/interpolate. Where that puts nothing in the place of a variable that is not set, this is an error.

use std::collections::BTreeMap;

use rung_sql::Span;

/// What is wrong, and where in the text.
type Wrong = (Span, String);

/// The places of a text that are replaced, in order, and by what.
///
/// # Errors
/// The first variable that is not set or not well written.
pub(crate) fn interpolate(text: &str, values: &BTreeMap<String, String>) -> Result<Vec<(Span, String)>, Wrong> {
    let mut parser = Parser { text, at: 0, values };
    let mut edits = Vec::new();
    while parser.at < text.len() {
        let start = parser.at;
        if let Some(value) = parser.piece()? {
            edits.push((Span::new(start, parser.at), value));
        }
    }
    Ok(edits)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    values: &'a BTreeMap<String, String>,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn take(&mut self, expected: &str) -> bool {
        let is_there = self.rest().starts_with(expected);
        self.at += if is_there { expected.len() } else { 0 };
        is_there
    }

    fn take_while(&mut self, is_part: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let part = &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())];
        self.at += part.len();
        part
    }

    /// The next character or expansion: what replaces it, where something does.
    fn piece(&mut self) -> Result<Option<String>, Wrong> {
        // An escaped backslash stays as it is, and so does what a shell would run.
        if self.take("\\\\") || self.take("$(") {
            return Ok(None);
        }
        if self.take("\\$") || self.take("$$") {
            return Ok(Some("$".to_owned()));
        }
        if self.rest().starts_with('$') && self.rest().len() > 1 {
            return self.expansion().map(Some);
        }
        self.at += self.rest().chars().next().map_or(0, char::len_utf8);
        Ok(None)
    }

    fn expansion(&mut self) -> Result<String, Wrong> {
        let start = self.at;
        self.at += 1;
        let has_brace = self.take("{");
        let name = if self.rest().starts_with(char::is_alphabetic) {
            self.take_while(|c| c.is_alphanumeric() || c == '_')
        } else {
            return Err((Span::new(start, self.at), "a variable's name begins with a letter".to_owned()));
        };
        let value = self.values.get(name).map(String::as_str);
        let not_set = |end| (Span::new(start, end), format!("the variable {name} is not set"));
        if !has_brace || self.take("}") {
            return value.map(str::to_owned).ok_or_else(|| not_set(self.at));
        }
        let result = if self.take(":-") {
            let default = self.until_brace()?;
            value.filter(|value| !value.is_empty()).map_or(default, str::to_owned)
        } else if self.take("-") {
            let default = self.until_brace()?;
            value.map_or(default, str::to_owned)
        } else if self.take("?") {
            let message = self.until_brace()?;
            let said = if message.is_empty() { "not set".to_owned() } else { message };
            value.map(str::to_owned).ok_or_else(|| (Span::new(start, self.at), format!("{name}: {said}")))?
        } else if self.take(":") {
            let range = self.take_while(|c| c != '}');
            let value = value.ok_or_else(|| not_set(self.at + 1))?;
            part_of(value, range).ok_or_else(|| (Span::new(start, self.at), format!("{range:?} is no range")))?
        } else {
            return Err((Span::new(start, self.at), "one of `}`, `:-`, `-`, `?` or `:` is expected here".to_owned()));
        };
        if self.take("}") { Ok(result) } else { Err((Span::new(start, self.at), "`}` is missing".to_owned())) }
    }

    /// The text up to the closing brace, expansions within it expanded.
    fn until_brace(&mut self) -> Result<String, Wrong> {
        let mut text = String::new();
        while !self.rest().is_empty() && !self.rest().starts_with('}') {
            let start = self.at;
            match self.piece()? {
                Some(value) => text.push_str(&value),
                None => text.push_str(&self.text[start..self.at]),
            }
        }
        Ok(text)
    }
}

/// `OFFSET` or `OFFSET:LENGTH` of a value, in bytes; negative ones count from the end, and what is too far is the end.
fn part_of(value: &str, range: &str) -> Option<String> {
    let (offset, length) = range.split_once(':').map_or((range, None), |(offset, length)| (offset, Some(length)));
    let size = i64::try_from(value.len()).ok()?;
    let number = |text: &str| text.trim().parse::<i64>().ok();
    let from = match number(offset)? {
        offset if offset < 0 => (offset + size).max(0),
        offset => offset.min(size),
    };
    let to = match length.map(number) {
        None => size,
        Some(length) => match length? {
            length if length < 0 => (length + size).max(from),
            length => (from + length).min(size),
        },
    };
    value.get(usize::try_from(from).ok()?..usize::try_from(to).ok()?).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(text: &str) -> Result<String, String> {
        let values = [("NAME", "users"), ("EMPTY", ""), ("A1", "x")];
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let edits = interpolate(text, &values).map_err(|(at, message)| format!("{}: {message}", &text[at.range()]))?;
        let mut filled = text.to_owned();
        for (at, value) in edits.iter().rev() {
            filled.replace_range(at.range(), value);
        }
        Ok(filled)
    }

    #[test]
    fn variables_are_put_in() {
        for (text, filled) in [
            ("select 1", "select 1"),
            ("$NAME ${NAME} $A1.", "users users x."),
            ("${NAME:-x} ${EMPTY:-y} ${NONE:-z} ${EMPTY-y} ${NONE-${A1}!}", "users y z  x!"),
            ("${NAME:1} ${NAME:1:2} ${NAME:-2} ${NAME: -2} ${NAME:0:-1} ${NAME:9}", "sers se users rs user "),
            (r"$$ \$ \\ $(a) 5$", r"$ $ \\ $(a) 5$"),
            ("${NAME?needed}", "users"),
        ] {
            assert_eq!(fill(text).as_deref(), Ok(filled), "{text}");
        }
    }

    #[test]
    fn what_is_not_set_or_not_well_written_is_shown() {
        assert_eq!(fill("a $NONE b"), Err("$NONE: the variable NONE is not set".to_owned()));
        assert_eq!(fill("${NONE?must be there}"), Err("${NONE?must be there: NONE: must be there".to_owned()));
        assert_eq!(fill("$1"), Err("$: a variable's name begins with a letter".to_owned()));
        assert_eq!(fill("${NAME"), Err("${NAME: one of `}`, `:-`, `-`, `?` or `:` is expected here".to_owned()));
        assert_eq!(fill("${NAME:-x"), Err("${NAME:-x: `}` is missing".to_owned()));
        assert_eq!(fill("${NAME:a}"), Err("${NAME:a: \"a\" is no range".to_owned()));
    }
}
