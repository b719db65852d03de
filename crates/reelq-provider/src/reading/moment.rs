//! Instants in replies, and the vendor's clock that they are read against.

use std::{ops::Range, time::Duration};

use reelq_model::Timestamp;
use serde_json::{Number, Value};

use crate::Reply;

/// Instants before the year 2000 and beyond the year 9999 (less a day, for every time zone) are no one's: zero values, sentinels, other units.
const SECONDS: Range<i64> = 946_684_800..253_402_207_200;
/// The largest integer, read as nanoseconds, falls into the year 2262: it says "never".
const NANOS_MAX: i64 = 9_200_000_000_000_000_000;
/// A difference between the clocks that the way of a reply and the `Date` header's whole seconds explain.
const SAME_CLOCK: Duration = Duration::from_secs(2);

/// An instant: seconds, milliseconds, microseconds or nanoseconds since the epoch, told apart by their size, as a number or
/// a text, or RFC 3339. What is no plausible instant is not told.
pub(crate) fn moment(value: &Value) -> Option<Timestamp> {
    let found = instant_of(value);
    if found.is_none() && (value.is_number() || value.is_string()) && !says_nothing(value) {
        tracing::warn!(told = %super::clean(&value.to_string()), "not a plausible time: taken as not told");
    }
    found
}

fn instant_of(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Number(number) => number_of(number),
        Value::String(text) => text_of(text.trim()),
        _ => None,
    }
}

/// How long after `from` the instant `to` is, both of one clock; `None` where either is not told, or they say nothing.
pub(crate) fn between(from: &Value, to: &Value) -> Option<Duration> {
    let (from, to) = (instant_of(from)?, instant_of(to)?);
    (to > from).then(|| to.since(from))
}

fn says_nothing(value: &Value) -> bool {
    value == &Value::from(0) || value.as_str().is_some_and(|text| matches!(text.trim(), "" | "0"))
}

fn text_of(text: &str) -> Option<Timestamp> {
    if let Ok(number) = text.parse::<i64>() {
        return since_epoch(number);
    }
    if let Ok(number) = serde_json::from_str::<Number>(text) {
        return number_of(&number);
    }
    text.parse().ok().filter(|instant: &Timestamp| SECONDS.contains(&instant.millis().div_euclid(1_000)))
}

fn number_of(number: &Number) -> Option<Timestamp> {
    let float = || number.as_f64().filter(|float| float.abs() < 1e18);
    #[expect(clippy::cast_possible_truncation, reason = "bounded just before; a fraction of a second does not matter")]
    number.as_i64().or_else(|| float().map(|float| float as i64)).and_then(since_epoch)
}

fn since_epoch(number: i64) -> Option<Timestamp> {
    let nanos = (number < NANOS_MAX).then_some(number / 1_000_000);
    let millis = [number.checked_mul(1_000), Some(number), Some(number / 1_000), nanos];
    let plausible = |millis: &i64| SECONDS.contains(&millis.div_euclid(1_000));
    millis.into_iter().flatten().find(plausible).map(Timestamp::from_millis)
}

/// What the vendor's clock said when the reply was read, as far as the reply tells: dates in it are read against this.
pub(crate) fn vendors_now(reply: &Reply) -> Timestamp {
    let told = reply.date.filter(|date| SECONDS.contains(&date.millis().div_euclid(1_000)));
    told.filter(|date| date.since(reply.at).max(reply.at.since(*date)) > SAME_CLOCK).unwrap_or(reply.at)
}

/// An instant of the vendor's clock as one of ours.
pub(super) fn on_our_clock(instant: Timestamp, reply: &Reply) -> Timestamp {
    let shift = reply.at.millis().saturating_sub(vendors_now(reply).millis());
    Timestamp::from_millis(instant.millis().saturating_add(shift))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn instant(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn time_between_two_instants_of_one_clock_is_told_in_any_unit() {
        for (from, to, seconds) in [
            (json!(1_704_067_200_000_u64), json!(1_704_067_212_500_u64), Some(12.5)),
            (json!(1_704_067_200), json!("1704067209"), Some(9.0)),
            (json!("2026-06-01T10:00:00Z"), json!("2026-06-01T10:00:07Z"), Some(7.0)),
            (json!(1_704_067_200), json!(1_704_067_200), None),
            (json!(1_704_067_212), json!(1_704_067_200), None),
            (json!(0), json!(1_704_067_200), None),
            (json!(null), json!(1_704_067_200), None),
            (json!("2026-06-01T10:00:00"), json!("2026-06-01T10:00:07"), None),
        ] {
            assert_eq!(between(&from, &to).map(|ran| ran.as_secs_f64()), seconds, "{from} to {to}");
        }
    }

    #[test]
    fn moments_read_in_every_unit_and_as_dates() {
        for value in [
            json!(1_775_285_160),
            json!(1_775_285_160_000_i64),
            json!(1_775_285_160_000_000_i64),
            json!(1_775_285_160_000_000_000_i64),
            json!("1775285160"),
            json!("1775285160.5"),
            json!(1_775_285_160.0),
            json!(" 2026-04-04T06:46:00Z "),
            json!("2026-04-04T08:46:00+02:00"),
        ] {
            let found = moment(&value).unwrap();
            assert_eq!(found.since(instant("2026-04-04T06:46:00Z")).as_secs(), 0, "{value}");
            assert_eq!(instant("2026-04-04T06:46:00Z").since(found), Duration::ZERO, "{value}");
        }
    }

    #[test]
    fn implausible_moments_are_not_told() {
        for value in [
            json!(0),
            json!(-5),
            json!(60),
            json!(i64::MAX),
            json!(i64::MIN),
            json!(u64::MAX),
            json!(1e300),
            json!("9223372036854775807"),
            json!("99999999999999999999999"),
            json!("0001-01-01T00:00:00Z"),
            json!("1970-01-01T00:00:00Z"),
            json!("2026-04-04T06:46:00"),
            json!(""),
            json!("never"),
            json!(null),
            json!([1_775_285_160]),
        ] {
            assert_eq!(moment(&value), None, "{value}");
        }
        assert_eq!(moment(&json!(253_402_207_199_i64)), Some(instant("9999-12-30T21:59:59Z")));
    }

    #[test]
    fn the_vendors_clock_is_the_one_of_its_date_header() {
        let at = instant("2026-04-04T06:46:00Z");
        let with = |date: Option<&str>| Reply { date: date.map(instant), ..Reply::whole(200, "", at) };
        let told = instant("2026-04-04T08:00:00Z");
        for (date, ours) in [
            (None, "2026-04-04T08:00:00Z"),
            (Some("2026-04-04T06:45:59Z"), "2026-04-04T08:00:00Z"),
            (Some("2026-04-04T07:46:00Z"), "2026-04-04T07:00:00Z"),
            (Some("2026-04-03T06:46:00Z"), "2026-04-05T08:00:00Z"),
            (Some("1970-01-01T00:00:00Z"), "2026-04-04T08:00:00Z"),
        ] {
            assert_eq!(on_our_clock(told, &with(date)), instant(ours), "{date:?}");
        }
    }
}
