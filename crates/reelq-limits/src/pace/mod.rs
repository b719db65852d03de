//! What is learned of an account's limits: pure arithmetic that the stores keep and never do.
//!
//! A 429 shrinks, calm time in which the limit is really used grows, a server error only holds growth. What is learned
//! never passes a limit that the configuration gives.

mod account;
mod flight;
mod rate;
#[cfg(test)]
mod simulation;

pub use account::{Pace, PaceView, Present, Refused, Usage};
pub use flight::FlightTrack;
pub use rate::RateTrack;
