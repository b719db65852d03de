//! Child processes, with what each of them cost: user and system time, peak memory, bytes written, system calls.
//!
//! A child that is no longer wanted (a failure, an interruption) is killed with everything that it started.

mod captured;
mod running;
mod strace;
mod usage;

pub(crate) use captured::{capture, is_installed, succeed};
pub(crate) use running::{Ended, Running};
pub(crate) use strace::system_calls;
pub(crate) use usage::{Usage, own_cpu};
