//! JSONL: one object a line, read strictly.

mod flatten;
mod lines;
mod places;
mod strict;

pub(crate) use flatten::{flatten, unknown_key};
pub(crate) use lines::Lines;
pub(crate) use places::places;
pub(crate) use strict::{message, parse};
