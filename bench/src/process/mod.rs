//! Child processes, with what each of them cost: user and system time, peak memory and bytes written.
//!
//! A child that is no longer wanted (a failure, an interruption) is killed with everything that it started.

mod captured;
mod running;
mod usage;

pub(crate) use captured::{capture, succeed};
pub(crate) use running::{Ended, Running};
pub(crate) use usage::{Usage, own_cpu};
