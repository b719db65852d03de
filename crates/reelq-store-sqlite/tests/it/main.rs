//! The embedded store over real files.

mod conformance;
mod cost;
mod damage;
mod file;
mod formats;
mod reading;
