//! A real `redis-server` for tests: started in a folder of its own, killed when it is dropped; or one that many tests share.
//!
//! Depends on nothing of reelq, and talks to the server over a protocol reader of its own.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests: a broken assumption is a failed test")]

mod certificates;
mod newer;
mod options;
mod reply;
mod server;
mod shared;

pub use certificates::Certificates;
pub use newer::{Disk, Newer};
pub use options::{Options, Tls};
pub use reply::{RedisReply, RedisReply as Reply};
pub use server::RedisServer;
pub use shared::SharedServer;
