//! What an account was charged on one day: the sum of a new day begins at nothing.

/// A sum and the UTC day that it is of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DayTotal {
    /// The day's number.
    pub day: i64,
    /// What was charged on it, in micro-dollars.
    pub spent: i64,
}

impl DayTotal {
    /// What was charged on `today`.
    pub const fn on(self, today: i64) -> i64 {
        if self.day == today { self.spent } else { 0 }
    }

    /// The sum of `today` with another amount on it; the first change of a day starts its sum anew.
    #[must_use]
    pub const fn plus(self, today: i64, amount: i64) -> Self {
        Self { day: today, spent: self.on(today).saturating_add(amount) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_change_of_a_day_starts_its_sum_anew() {
        let monday = DayTotal::default().plus(4, 10).plus(4, -3);
        assert_eq!(monday, DayTotal { day: 4, spent: 7 });
        assert_eq!((monday.on(4), monday.on(5)), (7, 0));
        assert_eq!(monday.plus(5, 2), DayTotal { day: 5, spent: 2 });
    }
}
