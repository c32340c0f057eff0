//! `${name}`, and what is put in its place.

use std::collections::BTreeMap;

use rung_sql::{Diagnostic, Script, Span, closest};

use super::settings::Settings;
use crate::{LoadOptions, Names};

/// The values of placeholders.
pub(super) struct Placeholders<'a> {
    settings: &'a Settings,
    /// By names in lower case: Flyway does not look at the case.
    values: BTreeMap<String, String>,
    names: &'a Names,
}

/// A script with placeholders filled in.
pub(super) struct Filled {
    pub(super) script: Script,
    /// Whether it is another one each time: it has the time in it.
    pub(super) changes: bool,
}

impl<'a> Placeholders<'a> {
    /// The project's own variables, then what Flyway was configured with.
    pub(super) fn new(settings: &'a Settings, options: &LoadOptions<'a>) -> Self {
        let mut values = settings.placeholders.clone();
        values.extend(options.variables.iter().map(|(name, value)| (name.to_lowercase(), value.clone())));
        Self { settings, values, names: options.names }
    }

    /// Fills in.
    ///
    /// # Errors
    /// Every placeholder that has no value or no end.
    pub(super) fn fill(
        &self,
        script: &Script,
        file_name: &str,
        warnings: &mut Vec<Diagnostic>,
    ) -> Result<Filled, Vec<Diagnostic>> {
        let text = script.text();
        let Settings { opening, closing, .. } = self.settings;
        if !self.settings.replaces || !text.contains(opening.as_str()) {
            return Ok(Filled { script: script.clone(), changes: false });
        }
        let (mut edits, mut errors) = (Vec::new(), Vec::new());
        let (mut at, mut changes) = (0, false);
        while let Some(start) = opens(text, opening, at) {
            let inside = start + opening.len();
            let Some(length) = text[inside..].find(closing.as_str()) else {
                let place = script.source_span(Span::new(start, inside));
                let error = Diagnostic::error("flyway", "this placeholder is never closed");
                errors.push(error.at(script.source(), place, "").help(format!("close it with `{closing}`")));
                break;
            };
            let name = &text[inside..inside + length];
            let place = Span::new(start, inside + length + closing.len());
            at = place.end;
            match self.value(name, file_name) {
                Some(value) => edits.push((place, value)),
                None => errors.push(self.unknown(name, script, place)),
            }
            changes |= name.eq_ignore_ascii_case(&self.built_in("timestamp"));
        }
        if changes && warnings.is_empty() {
            let warning =
                Diagnostic::warning("flyway", format!("{file_name} has the time in it: it differs each time"));
            warnings.push(warning);
        }
        if errors.is_empty() { Ok(Filled { script: script.replaced(&edits), changes }) } else { Err(errors) }
    }

    fn built_in(&self, name: &str) -> String {
        format!("flyway{}{name}", self.settings.colon)
    }

    fn value(&self, name: &str, file_name: &str) -> Option<String> {
        let lower = name.to_lowercase();
        if let Some(value) = self.values.get(&lower) {
            return Some(value.clone());
        }
        let own = name.strip_prefix(&self.built_in(""))?;
        match own {
            "filename" => Some(file_name.to_owned()),
            "table" => Some(self.settings.table.clone()),
            "environment" => Some("default".to_owned()),
            "defaultSchema" => self.settings.schema.clone(),
            "database" => self.names.database.clone(),
            "user" => self.names.user.clone(),
            "timestamp" => Some(jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S").to_string()),
            _ => None,
        }
    }

    fn unknown(&self, name: &str, script: &Script, place: Span) -> Diagnostic {
        let error = Diagnostic::error("unknown-placeholder", format!("the placeholder {name} has no value")).at(
            script.source(),
            script.source_span(place),
            "not known",
        );
        let error = match closest(name, self.values.keys().map(String::as_str)) {
            Some(near) => error.help(format!("did you mean {near}?")),
            None => error,
        };
        let error = error.help(format!("give it one in rung.toml: [vars] \"{name}\" = \"...\""));
        if name.contains(':') {
            return error;
        }
        let variable = name.to_uppercase().replace(['.', '-'], "_");
        error.help(format!("or as Flyway takes it: `export FLYWAY_PLACEHOLDERS_{variable}=...`; to send `${{` as it is, write `placeholderReplacement=false` into the file's .conf"))
    }
}

/// Where the next placeholder opens. Flyway reads ahead as long as what it reads may be the opening, and does not look again
/// at what it has read: in `$${name}` no placeholder opens.
fn opens(text: &str, opening: &str, from: usize) -> Option<usize> {
    let (text, opening) = (text.as_bytes(), opening.as_bytes());
    let mut at = from;
    while at < text.len() {
        let same = text[at..].iter().zip(opening).take_while(|(a, b)| a == b).count();
        if same == opening.len() {
            return Some(at);
        }
        at += same + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::opens;

    #[test]
    fn a_placeholder_opens_where_flyway_looks() {
        for (text, at) in [("a ${b}", Some(2)), ("$${b}", None), ("$$${b}", Some(2)), ("$a${b}", Some(2)), ("$", None)]
        {
            assert_eq!(opens(text, "${", 0), at, "{text}");
        }
        assert_eq!(opens("é {{b}}", "{{", 0), Some(3));
    }
}
