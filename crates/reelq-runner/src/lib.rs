//! What every command starts from, and the work that commands start: the context, the opened store, workers, progress and
//! what is said at the end.
//!
//! It knows neither the command line nor a command; what is not there is an answer here, and no error of usage.

mod adapter_cache;
pub mod adapters;
pub mod advice;
pub mod awaited;
pub mod context;
pub mod ending;
pub mod images;
pub mod jobs;
pub mod locks;
pub mod machine;
pub mod next_step;
pub mod obstacles;
pub mod opened;
pub mod orders;
pub mod paid;
pub mod pauses;
pub mod progress;
pub mod purging;
mod reaching;
#[cfg(any(test, feature = "samples"))]
pub mod samples;
pub mod signals;
pub mod simulated_vendors;
pub mod stores;
pub mod work;
