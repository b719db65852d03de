//! Coalesces timers: long waits of many jobs end together.
//!
//! A hundred jobs that are each looked at once an hour would otherwise have one due every half minute, and a run that ends
//! once nothing is due for a while would never end.

use std::time::Duration;

use reelq_model::Timestamp;

/// No job that goes wrong waits for longer than this.
const LONGEST: Duration = Duration::from_hours(1);

/// About `wait`, but never more than an hour, ending at a moment that other waits of about that length end at, too: a
/// multiple, in the store's time, of the power of two below it.
pub fn coalesced_wait(now: Timestamp, wait: Duration) -> Duration {
    let wait = wait.min(LONGEST);
    let millis = |wait: Duration| i64::try_from(wait.as_millis()).unwrap_or_default();
    let Some(log) = millis(wait).checked_ilog2() else { return wait };
    let round = 1_i64 << log;
    let due = now.millis().saturating_add(millis(wait)).saturating_add(round / 2).div_euclid(round) * round;
    let rounded = due - now.millis();
    let rounded = if rounded > millis(LONGEST) { rounded - round } else { rounded };
    u64::try_from(rounded).map_or(wait, Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hourly_polls_of_many_jobs_leave_long_gaps() {
        let begun = 1_790_000_000_000;
        let dues = (0..1_000).map(|number| {
            let now = Timestamp::from_millis(begun + number * 3_600);
            now.after(coalesced_wait(now, LONGEST)).millis()
        });
        let mut dues: Vec<_> = dues.collect();
        dues.sort_unstable();
        dues.dedup();
        assert!(dues.windows(2).all(|pair| pair[1] - pair[0] >= 30 * 60_000), "{dues:?}");
    }

    proptest! {
        #[test]
        fn waits_stay_near_what_was_asked_for(now in 0_i64..4_000_000_000_000, wait in 0_u64..3_600_000) {
            let wait = Duration::from_millis(wait);
            let found = coalesced_wait(Timestamp::from_millis(now), wait);
            let asked = wait.saturating_sub(Duration::from_millis(2));
            prop_assert!(found <= LONGEST && found * 5 >= asked * 2 && found <= wait * 3 / 2 + Duration::from_millis(1), "{found:?}");
        }
    }
}
