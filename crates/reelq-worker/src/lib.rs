//! The runtime of the workers: apalis workers over the store, group commit, leases, rescue and shutdown.
//!
//! What a stage does with a job is a [`Handler`] in a crate of its own; when and under which lease it does it is decided here.

mod backoff;
mod brake;
mod exchange;
mod handler;
mod pulse;
mod spawn;

pub use backoff::{Backoff, Dice};
pub use brake::Brake;
pub use exchange::Exchange;
pub use handler::{Desk, Finish, Handler, LeaseLost};
pub use pulse::{Beat, Pulse};
pub use spawn::Spawner;
