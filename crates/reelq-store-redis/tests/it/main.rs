//! The store over a real server.

#[macro_use]
mod kit;

mod conformance;
mod damage;
mod durable;
mod facts;
mod following;
mod growth;
mod keys;
mod lapses;
mod loads;
mod loss;
mod moving;
mod redis_only;
mod repeats;
mod room;
mod settling;
mod several_batches;
mod watch;
