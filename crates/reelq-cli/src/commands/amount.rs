//! What several jobs cost together, where the prices of some may not be known.

use std::fmt;

use reelq_model::Money;

use crate::output::{grouped, money};

/// A sum of amounts; what is not known is counted, and never taken for nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    known: Money,
    any_known: bool,
    unknown: u64,
}

impl FromIterator<Option<Money>> for Amount {
    fn from_iter<I: IntoIterator<Item = Option<Money>>>(amounts: I) -> Self {
        let add = |sum: Self, amount: Option<Money>| match amount {
            Some(amount) => Self { known: sum.known + amount, any_known: true, ..sum },
            None => Self { unknown: sum.unknown + 1, ..sum },
        };
        amounts.into_iter().fold(Self::default(), add)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.any_known, self.unknown) {
            (_, 0) => f.write_str(&money(self.known)),
            (false, 1) => f.write_str("an unknown price"),
            (false, _) => f.write_str("unknown prices"),
            (true, unknown) => write!(f, "{} and {} of unknown price", money(self.known), grouped(unknown)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_never_nothing() {
        let cents = |cents: i64| Some(Money::from_micros(cents * 10_000));
        let text = |amounts: &[Option<Money>]| amounts.iter().copied().collect::<Amount>().to_string();
        assert_eq!(text(&[]), "$0.00");
        assert_eq!(text(&[cents(30), cents(30)]), "$0.60");
        assert_eq!(text(&[cents(30), None, None]), "$0.30 and 2 of unknown price");
        assert_eq!([text(&[None]), text(&[None, None])], ["an unknown price", "unknown prices"]);
    }
}
