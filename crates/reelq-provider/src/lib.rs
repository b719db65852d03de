//! Translates between jobs and the vendors' HTTP dialects. Pure: builds requests and reads replies, never opens a socket,
//! sleeps or retries.
//!
//! One folder a vendor. Models, modes, limits and prices are data (`models.toml`), not code.

mod capability;
mod exchange;
mod outcome;
mod provider;

pub use capability::{CallbackSignature, Capability, FailedTasks, Idempotency};
pub use exchange::{Method, Reply, Request};
pub use outcome::{BalanceOutcome, CancelOutcome, PollOutcome};
pub use provider::{BuildError, Checked, ImageFacts, Provider, SubmitInput};
