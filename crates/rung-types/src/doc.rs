//! Laying text out on lines of a width, as Prettier does it (after Wadler, "A prettier printer"): a group is on one line
//! where it fits, else all of its own lines are broken.

/// The width that lines should keep to.
const WIDTH: usize = 80;

/// A text that is not laid out yet.
#[derive(Debug, Clone)]
pub(crate) enum Doc {
    /// As it stands; without line ends.
    Text(String),
    /// One after the other.
    All(Vec<Doc>),
    /// A blank, or a new line where the group around it is broken.
    Line,
    /// Nothing, or a new line.
    SoftLine,
    /// A new line; breaks every group around it.
    HardLine,
    /// Two blanks further in.
    Indent(Box<Doc>),
    /// On one line where it fits.
    Group(Box<Doc>),
    /// The first where the group around it is broken, the other where it is not.
    IfBroken(&'static str, &'static str),
}

impl Doc {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn indent(inner: Self) -> Self {
        Self::Indent(Box::new(inner))
    }

    pub(crate) fn group(inner: Self) -> Self {
        Self::Group(Box::new(inner))
    }

    /// All of them with something between each two.
    pub(crate) fn join(items: impl IntoIterator<Item = Self>, between: &Self) -> Self {
        let mut all = Vec::new();
        for item in items {
            if !all.is_empty() {
                all.push(between.clone());
            }
            all.push(item);
        }
        Self::All(all)
    }

    /// Whether a line is broken in it however much room there is.
    fn is_hard(&self) -> bool {
        match self {
            Self::HardLine => true,
            Self::All(all) => all.iter().any(Self::is_hard),
            Self::Indent(inner) | Self::Group(inner) => inner.is_hard(),
            Self::Text(_) | Self::Line | Self::SoftLine | Self::IfBroken(..) => false,
        }
    }

    /// Lays it out.
    pub(crate) fn print(&self) -> String {
        let mut out = String::new();
        let mut column = 0;
        let mut rest: Vec<(usize, bool, &Self)> = vec![(0, true, self)];
        while let Some((indent, is_broken, doc)) = rest.pop() {
            let mut write = |text: &str| {
                out.push_str(text);
                column += text.chars().count();
            };
            match doc {
                Self::Text(text) => write(text),
                Self::IfBroken(broken, flat) => write(if is_broken { broken } else { flat }),
                Self::Line if !is_broken => write(" "),
                Self::SoftLine if !is_broken => {}
                Self::Line | Self::SoftLine | Self::HardLine => {
                    out.truncate(out.trim_end_matches(' ').len());
                    out.push('\n');
                    out.extend(std::iter::repeat_n(' ', indent));
                    column = indent;
                }
                Self::All(all) => rest.extend(all.iter().rev().map(|doc| (indent, is_broken, doc))),
                Self::Indent(inner) => rest.push((indent + 2, is_broken, inner)),
                Self::Group(inner) => {
                    let fits = !inner.is_hard() && fits(inner, &rest, WIDTH.saturating_sub(column));
                    rest.push((indent, !fits, inner));
                }
            }
        }
        out
    }
}

/// Whether a group fits on the line, with what comes behind it up to where that may be broken.
fn fits(group: &Doc, behind: &[(usize, bool, &Doc)], room: usize) -> bool {
    let mut room = room as isize;
    let mut behind = behind.iter().rev();
    let mut stack: Vec<(bool, &Doc)> = vec![(false, group)];
    while room >= 0 {
        let (is_broken, doc) = match stack.pop() {
            Some(next) => next,
            None => match behind.next() {
                Some((_, is_broken, doc)) => (*is_broken, *doc),
                None => return true,
            },
        };
        match doc {
            Doc::Text(text) => room -= text.chars().count() as isize,
            Doc::IfBroken(broken, flat) => room -= if is_broken { broken.len() } else { flat.len() } as isize,
            Doc::Line | Doc::SoftLine if is_broken => return true,
            Doc::Line => room -= 1,
            Doc::SoftLine => {}
            Doc::HardLine => return true,
            Doc::All(all) => stack.extend(all.iter().rev().map(|doc| (is_broken, doc))),
            Doc::Indent(inner) => stack.push((is_broken, inner)),
            // Behind the group, one that must be broken may be broken at its first line.
            Doc::Group(inner) => stack.push((is_broken && inner.is_hard(), inner)),
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(items: usize) -> String {
        let items = (0..items).map(|number| Doc::text(format!("item_{number}")));
        let comma = Doc::All(vec![Doc::text(","), Doc::Line]);
        let inner = Doc::All(vec![Doc::SoftLine, Doc::join(items, &comma)]);
        let all = vec![Doc::text("["), Doc::indent(inner), Doc::IfBroken(",", ""), Doc::SoftLine, Doc::text("]")];
        Doc::group(Doc::All(all)).print()
    }

    #[test]
    fn a_group_is_on_one_line_or_on_many() {
        assert_eq!(list(2), "[item_0, item_1]");
        assert_eq!(list(10).len(), 80);
        assert!(list(11).starts_with("[\n  item_0,\n  item_1,\n"));
        assert!(list(11).ends_with("  item_10,\n]"));
    }

    #[test]
    fn a_hard_line_breaks_what_is_around_it() {
        let inner = Doc::All(vec![Doc::text("a"), Doc::Line, Doc::text("b"), Doc::HardLine]);
        assert_eq!(Doc::group(Doc::All(vec![Doc::indent(inner), Doc::text("c")])).print(), "a\n  b\n  c");
    }
}
