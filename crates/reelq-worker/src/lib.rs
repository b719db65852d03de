//! The runtime of the workers: apalis workers over the store, group commit, leases, rescue and shutdown.
//!
//! What a stage does with a job is a [`Handler`] in a crate of its own; when and under which lease it does it is decided here.

mod handler;

pub use handler::{Desk, Finish, Handler, LeaseLost};
