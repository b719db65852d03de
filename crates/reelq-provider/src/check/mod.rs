//! The rule engine: checks a row against a catalogue and brings its fields into their normal form.
//!
//! It knows no vendor. The normal form holds what the row gives and nothing else, each field under its plain name, in
//! the catalogue's order, so that two spellings of one request are one request.

mod coerce;
mod controls;
mod gather;
mod images;
mod images_text;
mod limits;
mod meant;
mod modes;
mod prices;
mod row;
mod rules;
mod run;
mod tags;
mod unknown;

pub(crate) use images::check_image;
pub use images_text::split_images;
pub(crate) use run::{RowRequest, check};
pub(crate) use unknown::unknown_model;
