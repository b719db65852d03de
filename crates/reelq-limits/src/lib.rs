//! What an account allows, what is learned of its provider's limits, and when its submissions stop.
//!
//! Pure: no clock, no I/O, no randomness. Stores keep these values and apply them in their own steps.

mod allowance;
mod breaker;
mod day_total;
pub mod fair_queue;
mod limits;
mod pace;
pub mod remaining_budget;
mod share;
pub mod token_bucket;

pub use breaker::{Ask, Begun, Breaker, BreakerPolicy, BreakerView, Fault, Open, Told, Verdict};
pub use day_total::DayTotal;
pub use limits::{AccountCap, AccountLimits, POLLS_THROTTLED_MAX, Pause, PauseReason};
pub use pace::{FlightTrack, Pace, PaceView, Present, RateTrack, Refused, Usage};
pub use share::stride;
