//! The breaker's keys of an account's configuration.

use std::time::Duration;

use reelq_model::units::Span;
use reelq_store::BreakerPolicy;
use reelq_worker::InvalidSetting;
use serde::{Deserialize, Serialize};

/// `breaker = { after = 5, wait = "5s", longest = "10m" }`; what is left out depends on whether unknown fates can be asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BreakerSection {
    /// Bad outcomes in a row after which nothing more is bought; 0 switches the breaker off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<u32>,
    /// From then to the first probe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait: Option<Span>,
    /// The longest wait between two probes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longest: Option<Span>,
}

const AFTER: u32 = 5;
/// Each unknown fate that cannot be asked for leaves a row to a person.
const LOST_AFTER: u32 = 3;
const WAIT: Duration = Duration::from_secs(5);
/// Longer, for each probe in vain may leave a row to a person.
const LOST_WAIT: Duration = Duration::from_secs(15);
const LONGEST: Duration = Duration::from_mins(10);

impl BreakerSection {
    /// The account's breaker, by whether its provider replays keys.
    pub fn policy(&self, replays: bool) -> BreakerPolicy {
        let (lost_after, wait) = if replays { (AFTER, WAIT) } else { (LOST_AFTER, LOST_WAIT) };
        let wait = self.wait.map_or(wait, |span| span.0);
        BreakerPolicy {
            after: self.after.unwrap_or(AFTER),
            lost_after: self.after.unwrap_or(lost_after),
            slots: !replays,
            wait,
            longest: self.longest.map_or(LONGEST, |span| span.0).max(wait),
        }
    }

    /// The longest wait must not be the shorter one.
    pub(crate) fn check(&self) -> Option<InvalidSetting> {
        let (wait, longest) = (self.wait?, self.longest?);
        let wrong = || {
            InvalidSetting::new("breaker.longest", format!("must not be below breaker.wait, {wait}: it is {longest}"))
        };
        (wait > longest).then(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_depends_on_whether_unknown_fates_can_be_asked_for() {
        let section = BreakerSection::default();
        let (keyed, unkeyed) = (section.policy(true), section.policy(false));
        assert_eq!((keyed.after, keyed.lost_after, keyed.slots, keyed.wait), (5, 5, false, WAIT));
        assert_eq!((unkeyed.after, unkeyed.lost_after, unkeyed.slots, unkeyed.wait), (5, 3, true, LOST_WAIT));
        let given = BreakerSection { after: Some(9), wait: Some(Span(Duration::from_hours(1))), longest: None };
        let policy = given.policy(false);
        assert_eq!((policy.after, policy.lost_after, policy.longest), (9, 9, Duration::from_hours(1)));
        assert!(BreakerSection { after: Some(0), ..section }.policy(false).is_off());
    }

    #[test]
    fn the_longest_wait_is_not_below_the_first() {
        let given = BreakerSection {
            after: None,
            wait: Some(Span(Duration::from_secs(9))),
            longest: Some(Span(Duration::from_secs(3))),
        };
        assert_eq!(given.check().map(|setting| setting.key), Some("breaker.longest"));
        assert_eq!(BreakerSection { longest: None, ..given }.check(), None);
    }
}
