//! Where the answers of many plays lie.

use serde::Serialize;

/// Where the middle eight in ten of the plays lie, and the one in the middle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Interval<T> {
    /// Half of the plays are below.
    pub median: T,
    /// One in ten is below.
    pub low: T,
    /// Nine in ten are below, which makes it the upper end of the middle eight too.
    pub high: T,
}

impl<T: Copy> Interval<T> {
    /// What nine in ten plays stay below.
    pub const fn nine_in_ten(&self) -> T {
        self.high
    }

    /// The same, told otherwise.
    #[must_use]
    pub fn map<U>(self, told: impl Fn(T) -> U) -> Interval<U> {
        Interval { median: told(self.median), low: told(self.low), high: told(self.high) }
    }
}

impl<T: Copy + Ord + Default + TryFrom<i128>> Interval<T>
where
    i128: From<T>,
{
    /// The spread of these values; all zero where there is none.
    pub(crate) fn of(values: impl IntoIterator<Item = T>) -> Self {
        let mut sorted: Vec<T> = values.into_iter().collect();
        sorted.sort_unstable();
        let at = |tenths| tenth(&sorted, tenths).unwrap_or_default();
        Self { median: at(5), low: at(1), high: at(9) }
    }
}

/// The value that so many tenths lie below: at `tenths / 10 * (n + 1)`, which is right on average for few plays too, where
/// positions in `n - 1` would make the interval too narrow.
fn tenth<T: Copy + TryFrom<i128>>(sorted: &[T], tenths: usize) -> Option<T>
where
    i128: From<T>,
{
    let position = sorted.len().saturating_add(1).saturating_mul(tenths);
    let last = sorted.len().checked_sub(1)?;
    let value = |rank: usize| sorted.get(rank.saturating_sub(1).min(last)).copied().map(i128::from);
    let (below, above) = (value(position / 10)?, value(position / 10 + 1)?);
    let part = i128::try_from(position % 10).ok()?;
    T::try_from(below + (above - below) * part / 10).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenths_of_an_even_row_are_its_tenths() {
        let spread = Interval::of((1..=99_u64).rev());
        assert_eq!(spread, Interval { median: 50, low: 10, high: 90 });
        assert_eq!(spread.nine_in_ten(), 90);
    }

    #[test]
    fn values_between_two_ranks_lie_between_two_values() {
        assert_eq!(Interval::of([10_i64, 20]), Interval { median: 15, low: 10, high: 20 });
        assert_eq!(Interval::of([-7_i64]), Interval { median: -7, low: -7, high: -7 });
        assert_eq!(Interval::of([u64::MAX; 3]).high, u64::MAX);
        assert_eq!(Interval::<u64>::of([]), Interval::default());
    }
}
