//! What people see while work goes on.

pub mod batch;
mod live;
pub mod log;
mod stats;
mod troubles;
pub mod view;
