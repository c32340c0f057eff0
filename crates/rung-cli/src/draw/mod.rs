//! Drawings as SVG (<https://www.w3.org/TR/SVG2/>): the graph of migrations, and the tables of a schema.

mod layout;
mod svg;
mod tables;
mod tree;

pub(crate) use tables::tables;
pub(crate) use tree::{Box, State, graph};
