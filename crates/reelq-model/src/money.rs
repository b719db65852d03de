//! Money as integer micro-dollars: never a float.

use std::{
    fmt,
    iter::Sum,
    ops::{Add, AddAssign, Sub, SubAssign},
    str::FromStr,
};

use serde::{Deserialize, Serialize, Serializer};

const MICROS_PER_USD: i64 = 1_000_000;

/// An amount in US dollars, held as a whole number of micro-dollars.
///
/// Sums saturate instead of wrapping: a cap that is compared with a saturated sum still holds.
///
/// Records hold it as that whole number. It is serialised as a newtype named `Money`, which JSON writes as the bare number,
/// so that a serialiser for people can tell an amount from any other number and write dollars.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Money(i64);

/// A text that is not an amount of dollars with at most six decimals.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an amount in dollars such as 12, 0.3111 or $4.50 (at most six decimals)")]
pub struct MoneyError(String);

impl Money {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// Takes a number of micro-dollars.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// The number of micro-dollars.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The name under which an amount is serialised.
    pub const NAME: &str = "Money";

    /// Serialises an amount that may be unknown, so that an unknown one can be told from any other nothing: `null` in JSON.
    pub fn serialize_optional<S: Serializer>(amount: &Option<Self>, serializer: S) -> Result<S::Ok, S::Error> {
        match amount {
            Some(amount) => amount.serialize(serializer),
            None => serializer.serialize_newtype_struct(Self::NAME, &()),
        }
    }

    /// The amount `count` times over.
    #[must_use]
    pub const fn times(self, count: i64) -> Self {
        Self(self.0.saturating_mul(count))
    }
}

impl fmt::Display for Money {
    /// Writes plain decimals without a currency sign and without trailing zeros beyond the cents: `0.3111`, `12.00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let micros = self.0.unsigned_abs();
        let per_usd = MICROS_PER_USD.unsigned_abs();
        let decimals = format!("{:06}", micros % per_usd);
        let shown = decimals.trim_end_matches('0').len().max(2);
        f.pad(&format!("{sign}{}.{}", micros / per_usd, &decimals[..shown]))
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Money(${self})")
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        parse_micros(text.trim()).map(Self).ok_or_else(|| MoneyError(text.to_owned()))
    }
}

fn parse_micros(text: &str) -> Option<i64> {
    let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let rest = rest.strip_prefix('$').unwrap_or(rest);
    let (whole, decimals) = rest.split_once('.').unwrap_or((rest, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && decimals.is_empty()) || decimals.len() > 6 || !digits(whole) || !digits(decimals) {
        return None;
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let fraction: i64 = format!("{decimals:0<6}").parse().ok()?;
    let micros = whole.checked_mul(MICROS_PER_USD)?.checked_add(fraction)?;
    Some(if negative { -micros } else { micros })
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Money {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amounts_read_as_people_write_them() {
        for (text, micros) in [("0.05185", 51_850), ("$4.50", 4_500_000), ("12", 12_000_000), (".5", 500_000)] {
            assert_eq!(text.parse::<Money>().unwrap().micros(), micros, "{text}");
        }
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Record {
        known: Money,
        #[serde(default, serialize_with = "Money::serialize_optional")]
        unknown: Option<Money>,
    }

    #[test]
    fn records_hold_a_bare_number_and_null_for_an_unknown_amount() {
        let record = Record { known: Money::from_micros(311_100), unknown: None };
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(text, r#"{"known":311100,"unknown":null}"#);
        assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
        assert_eq!(serde_json::from_str::<Record>(r#"{"known":1}"#).unwrap().unknown, None);
    }

    #[test]
    fn a_seventh_decimal_is_refused_not_rounded() {
        assert!("0.0000001".parse::<Money>().is_err());
        for text in ["", ".", "1e3", "1,5", "--1", "9223372036855"] {
            assert!(text.parse::<Money>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn display_reads_back(micros in i64::MIN + 1..i64::MAX) {
            let money = Money::from_micros(micros);
            prop_assert_eq!(money.to_string().parse::<Money>().unwrap(), money);
        }
    }
}
