//! What is learned of an account's limits: pure arithmetic that the stores keep and never do.
//!
//! A 429 shrinks, calm time in which the limit is really used grows, a server error only holds growth. What is learned
//! never passes a limit that the configuration gives.

mod account;
mod chance;
mod doubt;
mod episodes;
mod flight;
mod pauses;
mod present;
mod rate;
mod refusal;
mod sample;
#[cfg(test)]
mod simulation;
mod trial;

pub use account::{Pace, PaceView};
pub use flight::FlightTrack;
pub use present::{Present, Refused, Usage};
pub use rate::RateTrack;
