//! Against real servers, and against one that is made up where the real one is too old.

mod addresses;
mod calls;
mod cluster;
mod durable;
mod facts;
mod fake;
mod kit;
mod logins;
mod sentinel;
mod tls;
