//! Against real servers, with a front that knows more where the real one is too old.

mod addresses;
mod calls;
mod cluster;
mod durable;
mod kit;
mod logins;
mod sentinel;
mod tls;
