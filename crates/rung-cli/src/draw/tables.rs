//! The tables of a schema: a box each with its columns, lines down from the tables that foreign keys lead to.

use rung::catalog::{Body, Catalog, Column, ConstraintKind, Object};

use super::layout::{Graph, layout};
use super::svg::{Svg, fit, number, width};
use crate::schema::{foreign_keys, is_one_to_one, seen_from, short, tables as tables_of};

const NAME: f64 = 13.0;
const TEXT: f64 = 11.5;
const ROW: f64 = 18.0;
const HEAD: f64 = 28.0;
const PADDING: f64 = 10.0;
/// Where types begin, behind the longest name.
const BETWEEN: f64 = 14.0;
/// Letters of `PK` and `FK`, and what is between them and the names. A question mark behind a type says that NULL may be there.
const MARK: f64 = 9.5;
const BEHIND_MARKS: f64 = 10.0;
/// More columns than this are counted, and not shown.
const SHOWN: usize = 40;

struct Drawn {
    name: String,
    /// The marks, the name and the type of each column.
    rows: Vec<(String, String, String)>,
    size: (f64, f64),
    names_at: f64,
    types_at: f64,
}

/// The drawing.
pub(crate) fn tables(catalog: &Catalog) -> String {
    let parts = catalog.parts();
    let objects: Vec<&Object> = tables_of(catalog).map(|(object, _)| object).collect();
    let all: Vec<Drawn> =
        objects.iter().map(|object| drawn(object, parts.get(&*object.key).map_or(&[][..], Vec::as_slice))).collect();
    let at = |key: &rung::catalog::Key| objects.iter().position(|object| *object.key == *key);
    // Each line with whether a row below needs one above and there is one at most, and the loops.
    let mut lines: Vec<(usize, usize, Many, String)> = foreign_keys(catalog)
        .filter_map(|(table, constraint, foreign)| {
            let is_needed = foreign
                .columns
                .iter()
                .all(|name| table.columns().iter().any(|column| column.name == *name && column.not_null.is_some()));
            let title = format!(
                "{}: {} → {}",
                constraint.key.name,
                short(&table.key),
                seen_from(table.key.schema.as_deref(), &foreign.table, catalog)
            );
            let own = parts.get(&*table.key).map_or(&[][..], Vec::as_slice);
            let many = Many { is_needed, is_one: is_one_to_one(own, foreign) };
            Some((at(&foreign.table)?, at(&table.key)?, many, title))
        })
        .collect();
    lines.sort_by(|a, b| (a.0, a.1, &a.3).cmp(&(b.0, b.1, &b.3)));
    let sizes: Vec<(f64, f64)> = all.iter().map(|table| table.size).collect();
    let edges: Vec<_> = lines.iter().map(|(from, to, many, _)| (*from, *to, u8::from(many.is_needed))).collect();
    let found = layout(&Graph { sizes: &sizes, edges: &edges, gap: 32.0, layer_gap: 64.0 });
    let mut svg = Svg::new();
    let mut room = 0.0;
    for (path, (table, _, many, title)) in found.paths.iter().zip(&lines) {
        svg.begin(title);
        match path.as_slice() {
            [] => {
                // To itself: a loop at its right side.
                let (x, y) = (found.places[*table].0 + sizes[*table].0, found.places[*table].1 + 14.0);
                let (x, top, bottom) = (number(x), number(y), number(y + 22.0));
                svg.path("line", &format!("M{x} {top}c24 0 24 22 0 22M{x} {bottom}l9-4M{x} {bottom}l9 4"));
                room = 24.0;
            }
            [first, .., last] => {
                svg.line(path, "");
                ends(&mut svg, *first, *last, *many);
            }
            [_] => {}
        }
        svg.end();
    }
    for (table, place) in all.iter().zip(&found.places) {
        table.draw(&mut svg, *place);
    }
    svg.finish("Tables and their foreign keys", found.width + room, found.height)
}

/// How many rows a foreign key goes between.
#[derive(Clone, Copy)]
struct Many {
    /// Whether there is always one that it leads to.
    is_needed: bool,
    /// Whether one at most leads there.
    is_one: bool,
}

/// The signs at the ends of a line, as crow's feet: one there, or none or one; any number here, or none or one.
fn ends(svg: &mut Svg, there: (f64, f64), here: (f64, f64), many: Many) {
    // Where a foreign key leads up, or down because it is part of a circle.
    let down = if here.1 > there.1 { 1.0 } else { -1.0 };
    let n = number;
    let bar = |at: (f64, f64), y: f64| format!("M{} {}h10", n(at.0 - 5.0), n(at.1 + y));
    let ring =
        |at: (f64, f64), y: f64| format!("M{} {}a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0", n(at.0 - 3.5), n(at.1 + y));
    svg.path("line", &bar(there, down * 6.0));
    svg.path("line", &if many.is_needed { bar(there, down * 10.0) } else { ring(there, down * 13.0) });
    if many.is_one {
        svg.path("line", &bar(here, down * -6.0));
        svg.path("line", &ring(here, down * -13.0));
    } else {
        let top = here.1 - down * 10.0;
        let foot = |dx: f64| format!("M{} {}L{} {}", n(here.0), n(top), n(here.0 + dx), n(here.1));
        svg.path("line", &format!("{}{}", foot(-6.0), foot(6.0)));
    }
}

fn drawn(object: &Object, parts: &[&Object]) -> Drawn {
    let mut rows: Vec<(String, String, String)> = object
        .columns()
        .iter()
        .take(SHOWN)
        .map(|column| {
            let marks = marks(column, parts);
            let may_be_null = if column.not_null.is_none() && !marks.contains("PK") { "?" } else { "" };
            (marks, fit(&column.name, 36), fit(&format!("{}{may_be_null}", type_of(column)), 30))
        })
        .collect();
    let more = object.columns().len().saturating_sub(SHOWN);
    if more > 0 {
        rows.push((String::new(), format!("… {more} more"), String::new()));
    }
    let name = fit(&short(&object.key), 44);
    let names = rows.iter().map(|(_, name, _)| width(name, TEXT)).fold(0.0, f64::max);
    let types = rows.iter().map(|(.., of)| width(of, TEXT)).fold(0.0, f64::max);
    let marks = rows.iter().map(|(marks, ..)| width(marks, MARK)).fold(width("PK", MARK), f64::max);
    let names_at = PADDING + marks + BEHIND_MARKS;
    let types_at = names_at + names + BETWEEN;
    let wide = (types_at + types + PADDING).max(width(&name, NAME) + 2.0 * PADDING);
    let high = HEAD + rows.len() as f64 * ROW + if rows.is_empty() { 0.0 } else { 8.0 };
    Drawn { name, rows, size: (wide, high), names_at, types_at }
}

/// A type in few letters.
fn type_of(column: &Column) -> String {
    let short = column
        .data_type
        .replace("timestamp with time zone", "timestamptz")
        .replace("timestamp without time zone", "timestamp")
        .replace("time without time zone", "time")
        .replace("character varying", "varchar")
        .replace("double precision", "float8");
    short.strip_prefix("public.").unwrap_or(&short).to_owned()
}

fn marks(column: &Column, parts: &[&Object]) -> String {
    let mut marks = [("PK", false), ("FK", false), ("UQ", false)];
    for part in parts {
        let Body::Constraint(constraint) = &part.body else { continue };
        match &constraint.kind {
            ConstraintKind::PrimaryKey { columns, .. } => marks[0].1 |= columns.contains(&column.name),
            ConstraintKind::Foreign(foreign) => marks[1].1 |= foreign.columns.contains(&column.name),
            ConstraintKind::Unique { columns, .. } => marks[2].1 |= *columns == [column.name.clone()],
            _ => {}
        }
    }
    marks.into_iter().filter(|(_, holds)| *holds).map(|(mark, _)| mark).collect::<Vec<_>>().join(" ")
}

impl Drawn {
    fn draw(&self, svg: &mut Svg, place: (f64, f64)) {
        svg.begin(&self.name);
        svg.rect(place, self.size, "box");
        svg.head(place, (self.size.0, HEAD));
        svg.text((place.0 + PADDING, place.1 + 18.5), NAME, "", &self.name);
        for (number, (marks, name, of)) in self.rows.iter().enumerate() {
            let y = place.1 + HEAD + 16.0 + number as f64 * ROW;
            if !marks.is_empty() {
                svg.text((place.0 + PADDING, y), MARK, "key", marks);
            }
            svg.text((place.0 + self.names_at, y), TEXT, "", name);
            svg.text((place.0 + self.types_at, y), TEXT, "faint", of);
        }
        svg.end();
    }
}
