//! Who may run a batch, and which processes of this machine live.

mod process_lock;
pub mod run_lock;
