//! The store over a Redis server: any number of processes on any number of machines.
//!
//! All Lua and every command of Redis live below this folder. Every key of a namespace lies in one hash slot.

#[expect(dead_code, unused_imports, reason = "the verbs come to use it")]
mod link;
mod namespace;

pub use link::{Address, AddressError, Durability, LinkOptions, TlsFiles};
pub use namespace::{Namespace, NamespaceError};
