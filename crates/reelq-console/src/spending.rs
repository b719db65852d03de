//! Money as people read it, where a part of it may be unknown: an unknown price is never shown as zero.

use reelq_model::{Money, Status};
use reelq_store::BatchView;

use super::{grouped, money, sum};

/// The known prices together, and how many are not known: `$1.20 and 2 of unknown price`.
pub fn cost(known: Money, unpriced: u64) -> String {
    with_unknown(known, unpriced, "", PRICE, money)
}

/// The same of single prices.
pub fn cost_of(prices: impl IntoIterator<Item = Option<Money>>) -> String {
    let (mut known, mut unpriced) = (Money::ZERO, 0);
    for price in prices {
        match price {
            Some(price) => known += price,
            None => unpriced += 1,
        }
    }
    cost(known, unpriced)
}

/// An amount for programs: nothing where none of the `count` prices is known.
pub fn known(amount: Money, unpriced: u64, count: u64) -> Option<Money> {
    (unpriced == 0 || unpriced < count).then_some(amount)
}

/// What a batch has spent, to the cent.
pub fn spent(view: &BatchView) -> String {
    share(view, view.spent, bought(view), queued(view), CHARGE)
}

/// What is set aside for a batch and still to be spent.
pub fn to_spend(view: &BatchView, known: Money) -> String {
    share(view, known, queued(view), bought(view), PRICE)
}

/// The batch counts its unknown prices over all jobs: with only one kind of job they are all of that kind.
fn share(view: &BatchView, known: Money, of_these: u64, others: u64, what: &str) -> String {
    let unpriced = view.unpriced.min(of_these);
    with_unknown(known, unpriced, if others > 0 { "up to " } else { "" }, what, sum)
}

/// What is not known of a job that is still to be bought.
const PRICE: &str = "price";
/// What is not known of one that was, or may have been, bought: its price may well be.
const CHARGE: &str = "charge";

fn with_unknown(known: Money, unpriced: u64, up_to: &str, what: &str, shown: fn(Money) -> String) -> String {
    let unknown = format!("{up_to}{} of unknown {what}", grouped(unpriced));
    match (unpriced, known) {
        (0, _) => shown(known),
        (_, Money::ZERO) => unknown,
        _ => format!("{} and {unknown}", shown(known)),
    }
}

fn queued(view: &BatchView) -> u64 {
    view.counts.of(Status::Queued) + view.others.of(Status::Queued)
}

fn bought(view: &BatchView) -> u64 {
    (view.counts.total() + view.others.total()).saturating_sub(queued(view))
}

#[cfg(test)]
mod tests {
    use super::*;

    const USD: i64 = 1_000_000;

    #[test]
    fn an_unknown_price_is_counted_and_never_zero() {
        let dollar = Money::from_micros(USD);
        assert_eq!(cost(Money::ZERO, 0), "$0.00");
        assert_eq!(cost(Money::ZERO, 2), "2 of unknown price");
        assert_eq!(cost(dollar, 1_200), "$1.00 and 1,200 of unknown price");
        assert_eq!(cost_of([None, Some(dollar), None]), "$1.00 and 2 of unknown price");
        assert_eq!(cost_of([]), "$0.00");
        assert_eq!([known(Money::ZERO, 2, 2), known(dollar, 1, 2)], [None, Some(dollar)]);
        assert_eq!(known(Money::ZERO, 0, 0), Some(Money::ZERO), "nothing to buy costs nothing");
    }
}
