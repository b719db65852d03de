//! The fakes and samples of the tests, each once. A dev-dependency only: no product crate uses it.
//!
//! A fake panics where a test did not script it, so that the test fails at the point where it is wrong.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "helpers of tests: a broken assumption is a failed test"
)]

mod call_log;
mod exchange;
mod hooked_store;
mod job_context;
pub mod media;
mod memory;
mod provider;
pub mod sample;
mod script;
mod store;
mod wait;

pub use call_log::CallLog;
pub use exchange::FakeExchange;
pub use hooked_store::{Hook, HookedStore};
pub use job_context::{FakeJobContext, Steps};
pub use memory::MemoryStore;
pub use provider::{FakeProvider, Polled};
pub use reelq_worker::{DrainCheck, TestSignal, TestSignals};
pub use script::Script;
pub use store::{TestStore, load};
pub use wait::{next_signal, wait_for};
