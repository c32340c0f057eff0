//! JSON, as far as other tools' journals and configuration need it read: values, each with its place. Comments and a
//! comma before the end are let pass.

use rung_sql::Span;

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) value: Json,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    /// `null`, `true`, `false`.
    Word(&'static str),
    Number(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The value of a key; of several, the last, as everywhere.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Json::Map(entries) => entries.iter().rev().find(|(name, _)| name == key).map(|(_, node)| node),
            _ => None,
        }
    }

    /// The text that it is.
    pub(crate) fn text(&self) -> Option<&str> {
        if let Json::Text(text) = &self.value { Some(text) } else { None }
    }

    /// A number or a word as it would be written.
    pub(crate) fn raw(&self) -> String {
        match &self.value {
            Json::Number(number) => number.to_string(),
            Json::Word(word) => (*word).to_owned(),
            _ => String::new(),
        }
    }

    /// The number that it is.
    pub(crate) fn number(&self) -> Option<f64> {
        if let Json::Number(number) = self.value { Some(number) } else { None }
    }

    /// The keys and values that it is made of; none where it is no map.
    pub(crate) fn entries(&self) -> &[(String, Self)] {
        if let Json::Map(entries) = &self.value { entries } else { &[] }
    }

    /// The list that it is.
    pub(crate) fn list(&self) -> Option<&[Self]> {
        if let Json::List(list) = &self.value { Some(list) } else { None }
    }
}

type Wrong = (Span, String);

/// Deeper than any journal, and not too deep for the stack.
const DEPTH: usize = 64;

impl Json {
    /// Reads a text that is one value.
    ///
    /// # Errors
    /// The first place where it is none.
    pub(crate) fn parse(text: &str) -> Result<Node, Wrong> {
        let mut parser = Parser { text, at: 0 };
        let node = parser.node(DEPTH)?;
        parser.blanks();
        if parser.at < text.len() { Err(parser.wrong("nothing more is expected here")) } else { Ok(node) }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn wrong(&self, message: &str) -> Wrong {
        let length = self.rest().chars().next().map_or(0, char::len_utf8);
        (Span::new(self.at, self.at + length), message.to_owned())
    }

    /// Passes over blanks, and over comments as people write them into configuration.
    fn blanks(&mut self) {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
            let end = match rest.get(blank..blank + 2) {
                Some("//") => rest[blank..].find('\n'),
                Some("/*") => rest[blank..].find("*/").map(|end| end + 2),
                _ => {
                    self.at += blank;
                    return;
                }
            };
            self.at += end.map_or(rest.len(), |end| blank + end);
        }
    }

    /// Takes what stands here after blanks.
    fn take(&mut self, expected: &str) -> bool {
        self.blanks();
        let is_there = self.rest().starts_with(expected);
        self.at += if is_there { expected.len() } else { 0 };
        is_there
    }

    fn node(&mut self, depth: usize) -> Result<Node, Wrong> {
        self.blanks();
        let start = self.at;
        let value = if depth == 0 {
            return Err(self.wrong("this is nested too deep"));
        } else if self.take("{") {
            Json::Map(self.several("}", |parser| {
                parser.blanks();
                let key = parser.string()?;
                if !parser.take(":") {
                    return Err(parser.wrong("a `:` is expected here"));
                }
                Ok((key, parser.node(depth - 1)?))
            })?)
        } else if self.take("[") {
            Json::List(self.several("]", |parser| parser.node(depth - 1))?)
        } else if self.rest().starts_with('"') {
            Json::Text(self.string()?)
        } else if let Some(word) = ["null", "true", "false"].into_iter().find(|word| self.take(word)) {
            Json::Word(word)
        } else {
            let rest = self.rest();
            let is_of_number = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
            let length = rest.find(|c| !is_of_number(c)).unwrap_or(rest.len());
            let number = rest[..length].parse().map_err(|_| self.wrong("a value is expected here"))?;
            self.at += length;
            Json::Number(number)
        };
        Ok(Node { span: Span::new(start, self.at), value })
    }

    fn several<T>(&mut self, end: &str, mut one: impl FnMut(&mut Self) -> Result<T, Wrong>) -> Result<Vec<T>, Wrong> {
        let mut all = Vec::new();
        while !self.take(end) {
            if !all.is_empty() && !self.take(",") {
                return Err(self.wrong(&format!("`,` or `{end}` is expected here")));
            }
            if !all.is_empty() && self.take(end) {
                break;
            }
            all.push(one(self)?);
        }
        Ok(all)
    }

    fn string(&mut self) -> Result<String, Wrong> {
        if !self.take("\"") {
            return Err(self.wrong("a name in quotes is expected here"));
        }
        let mut value = String::new();
        loop {
            let c = self.next()?;
            match c {
                '"' => return Ok(value),
                '\\' => match self.next()? {
                    'n' => value.push('\n'),
                    't' => value.push('\t'),
                    'r' => value.push('\r'),
                    'b' => value.push('\u{8}'),
                    'f' => value.push('\u{c}'),
                    'u' => {
                        let first = self.unit()?;
                        let is_high = (0xd800..0xdc00).contains(&first);
                        let units = if is_high && self.rest().starts_with("\\u") {
                            vec![first, self.second()?]
                        } else {
                            vec![first]
                        };
                        value.push_str(&String::from_utf16_lossy(&units));
                    }
                    other => value.push(other),
                },
                other => value.push(other),
            }
        }
    }

    fn next(&mut self) -> Result<char, Wrong> {
        let c = self.rest().chars().next().ok_or_else(|| self.wrong("a text is not closed"))?;
        self.at += c.len_utf8();
        Ok(c)
    }

    /// The unit of a `\u` that stands here.
    fn second(&mut self) -> Result<u16, Wrong> {
        self.at += "\\u".len();
        self.unit()
    }

    fn unit(&mut self) -> Result<u16, Wrong> {
        let digits = self.rest().get(..4).and_then(|digits| u16::from_str_radix(digits, 16).ok());
        let unit = digits.ok_or_else(|| self.wrong("four hexadecimal digits are expected here"))?;
        self.at += 4;
        Ok(unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_with_their_places() {
        let text = r#" {"a": [1, -2.5e1, null], "b\n": "\u00e4\ud83d\ude00\"", "a": {"c": true}} "#;
        let root = Json::parse(text).unwrap();
        assert_eq!(root.get("b\n").and_then(Node::text), Some("ä😀\""));
        let a = root.get("a").unwrap();
        assert_eq!(&text[a.span.range()], r#"{"c": true}"#, "the last one counts");
        let Json::Map(entries) = &root.value else { panic!() };
        let numbers: Vec<_> = entries[0].1.list().unwrap().iter().map(Node::number).collect();
        assert_eq!(numbers, [Some(1.0), Some(-25.0), None]);
    }

    #[test]
    fn what_is_no_json_is_shown() {
        for (text, at) in
            [("", 0), ("{", 1), ("[1 2]", 3), ("{a: 1}", 1), ("[1,,]", 3), ("\"a", 2), ("1 1", 2), ("-", 0)]
        {
            assert_eq!(Json::parse(text).unwrap_err().0.start, at, "{text}");
        }
        assert!(Json::parse(&"[".repeat(1000)).is_err());
    }
}
