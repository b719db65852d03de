//! Against real servers, with a front that knows more where the real one is too old.

mod addresses;
mod calls;
mod cluster;
mod durable;
mod facts;
mod kit;
mod logins;
mod newer;
mod sentinel;
mod tls;
