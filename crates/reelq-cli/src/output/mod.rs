//! The only place that prints: data to stdout, messages to stderr.

mod confirm;
mod document;
mod out;
mod table;
mod words;

pub(crate) use out::{Color, Out};
pub(crate) use table::table;
pub(crate) use words::{bytes, duration, grouped, money, plural};
