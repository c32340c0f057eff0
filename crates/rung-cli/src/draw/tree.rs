//! The graph of migrations: a box each, lines down to those that need it.

use super::layout::{Graph, layout};
use super::svg::{Svg, fit, number, width};

/// A migration.
pub(crate) struct Box<'a> {
    pub(crate) id: &'a str,
    /// What it is for; empty where nobody says.
    pub(crate) about: String,
    pub(crate) state: State,
}

/// Where a migration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Nobody was asked.
    Unknown,
    Applied,
    Pending,
    /// It was changed, or it failed.
    Wrong,
}

const ID: f64 = 13.0;
const ABOUT: f64 = 11.0;
const PADDING: f64 = 12.0;

/// The beginning of a text.
fn shortened(text: &str, characters: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", text[..end].trim_end_matches([' ', ',', ':'])),
        None => text,
    }
}

/// The drawing. Each line goes from a box to one that needs it; `true` where the files say so, and not their SQL alone.
pub(crate) fn graph(boxes: &[Box<'_>], lines: &[(usize, usize, bool)]) -> String {
    let shown: Vec<(String, String)> = boxes.iter().map(|it| (fit(it.id, 48), shortened(&it.about, 52))).collect();
    let sizes: Vec<(f64, f64)> = shown
        .iter()
        .map(|(id, about)| {
            let widest = width(id, ID).max(width(about, ABOUT));
            (widest + 2.0 * PADDING, if about.is_empty() { 34.0 } else { 50.0 })
        })
        .collect();
    let edges: Vec<_> = lines.iter().map(|(from, to, is_declared)| (*from, *to, u8::from(*is_declared))).collect();
    let graph = Graph { sizes: &sizes, edges: &edges, gap: 28.0, layer_gap: 44.0 };
    let found = layout(&graph);
    let mut svg = Svg::new();
    for (path, (.., is_declared)) in found.paths.iter().zip(lines) {
        svg.line(path, if *is_declared { "" } else { "found" });
        if let Some((x, y)) = path.last() {
            svg.path("tip", &format!("M{} {}l-4-7h8Z", number(*x), number(*y)));
        }
    }
    for (((it, (id, about)), place), size) in boxes.iter().zip(&shown).zip(&found.places).zip(&sizes) {
        let (class, state) = match it.state {
            State::Unknown => ("box", ""),
            State::Applied => ("box applied", ": applied"),
            State::Pending => ("box pending", ": pending"),
            State::Wrong => ("box wrong", ": not as its file says"),
        };
        svg.begin(&format!("{}{state}", it.id));
        svg.rect(*place, *size, class);
        svg.text((place.0 + PADDING, place.1 + 21.5), ID, "", id);
        if !about.is_empty() {
            svg.text((place.0 + PADDING, place.1 + 38.0), ABOUT, "faint", about);
        }
        svg.end();
    }
    svg.finish("Migrations and what they depend on", found.width, found.height)
}
