//! The poller's keys of an account's configuration.

use std::time::Duration;

use reelq_model::units::Span;
use reelq_provider::Capability;
use reelq_worker::InvalidSetting;
use serde::{Deserialize, Serialize};

use crate::PollPlan;

/// `poll = { first = "2s", min = "1s", max = "10s" }`; what is left out follows the vendor's advice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PollSection {
    /// The shortest time from acceptance to the first poll.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Span>,
    /// The shortest time between two polls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<Span>,
    /// The longest time between two polls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<Span>,
    /// By how much the time between two looks grows; [`PollSection::GROWTH`] where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub growth: Option<f64>,
}

/// How an account's tasks are followed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PollSettings {
    /// When to poll.
    pub poll: PollSection,
    /// Past this a task is marked overdue and polled slowly.
    pub running_timeout: Span,
    /// How long an end that is believed only when it is repeated must have lasted: "no such task", "succeeded" without an
    /// output.
    pub patience: Span,
}

impl PollSection {
    /// By how much the time between two looks grows where nothing is said.
    pub const GROWTH: f64 = 1.5;
}

impl Default for PollSettings {
    fn default() -> Self {
        Self {
            poll: PollSection::default(),
            running_timeout: Span(Duration::from_mins(30)),
            patience: Span(Duration::from_mins(10)),
        }
    }
}

impl PollSettings {
    /// The keys of this section.
    pub const KEYS: [&str; 3] = ["poll", "running_timeout", "patience"];

    /// What is wrong with values that each are in their range, which the configuration checks.
    pub fn check(&self) -> Option<InvalidSetting> {
        let (min, max) = (self.poll.min?, self.poll.max?);
        (min > max).then(|| InvalidSetting::new("poll.max", format!("must not be below poll.min, {min}: it is {max}")))
    }

    /// The bounds; where the account leaves one out, by the vendor's advice.
    pub fn plan(&self, vendor: &Capability) -> PollPlan {
        let given = |span: Option<Span>| span.map(|span| span.0);
        let min = given(self.poll.min);
        let max = given(self.poll.max);
        let usual = vendor.poll_interval;
        // A single bound pulls the other along.
        let min = min.unwrap_or_else(|| max.map_or(usual, |max| usual.min(max)));
        let max = max.unwrap_or_else(|| usual.saturating_mul(3)).max(min);
        PollPlan {
            first: given(self.poll.first).unwrap_or(vendor.first_poll),
            min,
            max,
            growth: self.poll.growth.unwrap_or(PollSection::GROWTH),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn section_reads_the_names_of_the_configuration() {
        let text = r#"{"poll":{"first":"2s","min":"1s","max":"10s"},"running_timeout":"30m","patience":"2m"}"#;
        let settings: PollSettings = serde_json::from_str(text).unwrap();
        assert_eq!((settings.check(), settings.patience), (None, Span(Duration::from_mins(2))));
        assert_eq!(settings.poll.first, Some(Span(Duration::from_secs(2))));
        assert_eq!(settings.running_timeout, PollSettings::default().running_timeout);
    }

    #[test]
    fn the_longest_time_between_two_looks_is_not_below_the_shortest() {
        let settings: PollSettings = serde_json::from_str(r#"{"poll":{"min":"9s","max":"3s"}}"#).unwrap();
        assert_eq!(settings.check().map(|problem| problem.key), Some("poll.max"));
    }
}
