//! Waiting for what a test is about: the one place of the whole-system tests that sleeps.

use std::{fmt::Debug, thread::sleep, time::Duration};

use reelq_model::{Clock as _, SystemClock};

/// Longer than anything takes on a busy machine.
const LIMIT: Duration = Duration::from_mins(4);
const STEP: Duration = Duration::from_millis(20);

/// Waits until `holds`.
///
/// # Panics
///
/// Where it does not come within four minutes; `what` is said then.
pub fn wait_until(what: &str, holds: impl FnMut() -> bool) {
    assert!(wait_at_most(LIMIT, holds), "it did not come within {} s that {what}", LIMIT.as_secs());
}

/// Waits until what `look` sees is enough, and gives it.
///
/// # Panics
///
/// Where it does not come within four minutes; `what` is said then, and what was seen last.
pub fn wait_for<S: Debug>(what: &str, look: impl FnMut() -> S, enough: impl Fn(&S) -> bool) -> S {
    let (came, seen) = look_until(LIMIT, look, enough);
    assert!(came, "it did not come within {} s that {what}: {seen:?}", LIMIT.as_secs());
    seen
}

/// Waits until `holds`, or for as long as `most`; whether it came.
pub fn wait_at_most(most: Duration, holds: impl FnMut() -> bool) -> bool {
    look_until(most, holds, |is_so| *is_so).0
}

/// Looks on for a time in which something must stay as it is.
///
/// # Panics
///
/// Where it does not: `what` is said then.
pub fn stays(time: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let (changed, _) = look_until(time, || !holds(), |has_changed| *has_changed);
    assert!(!changed, "it did not stay so for {time:?} that {what}");
}

/// Lets time pass that is itself what the test is about: the length of an outage, or a random moment of a crash.
///
/// Never use it to wait for something that can be seen.
pub fn let_pass(time: Duration) {
    sleep(time);
}

fn look_until<S>(limit: Duration, mut look: impl FnMut() -> S, enough: impl Fn(&S) -> bool) -> (bool, S) {
    let begun = SystemClock::new();
    loop {
        let seen = look();
        if enough(&seen) {
            return (true, seen);
        }
        if begun.monotonic() >= limit {
            return (false, seen);
        }
        sleep(STEP);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_is_given_and_what_does_not_come_is_bounded() {
        let mut looks = 0..;
        assert_eq!(wait_for("three looks", || looks.next().unwrap_or_default(), |count| *count == 3), 3);
        assert!(wait_at_most(LIMIT, || true));
        assert!(!wait_at_most(Duration::ZERO, || false));
        stays(Duration::ZERO, "it is so", || true);
    }

    #[test]
    #[should_panic(expected = "it did not stay so")]
    fn what_changes_does_not_stay() {
        stays(LIMIT, "it is so", || false);
    }
}
