//! The only place that prints: data to stdout, messages to stderr.

mod document;
mod out;
mod screen;
mod spending;
pub(crate) mod stdout;
mod table;
mod terminal;
mod words;

pub(crate) use out::{Color, Out};
pub(crate) use screen::Screen;
pub(crate) use spending::{cost, cost_of, known, spent, to_spend};
pub(crate) use table::table;
pub(crate) use terminal::{Terminal, Unattended};
pub(crate) use words::{bytes, duration, grouped, money, plural};
