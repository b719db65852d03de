//! The workers of one process, and what goes on beside them.

pub mod account;
pub mod batch;
pub mod collecting;
pub mod concurrency;
mod descriptors;
pub mod engine;
mod notices;
mod renewal;
pub mod reporting;
pub mod retention;
pub mod scope;
pub(crate) mod stop_loss;
mod store_clock;
