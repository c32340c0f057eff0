//! Which files are read in which order: what changelogs in XML, YAML and JSON include.

use std::collections::BTreeMap;
use std::sync::Arc;

use rung_sql::{Diagnostic, SourceFile, Span};

use crate::files::{File, Files};
use crate::json::{Json, Node};
use crate::liquibase::changeset::Property;
use crate::liquibase::printed::is_printed;
use crate::migration::lines;

/// Something that a changelog says.
enum Entry {
    /// `include` or `includeAll`, with its attributes.
    Include { span: Span, all: bool, attributes: BTreeMap<String, String> },
    /// A change set that is not SQL, with its attributes.
    ChangeSet { span: Span, attributes: BTreeMap<String, String> },
    /// A parameter.
    Property(Property),
}

/// What a changelog has change sets in.
#[derive(Clone)]
pub(super) enum Member<'a> {
    /// A file of change sets in SQL, or of nothing but SQL, which is one change set.
    File(&'a File),
    /// Itself: a change set in XML, YAML or JSON.
    Own { log: &'a File, source: Arc<SourceFile>, span: Span, attributes: BTreeMap<String, String> },
}

/// Change sets, in their place.
pub(super) struct Included<'a> {
    pub(super) member: Member<'a>,
    /// Expressions that hold for all that is in it.
    pub(super) contexts: Vec<String>,
    pub(super) labels: Vec<String>,
}

/// What changelogs lead to.
#[derive(Default)]
pub(super) struct Tree<'a> {
    pub(super) included: Vec<Included<'a>>,
    pub(super) properties: Vec<Property>,
    pub(super) errors: Vec<Diagnostic>,
    pub(super) warnings: Vec<Diagnostic>,
    /// Files on the way to where we are.
    open: Vec<String>,
}

impl<'a> Member<'a> {
    fn file(&self) -> Option<&'a File> {
        if let Self::File(file) = self { Some(file) } else { None }
    }
}

/// Whether a file is a changelog of another kind than SQL.
pub(super) fn is_changelog(file: &File) -> bool {
    let is_of_kind = [".xml", ".yaml", ".yml", ".json"].iter().any(|ending| file.name.ends_with(ending));
    is_of_kind && file.source().is_ok_and(|source| source.text().contains("databaseChangeLog"))
}

/// Whether a file is change sets in SQL.
pub(super) fn is_formatted(file: &File) -> bool {
    file.name.ends_with(".sql")
        && file.source().is_ok_and(|source| {
            source.text().lines().find(|line| !line.trim().is_empty()).is_some_and(super::changeset::is_first_line)
        })
}

impl<'a> Tree<'a> {
    /// Follows the changelog that no other includes; without one, takes the files of change sets by name.
    pub(super) fn grow(files: &'a Files) -> Self {
        let mut tree = Self::default();
        let logs: Vec<&File> = files.iter().filter(|file| is_changelog(file)).collect();
        let formatted: Vec<&File> = files.iter().filter(|file| is_formatted(file)).collect();
        if logs.is_empty() {
            // No file of change sets in SQL can include another: the one that is the first is all there is.
            let named: Vec<&File> = formatted.iter().copied().filter(|file| file.base().contains("master")).collect();
            let read = if let [_] = named.as_slice() { named } else { formatted.clone() };
            for file in read {
                tree.follow(Member::File(file), files, &[], &[]);
            }
            tree.warn_of_the_rest(&formatted);
            return tree;
        }
        let mut below: Vec<&str> = Vec::new();
        for file in &logs {
            let mut one = Self { open: vec![file.name.clone()], ..Self::default() };
            let targets = one.targets(file, files).into_iter().filter_map(|target| target.member.file());
            below.extend(targets.map(|target| target.name.as_str()).filter(|name| *name != file.name));
        }
        let roots: Vec<&File> = logs.into_iter().filter(|file| !below.contains(&file.name.as_str())).collect();
        let named: Vec<&File> = roots.iter().copied().filter(|file| file.base().contains("master")).collect();
        match (roots.as_slice(), named.as_slice()) {
            ([root], _) | (_, [root]) => tree.follow(Member::File(root), files, &[], &[]),
            _ => {
                let names: Vec<String> = roots.iter().map(|file| file.path.display().to_string()).collect();
                let message = format!("which changelog is the first? Nothing includes any of {}", names.join(", "));
                let help = "write one that includes the others, and call it db.changelog-master.yaml";
                tree.errors.push(Diagnostic::error("liquibase", message).help(help));
            }
        }
        tree.warn_of_the_rest(&formatted);
        tree
    }

    /// Warns of files of change sets that nothing leads to.
    fn warn_of_the_rest(&mut self, formatted: &[&File]) {
        let read: Vec<&str> =
            self.included.iter().filter_map(|included| Some(included.member.file()?.name.as_str())).collect();
        let strays = formatted.iter().filter(|file| !read.contains(&file.name.as_str()));
        let strays: Vec<Diagnostic> = strays.map(|file| file.stray("no changelog includes it")).collect();
        if self.errors.is_empty() {
            self.warnings.extend(strays);
        }
    }

    fn follow(&mut self, member: Member<'a>, files: &'a Files, contexts: &[String], labels: &[String]) {
        let Some(file) = member.file().filter(|file| is_changelog(file)) else {
            self.included.push(Included { member, contexts: contexts.to_vec(), labels: labels.to_vec() });
            return;
        };
        if self.open.contains(&file.name) {
            let message = format!("{} includes itself", file.path.display());
            self.errors.push(Diagnostic::error("liquibase", message).help("take one of the includes out"));
            return;
        }
        self.open.push(file.name.clone());
        for target in self.targets(file, files) {
            self.follow(
                target.member,
                files,
                &[contexts, &target.contexts].concat(),
                &[labels, &target.labels].concat(),
            );
        }
        self.open.pop();
    }

    /// What a changelog includes, in order, with the contexts and labels it says there.
    fn targets(&mut self, file: &'a File, files: &'a Files) -> Vec<Included<'a>> {
        let (source, entries) = match file.source().and_then(|source| Ok((source.clone(), read(file, &source)?))) {
            Ok(read) => read,
            Err(found) => {
                self.errors.extend(found);
                return Vec::new();
            }
        };
        let mut targets = Vec::new();
        let folder = file.name.rsplit_once('/').map_or("", |(folder, _)| folder);
        for entry in entries {
            match entry {
                Entry::Property(property) if property.name.is_empty() => {
                    let file = find(files, &property.value, None, false, file);
                    let texts = file.iter().filter_map(|file| file.source().ok());
                    self.properties.extend(texts.flat_map(|source| of_file(source.text(), &property)));
                }
                Entry::Property(property) => self.properties.push(property),
                Entry::ChangeSet { span, attributes } => {
                    let member = Member::Own { log: file, source: source.clone(), span, attributes };
                    targets.push(Included { member, contexts: Vec::new(), labels: Vec::new() });
                }
                Entry::Include { span, all, attributes } => {
                    let mut wrong = |message: String, help: &str| {
                        self.errors.push(Diagnostic::error("liquibase", message).at(&source, span, "").help(help));
                    };
                    if let Some(filter) = attributes.get("filter").or(attributes.get("resourceFilter")) {
                        wrong(format!("{filter} is a filter that is a program"), "include the files one by one");
                        continue;
                    }
                    let Some(path) = attributes.get("file").or(attributes.get("path")) else {
                        wrong("this include names no file".to_owned(), "write `file`, or `path` for a folder");
                        continue;
                    };
                    let is_relative = attributes.get("relativeToChangelogFile").is_some_and(|value| value == "true");
                    let found = find(files, path, is_relative.then_some(folder), all, file);
                    let may_be_missing = attributes.get("errorIfMissing").or(attributes.get("errorIfMissingOrEmpty"));
                    if found.is_empty() && may_be_missing.is_none_or(|value| value != "false") {
                        wrong(
                            format!("there is no {path}"),
                            "put it there; paths begin where `--dir` leads, or at `relativeToChangelogFile`",
                        );
                    }
                    let context = attributes.get("contextFilter").or(attributes.get("context"));
                    let ending = attributes.get("endsWithFilter").cloned().unwrap_or_default();
                    let found = found.into_iter().filter(|file| file.name.ends_with(&ending));
                    targets.extend(found.map(|file| Included {
                        member: Member::File(file),
                        contexts: context.into_iter().cloned().collect(),
                        labels: attributes.get("labels").into_iter().cloned().collect(),
                    }));
                }
            }
        }
        targets
    }
}

/// The files that a path means: below the changelog's folder, or with as much of it at the end as there is.
fn find<'a>(files: &'a Files, path: &str, folder: Option<&str>, all: bool, own: &File) -> Vec<&'a File> {
    let path = path.trim_start_matches("classpath:").trim_matches('/');
    let mut parts: Vec<&str> = folder.unwrap_or_default().split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let whole = parts.join("/");
    let is_sql = |file: &File| file.name.ends_with(".sql") && !is_printed(file);
    let is_ours = |file: &&File| is_sql(file) || is_changelog(file);
    if all {
        let inside = |prefix: &str| -> Vec<&'a File> {
            let is_inside = |file: &&File| prefix.is_empty() || file.name.starts_with(&format!("{prefix}/"));
            files.iter().filter(is_inside).filter(is_ours).filter(|file| file.name != own.name).collect()
        };
        // The directory may be somewhere within the path that is searched.
        let starts = (0..=parts.len()).filter(|at| folder.is_none() || *at == 0);
        return starts.map(|at| inside(&parts[at..].join("/"))).find(|found| !found.is_empty()).unwrap_or_default();
    }
    let exact = files.get(&whole);
    let shorter = || {
        let ends = (1..parts.len()).map(|at| parts[at..].join("/"));
        ends.filter(|_| folder.is_none()).find_map(|end| files.get(&end))
    };
    let longer = || files.iter().find(|file| folder.is_none() && file.name.ends_with(&format!("/{whole}")));
    exact.or_else(shorter).or_else(longer).into_iter().collect()
}

fn read(file: &File, source: &Arc<SourceFile>) -> Result<Vec<Entry>, Vec<Diagnostic>> {
    let text = source.text();
    if file.name.ends_with(".xml") {
        return Ok(xml(text));
    }
    if file.name.ends_with(".json") {
        let root = Json::parse(text).map_err(|(span, message)| {
            vec![Diagnostic::error("liquibase", message).at(source, span, "").help("mend it")]
        })?;
        return Ok(json(&root));
    }
    Ok(yaml(text))
}

/// An entry of a name with attributes; `None` for what rung needs not know.
fn entry(name: &str, attributes: BTreeMap<String, String>, span: Span) -> Option<Entry> {
    let get = |key: &str| attributes.get(key).cloned().unwrap_or_default();
    match name {
        "include" | "includeAll" => Some(Entry::Include { span, all: name == "includeAll", attributes }),
        "changeSet" => Some(Entry::ChangeSet { span, attributes }),
        "property" => {
            let (name, value) = (get("name"), if attributes.contains_key("file") { get("file") } else { get("value") });
            let context = if attributes.contains_key("contextFilter") { get("contextFilter") } else { get("context") };
            Some(Entry::Property(Property { name, value, dbms: get("dbms"), context }))
        }
        _ => None,
    }
}

/// What a file of parameters sets, where the property that names it holds.
fn of_file(text: &str, property: &Property) -> Vec<Property> {
    let set = |(_, line): (Span, &str)| {
        let (name, value) = line.split_once(['=', ':']).filter(|_| !line.trim_start().starts_with(['#', '!']))?;
        let (dbms, context) = (property.dbms.clone(), property.context.clone());
        Some(Property { name: name.trim().to_owned(), value: value.trim().to_owned(), dbms, context })
    };
    lines(text).filter_map(set).collect()
}

/// What a change set in another language asks before it runs.
pub(super) const PRECONDITIONS: &str = "preConditions";

/// The tags of a document, without those in comments.
fn xml(text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find('<').map(|found| at + found) {
        if text[start..].starts_with("<!--") {
            at = text[start..].find("-->").map_or(text.len(), |end| start + end + 3);
            continue;
        }
        let end = text[start..].find('>').map_or(text.len(), |end| start + end);
        at = (end + 1).min(text.len());
        let inside = text[start + 1..end].trim_end_matches('/');
        let name = inside.split(char::is_whitespace).next().unwrap_or_default();
        let mut attributes = BTreeMap::new();
        let mut rest = &inside[name.len()..];
        while let Some((key, after)) = rest.split_once('=') {
            let after = after.trim_start();
            let Some(quote) = after.chars().next().filter(|c| matches!(c, '"' | '\'')) else { break };
            let Some((value, after)) = after[1..].split_once(quote) else { break };
            let plain = value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
            attributes.insert(key.trim().to_owned(), plain);
            rest = after;
        }
        let name = name.rsplit(':').next().unwrap_or(name);
        match entries.last_mut() {
            Some(Entry::ChangeSet { attributes: last, .. }) if name == PRECONDITIONS => {
                last.insert(name.to_owned(), inside.to_owned());
            }
            _ => entries.extend(entry(name, attributes, Span::new(start, at))),
        }
    }
    entries
}

fn json(root: &Node) -> Vec<Entry> {
    let list = root.get("databaseChangeLog").and_then(Node::list).unwrap_or_default();
    let named = list.iter().flat_map(|node| node.entries().iter().map(move |(name, value)| (node.span, name, value)));
    let attributes = |value: &Node| {
        let text = |node: &Node| node.text().map_or_else(|| node.raw(), str::to_owned);
        value.entries().iter().map(|(key, node)| (key.clone(), text(node))).collect()
    };
    named.filter_map(|(span, name, value)| entry(name, attributes(value), span)).collect()
}

/// The list below `databaseChangeLog`, as people write it: an entry begins with `- name:`, its attributes are deeper.
fn yaml(text: &str) -> Vec<Entry> {
    let mut found: Vec<(String, BTreeMap<String, String>, Span, usize)> = Vec::new();
    let mut list: Option<usize> = None;
    for (span, line) in lines(text) {
        let content = line.trim_start();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let indent = line.len() - content.len();
        let begins = content.strip_prefix("- ").filter(|_| list.is_none_or(|list| indent <= list));
        if let Some(rest) = begins {
            list = Some(indent);
            let (name, inline) = rest.split_once(':').unwrap_or((rest, ""));
            let mut attributes = BTreeMap::new();
            let inline = inline.trim().trim_start_matches('{').trim_end_matches('}');
            attributes.extend(inline.split(',').filter_map(pair));
            let place = Span::new(span.start + indent, span.end);
            found.push((name.trim().to_owned(), attributes, place, usize::MAX));
        } else if let Some((_, attributes, _, depth)) = found.last_mut() {
            // Only what is directly below: the changes of a change set are none of its attributes.
            *depth = (*depth).min(indent);
            if indent == *depth {
                attributes.extend(pair(content));
                if content.starts_with(PRECONDITIONS) {
                    attributes.insert(PRECONDITIONS.to_owned(), content.to_owned());
                }
            }
        }
    }
    found.into_iter().filter_map(|(name, attributes, span, _)| entry(&name, attributes, span)).collect()
}

fn pair(text: &str) -> Option<(String, String)> {
    let (key, value) = text.split_once(':')?;
    let value = value.split(" #").next().unwrap_or(value).trim().trim_matches(['"', '\'']);
    Some((key.trim().trim_matches('"').to_owned(), value.to_owned()))
        .filter(|(key, value)| !key.is_empty() && !value.is_empty())
}
