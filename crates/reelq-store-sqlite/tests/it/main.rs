//! The embedded store over real files.

mod conformance;
mod damage;
mod file;
mod reading;
