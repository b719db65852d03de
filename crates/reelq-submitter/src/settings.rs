//! The submitter's keys of an account's configuration.

use std::{num::NonZeroU32, time::Duration};

use reelq_model::Money;
use reelq_provider::{Capability, Idempotency, IdempotencyUse};
use reelq_store::{AccountLimits, BreakerPolicy};
use reelq_worker::InvalidSetting;
use serde::{Deserialize, Serialize};

use crate::{BreakerSection, Ceiling};

/// What to do with a submission whose fate is unknown and cannot be asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnUnconfirmed {
    /// A person resolves it.
    #[default]
    Hold,
    /// Submit it again, up to `retries` times: the user accepts that a row may be bought more than once.
    Resubmit,
}

/// How an account submits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SubmitSettings {
    /// Paid requests a second.
    pub requests_per_second: Ceiling<f64>,
    /// Paid requests that may go at once after a quiet time.
    pub burst: u32,
    /// Jobs that may be submitting or running at once.
    pub max_in_flight: Ceiling<u32>,
    /// Status requests a second; where it is not given, five times `requests_per_second`, or a hundred where that is `auto`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub polls_per_second: Option<f64>,
    /// The most that may be spent on the account over all its batches, what is set aside included.
    #[serde(with = "dollars", skip_serializing_if = "Option::is_none")]
    pub budget_usd: Option<Money>,
    /// The most that may be spent on one UTC day, what is set aside included.
    #[serde(with = "dollars", skip_serializing_if = "Option::is_none")]
    pub daily_budget_usd: Option<Money>,
    /// How often a job is bought again after failures that were not charged: the first purchase does not count.
    pub retries: u32,
    /// What to do with a submission whose fate is unknown.
    pub on_unconfirmed: OnUnconfirmed,
    /// Whether idempotency keys are used.
    pub idempotency: IdempotencyUse,
    /// When to stop buying after bad outcomes in a row.
    pub breaker: BreakerSection,
}

impl Default for SubmitSettings {
    fn default() -> Self {
        Self {
            requests_per_second: Ceiling::AtMost(RATE),
            burst: 1,
            max_in_flight: Ceiling::AtMost(IN_FLIGHT),
            polls_per_second: None,
            budget_usd: None,
            daily_budget_usd: None,
            retries: 3,
            on_unconfirmed: OnUnconfirmed::default(),
            idempotency: IdempotencyUse::default(),
            breaker: BreakerSection::default(),
        }
    }
}

/// What an account may do where nothing is said, and where an `auto` begins.
const RATE: f64 = 2.0;
const IN_FLIGHT: u32 = 10;
/// Status requests a second where paid requests are `auto`: tasks must be followed however many there will be.
const POLLS_AUTO: f64 = 100.0;

impl SubmitSettings {
    /// The keys of this section.
    pub const KEYS: [&str; 10] = [
        "requests_per_second",
        "burst",
        "max_in_flight",
        "polls_per_second",
        "budget_usd",
        "daily_budget_usd",
        "retries",
        "on_unconfirmed",
        "idempotency",
        "breaker",
    ];

    /// What is wrong with values that each are in their range, which the configuration checks.
    pub fn check(&self) -> Option<InvalidSetting> {
        self.breaker.check()
    }

    /// How long the provider remembers keys; `None` where none are sent.
    pub fn window(&self, vendor: &Capability) -> Option<Duration> {
        match (self.idempotency, vendor.idempotency) {
            (IdempotencyUse::Auto, Idempotency::Replay { window }) => Some(window),
            _ => None,
        }
    }

    /// When the account's breaker opens.
    pub fn breaker_policy(&self, vendor: &Capability) -> BreakerPolicy {
        self.breaker.policy(self.window(vendor).is_some())
    }

    /// The account's limits as the store keeps them. A count of zero is taken for one.
    pub fn limits(&self) -> AccountLimits {
        let (rate, in_flight) = (self.requests_per_second, self.max_in_flight);
        let polls = rate.number().map_or(POLLS_AUTO, |rate| 5.0 * rate);
        AccountLimits {
            requests_per_second: rate.number().unwrap_or(RATE),
            burst: NonZeroU32::new(self.burst).unwrap_or(NonZeroU32::MIN),
            polls_per_second: self.polls_per_second.unwrap_or(polls),
            max_in_flight: NonZeroU32::new(in_flight.number().unwrap_or(IN_FLIGHT)).unwrap_or(NonZeroU32::MIN),
            budget: self.budget_usd,
            daily_budget: self.daily_budget_usd,
            open_rate: rate.is_auto(),
            open_in_flight: in_flight.is_auto(),
        }
    }
}

/// Dollars as people write them, in a text: never a float.
mod dollars {
    use reelq_model::Money;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(clippy::ref_option, reason = "serde hands the field as it is")]
    pub(super) fn serialize<S: Serializer>(money: &Option<Money>, to: S) -> Result<S::Ok, S::Error> {
        match money {
            Some(money) => to.collect_str(money),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Money>, D::Error> {
        let text: Option<String> = Option::deserialize(from)?;
        text.map(|text| text.parse()).transpose().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_valid_and_poll_five_times_as_often_as_they_submit() {
        let settings = SubmitSettings::default();
        assert_eq!(settings.check(), None);
        let limits = settings.limits();
        assert_eq!((limits.requests_per_second, limits.polls_per_second), (2.0, 10.0));
        assert_eq!((limits.burst.get(), limits.max_in_flight.get()), (1, 10));
    }

    #[test]
    fn section_reads_the_words_of_the_configuration() {
        let text = r#"{"budget_usd":"250.00","daily_budget_usd":"20","requests_per_second":20.0,"burst":5,"on_unconfirmed":"resubmit","idempotency":"off"}"#;
        let settings: SubmitSettings = serde_json::from_str(text).unwrap();
        assert_eq!(settings.on_unconfirmed, OnUnconfirmed::Resubmit);
        assert_eq!(settings.idempotency, IdempotencyUse::Off);
        assert_eq!(settings.max_in_flight, 10.into());
        let (limits, dollars) = (settings.limits(), |dollars: i64| Some(Money::from_micros(dollars * 1_000_000)));
        assert_eq!((limits.budget, limits.daily_budget), (dollars(250), dollars(20)));
        let written = serde_json::to_value(&settings).unwrap();
        assert_eq!((&written["budget_usd"], &written["daily_budget_usd"]), (&"250.00".into(), &"20.00".into()));
        assert_eq!(serde_json::from_value::<SubmitSettings>(written).unwrap(), settings);
    }

    #[test]
    fn auto_begins_at_the_defaults_and_is_open() {
        let settings: SubmitSettings =
            serde_json::from_str(r#"{"requests_per_second":"auto","max_in_flight":"auto"}"#).unwrap();
        assert_eq!(settings.check(), None);
        let limits = settings.limits();
        assert_eq!((limits.requests_per_second, limits.polls_per_second, limits.max_in_flight.get()), (2.0, 100.0, 10));
        assert!(limits.open_rate && limits.open_in_flight);
        assert!(!SubmitSettings::default().limits().open_rate);
        assert!(serde_json::from_str::<SubmitSettings>(r#"{"max_in_flight":"many"}"#).is_err());
    }
}
