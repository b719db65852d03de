//! The way to the server: addresses, connections that mend themselves, scripts by hash, and waits for the disk.
//!
//! A call that fails as unavailable may have been done or not: verbs are made to be repeated.

mod address;
mod connect;
mod faults;
mod greet;
mod lane;
#[expect(clippy::module_inception, reason = "the folder is about this one thing")]
mod link;
mod options;
mod script;
#[cfg(test)]
mod tests;

pub use address::{Address, AddressError};
pub(crate) use greet::Standing;
pub(crate) use link::Link;
pub use options::LinkOptions;
pub(crate) use script::{Call, Script};
