//! Values that vendors write in more than one way.

use reelq_model::Timestamp;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

/// Reads a member if it is of the wanted form; otherwise it counts as not given.
pub(crate) fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Option<T>, D::Error> {
    let value = Value::deserialize(from)?;
    Ok(serde_json::from_value(value).ok())
}

macro_rules! reads_with {
    ($name:ident, $read:ident, $what:literal) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let value = Value::deserialize(from)?;
                $read(&value).map($name).ok_or_else(|| serde::de::Error::custom($what))
            }
        }
    };
}

/// A text, or a number that stands for one; never blank.
#[derive(Debug)]
pub(crate) struct Text(pub(crate) String);
reads_with!(Text, text, "not a text");

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Progress in percent: `45`, `45.5`, `"45%"`. Empty and null mean that none is told.
#[derive(Debug)]
pub(crate) struct Progress(pub(crate) u8);
reads_with!(Progress, progress, "not a progress");

fn progress(value: &Value) -> Option<u8> {
    let percent = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().trim_end_matches('%').trim_end().parse().ok()?,
        _ => return None,
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=100 just before")]
    percent.is_finite().then(|| percent.clamp(0.0, 100.0) as u8)
}

/// An instant: seconds or milliseconds since the epoch, as a number or a text, or RFC 3339.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment(pub(crate) Timestamp);
reads_with!(Moment, moment, "not an instant");

fn moment(value: &Value) -> Option<Timestamp> {
    let number = match value {
        Value::Number(number) => whole(number)?,
        Value::String(text) => match text.trim().parse::<i64>() {
            Ok(number) => number,
            Err(_) => return text.trim().parse().ok(),
        },
        _ => return None,
    };
    (number > 0).then(|| Timestamp::from_seconds_or_millis(number))
}

fn whole(number: &serde_json::Number) -> Option<i64> {
    let float = || number.as_f64().filter(|float| float.abs() < 1e15);
    #[expect(clippy::cast_possible_truncation, reason = "bounded just before; a fraction of a second does not matter")]
    number.as_i64().or_else(|| float().map(|float| float as i64))
}

/// One address or several: a text, or a list of texts at any depth.
#[derive(Debug, Default)]
pub(crate) struct Urls(pub(crate) Vec<String>);
reads_with!(Urls, urls, "not an address");

fn urls(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.trim().to_owned()]),
        Value::Array(items) => Some(items.iter().filter_map(urls).flatten().collect()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn progress_reads_in_every_form_that_was_seen() {
        let cases = [
            (json!(45), Some(45)),
            (json!(45.9), Some(45)),
            (json!("45%"), Some(45)),
            (json!(" 45.5 % "), Some(45)),
            (json!("100%"), Some(100)),
            (json!(250), Some(100)),
            (json!(-3), Some(0)),
            (json!(""), None),
            (json!(null), None),
            (json!("soon"), None),
            (json!("NaN"), None),
            (json!([45]), None),
        ];
        for (value, percent) in cases {
            assert_eq!(progress(&value), percent, "{value}");
        }
    }

    #[test]
    fn moments_read_as_seconds_milliseconds_and_dates() {
        let expected: Timestamp = "2026-04-04T06:46:00Z".parse().unwrap();
        for value in [json!(1_775_285_160), json!(1_775_285_160_000_i64), json!("1775285160"), json!(1_775_285_160.0)] {
            assert_eq!(moment(&value), Some(expected), "{value}");
        }
        assert_eq!(moment(&json!("2026-04-04T06:46:00Z")), Some(expected));
        for value in [json!(0), json!(-5), json!(""), json!(null), json!(1e300), json!("2026-04-04T06:46:00")] {
            assert_eq!(moment(&value), None, "{value}");
        }
    }

    #[test]
    fn addresses_read_as_text_and_as_lists() {
        assert_eq!(urls(&json!("https://a")), Some(vec!["https://a".to_owned()]));
        assert_eq!(urls(&json!(["https://a", ["https://b", 5]])).map(|urls| urls.len()), Some(2));
        assert_eq!(urls(&json!({})), None);
    }
}
