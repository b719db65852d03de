//! Numbers as people read them.

use reelq_model::Money;

/// `s` where there is not exactly one.
pub const fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// Thousands apart: `1,892`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Dollars with their sign.
pub fn money(amount: Money) -> String {
    format!("${amount}")
}

/// A sum as people read it, to the cent; what is less than a cent is no nothing.
pub fn sum(amount: Money) -> String {
    let cents = amount.micros().saturating_add(5_000).div_euclid(10_000);
    match (cents, amount) {
        (0, Money::ZERO) => "$0.00".to_owned(),
        (0, _) => "<$0.01".to_owned(),
        (cents, _) => format!("${}", Money::from_micros(cents.saturating_mul(10_000))),
    }
}

/// A time to two units: `2h 05m`, `3m 20s`, `8s`.
pub fn duration(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m {:02}s", seconds % 60),
        (0, _, _) => format!("{hours}h {minutes:02}m"),
        _ => format!("{days}d {hours:02}h"),
    }
}

/// Bytes to one decimal: `1.5 GB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [(&str, u64); 4] =
        [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    match UNITS.into_iter().find(|(_, factor)| count >= *factor) {
        Some((unit, factor)) => format!("{}.{} {unit}", count / factor, count % factor * 10 / factor),
        None => format!("{count} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_easily() {
        assert_eq!([grouped(0), grouped(999), grouped(1_892), grouped(1_000_000)], ["0", "999", "1,892", "1,000,000"]);
        assert_eq!(
            [duration(8), duration(200), duration(7_500), duration(90_000)],
            ["8s", "3m 20s", "2h 05m", "1d 01h"]
        );
        assert_eq!([bytes(7), bytes(1_550), bytes(1_500_000_000)], ["7 B", "1.5 kB", "1.5 GB"]);
    }
}
