//! Waiting for what a test is about, and never for time.

use std::time::Duration;

use reelq_model::{Clock as _, SystemClock};

/// Longer than anything takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(90);
const STEP: Duration = Duration::from_millis(20);

/// Waits until `is_so`.
///
/// # Panics
///
/// Where it does not come; `what` is said then.
pub fn patiently(mut is_so: impl FnMut() -> bool, what: &str) {
    let clock = SystemClock::new();
    let begun = clock.monotonic();
    while !is_so() {
        let waited = clock.monotonic().saturating_sub(begun);
        assert!(waited < LIMIT, "it did not come within {} s that {what}", LIMIT.as_secs());
        std::thread::sleep(STEP);
    }
}
