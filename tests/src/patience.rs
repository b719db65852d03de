//! Waiting for what a test is about, and never for time.

use std::time::{Duration, Instant};

/// Longer than anything takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(90);
const STEP: Duration = Duration::from_millis(20);

/// Waits until `is_so`.
///
/// # Panics
///
/// Where it does not come; `what` is said then.
pub fn patiently(mut is_so: impl FnMut() -> bool, what: &str) {
    let ends = now() + LIMIT;
    while !is_so() {
        assert!(now() < ends, "it did not come within {} s that {what}", LIMIT.as_secs());
        std::thread::sleep(STEP);
    }
}

#[expect(clippy::disallowed_methods, reason = "the harness waits for real processes")]
fn now() -> Instant {
    Instant::now()
}
