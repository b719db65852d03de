//! Reads `Retry-After`, in every form that was seen in the wild.

use std::time::{Duration, SystemTime};

use reelq_model::Timestamp;

/// The longest wait that is believed: after it, one request asks again.
pub const WAIT_MAX: Duration = Duration::from_hours(1);

/// A number of seconds from here on is an instant, not a wait.
const EPOCH_FROM: f64 = 1e9;
const MILLIS_FROM: f64 = 1e12;
const MICROS_FROM: f64 = 1e15;
const NANOS_FROM: f64 = 1e18;

/// The wait that `header` asks for at `now`: seconds, seconds with decimals, one of the three HTTP dates, RFC 3339, or
/// seconds to nanoseconds since the epoch. An instant in the past is no wait; what cannot be read is `None`.
pub fn parse(header: &str, now: Timestamp) -> Option<Duration> {
    let text = header.trim();
    let wait = number(text, now).or_else(|| date(text, now))?;
    Some(wait.min(WAIT_MAX))
}

fn number(text: &str, now: Timestamp) -> Option<Duration> {
    // `f64` also reads `inf`, `nan` and `1e9`: those are no numbers of seconds.
    if !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    if number < EPOCH_FROM {
        return Duration::try_from_secs_f64(number).ok();
    }
    let seconds = match number {
        number if number < MILLIS_FROM => number,
        number if number < MICROS_FROM => number / 1e3,
        number if number < NANOS_FROM => number / 1e6,
        number => number / 1e9,
    };
    let since_epoch = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
    Some(Timestamp::default().after(since_epoch).since(now))
}

fn date(text: &str, now: Timestamp) -> Option<Duration> {
    let instant = http_date(text).or_else(|| text.parse().ok())?;
    Some(instant.since(now))
}

fn http_date(text: &str) -> Option<Timestamp> {
    let date = httpdate::parse_http_date(text).ok()?;
    let since_epoch = date.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(Timestamp::default().after(since_epoch))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-21T02:00:00Z".parse().unwrap()
    }

    #[test]
    fn every_form_of_a_wait_is_read() {
        let cases = [
            ("30", Some(30_000)),
            (" 30 ", Some(30_000)),
            ("0", Some(0)),
            ("1.5", Some(1_500)),
            ("Sat, 21 Nov 2026 02:00:10 GMT", Some(10_000)),
            ("Saturday, 21-Nov-26 02:00:10 GMT", Some(10_000)),
            ("Sat Nov 21 02:00:10 2026", Some(10_000)),
            ("2026-11-21T02:00:10Z", Some(10_000)),
            ("2026-11-21T03:00:10+01:00", Some(10_000)),
            ("1795226410", Some(10_000)),
            ("1795226410000", Some(10_000)),
            ("1795226410000000", Some(10_000)),
            ("1795226410000000000", Some(10_000)),
            ("Sat, 21 Nov 2020 02:00:10 GMT", Some(0)),
            ("999999", Some(3_600_000)),
            ("99999999999999999999999999", Some(3_600_000)),
        ];
        for (header, millis) in cases {
            assert_eq!(parse(header, now()), millis.map(Duration::from_millis), "{header}");
        }
    }

    #[test]
    fn what_is_no_wait_is_not_guessed() {
        for header in ["", "soon", "-5", "1e9", "inf", "NaN", "1.2.3", ".", "30s", "2026-11-21"] {
            assert_eq!(parse(header, now()), None, "{header}");
        }
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic_or_exceed_the_longest_wait(header in ".{0,60}", now in any::<i64>()) {
            prop_assert!(parse(&header, Timestamp::from_millis(now)).is_none_or(|wait| wait <= WAIT_MAX));
        }

        #[test]
        fn digits_alone_are_always_a_wait(seconds in any::<u64>(), now in any::<i64>()) {
            prop_assert!(parse(&seconds.to_string(), Timestamp::from_millis(now)).is_some());
        }
    }
}
