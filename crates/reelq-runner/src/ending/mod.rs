//! What is done and said once a batch has been worked on.

pub mod close;
mod lost;
pub mod outcome;
mod remedies;
pub mod summary;
pub mod survived;
mod waiting;
