//! The store over a Redis server: any number of processes on any number of machines.
//!
//! What a job becomes is worked out here, by the model's pure functions; scripts judge whether that still holds, and
//! move record, queue, counters and history together. Every key of a namespace lies in one hash slot.

#[macro_use]
mod scripts;
mod absent;
mod asked;
mod breaker;
mod budget;
mod bulk;
mod caller;
mod change;
mod claim;
mod codec;
mod commit;
mod edit;
mod facts;
mod finish;
mod folders;
mod follow;
mod full;
mod header;
mod heal;
mod held;
mod history;
mod idempotency_tokens;
mod judge;
mod kinds;
mod late;
mod lease;
mod limits;
mod lines;
mod listing;
mod load;
mod memory;
mod moving;
mod pace;
mod passed_over;
#[cfg(test)]
mod pieces;
mod purge;
mod reading;
mod record;
mod remove;
mod requests;
mod results;
mod schedules;
mod server_clock;
mod settle;
mod store;
mod twins;
mod unreadable;
mod views;
mod watch;

pub use judge::{Gravity, ServerFinding, judge_server, what_may_vanish};
pub use reelq_redis_link::{
    Address, AddressError, Durability, LinkOptions, Namespace, NamespaceError, Patience, SecretSource, ServerFacts,
    TlsFiles,
};
pub use store::RedisStore;
