//! The store over a real server.

mod conformance;
mod damage;
mod durable;
mod facts;
mod following;
mod growth;
mod keys;
mod kit;
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
