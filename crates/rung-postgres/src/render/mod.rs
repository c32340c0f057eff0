//! A schema as SQL. Pure.

pub(crate) mod object;
pub(crate) mod plan;
pub(crate) mod table;

pub(crate) use plan::paragraphs;

/// What a session must be told before it reads a dump: that names are in full, that bodies of functions are not looked
/// into, since what they speak of may come later, and what texts mean.
pub(crate) const HEAD: &str = "\
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SET check_function_bodies = false;
SET client_min_messages = warning;
SET default_tablespace = '';
SELECT pg_catalog.set_config('search_path', '', false);
";
