//! The way to the server: addresses, connections in pools, scripts by hash, and waits for the disk.
//!
//! A call that fails as unavailable may have been done or not: verbs are made to be repeated.

mod address;
mod attempts;
mod connect;
mod durable;
mod everywhere;
mod facts;
mod faults;
mod fence;
mod find;
mod handshake;
mod hearing;
mod lent;
mod link;
mod namespace;
mod options;
mod patience;
mod pool;
mod refusals;
mod script;
mod secret;
mod slot;
#[cfg(test)]
mod tests;
mod tls;
mod told;
mod weigh;

pub use address::{Address, AddressError};
pub use facts::ServerFacts;
pub use hearing::Ear;
pub use link::Link;
pub use namespace::{Namespace, NamespaceError};
pub use options::{Durability, LinkOptions, TlsFiles};
pub use patience::Patience;
pub use script::{Call, LuaScript};
pub use secret::SecretSource;
