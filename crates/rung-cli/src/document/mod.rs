//! The page about a project: what is told of it as data, and the template that makes a page of that.

mod escape;
mod page;
mod relations;

use std::path::Path;
use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};
use rung::sql::{Diagnostic, SourceFile, Span};

pub(crate) use page::{At, Page, Sources, Stand, page};

use crate::exit::Exit;
use crate::render::Failure;

/// The template that is taken where nobody names another.
pub(crate) const TEMPLATE: &str = include_str!("migrations.md");

/// What it is called in errors.
const NAME: &str = "template";

/// Makes the page by a template: the one of `path`, or rung's own.
///
/// # Errors
/// The template is wrong: where, and why.
pub(crate) fn render(page: &Page<'_>, template: Option<(&Path, String)>) -> Result<String, Failure> {
    let (source, text) = match &template {
        Some((path, text)) => (Some(Arc::new(SourceFile::new(*path, text))), text.as_str()),
        None => (None, TEMPLATE),
    };
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    // A name with a slip in it is an error, and no hole in the page.
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // A tag on a line of its own leaves no line behind.
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
    environment.set_syntax(syntax.map_err(|error| wrong(&error, None))?);
    environment.add_filter("md", |text: &str| escape::plain(text));
    environment.add_filter("code", |text: &str| escape::code(text));
    environment.add_filter("cell", |text: &str| escape::cell(text));
    environment.add_filter("fence", |text: &str, language: Option<&str>| escape::fence(text, language.unwrap_or("")));
    environment.add_filter("anchor", |text: &str| escape::anchor(text));
    environment.add_filter("link", |text: &str| escape::link(text));
    environment.add_filter("day", |text: &str| text.get(..10).unwrap_or(text).to_owned());
    environment.add_filter("capital", |text: &str| escape::capital(text));
    let made = environment
        .add_template(NAME, text)
        .and_then(|()| environment.get_template(NAME))
        .and_then(|template| template.render(Serde(page)));
    made.map_err(|error| wrong(&error, source))
}

fn wrong(error: &minijinja::Error, source: Option<Arc<SourceFile>>) -> Failure {
    let what = match (error.kind(), error.detail()) {
        (ErrorKind::UndefinedError, Some(detail)) => format!("there is no such value: {detail}"),
        (ErrorKind::UndefinedError, None) => "there is no value of this name".to_owned(),
        (kind, Some(detail)) => format!("{kind}: {detail}"),
        (kind, None) => kind.to_string(),
    };
    let mut found = Diagnostic::error("template", format!("the template is wrong: {what}"));
    if let Some(source) = source {
        let text = source.text();
        let line = error.line().unwrap_or(1).max(1);
        let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
        let length = text[start..].lines().next().map_or(0, str::len);
        let span = error.range().filter(|range| text.get(range.clone()).is_some() && !range.is_empty());
        let span = span.map_or(Span::new(start, start + length), |range| Span::new(range.start, range.end));
        found = found.at(&source, span, "");
    }
    Failure::of(
        Exit::Usage,
        vec![found.help("docs.md says what a template may use; `rung docs --print-template` prints rung's own")],
    )
}
