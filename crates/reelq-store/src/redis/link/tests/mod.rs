//! Against real servers.

mod calls;
mod kit;
