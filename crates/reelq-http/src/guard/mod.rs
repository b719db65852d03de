//! Keeps downloads away from addresses that are not on the public internet.

mod address;
mod hosts;
mod resolver;

pub use address::is_public;
pub(crate) use hosts::HostList;
pub(crate) use resolver::{NotPublic, PublicResolver};
