//! Rows as JSON: one object a line, a list, an object of objects, and what YAML says in its own way. Read strictly.

mod flatten;
mod items;
mod lines;
mod pieces;
mod shape;
mod spans;
mod strict;
mod unprompted;

pub(crate) use flatten::{flatten, unknown_key};
pub(crate) use lines::Lines;
pub(crate) use shape::Shape;
pub(crate) use spans::spans;
pub(crate) use strict::{message, parse};
pub(crate) use unprompted::learn;
