//! JSONL: one object a line, read strictly.

mod flatten;
mod lines;
mod spans;
mod strict;

pub(crate) use flatten::{flatten, unknown_key};
pub(crate) use lines::Lines;
pub(crate) use spans::spans;
pub(crate) use strict::{message, parse};
