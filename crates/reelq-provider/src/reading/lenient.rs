//! Values that vendors write in more than one way.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

use super::text::text;

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
}
