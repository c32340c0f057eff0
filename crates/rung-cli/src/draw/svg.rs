//! Writing SVG.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

use super::layout::Point;

/// What is around a drawing.
const MARGIN: f64 = 16.0;
/// How wide a character is, of its height: that of fonts in which all are as wide.
const ADVANCE: f64 = 0.602;

/// Colours by class, for a light and a dark page.
const STYLE: &str = "\
text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#1f2328}\
.page{fill:#ffffff}\
.box{fill:#ffffff;stroke:#8c959f;stroke-width:1}\
.head{fill:#eaeef2}\
.applied{fill:#dafbe1;stroke:#1a7f37}\
.pending{fill:#ffffff;stroke:#8c959f;stroke-dasharray:4 3}\
.wrong{fill:#ffebe9;stroke:#cf222e}\
.faint{fill:#656d76}\
.key{fill:#9a6700}\
.line{fill:none;stroke:#8c959f;stroke-width:1.3}\
.found{stroke-dasharray:5 4}\
.rule{stroke:#d0d7de;stroke-width:1}\
.tip{fill:#8c959f}\
@media (prefers-color-scheme:dark){\
text{fill:#e6edf3}.page{fill:#0d1117}.box{fill:#161b22;stroke:#6e7681}.head{fill:#21262d}\
.applied{fill:#12261e;stroke:#3fb950}.pending{fill:#161b22;stroke:#6e7681}.wrong{fill:#2d1214;stroke:#f85149}\
.faint{fill:#8d96a0}.key{fill:#d29922}.rule{stroke:#30363d}}";

/// A drawing that is being made.
pub(super) struct Svg {
    body: String,
}

impl Svg {
    pub(super) fn new() -> Self {
        Self { body: String::new() }
    }

    /// A box with round corners.
    pub(super) fn rect(&mut self, (x, y): Point, (width, height): (f64, f64), class: &str) {
        let _ = writeln!(
            self.body,
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"6\"/>",
            number(x),
            number(y),
            number(width),
            number(height)
        );
    }

    /// The upper end of a box, as high as it says.
    pub(super) fn head(&mut self, (x, y): Point, (width, height): (f64, f64)) {
        let (right, bottom) = (number(x + width), number(y + height));
        let _ = writeln!(
            self.body,
            "<path class=\"head\" d=\"M{} {bottom}V{}a6 6 0 0 1 6-6H{}a6 6 0 0 1 6 6V{bottom}Z\"/>",
            number(x),
            number(y + 6.0),
            number(x + width - 6.0)
        );
        let _ = writeln!(self.body, "<path class=\"rule\" d=\"M{} {bottom}H{right}\"/>", number(x));
    }

    /// A text whose first line stands on a point.
    pub(super) fn text(&mut self, (x, y): Point, size: f64, class: &str, text: &str) {
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        let _ = writeln!(
            self.body,
            "<text{class} x=\"{}\" y=\"{}\" font-size=\"{}\">{}</text>",
            number(x),
            number(y),
            number(size),
            escaped(text)
        );
    }

    /// A line through points, drawn from above to below, round where it turns.
    pub(super) fn line(&mut self, points: &[Point], class: &str) {
        let Some((first, rest)) = points.split_first() else { return };
        let mut d = format!("M{} {}", number(first.0), number(first.1));
        let mut last = *first;
        for point in rest {
            if (last.0 - point.0).abs() < 0.5 {
                let _ = write!(d, "L{} {}", number(point.0), number(point.1));
            } else {
                let middle = number((last.1 + point.1) / 2.0);
                let _ = write!(
                    d,
                    "C{} {middle} {} {middle} {} {}",
                    number(last.0),
                    number(point.0),
                    number(point.0),
                    number(point.1)
                );
            }
            last = *point;
        }
        let _ = writeln!(self.body, "<path class=\"line {class}\" d=\"{d}\"/>");
    }

    /// A shape of a path.
    pub(super) fn path(&mut self, class: &str, d: &str) {
        let _ = writeln!(self.body, "<path class=\"{class}\" d=\"{d}\"/>");
    }

    /// A part that has a title, which is shown where one points at it.
    pub(super) fn begin(&mut self, title: &str) {
        let _ = writeln!(self.body, "<g><title>{}</title>", escaped(title));
    }

    pub(super) fn end(&mut self) {
        self.body.push_str("</g>\n");
    }

    /// The whole drawing.
    pub(super) fn finish(self, title: &str, width: f64, height: f64) -> String {
        let (width, height) = (number(width + 2.0 * MARGIN), number(height + 2.0 * MARGIN));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"{0} {0} {width} \
             {height}\" role=\"img\" aria-label=\"{1}\">\n<style>{STYLE}</style>\n<rect class=\"page\" x=\"{0}\" y=\"{0}\" \
             width=\"{width}\" height=\"{height}\"/>\n{2}</svg>\n",
            number(-MARGIN),
            escaped(title),
            self.body
        )
    }
}

/// How wide a text is.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.width() as f64 * size * ADVANCE
}

/// A text that is no wider than so many characters.
pub(super) fn fit(text: &str, characters: usize) -> String {
    crate::render::fit(&text.replace(char::is_control, " "), characters)
}

/// A number with one digit behind the point, where it has any.
pub(super) fn number(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    // Minus nothing is nothing.
    format!("{}", rounded + 0.0)
}

pub(super) fn escaped(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
