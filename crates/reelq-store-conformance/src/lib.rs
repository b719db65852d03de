//! The suite that every store must pass: one named case a rule, and random interleavings of many workers.
//!
//! A store's tests name their [`Subject`] in [`conformance_tests!`](crate::conformance_tests); each case becomes a test.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    missing_docs,
    missing_debug_implementations,
    reason = "these are tests: they end by panicking, and their names say what they show"
)]

#[macro_use]
mod cases;
mod forgetful;
pub mod kit;
mod subject;

pub mod agreement;
pub mod breaking;
pub mod budgets;
pub mod bulk;
pub mod continuing;
pub mod exceptions;
pub mod extremes;
pub mod facts;
pub mod fences;
pub mod following;
mod following_growth;
pub mod forgotten;
pub mod growth;
pub mod holding;
mod interleaved_events;
pub mod interleaving;
pub mod leases;
pub mod life;
pub mod limiting;
pub mod loads;
pub mod pacing;
pub mod people;
pub mod rates;
pub mod reading;
mod recount;
pub mod removed;
pub mod requests;
pub mod retention;
pub mod run_locks;
pub mod shares;
pub mod tick_crowd;
pub mod ticks;
pub mod ticks_ahead;
pub mod twins;
pub mod wishes;

pub use forgetful::{Forgetful, Opener};
pub use kit::Kit;
pub use subject::Subject;
